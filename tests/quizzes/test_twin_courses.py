"""Two courses that are equal but for what is secret: every page and every answer before hand-in is the same, byte for byte.

Keys, rationales, misconceptions, ids, scoring and accepted variants differ in each question of each kind. Both courses are met by the
same learner through the same addresses, one after the other, in a database that is set back in between.
"""

import contextlib
import datetime as dt
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.test import Client

from courses.models import CourseVersion
from lms.outbox.models import Message, Occasion
from lms.record.models import TrainingEvent
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.models import Attempt, Question, Response
from quizzes.views.attempt import PACE
from tests import factories
from tests.letters import letter
from tests.quizzes import sittings
from tests.quizzes.abuse.conftest import every_row
from tests.quizzes.kinds import samples
from tests.quizzes.kinds.samples import SENTINEL

pytestmark = pytest.mark.django_db

BEGIN = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


class SetBack(Exception):
    pass


def seen(response: Any) -> tuple[Any, ...]:
    """What reaches a browser, but for the token that is random in every answer."""
    body = sittings.without_token(b"".join(response) if response.streaming else response.content)
    body = re.sub(rb'"token": "[^"]*"', b'"token": ""', body)
    headers = sorted((name.lower(), value) for name, value in response.items())
    cookies = sorted(name for name in response.cookies if name != settings.CSRF_COOKIE_NAME)
    return response.status_code, len(body), body, headers, cookies


def walk(client: Client, attempt: Attempt) -> Iterator[tuple[str, Any]]:
    """Every address and every status that a learner meets before the result, with answers that are valid for both twins."""
    enrollment = attempt.enrollment
    course = f"/courses/{enrollment.public_id}/"
    unit = f"{course}units/{attempt.unit.slug}/"
    own = f"/attempts/{attempt.public_id}/"
    pages = (
        "/", "/training/", "/record/", "/help/", "/form-token/", "/account/profile/", course, unit, f"{unit}quiz/",
        f"{own}hand-in/", f"{own}result/", f"{own}time/", f"{own}questions/99/", "/verify/", "/verify/ABCDEFGH",
        f"/courses/{attempt.public_id}/", "/coordinator/", "/team/", "/coordinator/coverage/",
    )  # fmt: skip

    def look(when: str) -> Iterator[tuple[str, Any]]:
        for path in pages:
            yield f"{when} GET {path}", seen(client.get(path))
            yield f"{when} HEAD {path}", seen(client.head(path))

    yield from look("begun")
    yield "place", seen(client.post(f"{unit}place/", {"place": "section-second-part"}))
    yield "practice", seen(client.post(f"{unit}practice/1/", {"choice": "1"}))
    yield "start again", seen(client.post(f"{unit}quiz/"))
    for response in attempt.responses.select_related("question", "attempt").order_by("position"):
        where, door, name = sittings.url(response), sittings.url(response, "answer/"), response.question.kind
        fields = answer_for_both(response)
        PACE.forget()
        yield f"{name} 405", seen(client.get(door))
        yield f"{name} 200", seen(client.get(where))
        for path in (where, door):
            tail = f"{name} {path[-8:-1]}"
            yield f"{tail} 422 revision", seen(client.post(path, {**fields, "revision": "x"}))
            yield f"{tail} 422 answer", seen(client.post(path, {**dict.fromkeys(fields, "9999"), "revision": "7"}))
            yield f"{tail} 409 future", seen(client.post(path, {**fields, "revision": "5"}))
            yield f"{tail} 404", seen(client.post(path.replace(own, f"/attempts/{enrollment.public_id}/"), fields))
            stored = client.post(path, {**fields, "revision": str(revision(response)), "go": "stay"})
            yield f"{tail} stored", seen(stored)
            yield f"{tail} repeated", seen(client.post(path, {**fields, "revision": "0", "go": "stay"}))
            yield f"{tail} 409 stale", seen(client.post(path, {"revision": "0"}))
            yield f"{tail} 400", seen(client.post(path, {"x": "y" * 300_000}))
            yield f"{tail} shown", seen(client.get(where))
            yield f"{tail} cleared", seen(client.post(path, {"revision": str(revision(response)), "go": "stay"}))
            yield f"{tail} left", seen(client.get(f"{own}hand-in/"))
        stored = client.post(door, {**fields, "revision": str(revision(response))})
        yield f"{name} and again", seen(stored)
    yield from look("answered")
    client.logout()
    for response in attempt.responses.select_related("attempt"):
        yield "401", seen(client.post(sittings.url(response, "answer/"), {"revision": "1"}))
        yield "302 sign in", seen(client.get(sittings.url(response)))
    client.force_login(enrollment.learner)
    with transaction.atomic():  # after the hand-in no answer is taken, and the refusal says nothing of the result
        attempts.submit(attempt, at=BEGIN)
        for response in attempt.responses.select_related("attempt"):
            for tail in ("", "answer/"):
                yield "410", seen(client.post(sittings.url(response, tail), {"revision": "1"}))[:4]


def revision(response: Response) -> int:
    return Response.objects.get(pk=response.pk).revision


def answer_for_both(response: Response) -> dict[str, list[str]]:
    kind = kinds.get(response.question.kind)
    if kind.slug == "short_text":
        return {"text": ["lane"]}
    if kind.slug == "numeric":
        return {"value": ["12"]}
    plain, order = paper()[
        kind.slug
    ]  # places mean the same texts in both; which of them are right may not choose the answer
    rng = random.Random(5)
    return kind.fill(next(a for _ in range(50) if (a := samples.some_answer(kind.slug, order, rng, plain))))


def paper() -> dict[str, tuple[Any, Any]]:
    """Each kind's plain question, and the order in which it is served here."""
    rng = random.Random(11)
    plain = {slug: samples.compiled(samples.AUTHORED[slug]) for slug in sittings.KINDS}
    return {slug: (stored, kinds.get(slug).serve(stored, rng)) for slug, stored in plain.items()}


def the_whole_way(monkeypatch: pytest.MonkeyPatch, *, twin: bool) -> dict[str, Any]:
    """Publishes the course, begins, walks; then everything is set back."""
    found: dict[str, Any] = {}
    receipts = (f"AB{n:02}-CD" for n in range(1, 1000))
    with contextlib.suppress(SetBack), transaction.atomic():
        with time_machine.travel(BEGIN, tick=False), monkeypatch.context() as patch:
            patch.setattr("lms.lib.codes.receipt", lambda: next(receipts))
            found = walked(twin)
        raise SetBack
    return found


def walked(twin: bool) -> dict[str, Any]:
    learner = factories.make_user(
        "Maya Quist", email="maya@example.org", public_id="aaaaaaaa-0000-4000-8000-000000000003"
    )
    compiled = sittings.course_of_all_kinds(planted=twin)
    compiled.units[0].author_id = "ALL-U1"
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    CourseVersion.objects.update(content_hash="0" * 64)  # the short name of an edition is taken from it, and is shown
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=BEGIN)
    same_paper(attempt, enrollment)
    client = Client()
    client.force_login(learner)
    found: dict[str, Any] = {}
    for name, what in walk(client, attempt):
        found[f"{len(found)} {name}"] = what
    for occasion in Occasion.objects.filter(message=None):
        letter(occasion)
    found["mail"] = list(Message.objects.values_list("subject", "body_text", "body_html"))
    assert (SENTINEL in str(every_row())) == twin
    return found


def same_paper(attempt: Attempt, enrollment: Any) -> None:
    """The same names in addresses, the same questions in the same order, each served in the same order of texts."""
    Attempt.objects.filter(pk=attempt.pk).update(public_id="aaaaaaaa-0000-4000-8000-000000000001")
    attempt.refresh_from_db()
    type(enrollment).objects.filter(pk=enrollment.pk).update(public_id="aaaaaaaa-0000-4000-8000-000000000002")
    enrollment.refresh_from_db()
    attempt.enrollment = enrollment
    responses = {r.question.kind: r for r in attempt.responses.select_related("question")}
    Response.objects.filter(attempt=attempt).update(position=F("position") + 100)
    for position, (slug, (plain, order)) in enumerate(paper().items(), start=1):
        response = responses[slug]
        own = samples.same_order(slug, plain, response.question.stored, order)
        Response.objects.filter(pk=response.pk).update(position=position, order=own)


def test_two_courses_that_differ_in_what_is_secret_are_the_same_to_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    first = the_whole_way(monkeypatch, twin=False)
    second = the_whole_way(monkeypatch, twin=True)
    assert not Question.objects.exists(), "both were set back"
    assert not TrainingEvent.objects.exists()
    assert list(first) == list(second)
    assert {what[0] for name, what in first.items() if name != "mail"} >= {200, 302, 400, 401, 404, 405, 409, 410, 422}
    assert len(first) > 200
    for name, what in first.items():
        assert what == second[name], name
        assert SENTINEL not in str(second[name]), name
