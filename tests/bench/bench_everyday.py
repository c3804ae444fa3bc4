"""What everyday work costs: ``make bench``. Prints figures and judges none; the tests judge behavior, never time.

Each line is one thing that people do, in this process, with Django's test client: the time of the server alone, without network and
browser. The database is the one of the tests (an SQLite file; ``LMS_TEST_DB=postgres make bench`` for PostgreSQL).
"""

import datetime as dt
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from courses.actions.filing import file_certificate
from courses.authoring.course import compile_tree
from courses.models import Certificate, Course, Enrollment
from lms.lib import clock
from lms.people.models import Team
from quizzes.actions import attempts
from quizzes.authoring import compile_quiz
from tests import factories
from tests.courses.pages import client_of

pytestmark = pytest.mark.django_db
TIMES = 40
PEOPLE = 300

_lines: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _report() -> Iterator[None]:
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n\n" + "\n".join([f"{'':46}   median      p95      max", *_lines]))
    print(f"\n{'largest memory of this process':46} {peak:8.0f} MiB")


def bench(name: str, work: Callable[[], Any], *, times: int = TIMES) -> None:
    """Runs it once to warm up, then ``times`` times, and notes milliseconds."""
    work()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    took.sort()
    p95 = took[min(len(took) - 1, round(len(took) * 0.95))]
    _lines.append(f"{name:46} {statistics.median(took):6.1f} ms {p95:6.1f} ms {took[-1]:6.1f} ms")


def fetch(client: Client, url: str) -> Callable[[], None]:
    def work() -> None:
        assert client.get(url).status_code == 200

    return work


def test_learner() -> None:
    course = factories.make_course(units=4)
    enrollment = factories.make_enrollment(factories.make_user(), course)
    client = client_of(enrollment.learner)
    attempt = attempts.start(enrollment, enrollment.version.units.get(position=1), at=clock.now())
    question = f"/attempts/{attempt.public_id}/questions/1/"
    bench("My training", fetch(client, "/training/"))
    bench("a unit", fetch(client, f"/courses/{enrollment.public_id}/units/unit-1/"))
    bench("a question", fetch(client, question))
    response = attempt.responses.get(position=1)
    answers = [factories.right_answer(response), factories.wrong_answer(response)]
    revisions = iter(range(10_000))

    def store() -> None:
        revision = next(revisions)
        data = {"choice": answers[revision % 2]["choice"], "revision": revision}
        assert client.post(f"{question}answer/", data).status_code == 200

    bench("store an answer", store)


def test_hand_in_and_certificate(tmp_path: Path) -> None:
    course = factories.make_course()
    waiting = [_answered(course) for _ in range(TIMES + 1)]
    left = iter(waiting)
    bench("hand in the last quiz (completes, certifies)", lambda: attempts.submit(next(left), at=clock.now()))
    certificates = iter(Certificate.objects.values_list("pk", flat=True))
    bench("draw and store a certificate", lambda: file_certificate(next(certificates), at=clock.now()), times=20)


def _answered(course: Course) -> Any:
    enrollment = factories.make_enrollment(factories.make_user(), course)
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    factories.answer_all(attempt)
    return attempt


def test_supervisor() -> None:
    team: Team = factories.make_team()
    course = factories.make_course()
    for number in range(PEOPLE):
        enrollment: Enrollment = factories.make_enrollment(factories.make_user(team=team), course)
        if number % 3 == 0:
            factories.pass_unit(enrollment)
    client = client_of(factories.make_supervisor(team))
    bench(f"a team of {PEOPLE}", fetch(client, "/team/"), times=15)
    person = team.people.order_by("pk")[0]
    bench("a person's record", fetch(client, f"/team/people/{person.public_id}/"))


def test_content() -> None:
    root = Path(settings.BASE_DIR) / "courses" / "content"
    today = dt.date(2026, 11, 28)
    bench("check all courses", lambda: compile_tree(root, check_quiz=compile_quiz, today=today), times=3)
