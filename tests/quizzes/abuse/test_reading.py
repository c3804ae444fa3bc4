"""Abuse of reading: cases 18 to 23. Looking for the key, jumping ahead, asking for results early, and GETs that change something."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from courses.actions import batches, excepting, feeding, replying
from courses.enums import Answer, BatchKind, ExceptionKind, Observed
from courses.links import answer_token, feed_url
from courses.models import Certificate
from courses.queries.orders import Order
from courses.views.replies import WAYS
from lms.lib import clock
from lms.outbox import preferences
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Surge
from lms.people.models import User
from quizzes import kinds
from quizzes.actions import attempts, building, closing, packing, surveying
from quizzes.models import Attempt, Response
from quizzes.queries import packs
from tests import factories
from tests.quizzes import sittings
from tests.quizzes.abuse.conftest import every_row, rows_of, timed_course
from tests.quizzes.kinds.samples import SENTINEL

pytestmark = pytest.mark.django_db


def test_18_jump_ahead(mine: Client, learner: User) -> None:
    """Questions may be taken in any order, and only those that were drawn; hand-in by address grades what is stored, which is nothing."""
    course = factories.make_course(units=2)
    enrollment = factories.make_enrollment(learner, course)
    first, second = enrollment.version.units.all()
    attempt = attempts.start(enrollment, first, at=clock.now())
    assert mine.get(f"/attempts/{attempt.public_id}/questions/3/").status_code == 200
    assert mine.get(f"/attempts/{attempt.public_id}/questions/4/").status_code == 404
    assert mine.get(f"/attempts/{attempt.public_id}/result/")["Location"].endswith("/questions/1/")
    mine.post(f"/attempts/{attempt.public_id}/hand-in/")
    attempt.refresh_from_db()
    assert (attempt.passed, attempt.points) == (False, Decimal(0))
    ahead = attempts.start(enrollment, second, at=clock.now())
    factories.answer_all(ahead)
    mine.post(f"/attempts/{ahead.public_id}/hand-in/")
    ahead.refresh_from_db()
    enrollment.refresh_from_db()
    assert (ahead.passed, enrollment.completed_at) == (True, None), "the last unit alone completes no course"
    assert not Certificate.objects.exists()


def test_19_the_result_as_an_oracle(mine: Client, learner: User) -> None:
    """Handing in again judges nothing again; a new attempt costs one of three, an hour, and asks other questions; there is no other
    door that says right or wrong."""
    enrollment = factories.make_enrollment(learner, factories.make_course())
    unit = enrollment.version.units.get()
    now = clock.now()
    asked: list[set[int]] = []
    for number in range(3):
        attempt = attempts.start(enrollment, unit, at=now + number * dt.timedelta(hours=2))
        asked.append(set(attempt.responses.values_list("question_id", flat=True)))
        factories.answer_all(attempt, right=False)
        mine.post(f"/attempts/{attempt.public_id}/hand-in/")
        results = set()
        for choice in ("0", "1", "2"):
            for response in attempt.responses.select_related("attempt"):
                mine.post(sittings.url(response, "answer/"), {"choice": choice, "revision": "1"})
            mine.post(f"/attempts/{attempt.public_id}/hand-in/")
            attempt.refresh_from_db()
            results.add((attempt.right, attempt.points, attempt.submitted_at))
        assert len(results) == 1, "the first hand-in decides; what was tried afterwards judges nothing"
    assert not asked[0] & asked[1] | asked[1] & asked[2], "nine questions, and no second chance at one of them"
    with pytest.raises(attempts.NotAllowedError):
        attempts.start(enrollment, unit, at=now + dt.timedelta(days=9))


@pytest.mark.parametrize("slug", sittings.KINDS)
def test_20_a_right_answer_costs_what_a_wrong_one_costs(
    mine: Client, attempt: Attempt, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Structure instead of seconds: until hand-in nothing that knows the key is called, so no time and no query can depend on it.

    Bodies, headers and lengths are compared byte for byte in tests/quizzes/test_leaks.py.
    """
    response = sittings.response_of(attempt, slug)
    kind = kinds.get(slug)
    right = sittings.fields(response)
    given = [kind.fill(a) for a in wrong_answers(response)]

    def forbidden(*_: Any, **__: Any) -> Any:
        raise AssertionError("the key was asked while the attempt is open")

    for name in ("grade", "mark", "feedback", "review", "model_answer", "material"):
        monkeypatch.setattr(type(kind), name, forbidden)
    costs = set()
    for fields in (right, *given):
        for tail in ("", "answer/"):
            Response.objects.filter(pk=response.pk).update(answer=None, answered=False, revision=0, saved_at=None)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                mine.post(sittings.url(response, tail), {**fields, "revision": "0", "go": "stay"})
            with CaptureQueriesContext(connection) as shown:
                page = mine.get(sittings.url(response))
            assert Response.objects.get(pk=response.pk).revision == 1
            costs.add((tail, len(queries), len(shown), len(page.headers)))
            assert mine.get(f"/attempts/{attempt.public_id}/hand-in/").status_code == 200
    assert len(costs) == 2, costs


def wrong_answers(response: Response) -> list[dict[str, Any]]:
    """Complete answers that do not earn full marks."""
    import random

    from tests.quizzes.kinds import samples

    kind = kinds.get(response.question.kind)
    stored, order, rng = response.question.stored, response.order, random.Random(1)
    tried = [samples.some_answer(kind.slug, order, rng) for _ in range(200)]
    wrong = [
        a
        for a in tried
        if a and kind.answered(stored, order, a) and not kind.grade(stored, order, a).right and _valid(response, a)
    ]
    assert wrong
    return wrong[:3]


def _valid(response: Response, answer: dict[str, Any]) -> bool:
    kind = kinds.get(response.question.kind)
    form = kind.form(response.question.stored, response.order, data=sittings.query(kind.fill(answer)))
    return form.is_valid()


def test_20_no_validator_or_header_describes_a_page(mine: Client, attempt: Attempt) -> None:
    """Nothing lets a browser or a cache compare two versions of a page: no ETag, no date of change, no store."""
    paths = [f"/attempts/{attempt.public_id}/questions/{n}/" for n in range(1, 9)]
    for path in [*paths, f"/attempts/{attempt.public_id}/hand-in/", "/form-token/"]:
        for headers in (
            {},
            {"If-None-Match": "*"},
            {"If-Modified-Since": "Mon, 23 Nov 2099 17:00:00 GMT"},
            {"Range": "bytes=0-9"},
        ):
            answer = mine.get(path, headers=headers)
            assert answer.status_code == 200
            assert not {"ETag", "Last-Modified", "Content-MD5", "Digest", "Server-Timing", "X-Runtime"} & set(
                answer.headers
            )
            assert "no-store" in answer["Cache-Control"]


RESULT = "/attempts/{}/result/"


def test_21_the_result_before_it_opens(mine: Client, learner: User) -> None:
    """Whatever method and query: it leads back to the quiz, and says nothing."""
    course = factories.make_course(sittings.course_of_all_kinds(planted=True))
    enrollment = factories.make_enrollment(learner, course)
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    before = every_row()
    where = RESULT.format(attempt.public_id)
    for query in ("", "?state=submitted", "?review=1&showall=1", "?preview=true", "?moment=passed", "?format=json"):
        answer = mine.get(where + query)
        assert answer.status_code == 302
        assert answer["Location"] == f"/attempts/{attempt.public_id}/questions/1/"
        assert answer.content == b""
    for method in (mine.post, mine.put, mine.patch, mine.delete):
        assert method(where).status_code == 405
    assert mine.head(where).status_code == 302
    for accept in ("application/json", "text/plain", "*/*"):
        page = mine.get(where, headers={"Accept": accept, "X-Requested-With": "XMLHttpRequest"}, follow=True)
        assert SENTINEL not in page.content.decode()
    assert every_row() == before


def test_22_the_result_of_somebody_else(mine: Client, theirs: Client, client: Client, attempt: Attempt) -> None:
    """Absent for everybody else: a colleague, the supervisor, the coordinator, who sees the result by topic elsewhere."""
    mine.post(f"/attempts/{attempt.public_id}/hand-in/")
    where = RESULT.format(attempt.public_id)
    missing = RESULT.format(uuid.uuid4())
    assert mine.get(where).status_code == 200
    team = factories.make_team()
    User.objects.filter(pk=attempt.enrollment.learner_id).update(team=team)
    supervisor, coordinator = Client(), Client()
    supervisor.force_login(factories.make_supervisor(team))
    coordinator.force_login(factories.make_coordinator())
    for who in (theirs, supervisor, coordinator):
        foreign, absent = who.get(where), who.get(missing)
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert sittings.without_token(foreign.content) == sittings.without_token(absent.content), (
            "absence and refusal look the same"
        )
    assert Client().get(where)["Location"].startswith("/account/login/")
    for who in (supervisor, coordinator):
        record = who.get(f"/team/people/{attempt.enrollment.learner.public_id}/")
        assert record.status_code == 200
        assert "Offer a chair" not in record.content.decode()


# --- 23: a GET changes no row -----------------------------------------------------------------------------------------
def every_address(known: dict[str, Any]) -> Iterator[str]:
    """An address for every pattern of the project; a pattern with an argument that is not known here fails the test. A list stands for
    several addresses."""

    def walk(patterns: list[Any], before: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, before + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                if "<" in (where := str(pattern.pattern)) and "^" in where:
                    where = "password/reset/key/1-set-password/"
                for filled in fill(where, list(pattern.pattern.converters), pattern.name or ""):
                    assert "<" not in filled
                    yield "/" + before + filled

    def fill(where: str, names: list[str], view: str) -> Iterator[str]:
        if not names:
            yield where
            return
        values = known.get(f"{view}.{names[0]}", known.get(names[0]))
        assert values is not None, f"known() has no {names[0]} for {where}"
        for value in values if isinstance(values, list) else [values]:
            here = where
            for kind in ("uuid", "slug", "int", "str"):
                here = here.replace(f"<{kind}:{names[0]}>", str(value))
            yield from fill(here, names[1:], view)

    yield from walk(get_resolver().url_patterns, "")


def known(attempt: Attempt) -> dict[str, Any]:
    """What stands in addresses: rows that are there. ``view.name`` is for one address alone."""
    enrollment = attempt.enrollment
    assignment = enrollment.assignments.get()
    learner, at = enrollment.learner, clock.now()
    coordinator = factories.make_coordinator()
    requirement = factories.make_requirement(enrollment.course, by=coordinator, on=False)
    exception = excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=at.date() + dt.timedelta(days=9), course=None,
        reason="Rest", by=coordinator, at=at,
    )  # fmt: skip
    reply = replying.give(assignment, Answer.BLOCKED, by=learner.subject, at=at)
    batch = batches.make(Order(BatchKind.EXTEND, enrollment.course, days=3), {}, reason="Shifts", by=coordinator, at=at)
    message = Message.objects.create(
        kind="attempt_opened", recipient=learner, message_id=f"<{uuid.uuid4()}@example.org>", created_at=at,
        next_try_at=at, state=MessageState.SENT, settled_at=at,
    )  # fmt: skip
    doors = factories.make_enrollment(learner, factories.make_practice_course(at=at), at=at)
    qualification = factories.make_assessor(coordinator, doors.course, at=at)
    sign_off = factories.observe(doors, coordinator, at=at, outcome=Observed.NOT_YET, items=[0], work_on="The door")
    surge = Surge.objects.create(opened_at=at, usual=0, limit=200)
    pack = packing.make(packs.choose({}, at), as_of=at.date(), reason="Survey", by=coordinator, at=at)
    building.build(pack.pk, at=at)
    pack.refresh_from_db()
    link, address = surveying.make_link(pack, made_for="A surveyor", days=3, by=coordinator, at=at)
    survey = address.rstrip("/").rpartition("/")[2]
    return {
        "attempt": attempt.public_id,
        "enrollment": enrollment.public_id,
        "unit": attempt.unit.slug,
        "position": 1,
        "number": 1,
        "person": learner.public_id,
        "public_id": [
            learner.public_id,
            learner.team.public_id if learner.team else uuid.uuid4(),
            message.public_id,
            surge.public_id,
        ],
        "course": enrollment.course.slug,
        "version": enrollment.version.public_id,
        "assignment": assignment.public_id,
        "slot": "privacy",
        "roster": factories.make_roster().public_id,
        "pk": learner.site_id,
        "certificate": Certificate.objects.values_list("public_id", flat=True).first() or uuid.uuid4(),
        "code": Certificate.objects.values_list("code", flat=True).first() or "ABCD",
        "question": attempt.responses.values_list("question_id", flat=True).first(),
        "requirement": requirement.public_id,
        "exception": exception.public_id,
        "grant_exception.kind": [kind.value for kind in ExceptionKind],
        "reply": reply.public_id,
        "way": [way.value for way in WAYS],
        "record_sign_off.enrollment": doors.public_id,
        "observed": "opening",
        "sign_off": sign_off.sign_off.public_id,
        "qualification": qualification.public_id,
        "batch": batch.public_id,
        "kind": [kind.value for kind in BatchKind],
        "answer.token": [answer_token(assignment, answer) for answer in Answer],
        "calendar_feed.token": feed_url(feeding.make_address(learner, at=at)).rpartition("/")[2].removesuffix(".ics"),
        "pack": pack.public_id,
        "link": link.public_id,
        "survey.token": survey,
        "survey_file.token": survey,
        "survey_person.token": survey,
        "folder": pack.people.get(person=learner).folder,
        "mail_off.token": preferences.link(learner, ["certificate_ready"]).rstrip("/").rpartition("/")[2],
    } | dict.fromkeys(("approval", "acceptance", "token", "dispute", "review", "correction", "view"), uuid.uuid4())


#: who is signed in, how often somebody knocked, who opened a page about whom, and each look through a surveyor's link
BOOKKEEPING = ("django_session", "cache_rate_limits", "quizzes_surveyview", "people_look")


@pytest.mark.parametrize("role", ["learner", "supervisor", "coordinator", "auditor", "administrator", "stranger"])
def test_23_a_get_changes_nothing(learner: User, attempt: Attempt, role: str) -> None:
    """Every address of the project, as each role, while an attempt is open, another was handed in and a certificate exists."""
    call_command("createcachetable", verbosity=0)
    done = factories.make_enrollment(learner, factories.make_course(), due_in=30)
    factories.pass_unit(done)
    team = factories.make_team()
    User.objects.filter(pk=learner.pk).update(team=team)
    learner.refresh_from_db()
    person = {
        "learner": learner,
        "supervisor": factories.make_supervisor(team),
        "coordinator": factories.make_coordinator(),
        "auditor": factories.make_auditor(),
        "administrator": factories.make_administrator(),
    }.get(role)
    client = Client(raise_request_exception=True)
    if person:
        client.force_login(person)
    addresses = list(every_address(known(attempt)))
    assert len(addresses) > 70
    before = every_row()
    seen = set()
    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(
                address + "?delete=1&go=next&choice=1&revision=0&_method=POST",
                headers={"X-HTTP-Method-Override": "POST"},
            )
            b"".join(answer)  # a file that is sent piece by piece is closed at its end
            b"".join(client.head(address))
        assert answer.status_code < 500 or address.startswith("/health/"), address
        seen.add(answer.status_code)
        writes = [q["sql"] for q in queries if re.match(r"\s*(INSERT|UPDATE|DELETE|REPLACE)", q["sql"], re.IGNORECASE)]
        assert not [sql for sql in writes if not any(table in sql for table in BOOKKEEPING)], address
    assert every_row() == before
    assert 200 in seen
    assert 405 in seen, "doors that store take no GET"


def test_23_a_get_of_an_attempt_whose_time_is_over(learner: User) -> None:
    """The one thing that a look may find to do is what the sweep does at that instant anyway, and it does exactly that."""
    ends = []
    for visit in ("questions/1/", "hand-in/", "result/", "time/", None):
        enrollment = factories.make_enrollment(factories.make_user(), factories.make_course(timed_course()))
        now = clock.now()
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=now)
        assert attempt.deadline_at is not None
        with time_machine.travel(attempt.deadline_at + dt.timedelta(minutes=5), tick=False):
            if visit is None:
                closing.sweep(at=clock.now())
            else:
                client = Client()
                client.force_login(enrollment.learner)
                client.get(f"/attempts/{attempt.public_id}/{visit}")
                closing.sweep(at=clock.now())
        row, responses = rows_of(attempt)
        ends.append(
            (row["state"], row["closed_by"], row["submitted_at"] == row["deadline_at"], row["points"], row["passed"],
             [r["points"] for r in responses])
        )  # fmt: skip
    assert ends == [("submitted", "deadline", True, 0, False, [0] * 8)] * 5
