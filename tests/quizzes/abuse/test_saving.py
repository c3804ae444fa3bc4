"""Abuse of saving: cases 5 to 8, 10, 11, 13 to 17 and 24, over HTTP with the real views, at the page and at the script's door."""

import datetime as dt
import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import time_machine
from django.test import Client

from lms.lib import clock
from quizzes.actions import closing
from quizzes.models import Attempt, Response
from quizzes.views.attempt import PACE
from tests import factories
from tests.quizzes import sittings
from tests.quizzes.abuse.conftest import LIMIT, every_row, rows_of

pytestmark = pytest.mark.django_db

DOORS = pytest.mark.parametrize("tail", ["", "answer/"])
GRACE = dt.timedelta(seconds=30)


def answer_of(attempt: Attempt, slug: str) -> dict[str, Any]:
    return {**sittings.fields(sittings.response_of(attempt, slug)), "revision": "0", "go": "stay"}


def test_05_save_to_somebody_elses_attempt(theirs: Client, client: Client, attempt: Attempt) -> None:
    before = rows_of(attempt)
    for slug in sittings.KINDS:
        response, data = sittings.response_of(attempt, slug), answer_of(attempt, slug)
        for tail in ("", "answer/"):
            assert theirs.post(sittings.url(response, tail), data).status_code == 404
        assert theirs.get(sittings.url(response)).status_code == 404
        assert client.post(sittings.url(response), data)["Location"].startswith("/account/login/")
        assert client.post(sittings.url(response, "answer/"), data).status_code == 401
    assert rows_of(attempt) == before


def test_05_a_save_names_its_attempt_in_the_address_alone(mine: Client, attempt: Attempt) -> None:
    other = sittings.sit(factories.make_user())
    before = rows_of(other)
    forged = {"attempt": str(other.public_id), "enrollment": str(other.enrollment.public_id), "position": "2"}
    single = sittings.response_of(attempt, "single_choice")
    assert (
        mine.post(sittings.url(single, "answer/"), {**answer_of(attempt, "single_choice"), **forged}).status_code == 200
    )
    assert rows_of(other) == before
    assert attempt.responses.filter(revision__gt=0).get() == single


def test_06_submit_somebody_elses(theirs: Client, client: Client, attempt: Attempt) -> None:
    """Also not as the supervisor or the coordinator: what a person hands in, the person hands in."""
    before = every_row()
    where = f"/attempts/{attempt.public_id}/hand-in/"
    for method in (theirs.get, theirs.post):
        assert method(where).status_code == 404
    assert client.post(where)["Location"].startswith("/account/login/")
    assert every_row() == before
    coordinator = Client()
    coordinator.force_login(factories.make_coordinator())
    before = every_row()
    assert coordinator.post(where).status_code == 404
    assert every_row() == before


@DOORS
def test_07_save_after_submit(mine: Client, attempt: Attempt, tail: str) -> None:
    mine.post(f"/attempts/{attempt.public_id}/hand-in/")
    before = rows_of(attempt)
    for slug in sittings.KINDS:
        response = sittings.response_of(attempt, slug)
        for revision in ("0", "1", "99"):
            data = {**answer_of(attempt, slug), "revision": revision, "state": "in_progress"}
            assert mine.post(sittings.url(response, tail), data).status_code == (410 if tail else 302)
    mine.post(f"/courses/{attempt.enrollment.public_id}/units/unit-1/quiz/")
    assert rows_of(attempt) == before


@DOORS
@pytest.mark.parametrize("late", [dt.timedelta(0), dt.timedelta(days=1)])
def test_08_save_after_the_deadline_with_a_forged_clock(
    mine: Client, attempt: Attempt, single: Response, tail: str, late: dt.timedelta
) -> None:
    """Grace ends by the server's clock; what a browser says about the time is not even read."""
    assert attempt.deadline_at is not None
    early = (attempt.started_at + dt.timedelta(minutes=1)).isoformat()
    forged = {"at": early, "saved_at": early, "now": early, "deadline_at": "2099-01-01T00:00Z", "time": "0"}
    headers = {
        "Date": "Mon, 23 Nov 2020 17:00:00 GMT",
        "X-Client-Time": early,
        "X-Request-Start": "t=0",
        "Age": "99999",
    }
    with time_machine.travel(attempt.deadline_at + GRACE - dt.timedelta(milliseconds=1), tick=False) as travel:
        mine.force_login(attempt.enrollment.learner)
        in_grace = mine.post(sittings.url(single, tail), {"choice": "1", "revision": "0", "go": "stay", **forged})
        assert in_grace.status_code == (200 if tail else 302)
        travel.move_to(attempt.deadline_at + GRACE + late)
        mine.force_login(attempt.enrollment.learner)
        answer = mine.post(
            sittings.url(single, tail), {"choice": "2", "revision": "1", "go": "stay", **forged}, headers=headers
        )
        assert answer.status_code == (410 if tail else 302)
        if not tail:
            assert answer["Location"] == f"/attempts/{attempt.public_id}/result/"
        handed = mine.post(f"/attempts/{attempt.public_id}/hand-in/", forged, follow=True)
        assert handed.status_code == 200
    row = Response.objects.get(pk=single.pk)
    assert (row.answer, row.revision) == ({"choice": 1}, 1)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.closed_by, attempt.submitted_at) == ("submitted", "deadline", attempt.deadline_at)
    assert attempt.deadline_at is not None
    assert attempt.deadline_at - attempt.started_at == dt.timedelta(minutes=LIMIT)


def test_08_nobody_needs_to_come_back(mine: Client, attempt: Attempt, single: Response) -> None:
    mine.post(sittings.url(single, "answer/"), {"choice": "1", "revision": "0"})
    assert attempt.deadline_at is not None
    over = attempt.deadline_at + GRACE
    assert closing.sweep(at=over - dt.timedelta(milliseconds=1))["closed"] == 0
    assert closing.sweep(at=over) == {"closed": 1, "failed": 0}
    after = rows_of(attempt)
    assert after[0]["state"] == "submitted"
    assert closing.sweep(at=over + dt.timedelta(days=1))["closed"] == 0
    assert rows_of(attempt) == after


@DOORS
def test_10_a_foreign_question_id(mine: Client, attempt: Attempt, single: Response, tail: str) -> None:
    """Questions are named by their place in this attempt; ids of rows, of authors and of other attempts name nothing."""
    other = sittings.sit(factories.make_user())
    before = (rows_of(attempt), rows_of(other))
    foreign = [r.pk + 1000 for r in other.responses.all()] + [single.question_id + 500, 0, 9, 10**9, 2**63, 2**64]
    for number in foreign:
        where = f"/attempts/{attempt.public_id}/questions/{number}/{tail}"
        assert mine.post(where, {"choice": "0", "revision": "0"}).status_code == 404, number
    for name in (single.question.author_id, "-1", "1e1", "%00", "1%2f2", "..%2f1"):
        where = f"/attempts/{attempt.public_id}/questions/{name}/{tail}"
        assert mine.post(where, {"choice": "0", "revision": "0"}).status_code == 404, name
    assert (rows_of(attempt), rows_of(other)) == before
    forged = {"choice": "1", "revision": "0", "go": "stay", "question": "1", "question_id": "1", "position": "3"}
    assert mine.post(sittings.url(single, tail), forged).status_code in {200, 302}
    assert attempt.responses.filter(revision__gt=0).get() == single


@DOORS
@pytest.mark.parametrize("slug", ["single_choice", "multiple_choice", "true_false", "matching", "ordering", "cloze"])
def test_11_an_option_of_another_question(mine: Client, attempt: Attempt, slug: str, tail: str) -> None:
    """A place that this question does not have, an author's id, and the fields of another kind."""
    response = sittings.response_of(attempt, slug)
    names = list(sittings.fields(response))
    before = rows_of(attempt)
    for value in (
        "7",
        "99",
        "b",
        "a",
        "zq9sentinel-b",
        response.question.author_id,
        "r2",
        "p1",
        str(response.pk + 900),
    ):
        answer = mine.post(sittings.url(response, tail), {**dict.fromkeys(names, value), "revision": "0"})
        assert answer.status_code == 422, (value, answer.status_code)
    assert rows_of(attempt) == before
    foreign = {"choice": "1", "choices": "1", "match_0": "1", "step_0": "1", "blank_0": "1", "text": "x", "value": "1"}
    others = {name: value for name, value in foreign.items() if name not in response_fields(response)}
    mine.post(sittings.url(response, tail), {**others, "revision": "0"})
    assert Response.objects.get(pk=response.pk).answer is None


def response_fields(response: Response) -> set[str]:
    from quizzes import kinds

    return set(kinds.get(response.question.kind).fields(response.question.stored, response.order))


@DOORS
@pytest.mark.parametrize(
    "chosen",
    [["0", "1"], ["0", "0"], ["0", "9"], ["0", ""], [str(n) for n in range(300)]],
    ids=["two", "twice", "one unknown", "one and nothing", "three hundred"],
)
def test_13_two_options_in_a_single_choice(
    mine: Client, attempt: Attempt, single: Response, chosen: list[str], tail: str
) -> None:
    before = rows_of(attempt)
    assert mine.post(sittings.url(single, tail), {"choice": chosen, "revision": "0"}).status_code == 422
    assert rows_of(attempt) == before


@DOORS
def test_13_unknown_duplicate_and_ten_thousand_options(mine: Client, attempt: Attempt, tail: str) -> None:
    multiple = sittings.response_of(attempt, "multiple_choice")
    before = rows_of(attempt)
    for chosen in (["0", "6"], ["0", "-1"], ["a"], [str(n) for n in range(10_000)]):
        answer = mine.post(sittings.url(multiple, tail), {"choices": chosen, "revision": "0"})
        assert 400 <= answer.status_code < 500
        assert len(answer.content) < 40_000
    assert rows_of(attempt) == before
    mine.post(sittings.url(multiple, tail), {"choices": ["1", "1", "0", "1"], "revision": "0"})
    stored = Response.objects.get(pk=multiple.pk).answer
    assert stored in (None, {"choices": [0, 1]}), "refused, or each once"


WRONG = ["[0]", '{"choice": 0}', "null", "1e3", "NaN", "Infinity", "-1", "-0", "9223372036854775808", "0x1", "1.0", "true",
         "٣", "1_0", " 1 2", "\t", "0\n1", "__proto__", "None"]  # fmt: skip


@DOORS
@pytest.mark.parametrize("slug", sittings.KINDS)
def test_14_wrong_types(mine: Client, attempt: Attempt, slug: str, tail: str) -> None:
    """In every field of every kind: refused in words, or a text where texts are asked for; never an error of the server."""
    response = sittings.response_of(attempt, slug)
    names = [name for name in sittings.fields(response) if name != "move"]
    for value in WRONG:
        before = Response.objects.values().get(pk=response.pk)
        data = {**dict.fromkeys(names, value), "revision": str(before["revision"]), "go": "stay"}
        answer = mine.post(sittings.url(response, tail), data)
        typed = slug in {"short_text", "numeric"} or not value.strip()
        assert answer.status_code in ({200, 302, 422} if typed else {422}), value
        if answer.status_code == 422:
            assert Response.objects.values().get(pk=response.pk) == before
        assert mine.get(sittings.url(response)).status_code == 200


@DOORS
def test_14_a_body_that_is_no_form(mine: Client, attempt: Attempt, single: Response, tail: str) -> None:
    before = rows_of(attempt)
    for body in ("[]", "null", "0", '"x"', '{"choice": [[0]]}', "{" * 5000, '{"choice": 1e999}', "\ufeff{}"):
        answer = mine.post(sittings.url(single, tail), body, content_type="application/json")
        assert answer.status_code == 422
    assert rows_of(attempt) == before


ODD = {
    "ten megabytes": b"x" * (10 * 1024 * 1024),
    "NUL": b"a\0b",
    "lone surrogate": b"\xed\xa0\x80x",
    "broken UTF-8": b"\xff\xfe\xc0\xaf",
    "right to left": "\u202etxet \u2066x".encode(),
    "zalgo": ("Z" + "\u0351\u0352\u0353" * 40).encode(),
    "ten thousand marks": ("Z" + "\u0351" * 10_000).encode(),
    "emoji": "👩‍👩‍👧‍👦".encode() * 5,
    "markup": b"<script>alert(1)</script>{{7777*7777}}{% debug %}",
}


@DOORS
@pytest.mark.parametrize("slug", ["short_text", "numeric", "single_choice", "ordering"])
def test_15_odd_texts(mine: Client, attempt: Attempt, slug: str, tail: str) -> None:
    """Stored as it is and shown as text, or refused in words; the page works afterwards, and so does the hand-in."""
    response = sittings.response_of(attempt, slug)
    field = next(name for name in sittings.fields(response) if name != "move")
    for name, text in ODD.items():
        before = Response.objects.get(pk=response.pk).revision
        body = f"revision={before}&go=stay&{field}={quote_from_bytes(text)}"
        answer = mine.post(sittings.url(response, tail), body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {200, 302, 400, 413, 422}, name
        assert len(answer.content) < 60_000
        row = Response.objects.get(pk=response.pk)
        assert (row.revision == before + 1) == (answer.status_code in {200, 302}), name
        assert slug == "short_text" or row.revision == 0, name
        page = mine.get(sittings.url(response))
        assert page.status_code == 200
        for markup in (b"<script>alert", b"60481729"):
            assert markup not in page.content + answer.content
    result = mine.post(f"/attempts/{attempt.public_id}/hand-in/", follow=True)
    assert result.status_code == 200
    assert b"<script>alert" not in result.content


@DOORS
@pytest.mark.parametrize("slug", sittings.KINDS)
def test_16_revisions_of_the_past_and_the_future(mine: Client, attempt: Attempt, slug: str, tail: str) -> None:
    response = sittings.response_of(attempt, slug)
    for revision in ("1", "7", "2147483647", "2147483648", "9999999999"):
        assert (
            mine.post(sittings.url(response, tail), {**answer_of(attempt, slug), "revision": revision}).status_code
            == 409
        )
    assert Response.objects.get(pk=response.pk).revision == 0
    good = mine.post(sittings.url(response, tail), answer_of(attempt, slug))
    assert good.status_code in {200, 302}
    kept = Response.objects.values().get(pk=response.pk)
    for revision in ("0", "2", "2147483647"):
        stale = mine.post(sittings.url(response, tail), {"revision": revision})
        assert stale.status_code == 409
        if tail:
            assert stale.json()["revision"] == 1
        else:
            assert 'name="revision" value="1"' in stale.content.decode()
    for revision in ("", "-1", "1.5", "x", "9" * 5000):
        assert mine.post(sittings.url(response, tail), {"revision": revision}).status_code == 422
    assert Response.objects.values().get(pk=response.pk) == kept


def test_17_a_replayed_request_with_another_body(mine: Client, attempt: Attempt, single: Response) -> None:
    """The revision is the key of a request: the same body again gets the same receipt, another body under it nothing."""
    door = sittings.url(single, "answer/")
    first = mine.post(door, {"choice": "1", "revision": "0"}).json()
    assert mine.post(door, {"choice": "1", "revision": "0"}).json() == first
    for other in ({"choice": "2"}, {}, {"choice": "0", "receipt": first["receipt"]}):
        replayed = mine.post(door, {**other, "revision": "0"})
        assert replayed.status_code == 409
    row = Response.objects.get(pk=single.pk)
    assert (row.answer, row.revision, row.receipt) == ({"choice": 1}, 1, first["receipt"])
    hand_in = f"/attempts/{attempt.public_id}/hand-in/"
    once = mine.post(hand_in, {"choice": "1"})
    stored = rows_of(attempt)
    again = mine.post(hand_in, {"choice": "2", "passed": "1", "points": "8"})
    assert (once.status_code, once["Location"]) == (again.status_code, again["Location"])
    assert rows_of(attempt) == stored


class TestFlood:
    """Case 24. An attempt takes 120 answers at once and four a second from then on; a flood is told when to come back."""

    def test_24_a_flood_of_saves(
        self, mine: Client, attempt: Attempt, single: Response, django_assert_max_num_queries: Any
    ) -> None:
        door = sittings.url(single, "answer/")
        with time_machine.travel(clock.now(), tick=False) as travel:
            revision = 0
            for n in range(PACE.burst):
                said = mine.post(door, {"choice": str(n % 3), "revision": str(revision)})
                assert said.status_code == 200
                revision = said.json()["revision"]
            before = every_row()
            with django_assert_max_num_queries(5):
                refused = mine.post(door, {"choice": "0", "revision": str(revision)})
            assert (refused.status_code, refused["Retry-After"]) == (429, "1")
            assert "sent again" in refused.json()["error"]
            page = mine.post(sittings.url(single), {"choice": "0", "revision": str(revision), "go": "next"})
            assert (page.status_code, page["Retry-After"]) == (429, "1")
            html = page.content.decode()
            assert "Not stored yet" in html
            assert 'value="0" checked' in html, "what was chosen is still there"
            assert f'name="revision" value="{revision}"' in html
            assert every_row() == before
            travel.shift(dt.timedelta(seconds=1))
            said = mine.post(door, {"choice": "0", "revision": str(revision)})
            assert said.status_code == 200, "nothing is lost: sent again it is stored"
        assert Response.objects.count() == attempt.out_of, "however many saves, no row is added"

    def test_24_a_flood_on_one_attempt_slows_no_other(self, mine: Client, attempt: Attempt, single: Response) -> None:
        other = sittings.sit(factories.make_user())
        theirs = Client()
        theirs.force_login(other.enrollment.learner)
        with time_machine.travel(clock.now(), tick=False):
            codes = {mine.post(sittings.url(single, "answer/"), {"revision": "x"}).status_code for _ in range(130)}
            assert codes == {422, 429}
            row = sittings.response_of(other, "single_choice")
            assert theirs.post(sittings.url(row, "answer/"), {"choice": "1", "revision": "0"}).status_code == 200
            handed = mine.post(f"/attempts/{attempt.public_id}/hand-in/")
            assert handed.status_code == 302, "handing in is never refused"

    def test_24_a_flood_from_somebody_else_counts_nothing(
        self, mine: Client, theirs: Client, attempt: Attempt, single: Response
    ) -> None:
        with time_machine.travel(clock.now(), tick=False):
            for _ in range(PACE.burst + 10):
                assert theirs.post(sittings.url(single, "answer/"), {"choice": "1", "revision": "0"}).status_code == 404
            assert mine.post(sittings.url(single, "answer/"), {"choice": "1", "revision": "0"}).status_code == 200


def test_24_bodies_are_bounded(mine: Client, attempt: Attempt, single: Response) -> None:
    huge = json.dumps({"x": "y" * 300_000})
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        answer = mine.post(sittings.url(single, "answer/"), huge, content_type=content_type)
        assert 400 <= answer.status_code < 500
    assert Response.objects.get(pk=single.pk).revision == 0
