"""Every page x every role x everybody whom it can be about: 200, 302 or 404, as the matrix says; and no answer holds what it may not.

The addresses come from the project, the expectation from the matrix (``lms.people.permissions``), and how people stand to each other
from ``tests.world``, which builds it. The checks of the project are not asked what they think.
"""

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse

from lms.lib import clock
from lms.management.commands.roles_table import document
from lms.pages import Page, opens_without_sign_in, pages, untied
from lms.people.access import action_of
from lms.people.actions.looking import OWN_PAGES
from lms.people.models import Look
from lms.people.permissions import MATRIX, WITHOUT_SIGN_IN, Action, Relation, Role
from quizzes.actions import granting
from quizzes.views.attempt import PACE
from tests.world import DEACTIVATED, STRANGER, SUBJECTS, WALKERS, Subject, World, make_world

pytestmark = pytest.mark.django_db

ABOUT_A_PERSON = frozenset(
    {"person", "public_id", "enrollment", "attempt", "assignment", "certificate", "reply", "exception"}
)
#: Pages for which a parameter stands for something else than usual: name of the page, parameter, key in World.shared.
INSTEAD = {
    "people:team": {"public_id": "team"},
    "people:add_supervisor": {"public_id": "team"},
    "people:remove_supervisor": {"public_id": "team", "pk": "supervision"},
    "people:decide_surge": {"public_id": "surge"},
    "write_batch": {"kind": "batch_kind"},
    "preview_batch": {"kind": "batch_kind"},
}
#: Pages about something of a person that is not what its parameter usually stands for.
OF_A_PERSON = {
    "people:message": {"public_id": "message"},
    "people:retry_message": {"public_id": "message"},
    "people:discard_message": {"public_id": "message"},
    "people:resend_message": {"public_id": "message"},
    "result": {"attempt": "handed_in"},
    "dispute": {"attempt": "handed_in"},
    "record_sign_off": {"enrollment": "practice"},
}
#: Pages that more people may open than a role says, so their views ask for less than what is expected here of whoever holds a role alone.
BY_ROLE = {"record_sign_off": Action.SIGN_OFF, "sign_offs": Action.LEAD_TEAM}
#: Pages that answer strangers themselves, so that a script can say "sign in again".
ANSWER_401 = {"store_answer", "time_left"}
GOOD = {200, 204, 302, 405, 409, 410, 422}


@pytest.fixture(autouse=True)
def _a_calm_pace() -> None:
    PACE.forget()


def matrix_says(role: str, action: Action, relation: Relation | None) -> bool:
    """What the matrix says about somebody who holds this role and is a learner like everybody. Without a relation: a page about
    nobody, open to each role that stands there."""
    held = {Role.LEARNER, Role(role)}
    who = MATRIX[action].who
    if relation is None:
        return bool(held & set(who))
    return any(relation in who.get(one, ()) for one in held)


def expected_action(page: Page) -> Action:
    action = BY_ROLE.get(page.name, page.action)
    assert action is not None
    return action


def is_about_a_person(page: Page) -> bool:
    return page.name in OF_A_PERSON or (page.name not in INSTEAD and bool(ABOUT_A_PERSON & set(page.parameters)))


def address(page: Page, world: World, subject: Subject | None) -> str:
    values: dict[str, Any] = dict(world.shared)
    if subject is not None:
        values |= subject.values
        for parameter, thing in OF_A_PERSON.get(page.name, {}).items():
            values[parameter] = getattr(subject, thing).public_id
    for parameter, key in INSTEAD.get(page.name, {}).items():
        values[parameter] = world.shared[key]
    missing = set(page.parameters) - set(values)
    assert not missing, (
        f"{page.name} ({page.route}) has {', '.join(sorted(missing))} in its address. Make such an object in tests/world.py: one of "
        "each person in Subject.values if it is about a person (then also in ABOUT_A_PERSON here), else one in _shared."
    )
    return reverse(page.name, kwargs={name: values[name] for name in page.parameters})


def visits(page: Page, world: World) -> Iterator[tuple[Subject | None, Relation | None, str]]:
    if not is_about_a_person(page):
        yield None, None, address(page, world, None)
        return
    for key, subject in world.subjects.items():
        yield subject, SUBJECTS[key], address(page, world, subject)


def closed_pages() -> list[Page]:
    return [page for page in pages() if not opens_without_sign_in(page)]


def foreign_marks(world: World, about: Subject) -> tuple[str, ...]:
    return () if about.key == "own" else (*about.marks, *about.training_marks)


def get(client: Client, where: str) -> Any:
    """What a GET answers; a file is read to its end, which closes it."""
    response: Any = client.get(where)
    if not response.streaming:
        return response
    content = b"".join(response.streaming_content)
    return HttpResponse(content, status=response.status_code, headers=dict(response.headers))


def text_of(response: Any) -> str:
    return response.content.decode("utf-8", "replace") + str(dict(response.headers))


def post(client: Client, where: str) -> Any:
    """What a POST answers; what it did is undone."""
    with transaction.atomic():
        response = client.post(where)
        transaction.set_rollback(True)
    return response


def test_every_page_names_its_action() -> None:
    assert not untied(), "\n" + "\n".join(untied())


def test_every_action_is_used_or_asked_for() -> None:
    """An action that no page names is one that a page asks for in its code; those stand here."""
    asked = {"change_person", "read_mail", "see_mail_subjects", "grant_coordinator", "grant_auditor", "grant_administrator", "lead_team", "sign_off"}  # fmt: skip
    named = {page.action for page in pages()}
    assert {str(action) for action in Action if action not in named} <= asked
    assert set(MATRIX) == set(Action), "each action has its row"


def test_the_document_is_what_the_matrix_says() -> None:
    stored = (Path(__file__).resolve().parent.parent / "docs" / "roles.md").read_text()
    assert stored == document(), "Write it again: manage.py roles_table > docs/roles.md"


def test_templates_ask_for_actions_that_exist() -> None:
    asked = set()
    for path in (Path(__file__).resolve().parent.parent / "templates").rglob("*.html"):
        asked |= set(re.findall(r"\bmay\.([a-z_]+)", path.read_text()))
    assert asked > {"change_training"}
    assert asked <= {str(action) for action in Action}


def test_pages_without_a_sign_in_say_why() -> None:
    assert all(reason.endswith(".") for reason in WITHOUT_SIGN_IN.values())


@pytest.mark.parametrize("role", WALKERS)
def test_every_page_answers_as_the_matrix_says(role: str) -> None:
    """GET and POST of every page that asks who is there. A refused page is the same as an absent one, and holds no mark of whom it is about."""
    world = make_world(role)
    client = world.client()
    wrong = []
    walked = 0
    opened: list[tuple[Page, Subject | None, str]] = []
    for page in closed_pages():
        assert page.action is not None
        for subject, relation, where in visits(page, world):
            if role in (STRANGER, DEACTIVATED):
                may, expected = False, {401 if page.name in ANSWER_401 else 302}
            else:
                may = matrix_says(role, expected_action(page), relation)
                expected = GOOD if may else {404}
            answers = (("GET", get(client, where)), ("POST", post(client, where)))
            if answers[0][1].status_code == 200:
                opened.append((page, subject, where))
            if all(response.status_code == 405 for _, response in answers):
                wrong.append(f"{role}: {page.name} takes neither GET nor POST")
            for method, response in answers:
                walked += 1
                whom = f" of {subject.key}" if subject else ""
                said = f"{role}: {method} {page.name}{whom}"
                fits = response.status_code in expected or (not may and response.status_code == 405)
                if not fits:
                    wrong.append(
                        f"{said} gives {response.status_code}, the matrix ({page.action}) says {sorted(expected)}"
                    )
                if not may and response.status_code == 302 and not response["Location"].startswith("/account/login/"):
                    wrong.append(f"{said} leads to {response['Location']}")
                if subject is not None and not may:
                    text = text_of(response)
                    wrong += [f"{said} shows {mark!r}" for mark in foreign_marks(world, subject) if mark in text]
    wrong += unnoted(role, opened)
    assert not wrong, "\n" + "\n".join(wrong)
    assert walked > 400


def unnoted(role: str, opened: list[tuple[Page, Subject | None, str]]) -> list[str]:
    """What was opened and should have been noted: whatever shows something of somebody else, and all that an auditor reads."""
    noted = set(Look.objects.values_list("person", "action"))
    paths = set(Look.objects.values_list("path", flat=True))
    found = []
    for page, subject, where in opened:
        if subject is not None and subject.key != "own" and MATRIX[page.action].looks:  # type: ignore[index]
            if (subject.person.pk, page.action) not in noted:
                found.append(f"{role}: {page.name} of {subject.key} was opened, and nobody noted it")
        elif role == Role.AUDITOR and page.action in {action for _, action in noted if MATRIX[Action(action)].looks}:
            continue  # noted for each of the people on it; the same list again within ten minutes is one look
        elif role == Role.AUDITOR and page.action not in OWN_PAGES and subject is None and where not in paths:
            found.append(f"{role}: {page.name} was read, and nobody noted it")
    return found


@pytest.mark.parametrize("role", WALKERS)
def test_no_page_holds_somebody_out_of_sight(role: str) -> None:
    """Every page that opens, and every question that a list takes: nobody is on it whom no action lets this role see, and nothing of
    the training of people whose record the role may not see."""
    world = make_world(role)
    client = world.client()
    wrong = []
    others = [subject for subject in world.subjects.values() if subject.key != "own"]
    hidden = {subject.key: hidden_marks(role, SUBJECTS[subject.key], subject) for subject in others}
    for page in closed_pages() if any(hidden.values()) else ():
        for _, relation, where in visits(page, world):
            if role not in (STRANGER, DEACTIVATED) and not matrix_says(role, expected_action(page), relation):
                continue
            for question in questions(page, others):
                text = text_of(get(client, where + question))
                for subject in others:
                    found = [mark for mark in hidden[subject.key] if shows(text, mark, subject)]
                    wrong += [f"{role}: {where}{question} shows {mark!r}" for mark in found]
    assert not wrong, "\n" + "\n".join(sorted(set(wrong)))


def questions(page: Page, others: list[Subject]) -> Iterator[str]:
    """What a page may be asked: a list is asked for everybody, by name and by the course that only they have."""
    yield ""
    if page.parameters:
        return
    yield from ("?show=all", "?status=complete", "?state=everybody", "?page=2")
    for subject in others:
        first = subject.person.first_name
        yield from (f"?search={first}", f"?q={first}", f"?course=planted-{subject.key}")


def hidden_marks(role: str, relation: Relation, subject: Subject) -> tuple[str, ...]:
    """What this role may find on no page."""
    if role in (STRANGER, DEACTIVATED):
        return (*subject.marks, *subject.training_marks)
    person = any(matrix_says(role, action, relation) for action in (Action.SEE_PERSON, Action.SEE_RECORD))
    training = matrix_says(role, Action.SEE_RECORD, relation)
    return (() if person else subject.marks) + (() if training else subject.training_marks)


def shows(text: str, mark: str, subject: Subject) -> bool:
    """Whether a page shows a mark, leaving out the catalog of courses to choose from, which is about nobody."""
    if mark == subject.training_marks[0]:
        text = text.replace(f">{mark}</option>", "")
    return mark in text


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEARNER])
def test_somebody_elses_thing_under_a_person_in_sight(role: str) -> None:
    """An address that names two things is refused when they do not belong together."""
    world = make_world(role)
    client = world.client()
    mine, theirs = world.subjects["team"], world.subjects["other"]
    for person, enrollment in ((mine, theirs), (theirs, mine), (theirs, theirs), (world.subjects["own"], mine)):
        where = reverse(
            "open_attempt", args=[person.person.public_id, enrollment.open_attempt.enrollment.public_id, "unit-1"]
        )
        assert client.get(where).status_code == 404
        assert post(client, where).status_code == 404


def test_supervision_that_ended_opens_nothing() -> None:
    world = make_world(Role.SUPERVISOR)
    client = world.client()
    where = reverse("person_record", args=[world.subjects["team"].person.public_id])
    assert client.get(where).status_code == 200
    world.supervisor.supervisions.update(ended_at=clock.now())
    assert client.get(where).status_code == 404
    assert client.get(reverse("team")).status_code == 404


@pytest.mark.parametrize("role", [Role.LEARNER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_more_time_in_quizzes_is_seen_by_the_coordinator_alone(role: str) -> None:
    world = make_world(role)
    for subject in world.subjects.values():
        if subject.key not in ("own", "former"):
            granting.set_accommodation(
                subject.person, time_factor=Decimal(2), extra_attempts=2, at=clock.now(), by=world.coordinator.subject
            )
    client = world.client()
    for page in closed_pages():
        for about, relation, where in visits(page, world):
            if about is not None and about.key != "own" and matrix_says(role, expected_action(page), relation):
                text = text_of(get(client, where))
                assert "2 extra attempts" not in text, where
                assert "Quiz rules" not in text, where
    desk = Client()
    desk.force_login(world.coordinator)
    where = reverse("people:person", args=[world.subjects["team"].person.public_id])
    assert "2 extra attempts" in text_of(desk.get(where))


# --- what is drawn ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [role for role in Role if role != Role.COORDINATOR])
def test_no_page_draws_what_leads_to_a_refusal(role: str) -> None:
    """Every link of every page opens, and every form goes to a page that the matrix opens: an auditor meets no button that changes
    anything but their own account and training."""
    world = make_world(role)
    client = world.client()
    drawn: dict[str, str] = {}
    sent: dict[str, str] = {}
    for page in closed_pages():
        for _, relation, where in visits(page, world):
            if matrix_says(role, expected_action(page), relation):
                response = get(client, where)
                if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
                    links, forms = links_of(text_of(response))
                    drawn |= dict.fromkeys(links, where)
                    sent |= dict.fromkeys(forms or (), where) | ({where: where} if "" in forms else {})
    wrong = [
        f"{role}: {where} links to {link}, which gives 404"
        for link, where in sorted(drawn.items())
        if get(client, link).status_code == 404
    ]
    for link, where in sorted(sent.items()):
        action = action_of(resolve(link.split("?")[0] or where).func)
        if action is not None and not (MATRIX[action].who.keys() & {Role.LEARNER, Role(role)}):
            wrong.append(f"{role}: {where} has a form to {link} ({action})")
        if role == Role.AUDITOR and action not in (None, Action.USE_ACCOUNT, Action.LEARN):
            wrong.append(f"{role}: {where} has a form to {link} ({action}), and an auditor changes nothing")
    assert not wrong, "\n" + "\n".join(wrong)
    assert len(drawn) > 10


def links_of(text: str) -> tuple[set[str], set[str]]:
    """Addresses of our own in links, and those that forms post to (empty: the page itself)."""
    links = {html.unescape(link) for link in re.findall(r'<a\b[^>]*\bhref="(/[^"#]*)', text)}
    forms: set[str] = set()
    for form in re.findall(r'<form\b[^>]*method="post"[^>]*>', text):
        action = re.search(r'action="([^"#]*)', form)
        forms.add(html.unescape(action[1]) if action else "")
    forms |= {html.unescape(one) for one in re.findall(r'formaction="([^"#]*)', text)}
    return links, forms
