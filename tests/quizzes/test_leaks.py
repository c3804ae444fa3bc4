"""Nothing about a key reaches a learner before hand-in: not in bodies, not in headers, not in lengths."""

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from lms.lib import clock
from lms.outbox.models import Occasion
from quizzes.actions import attempts
from quizzes.models import Attempt, Response
from tests import factories
from tests.letters import letter
from tests.quizzes import sittings
from tests.quizzes.kinds import samples
from tests.quizzes.kinds.samples import SENTINEL

pytestmark = pytest.mark.django_db


def seen(response: Any) -> tuple[int, bytes, dict[str, str]]:
    """Status, body without the token, and headers, as they reach a browser."""
    headers = {name.lower(): value for name, value in response.items()}
    return response.status_code, sittings.without_token(response.content), headers


def served_like(slug: str, response: Response, other: dict[str, Any]) -> None:
    """Puts the other version of the question into the same place of the same attempt, served in the same order."""
    order = samples.same_order(slug, response.question.stored, other, response.order)
    Response.objects.filter(pk=response.pk).update(order=order)
    question = response.question
    question.stored = other
    question.author_id = other["id"]
    question.save()


def twin_of(slug: str, response: Response) -> dict[str, Any]:
    stored = response.question.stored
    other = samples.compiled({**samples.twin(slug), "id": f"{SENTINEL}-{slug}"})
    return {**other, "section": stored["section"], "section_id": stored["section_id"]}


@pytest.mark.parametrize("slug", sittings.KINDS)
def test_two_versions_of_a_question_look_the_same(client: Client, slug: str) -> None:
    """They differ in key, ids, rationales, misconceptions and scoring alone. Every answer about them is the same, byte for byte."""
    learner = factories.make_user()
    client.force_login(learner)
    attempt = sittings.sit(learner)
    response = sittings.response_of(attempt, slug)
    right = sittings.fields(response)

    def walk() -> list[tuple[int, bytes, dict[str, str]]]:
        """The page untouched, refused, stale, stored by script, stored by form, shown again; then as before."""
        row = Response.objects.filter(pk=response.pk)
        where, door = sittings.url(response), sittings.url(response, "answer/")
        found = [seen(client.get(where)), seen(client.head(where))]
        found.append(seen(client.post(where, {**right, "revision": "x"})))
        found.append(seen(client.post(door, {**right, "revision": "x"})))
        found.append(seen(client.post(where, {**dict.fromkeys(right, "99"), "revision": "5"})))
        stored = client.post(door, {**right, "revision": "0"})
        found.append((stored.status_code, b"", seen(stored)[2]))
        assert stored.status_code == 200
        row.update(receipt="AAAA-BB", saved_at=attempt.started_at)
        found.append(seen(client.get(where)))
        found.append(seen(client.post(where, {"revision": "0", "go": "stay"})))
        found.append(seen(client.post(door, {"revision": "0"})))
        found.append(seen(client.get(f"/attempts/{attempt.public_id}/hand-in/")))
        row.update(answer=None, answered=False, revision=0, saved_at=None, receipt="")
        return found

    with time_machine.travel(clock.now(), tick=False):  # the header Expires holds the time
        first = walk()
        served_like(slug, response, twin_of(slug, response))
        second = walk()
    assert len(first) == len(second) == 10
    for one, two in zip(first, second, strict=True):
        assert one == two
        assert len(one[1]) == len(two[1])
    assert Response.objects.get(pk=response.pk).question.stored["id"].startswith(SENTINEL), "the versions did differ"


@pytest.mark.parametrize("slug", sittings.KINDS)
def test_the_acknowledgement_says_nothing_of_right_or_wrong(client: Client, slug: str) -> None:
    learner = factories.make_user()
    client.force_login(learner)
    attempt = sittings.sit(learner)
    response = sittings.response_of(attempt, slug)
    data = client.post(sittings.url(response, "answer/"), {**sittings.fields(response), "revision": "0"}).json()
    assert set(data) == {"revision", "answered", "given", "receipt", "at", "stored", "out_of"}
    row = Response.objects.get(pk=response.pk)
    assert (row.points, row.right) == (None, None), "nothing is graded before hand-in"


def walk_before_hand_in(client: Client, attempt: Attempt) -> dict[str, Any]:
    """Every page and door that a learner reaches while an attempt is open."""
    enrollment, unit = attempt.enrollment, attempt.unit
    course = f"/courses/{enrollment.public_id}/"
    found: dict[str, Any] = {
        path: client.get(path, follow=True)
        for path in (
            "/",
            "/training/",
            "/record/",
            "/help/",
            "/form-token/",
            course,
            f"{course}units/{unit.slug}/",
            f"{course}units/{unit.slug}/quiz/",
            f"/attempts/{attempt.public_id}/hand-in/",
            f"/attempts/{attempt.public_id}/result/",
        )
    }
    found["place"] = client.post(f"{course}units/{unit.slug}/place/", {"place": "section-second-part"})
    found["practice"] = client.post(f"{course}units/{unit.slug}/practice/1/", {"choice": "1"})
    found["start again"] = client.post(f"{course}units/{unit.slug}/quiz/", follow=True)
    for response in attempt.responses.select_related("question", "attempt"):
        where, door, n = sittings.url(response), sittings.url(response, "answer/"), response.position
        wrong = {name: ["9999"] for name in sittings.fields(response)}
        found[f"{n} page"] = client.get(where)
        found[f"{n} refused page"] = client.post(where, {**wrong, "revision": "x"})
        found[f"{n} refused door"] = client.post(door, {**wrong, "revision": "x"})
        found[f"{n} json body"] = client.post(door, {"choice": 1}, content_type="application/json")
        if (
            response.question.kind != "short_text"
        ):  # its best answer is the sentinel, and an answer is shown to who gave it
            found[f"{n} stored"] = client.post(door, {**sittings.fields(response), "revision": "0"})
            found[f"{n} stale"] = client.post(where, {"revision": "0"})
            found[f"{n} stale door"] = client.post(door, {"revision": "0"})
            found[f"{n} again"] = client.get(where)
        found[f"{n} not found"] = client.get(f"/attempts/{attempt.public_id}/questions/{n + 50}/")
    found["checked"] = client.get(f"/attempts/{attempt.public_id}/hand-in/")
    return found


def test_a_sentinel_in_everything_secret_appears_nowhere_before_hand_in(client: Client) -> None:
    learner = factories.make_user()
    client.force_login(learner)
    attempt = sittings.sit(learner, planted=True)
    planted = str([r.question.stored for r in attempt.responses.select_related("question")])
    assert planted.count(SENTINEL) > 60
    found = walk_before_hand_in(client, attempt)
    assert len(found) > 60
    for name, response in found.items():
        assert response.status_code < 500, name
        assert SENTINEL not in response.content.decode(), name
        assert SENTINEL not in str(sorted(response.items())), name
        assert SENTINEL not in str(response.cookies), name
        for url, _ in getattr(response, "redirect_chain", []):
            assert SENTINEL not in url, name
    assert SENTINEL not in str(list(client.session.items()))
    for message in [letter(occasion) for occasion in Occasion.objects.filter(message=None)]:
        assert SENTINEL not in message.body_text + message.body_html + message.subject


def test_after_hand_in_the_reasons_are_there_and_the_ids_are_not(client: Client) -> None:
    """So the sentinel above was really planted. Ids and misconceptions stay on the server for ever."""
    learner = factories.make_user()
    client.force_login(learner)
    attempt = sittings.sit(learner, planted=True)
    attempts.submit(attempt, at=clock.now())
    html = client.get(f"/attempts/{attempt.public_id}/result/").content.decode()
    assert SENTINEL in html
    assert not re.search(rf'(id|value|for|name|class|data-[a-z-]+)="[^"]*{SENTINEL}', html)
    for response in attempt.responses.select_related("question"):
        assert response.question.author_id not in html
    assert f"{SENTINEL}-U1" not in html
    assert "belief-" not in html


def test_others_see_no_secret_either(client: Client) -> None:
    team = factories.make_team()
    learner = factories.make_user(team=team)
    attempt = sittings.sit(learner, planted=True)
    attempts.submit(attempt, at=clock.now())
    paths = ["/team/", f"/team/people/{learner.public_id}/"]
    for viewer in (factories.make_supervisor(team), factories.make_coordinator()):
        client.force_login(viewer)
        for path in paths:
            response = client.get(path)
            assert SENTINEL not in response.content.decode()
    client.force_login(learner)
    assert SENTINEL not in client.get("/record/").content.decode()
    assert client.get(f"/attempts/{attempt.public_id}/result/").status_code == 200


def test_a_second_attempt_does_not_show_the_first_ones_key(client: Client) -> None:
    learner = factories.make_user()
    client.force_login(learner)
    first = sittings.sit(learner, planted=True)
    attempts.submit(first, at=clock.now())
    Attempt.objects.update(submitted_at=clock.now().replace(year=2020))
    second = attempts.start(first.enrollment, first.unit, at=clock.now())
    for response in second.responses.select_related("attempt"):
        assert SENTINEL not in client.get(sittings.url(response)).content.decode()
    assert client.get(f"/attempts/{second.public_id}/result/")["Location"].endswith("/questions/1/")
