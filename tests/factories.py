"""Plain functions that make rows, with keyword defaults. What has an action is made by its action."""

import datetime as dt
import io
import itertools
from decimal import Decimal
from typing import Any

from courses.actions import assigning, observing, requiring
from courses.actions.assessors import name_assessor
from courses.actions.publishing import publish
from courses.authoring.compiled import CompiledCourse, CompiledUnit
from courses.enums import Observed
from courses.models import AssessorQualification, Assignment, Course, Enrollment, Requirement
from courses.queries.practices import practices_of
from courses.requirements.facts import Audience, Due, Renewal
from lms.lib import clock, dates
from lms.people.actions import roster_work, rosters
from lms.people.actions.people import add_person
from lms.people.models import Organization, RosterImport, Site, Supervision, Team, User
from lms.people.roster import columns
from lms.people.roster.cells import Options
from lms.record.actions import SYSTEM
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.actions.storing import store_quiz
from quizzes.models import Attempt, Response

PASSWORD = "a quiet river stone"
_count = itertools.count(1)


def make_organization(**changes: Any) -> Organization:
    defaults = {
        "name": "Alderford Recovery Services",
        "short_name": "Alderford",
        "zone": "America/Denver",
        "signatory": "Priya Raman",
        "signatory_title": "Training Coordinator",
        "certificate_prefix": "AR",
    }
    found = Organization.objects.first()
    return found or Organization.objects.create(**{**defaults, **changes})


def make_site(name: str = "Eastgate House", zone: str = "America/Denver") -> Site:
    make_organization()
    site, _ = Site.objects.get_or_create(name=name, defaults={"zone": zone})
    return site


def make_team(name: str = "Eastgate day team", *, site: Site | None = None, parent: Team | None = None) -> Team:
    return Team.objects.create(name=name, site=site or (parent.site if parent else make_site()), parent=parent)


def make_user(
    name: str = "", *, team: Team | None = None, site: Site | None = None, password: str = PASSWORD, **changes: Any
) -> User:
    number = next(_count)
    user = User(
        name=name or f"Person {number}",
        email=changes.pop("email", f"person{number}@example.org"),
        site=site or (team.site if team else make_site()),
        team=team,
        joined_at=changes.pop("joined_at", clock.now()),
        **changes,
    )
    user.set_password(password)
    user.save()
    return user


def make_supervisor(*teams: Team, **changes: Any) -> User:
    user = make_user(**{"team": teams[0] if teams else None, **changes})
    for team in teams:
        Supervision.objects.create(team=team, supervisor=user, started_at=clock.now())
    return user


def make_coordinator(**changes: Any) -> User:
    return make_user(**{"name": "Priya Raman", "is_coordinator": True, **changes})


def stored_question(
    number: int, *, objective: str = "T-1.1", critical: bool = False, unit: str = "T-U1", **changes: Any
) -> dict[str, Any]:
    """A stored single choice question whose right option is the first as written."""
    question = kinds.get("single_choice").schema.model_validate(
        {
            "id": f"{unit}-Q{number:02}",
            "kind": "single_choice",
            "objective": objective,
            "level": "Apply",
            "facts": ["H-055"],
            "section": "First part",
            "critical": critical,
            "stem": f"Somebody asks you for help with matter number {number}. What do you do?",
            "options": [
                {
                    "id": "a",
                    "text": f"Listen, and find the right person for {number}.",
                    "correct": True,
                    "why": "Right. That is the role.",
                },
                {
                    "id": "b",
                    "text": f"Give some advice on {number}.",
                    "why": "Advice belongs to others.",
                    "misconception": "caring-means-advising",
                },
                {
                    "id": "c",
                    "text": f"Let matter {number} rest until later.",
                    "why": "It cannot wait.",
                    "misconception": "it-can-wait",
                },
            ],
            **changes,
        }
    )
    return kinds.get("single_choice").compile(question, lambda text, **_: text)


def compiled_course(
    slug: str = "test-course",
    *,
    units: int = 1,
    serve: int = 3,
    pool: int = 9,
    title: str = "Test course",
    **changes: Any,
) -> CompiledCourse:
    """A small valid course: each unit has a quiz of ``serve`` questions from ``pool``, none critical."""
    rows = []
    for n in range(1, units + 1):
        author_id = f"T-U{n}" if slug == "test-course" else f"{slug.upper()}-U{n}"
        rows.append(
            CompiledUnit(
                author_id=author_id,
                number=n,
                file=f"{slug}/{n:02}.md",
                slug=f"unit-{n}",
                title=f"Unit {n}",
                minutes=10,
                objectives=[{"id": "T-1.1", "level": "Apply", "text": "Find the right person."}],
                facts=["H-055"],
                blocks=[
                    {"type": "html", "html": '<h2 id="section-first-part">First part</h2><p>Some words to read.</p>'},
                    {"type": "protocol", "slot": "privacy", "html": "<p>Your site says more.</p>"},
                    {"type": "html", "html": '<h2 id="section-second-part">Second part</h2><p>More words to read.</p>'},
                    {
                        "type": "practice",
                        "number": 1,
                        "objective": "T-1.1",
                        "stem_html": "What comes first?",
                        "multiple": False,
                        "options": [
                            {"html": "Listening.", "right": True, "feedback_html": "Yes. Listening comes first."},
                            {"html": "Advising.", "right": False, "feedback_html": "Not yet. Listen first."},
                        ],
                    },
                    {"type": "monday", "html": "<ul><li>Listen to one person.</li></ul>"},
                ],
                sections=[
                    {"id": "section-first-part", "title": "First part"},
                    {"id": "section-second-part", "title": "Second part"},
                ],
                glossary=[],
                sources=[],
                misconceptions=[],
                words=900,
                source_hash="0" * 64,
                quiz={
                    "unit": author_id,
                    "serve": serve,
                    "draw": [{"objective": "T-1.1", "take": serve, "critical": False}],
                    "questions": [stored_question(i, unit=author_id) for i in range(1, pool + 1)],
                    "misconceptions": [],
                },
            )
        )
    defaults: dict[str, Any] = {
        "summary": "What to do when somebody asks for help.",
        "audience": ["volunteer", "staff"],
        "language": "en",
        "hours": Decimal("0.5"),
        "pass_mark": 80,
        "attempts": 3,
        "wait_minutes": 60,
        "valid_months": {"staff": 24, "volunteer": 12},
        "authors": ["Alderford Recovery Services"],
        "sources": [],
        "notice": "",
        "changes": [],
    }
    return CompiledCourse(slug=slug, title=title, units=rows, **{**defaults, **changes})


def make_course(compiled: CompiledCourse | None = None, *, at: dt.datetime | None = None, **changes: Any) -> Course:
    result = publish(compiled or compiled_course(**changes), at=at or clock.now(), store_quiz=store_quiz)
    return result.version.course


def make_assignment(
    learner: User | None = None,
    course: Course | None = None,
    *,
    at: dt.datetime | None = None,
    due_in: int = 14,
    **changes: Any,
) -> Assignment:
    at = at or clock.now()
    learner = learner or make_user()
    return assigning.assign(
        learner,
        course or Course.objects.first() or make_course(at=at),
        due_on=at.date() + dt.timedelta(days=due_in),
        reason="Onboarding",
        by=SYSTEM,
        at=at,
        **changes,
    )


def make_enrollment(learner: User | None = None, course: Course | None = None, **changes: Any) -> Enrollment:
    enrollment = make_assignment(learner, course, **changes).enrollment
    assert enrollment is not None
    return enrollment


def right_answer(response: Response) -> dict[str, Any]:
    """A full-mark answer to a response, found by asking the pure grader; single choice, as the factory's questions are."""
    kind = kinds.get(response.question.kind)
    for choice in range(len(response.question.stored["options"])):
        if kind.grade(response.question.stored, response.order, {"choice": choice}).right:
            return {"choice": choice}
    raise AssertionError("no right answer")


def wrong_answer(response: Response) -> dict[str, Any]:
    return {"choice": (right_answer(response)["choice"] + 1) % len(response.question.stored["options"])}


def answer_all(attempt: Attempt, *, right: bool = True, at: dt.datetime | None = None) -> None:
    for response in attempt.responses.select_related("question"):
        answer = right_answer(response) if right else wrong_answer(response)
        attempts.save(attempt, response.position, answer, revision=response.revision, at=at or clock.now())


def pass_unit(enrollment: Enrollment, position: int = 1, *, at: dt.datetime | None = None) -> attempts.HandedIn:
    """Starts, answers rightly and hands in the quiz of one unit."""
    at = at or clock.now()
    unit = enrollment.version.units.get(position=position)
    attempt = attempts.start(enrollment, unit, at=at)
    answer_all(attempt, at=at)
    return attempts.submit(attempt, at=at)


def make_requirement(
    course: Course | None = None,
    *,
    by: User | None = None,
    at: dt.datetime | None = None,
    on: bool = True,
    audience: Audience | None = None,
    due: Due | None = None,
    renewal: Renewal | None = None,
    **changes: Any,
) -> Requirement:
    """A rule for all staff, due 30 days after it is assigned, never renewed, and switched on."""
    at = at or clock.now()
    wording = requiring.Wording(
        audience=audience or Audience(categories=frozenset({"staff"})),
        due=due or Due(),
        renewal=renewal or Renewal(),
        active_from=changes.pop("active_from", at.date() - dt.timedelta(days=1)),
        **{name: changes.pop(name) for name in ("grace", "active_until") if name in changes},
    )
    by = by or User.objects.filter(is_coordinator=True).first() or make_coordinator()
    version = requiring.draft(
        name=changes.pop("name", "Yearly basics"),
        what=changes.pop("what", None) or course or Course.objects.first() or make_course(at=at),
        reason=changes.pop("reason", "Everybody here needs it."),
        wording=wording,
        by=by.subject,
        at=at,
    )
    if on:
        requiring.switch_on(version, by=by, at=at)
    version.requirement.refresh_from_db()
    return version.requirement


def make_roster(text: str = "", *, by: User | None = None, at: dt.datetime | None = None) -> RosterImport:
    """A roster whose lines are judged, and not confirmed; by default of one new person."""
    at = at or clock.now()
    by = by or User.objects.filter(is_coordinator=True).first() or make_coordinator()
    data = (text or f"Email,Name,Site\r\nnew@example.org,New Person,{by.site.name}\r\n").encode()
    made = rosters.take_in(io.BytesIO(data), size=len(data), name="roster.csv", by=by, at=at)
    rosters.choose_columns(made, columns.suggest(made.head), Options(), at=at)
    roster_work.work(made.pk, at=at)
    made.refresh_from_db()
    return made


def practice_entry(name: str = "opening", **changes: Any) -> dict[str, Any]:
    """A stored practice of three items, which supervisors with a certificate of the test course may watch."""
    return {
        "id": name,
        "title": "Opening a door",
        "practice": "One door is opened while somebody looks on.",
        "unit": "",
        "checklist": ["Knocks.", "Opens the door.", "Says hello."],
        "assessors": ["test-course"],
        **changes,
    }


def make_practice_course(*, at: dt.datetime | None = None, sign_offs: list[dict[str, Any]] | None = None) -> Course:
    """A course of one unit with a practice."""
    compiled = compiled_course("doors", title="Doors", sign_offs=sign_offs or [practice_entry()])
    return make_course(compiled, at=at)


def make_assessor(
    person: User, course: Course, *, practice: str = "opening", at: dt.datetime | None = None, **changes: Any
) -> AssessorQualification:
    """Named by the coordinator for a year from today, for every site."""
    at = at or clock.now()
    coordinator = User.objects.filter(is_coordinator=True).first() or make_coordinator()
    words: dict[str, Any] = {
        "site": None,
        "starts_on": dates.local_date(at, person.zone),
        "ends_on": dates.local_date(at, person.zone) + dt.timedelta(days=365),
        "reason": "Trainer of the county",
        "by": coordinator,
    }
    return name_assessor(person, course, practice, at=at, **{**words, **changes})


def observe(enrollment: Enrollment, by: User, *, at: dt.datetime | None = None, **changes: Any) -> observing.Recorded:
    """All items seen today in the training room: passed."""
    at = at or clock.now()
    practice = practices_of(enrollment.version)[0]
    words: dict[str, Any] = {
        "outcome": Observed.PASSED,
        "items": range(len(practice.checklist)),
        "observed_on": dates.local_date(at, enrollment.learner.zone),
        "place": "Training room",
    }
    return observing.observe(enrollment, practice, observing.Seen(**{**words, **changes}), by=by, at=at)


def make_recorded_person(
    name: str = "", *, team: Team | None = None, site: Site | None = None, at: dt.datetime, **changes: Any
) -> User:
    """Added by the action, so that the record knows the person's place."""
    number = next(_count)
    where = site or (team.site if team else make_site())
    email = changes.pop("email", f"person{number}@example.org")
    return add_person(name=name or f"Person {number}", site=where, team=team, email=email, by=SYSTEM, at=at, **changes)


def make_auditor(**changes: Any) -> User:
    return make_user(**{"name": "Noor Haddad", "is_auditor": True, **changes})


def make_administrator(**changes: Any) -> User:
    return make_user(**{"name": "Tom Lindqvist", "is_administrator": True, **changes})
