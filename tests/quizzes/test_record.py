"""The record of a person, and who may open which page of quizzes."""

import datetime as dt
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from courses.actions import assigning, issuing
from courses.models import Certificate
from lms.lib import clock
from lms.people.actions import organization
from lms.people.models import Supervision, Team, User
from lms.record import actions as record
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from quizzes.actions import attempts
from quizzes.models import Attempt
from tests import factories
from tests.courses.pages import client_of
from tests.quizzes import sittings

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def learner(team: Team) -> User:
    return factories.make_user("Maya Quist", team=team)


@pytest.fixture
def attempt(learner: User) -> Attempt:
    return sittings.sit(learner)


def viewers(team: Team, learner: User) -> dict[str, User]:
    house = factories.make_team("House", site=team.site)
    above = factories.make_supervisor(house, name="Above")
    Team.objects.filter(pk=team.pk).update(parent=house)
    former = factories.make_supervisor(team, name="Former")
    organization.stop_supervising(Supervision.objects.get(supervisor=former), by=SYSTEM, at=clock.now())
    return {
        "owner": learner,
        "colleague": factories.make_user("Colleague", team=team),
        "other learner": factories.make_user("Other learner", team=factories.make_team("Else")),
        "supervisor": factories.make_supervisor(team, name="Supervisor"),
        "supervisor above": above,
        "supervisor beside": factories.make_supervisor(factories.make_team("Beside", parent=house), name="Beside"),
        "former supervisor": former,
        "coordinator": factories.make_coordinator(),
    }


OWN = {"owner": 200}
EVERYBODY = dict.fromkeys(
    [
        "owner", "colleague", "other learner", "supervisor", "supervisor above", "supervisor beside",
        "former supervisor", "coordinator",
    ],
    200,
)  # fmt: skip
MATRIX: list[tuple[str, str, dict[str, int]]] = [
    ("get", "/courses/{enrollment}/units/unit-1/quiz/", OWN),
    ("post", "/courses/{enrollment}/units/unit-1/quiz/", {"owner": 302}),
    ("get", "/attempts/{attempt}/questions/1/", OWN),
    ("post", "/attempts/{attempt}/questions/1/", {"owner": 422}),
    ("post", "/attempts/{attempt}/questions/1/answer/", {"owner": 422}),
    ("get", "/attempts/{attempt}/hand-in/", OWN),
    ("get", "/attempts/{attempt}/result/", {"owner": 302}),
    ("get", "/record/", EVERYBODY),
    ("get", "/form-token/", EVERYBODY),
    ("get", "/team/people/{person}/", {"supervisor": 200, "supervisor above": 200, "coordinator": 200}),
    ("get", "/courses/{enrollment}/units/no-such-unit/quiz/", {}),
    ("get", "/team/people/{nobody}/", {}),
    ("get", "/attempts/{nobody}/questions/1/", {}),
    ("get", "/attempts/{nobody}/result/", {}),
    ("post", "/attempts/{nobody}/hand-in/", {}),
    ("post", "/attempts/{attempt}/hand-in/", {"owner": 302}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), MATRIX, ids=lambda v: v if isinstance(v, str) else "")
def test_who_may_open_what(
    client: Client, team: Team, learner: User, attempt: Attempt, method: str, path: str, allowed: dict[str, int]
) -> None:
    where = path.format(
        enrollment=attempt.enrollment.public_id,
        attempt=attempt.public_id,
        person=learner.public_id,
        nobody="11111111-1111-4111-8111-111111111111",
    )
    before = snapshot()
    seen = viewers(team, learner)
    order = sorted(
        seen, key=lambda name: name == "owner"
    )  # the owner last: what the others did must have changed nothing
    for name in order:
        other = Client()
        other.force_login(seen[name])
        response = getattr(other, method)(where)
        assert response.status_code == allowed.get(name, 404), name
        if name != "owner":
            assert snapshot(quizzes_only=True) == {k: v for k, v in before.items() if k.startswith("quizzes")}
    stranger = getattr(Client(), method)(where)
    if path == "/form-token/":
        assert stranger.json()["signed_in"] is False
    elif path.endswith("/answer/"):
        assert stranger.status_code == 401
    else:
        assert (stranger.status_code, stranger["Location"].startswith("/account/login/")) == (302, True)


def test_an_owner_who_is_deactivated_is_signed_out(client: Client, learner: User, attempt: Attempt) -> None:
    client.force_login(learner)
    assert client.get(f"/attempts/{attempt.public_id}/questions/1/").status_code == 200
    User.objects.filter(pk=learner.pk).update(is_active=False)
    assert client.get(f"/attempts/{attempt.public_id}/questions/1/").status_code == 302
    assert client.post(f"/attempts/{attempt.public_id}/questions/1/answer/", {"revision": "0"}).status_code == 401


def snapshot(*, quizzes_only: bool = False) -> dict[str, list[Any]]:
    """Every row of every table but sessions and who opened which page, as values."""
    return {
        model._meta.label_lower: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_models()
        if model._meta.label not in ("sessions.Session", "people.Look")
        and (not quizzes_only or model._meta.app_label == "quizzes")
    }


def test_a_get_changes_no_row(team: Team, learner: User, attempt: Attempt) -> None:
    people = viewers(team, learner)
    course = f"/courses/{attempt.enrollment.public_id}/"
    paths = [
        "/", "/training/", "/record/", "/team/", "/team/export.csv", f"/team/people/{learner.public_id}/", "/form-token/",
        course, f"{course}units/unit-1/", f"{course}units/unit-1/quiz/",
        *(f"/attempts/{attempt.public_id}/questions/{n}/" for n in range(1, 9)),
        f"/attempts/{attempt.public_id}/hand-in/", f"/attempts/{attempt.public_id}/result/",
    ]  # fmt: skip
    for done in (False, True):
        if done:
            attempts.submit(attempt, at=clock.now())
        for name in ("owner", "supervisor", "coordinator"):
            client = Client()
            client.force_login(people[name])
            before = snapshot()
            for path in paths:
                for query in ("", "?passed=1&go=next&revision=0&choice=1"):
                    response = client.get(path + query)
                    assert response.status_code in {200, 302, 404}, path
                    if getattr(response, "streaming", False):
                        b"".join(response.streaming_content)  # type: ignore[attr-defined]
                client.head(path)
            assert snapshot() == before, name


# --- what the record says ---------------------------------------------------------------------------------------------
def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def boss(team: Team, client: Client) -> User:
    user = factories.make_supervisor(team, name="Ines Boss")
    client.force_login(user)
    return user


def test_attempts_with_number_date_minutes_score_and_objectives(boss: User, learner: User, client: Client) -> None:
    now = clock.now()
    enrollment = factories.make_enrollment(learner, factories.make_course(), at=now - 3 * DAY)
    unit = enrollment.version.units.get()
    first = attempts.start(enrollment, unit, at=now - 2 * DAY)
    attempts.submit(first, at=now - 2 * DAY + dt.timedelta(minutes=7, seconds=20))
    second = attempts.start(enrollment, unit, at=now - DAY)
    factories.answer_all(second, at=now - DAY)
    attempts.submit(second, at=now - DAY + dt.timedelta(seconds=5))
    shown = text(client.get(f"/team/people/{learner.public_id}/").content.decode())
    assert "0 of 3, not yet" in shown
    assert "3 of 3, passed" in shown
    assert "Find the right person. 0 of 3" in shown
    assert "Find the right person. 3 of 3" in shown
    minutes = re.findall(
        r'<td class="num"[^>]*>(\d+)</td>', client.get(f"/team/people/{learner.public_id}/").content.decode()
    )
    assert minutes == ["1", "7", "2", "1"]
    assert "Certificate AR-" in shown
    assert "you see results by topic" in shown.lower()


def test_an_open_attempt_is_not_shown(boss: User, learner: User, attempt: Attempt, client: Client) -> None:
    assert "By topic" not in client.get(f"/team/people/{learner.public_id}/").content.decode()


SECRET = "zq9chosen"


def test_the_options_chosen_are_never_shown(boss: User, learner: User, client: Client) -> None:
    compiled = factories.compiled_course()
    quiz = compiled.units[0].quiz
    assert quiz is not None
    for stored in quiz["questions"]:
        stored["stem"] = stored["ask_html"] = f"{SECRET} ask"
        for option in stored["options"]:
            option["text"] = option["html"] = f"{SECRET} option"
            option["why_html"] = f"{SECRET} why"
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    factories.pass_unit(enrollment)
    assert SECRET in client_of(learner).get(f"/attempts/{Attempt.objects.get().public_id}/result/").content.decode()
    for viewer, paths in (
        (boss, ["/team/", f"/team/people/{learner.public_id}/"]),
        (
            factories.make_coordinator(),
            [f"/team/people/{learner.public_id}/", f"/coordinator/people/{learner.public_id}/"],
        ),
        (learner, ["/record/"]),
    ):
        for path in paths:
            assert SECRET not in client_of(viewer).get(path).content.decode()


def test_older_cycles_withdrawals_and_replaced_certificates_stay(boss: User, learner: User, client: Client) -> None:
    now = clock.now()
    course = factories.make_course(at=now - 400 * DAY)
    factories.pass_unit(factories.make_enrollment(learner, course, at=now - 400 * DAY), at=now - 399 * DAY)
    second = factories.make_assignment(learner, course, at=now - 5 * DAY)
    assigning.withdraw(second, reason="Changed role", by=SYSTEM, at=now)
    issuing.revoke(Certificate.objects.get(), reason="x", by=boss.subject, at=now)
    shown = text(client.get(f"/team/people/{learner.public_id}/").content.decode())
    assert "cycle 2" in shown
    assert "Withdrawn" in shown
    assert "Changed role" in shown
    assert "revoked" in shown
    assert "Not required" in shown


def test_what_happened_is_said_in_words_and_written_dates(boss: User, learner: User, client: Client) -> None:
    row = factories.make_assignment(learner, factories.make_course())
    assigning.move_due_date(row, row.due_on + DAY, reason="On leave", by=SYSTEM, at=clock.now())
    html = client.get(f"/team/people/{learner.public_id}/").content.decode()
    timeline = text(html.split('<ol class="timeline">')[1].split("</ol>")[0])
    assert "Course assigned: Test course" in timeline
    assert "Due date changed: Test course" in timeline
    assert not re.search(r"\d{4}-\d\d-\d\d", timeline)


def test_mail_about_a_password_is_not_told_and_crowds_nothing_out(boss: User, learner: User, client: Client) -> None:
    sittings.sit(learner)
    sent = {"message": "m", "message_id": "<m@example.org>", "occasions": []}
    with transaction.atomic():
        for number in range(40):
            payload = {"kind": "course_assigned" if number == 0 else "password_reset", **sent}
            record.append(learner.subject, EventKind.MESSAGE_SENT, payload, at=clock.now(), by=SYSTEM)
    text = client.get(f"/team/people/{learner.public_id}/").content.decode()
    assert "Password reset" not in text
    assert "Course assigned" in text
    assert EventKind.COURSE_STARTED.label in text


def test_my_record_says_who_sees_it(boss: User, learner: User, client: Client) -> None:
    shown = text(client_of(learner).get("/record/").content.decode())
    assert "Ines Boss , and the training coordinator" in shown
    assert "Nobody but you sees which answers you chose" in shown
    alone = factories.make_user()
    assert "You and the training coordinator" in text(client_of(alone).get("/record/").content.decode())


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow(
    team: Team, learner: User, boss: User, number: int, django_assert_num_queries: Any
) -> None:
    for n in range(number):
        course = factories.make_course(factories.compiled_course(f"course-{n}", units=2, title=f"Course {n}"))
        enrollment = factories.make_enrollment(learner, course)
        for position in (1, 2):
            factories.pass_unit(enrollment, position)
    mine, theirs, central = client_of(learner), client_of(boss), client_of(factories.make_coordinator())
    for who in (theirs, central):
        who.get(f"/team/people/{learner.public_id}/")  # from here on it is noted that they looked
    with django_assert_num_queries(19):
        mine.get("/record/")
    with django_assert_num_queries(21):
        theirs.get(f"/team/people/{learner.public_id}/")
    with django_assert_num_queries(19):
        central.get(f"/team/people/{learner.public_id}/")
