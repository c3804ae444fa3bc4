"""``python -m tests.journeys.insider``: somebody who may look into the database of a running stack, for the journeys.

Reads one question a line from standard input (JSON: name, details) and answers in one line. What it makes, it makes with the
same actions as the pages.
"""

import datetime as dt
import json
import sys
import traceback
from typing import Any

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.utils.html import strip_tags  # noqa: E402

from courses.actions import assigning  # noqa: E402
from courses.actions.publishing import publish  # noqa: E402
from courses.enums import Answer  # noqa: E402
from courses.links import answer_path  # noqa: E402
from courses.models import (  # noqa: E402
    Assignment,
    Certificate,
    Course,
    DutyException,
    Enrollment,
    Requirement,
    UnitProgress,
)
from lms.demo.cast import PASSWORD  # noqa: E402
from lms.lib import clock, dates  # noqa: E402
from lms.outbox import preferences  # noqa: E402
from lms.outbox.models import Message, Occasion  # noqa: E402
from lms.people.actions import organization, people  # noqa: E402
from lms.people.models import MONDAY_TO_FRIDAY, Site, Team, User  # noqa: E402
from lms.record.actions import SYSTEM  # noqa: E402
from lms.record.models import TrainingEvent  # noqa: E402
from quizzes import kinds  # noqa: E402
from quizzes.actions import attempts  # noqa: E402
from quizzes.actions.storing import store_quiz  # noqa: E402
from quizzes.kinds.base import Kind  # noqa: E402
from quizzes.models import Attempt, Question, Response  # noqa: E402


def add_person(
    name: str, email: str, team: str = "", courses: dict[str, int] | None = None, working_days: str = MONDAY_TO_FRIDAY
) -> dict[str, Any]:
    """Somebody who has joined with the demonstration's password; ``courses`` says which are assigned and due in how many days."""
    at = clock.now()
    belongs = Team.objects.filter(name=team).first()
    site = belongs.site if belongs else Site.objects.get(name="Westside Clinic")
    person = people.add_person(
        name=name,
        latin_name="",
        site=site,
        team=belongs,
        email=email,
        hire_date=dates.local_date(at, site.zone),
        category="volunteer",
        job_role="Volunteer",
        working_days=working_days,
        by=SYSTEM,
        at=at,
    )
    User.objects.filter(pk=person.pk).update(password=make_password(PASSWORD), joined_at=at)
    person = User.objects.get(pk=person.pk)
    for slug, days in (courses or {}).items():
        _assign(person, Course.objects.get(slug=slug), days, at)
    return {"public_id": str(person.public_id), "enrollments": enrollments(email)}


def add_late_team(name: str, supervisor: str, people_late: dict[str, int]) -> list[str]:
    """A new team below Eastgate House with a supervisor of its own (an address) and people who are late with Stigma reduction by so many
    days; nobody but them is in it. Returns the people's addresses."""
    now = clock.now()
    at = now - dt.timedelta(days=30)
    site = Site.objects.get(name="Eastgate House")
    team = organization.add_team(name=name, site=site, parent=None)
    course = Course.objects.get(slug="stigma-reduction")
    found = []
    for who, email, late in [("Supervisor of " + name, supervisor, 0)] + [
        (who, f"{who.lower().replace(' ', '.')}@alderford.example", late) for who, late in people_late.items()
    ]:
        person = people.add_person(
            name=who,
            site=site,
            team=team if late else None,
            email=email,
            phone="555-0123" if late else "",
            by=SYSTEM,
            at=at,
        )
        User.objects.filter(pk=person.pk).update(password=make_password(PASSWORD), joined_at=at)
        if late:
            due_on = dates.local_date(now, site.zone) - dt.timedelta(days=late)
            assigning.assign(person, course, due_on=due_on, reason="Onboarding", by=SYSTEM, at=at)
            found.append(email)
        else:
            organization.start_supervising(team, person, by=SYSTEM, at=at)
    return found


def _assign(person: User, course: Course, days: int, at: dt.datetime) -> None:
    due_on = dates.local_date(at, person.zone) + dt.timedelta(days=days)
    assigning.assign(person, course, due_on=due_on, reason="Onboarding", by=SYSTEM, at=at)


def enrollments(email: str) -> dict[str, str]:
    rows = Enrollment.objects.filter(learner__email=email).select_related("course").order_by("opened_at")
    return {row.course.slug: str(row.public_id) for row in rows}


def place_of(email: str) -> str:
    """The section that this person read last."""
    found = UnitProgress.objects.filter(enrollment__learner__email=email).exclude(place="").order_by("-opened_at")
    return found[0].place if found else ""


def answers(attempt: str) -> list[dict[str, Any]]:
    """For each question as served: its kind, and form data that is right and that is wrong."""
    found = []
    for response in _responses(attempt):
        kind = kinds.get(response.question.kind)
        stored, order = response.question.stored, response.order
        right = kind.model_answer(stored, order)
        wrong = _wrong(kind.fill(right), kind, response)
        found.append({"kind": response.question.kind, "right": kind.fill(right), "wrong": wrong})
    return found


def _wrong(right: dict[str, list[str]], kind: Kind, response: Response) -> dict[str, list[str]]:
    """Form data that is complete and earns nothing or less than all: tried until the grader says so."""
    stored, order = response.question.stored, response.order
    rows = kind.taking(stored, order, None)["rows"]
    numbers = [[str(n) for n in range(len(row.get("options", ())))] for row in rows]
    names = [row["name"] for row in rows]
    if "text" in right or "value" in right:
        tries = [{names[0]: ["999999" if "value" in right else "no such word"]}]
    elif response.question.kind == "ordering":
        tries = [dict(zip(right, list(right.values())[::-1], strict=True))]
        tries.append(dict(zip(right, [*list(right.values())[1:], *list(right.values())[:1]], strict=True)))
    elif response.question.kind == "multiple_choice":
        tries = [{names[0]: [n]} for n in numbers[0] if n not in right[names[0]]]
    else:
        tries = [{**right, names[0]: [n]} for n in numbers[0] if [n] != right[names[0]]]
    for one in tries:
        data = QueryDict(mutable=True)
        for name, values in one.items():
            data.setlist(name, values)
        form = kind.form(stored, order, data=data)
        if form.is_valid() and form.complete and not kind.grade(stored, order, form.answer).right:
            return one
    raise AssertionError(f"no wrong answer for {response.question.kind}")


def _responses(attempt: str) -> list[Response]:
    rows = Response.objects.filter(attempt__public_id=attempt).select_related("question")
    return list(rows.order_by("position"))


def stored(attempt: str) -> list[dict[str, Any]]:
    """What the database has of each answer, in the form of form data."""
    rows = []
    for r in _responses(attempt):
        kind = kinds.get(r.question.kind)
        fields = kind.fill(r.answer) if r.answer else {}
        rows.append({"fields": fields, "answered": r.answered, "revision": r.revision, "receipt": r.receipt})
    return rows


def attempts_of(email: str) -> list[dict[str, Any]]:
    rows = Attempt.objects.filter(enrollment__learner__email=email).order_by("started_at", "pk")
    return [
        {"id": str(a.public_id), "number": a.number, "state": a.state, "passed": a.passed, "unit": a.unit.slug}
        for a in rows.select_related("unit")
    ]


def open_attempt(enrollment: str, unit: int = 1) -> str:
    """Starts the quiz of a unit as its page does."""
    mine = Enrollment.objects.get(public_id=enrollment)
    return str(attempts.start(mine, mine.version.units.get(position=unit), at=clock.now()).public_id)


def controls(attempt: str) -> list[dict[str, Any]]:
    """For each question what a screen reader must find: the group, and (role, name) of each control. From the stored form alone."""
    found = []
    for r in _responses(attempt):
        stored, order, kind = r.question.stored, r.order, r.question.kind
        named: list[tuple[str, str]] = []
        if kind in ("single_choice", "multiple_choice"):
            role = "radio" if kind == "single_choice" else "checkbox"
            named = [(role, stored["options"][n]["text"]) for n in order["options"]]
        elif kind == "true_false":
            named = [("radio", stored["options"][n]["text"]) for n in order["options"]]
            named += [("group", "Which reason fits?")]
            named += [("radio", stored["reasons"][n]["text"]) for n in order["reasons"]]
        elif kind == "matching":
            named = [("combobox", stored["prompts"][n]["text"]) for n in order["prompts"]]
        elif kind == "ordering":
            for n in order["steps"]:
                step = stored["steps"][n]["text"]
                named += [("group", step), ("button", f"Up: {step}"), ("button", f"Down: {step}")]
        elif kind == "cloze":
            size = len(stored["blanks"])
            named = [("combobox", f"Blank {n} of {size}") for n in range(1, size + 1)]
        else:
            named = [("textbox", "Your answer")]
        found.append({"kind": kind, "ask": strip_tags(stored["ask_html"]), "named": named})
    return found


def option_texts(attempt: str) -> list[str]:
    """The words of every option that was chosen."""
    found = []
    for r in _responses(attempt):
        for row in kinds.get(r.question.kind).taking(r.question.stored, r.order, r.answer)["rows"]:
            found += [option["html"] for option in row.get("options", ()) if option["chosen"] and "html" in option]
    return found


def hand_in_rightly(enrollment: str, unit: int = 1) -> str:
    """Passes the quiz of a unit."""
    attempt = Attempt.objects.get(public_id=open_attempt(enrollment, unit))
    for r in _responses(str(attempt.public_id)):
        answer = kinds.get(r.question.kind).model_answer(r.question.stored, r.order)
        attempts.save(attempt, r.position, answer, revision=r.revision, at=clock.now())
    attempts.submit(attempt, at=clock.now())
    return str(attempt.public_id)


def hand_in_empty(enrollment: str, unit: int = 1) -> str:
    """Fails the quiz of a unit."""
    attempt = Attempt.objects.get(public_id=open_attempt(enrollment, unit))
    attempts.submit(attempt, at=clock.now())
    return str(attempt.public_id)


def certificates(email: str) -> list[dict[str, Any]]:
    rows = Certificate.objects.filter(enrollment__learner__email=email).order_by("issued_at")
    return [
        {"id": str(c.public_id), "number": c.number, "code": c.code, "state": c.state, "revoked": bool(c.revoked_at)}
        for c in rows
    ]


def messages(email: str) -> list[dict[str, Any]]:
    rows = Message.objects.filter(recipient__email=email).order_by("created_at", "pk")
    keys = dict(Occasion.objects.filter(recipient__email=email).values_list("message_id", "key"))
    return [
        {"id": str(m.public_id), "kind": m.kind, "state": m.state, "subject": m.subject, "key": keys.get(m.pk, "")}
        for m in rows
    ]


def reasons(email: str) -> list[str]:
    """The kinds of all reasons to write to this person that came up so far."""
    return list(Occasion.objects.filter(recipient__email=email).order_by("pk").values_list("kind", flat=True))


def end_sessions(email: str) -> int:
    """As if the sessions of this person had run out."""
    pk = str(User.objects.get(email=email).pk)
    mine = [s.session_key for s in Session.objects.all() if s.get_decoded().get("_auth_user_id") == pk]
    return Session.objects.filter(session_key__in=mine).delete()[0]


def events(email: str) -> list[str]:
    subject = User.objects.get(email=email).subject
    return list(TrainingEvent.objects.filter(subject=subject).order_by("seq").values_list("kind", flat=True))


def person(name: str) -> dict[str, Any]:
    found = User.objects.get(name=name)
    return {"public_id": str(found.public_id), "email": found.email, "active": found.is_active}


def local_day(zone: str) -> str:
    return clock.today(zone).isoformat()


def publish_eight_kinds() -> list[str]:
    """A course of one unit whose quiz serves one question of each kind, taken from the courses that are loaded; the kinds."""
    from tests import factories

    compiled = factories.compiled_course("eight-kinds", title="Eight kinds", serve=8, pool=1)
    quiz = compiled.units[0].quiz
    assert quiz is not None
    every = [kind.slug for kind in kinds.all()]
    rows = []
    for slug in every:
        question = Question.objects.filter(kind=slug).order_by("pk").first()
        assert question is not None
        rows.append({**question.stored, "objective": "T-1.1", "critical": False})
    quiz["questions"] = rows
    quiz["draw"] = [{"objective": "T-1.1", "take": len(rows), "critical": False}]
    publish(compiled, at=clock.now(), store_quiz=store_quiz)
    return every


def addresses() -> dict[str, str]:
    """One object for every kind of page that has one in its address."""
    failed = Attempt.objects.filter(state="submitted", passed=False, enrollment__learner__name="Noah Stern")[0]
    passed = Attempt.objects.filter(enrollment__learner__name="Maya Okafor", passed=True).latest("submitted_at")
    assignment = assigning.Assignment.objects.filter(learner__name="Grace Mbeki", withdrawn_at__isnull=True)
    open_one = next(a for a in assignment if a.enrollment and a.enrollment.completed_at is None)
    revoked = Certificate.objects.filter(revoked_at__isnull=False)[0]
    superseded = Certificate.objects.filter(superseded_at__isnull=False)[0]
    valid = Certificate.objects.filter(
        enrollment__learner__name="Eleanor Finch", revoked_at__isnull=True, superseded_at__isnull=True
    )[0]
    return {
        "passed": str(passed.public_id),
        "failed": str(failed.public_id),
        "failed_by": str(failed.enrollment.learner.email),
        "assignment": str(open_one.public_id),
        "requirement": str(Requirement.objects.get(current__isnull=False).public_id),
        "draft": str(Requirement.objects.get(current__isnull=True).public_id),
        "exception": str(DutyException.objects.get(kind="leave").public_id),
        "certificate": str(valid.public_id),
        "code": valid.code,
        "revoked_code": revoked.code,
        "superseded_code": superseded.code,
        "day_team": str(Team.objects.get(name="Day team").public_id),
        "eastgate": str(Team.objects.get(name="Eastgate House").public_id),
        "site": str(Site.objects.get(name="Harbor Street").pk),
        "message": str(Message.objects.filter(state="sent").latest("pk").public_id),
        "deactivated": str(User.objects.filter(is_active=False)[0].public_id),
        "invited": str(User.objects.get(name="Yuki Tanaka").public_id),
        "mail_off": "/"
        + preferences.link(User.objects.get(name="Yuki Tanaka"), ["certificate_ready"]).split("/", 3)[3],
    }


def answer_address(assignment: str) -> str:
    """The page behind "Something blocks me" in a mail about this assignment."""
    return answer_path(Assignment.objects.get(public_id=assignment), Answer.BLOCKED)


QUESTIONS = {
    f.__name__: f
    for f in (
        add_person,
        add_late_team,
        enrollments,
        place_of,
        answers,
        stored,
        attempts_of,
        open_attempt,
        option_texts,
        controls,
        hand_in_rightly,
        hand_in_empty,
        certificates,
        messages,
        reasons,
        end_sessions,
        events,
        person,
        local_day,
        publish_eight_kinds,
        addresses,
        answer_address,
    )
}


def main() -> None:
    for line in sys.stdin:
        question, details = json.loads(line)
        try:
            answer: dict[str, Any] = {"said": QUESTIONS[question](**details)}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        connection.close()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
