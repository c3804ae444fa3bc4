"""A small world to walk through: one person for each relation, each with something of everything, and marks that may not leak."""

import dataclasses
import datetime as dt
from typing import Any

from django.test import Client

from courses.actions import batches, excepting, filing, replying, requiring, reviewing
from courses.actions.site_words import waive_slot
from courses.enums import Answer, ExceptionKind, Observed, ReviewRole
from courses.models import Assignment, Certificate, Course, DutyException, Enrollment, Reply, Requirement, SavedView
from courses.queries.orders import Order
from courses.requirements.facts import Audience, Due, Renewal
from lms.lib import clock
from lms.outbox.models import Message, Surge
from lms.people.models import Supervision, Team, User
from lms.people.permissions import Relation, Role
from lms.record.actions import SYSTEM
from quizzes.actions import attempts, building, packing, surveying
from quizzes.actions import reviewing as questioning
from quizzes.models import Attempt, ItemReview
from quizzes.queries import packs
from tests import factories

STRANGER, DEACTIVATED = "stranger", "deactivated"
#: Who walks through the world. A deactivated person had every role.
WALKERS = (STRANGER, *Role.values, DEACTIVATED)
#: Whose things are looked at, and how such a person stands to the supervisor.
SUBJECTS = {
    "own": Relation.OWN,
    "team": Relation.TEAM,
    "below": Relation.TEAM,
    "other": Relation.OTHER,
    "nowhere": Relation.OTHER,
    "former": Relation.OTHER,
}
_NAMES = {"own": "Ottoline", "team": "Tamsin", "below": "Bertrand", "other": "Zephyrine", "nowhere": "Nerissa", "former": "Fabrice"}  # fmt: skip


@dataclasses.dataclass
class Subject:
    """One person with an open attempt in the shared course, and a course of their own that is completed, with a certificate."""

    key: str
    person: User
    assignment: Assignment
    open_attempt: Attempt
    handed_in: Attempt
    certificate: Certificate
    reply: Reply
    exception: DutyException
    message: Message
    practice: Enrollment
    marks: tuple[str, ...]
    training_marks: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """What stands for each parameter of an address that is about a person."""
        return {
            "person": self.person.public_id,
            "public_id": self.person.public_id,
            "enrollment": self.open_attempt.enrollment.public_id,
            "attempt": self.open_attempt.public_id,
            "assignment": self.assignment.public_id,
            "certificate": self.certificate.public_id,
            "reply": self.reply.public_id,
            "exception": self.exception.public_id,
        }


@dataclasses.dataclass
class World:
    team: Team
    supervisor: User
    coordinator: User
    walker: User | None
    subjects: dict[str, Subject]
    shared: dict[str, Any]

    def client(self) -> Client:
        client = Client()
        if self.walker is not None:
            client.force_login(self.walker)
            if not self.walker.is_active:
                User.objects.filter(pk=self.walker.pk).update(is_active=False)
        return client


def make_world(role: str) -> World:
    """Everything that an address can be about, and somebody who walks with this role."""
    now = clock.now()
    long_ago = now - dt.timedelta(days=40)
    team = factories.make_team("Lantern team")
    below = factories.make_team("Lantern kitchen", parent=team)
    elsewhere = factories.make_team("Harbor team", site=factories.make_site("Harbor", "America/New_York"))
    coordinator = factories.make_coordinator()
    supervisor = factories.make_supervisor(team, name="Denise Whitaker")
    factories.make_supervisor(elsewhere, name="Marcus Bell")
    first = {"date": "2026-01-01", "kind": "material", "note": "First edition."}
    factories.make_course(slug="shared", title="Shared course", changes=[first], at=long_ago)
    second = {"date": str(now.date()), "kind": "material", "note": "Something is taught in another way now."}
    shared = factories.make_course(
        slug="shared", title="Shared course", changes=[second, first], summary="Something else.", at=now
    )
    doors = factories.make_practice_course(at=long_ago)
    walker = _walker(role, team, supervisor, coordinator)
    places = {"team": team, "below": below, "other": elsewhere, "nowhere": None, "former": team}
    subjects = {
        key: make_subject(key, factories.make_user(team=place), shared, doors, coordinator)
        for key, place in places.items()
    }
    if walker is not None:
        subjects["own"] = make_subject("own", walker, shared, doors, coordinator)
    User.objects.filter(pk=subjects["former"].person.pk).update(is_active=False, deactivated_at=now)
    return World(
        team,
        supervisor,
        coordinator,
        walker,
        subjects,
        _shared(shared, team, supervisor, coordinator, walker, subjects),
    )


def _walker(role: str, team: Team, supervisor: User, coordinator: User) -> User | None:
    match role:
        case "stranger":
            return None
        case Role.SUPERVISOR:
            return supervisor
        case Role.COORDINATOR:
            return coordinator
        case Role.AUDITOR:
            return factories.make_auditor(team=team)
        case Role.ADMINISTRATOR:
            return factories.make_administrator(team=team)
        case "deactivated":
            everything = factories.make_supervisor(team, is_coordinator=True, is_auditor=True, is_administrator=True)
            everything.is_active = False  # in memory: World.client stores it after the sign-in
            return everything
    return factories.make_user(team=team)


def make_subject(key: str, person: User, shared: Course, doors: Course, coordinator: User) -> Subject:
    """Gives a person something of everything. Names, address, job role, the title of a course and a score are marks."""
    now = clock.now()
    number = list(SUBJECTS).index(key)
    name = f"{_NAMES[key]} Quillfeather"
    User.objects.filter(pk=person.pk).update(
        name=name, email=f"{_NAMES[key].lower()}.mark@example.org", job_role=f"Lampwright {_NAMES[key]}"
    )
    person = User.objects.select_related("site", "team").get(pk=person.pk)
    title = f"Secrets of {_NAMES[key]}"
    planted = factories.make_course(slug=f"planted-{key}", title=title, serve=4 + number, pool=9, at=now)
    run = factories.make_enrollment(person, planted)
    factories.pass_unit(run)
    certificate = Certificate.objects.get(enrollment=run)
    assert filing.file_certificate(certificate.pk, at=clock.now())
    assignment = factories.make_assignment(person, shared)
    assert assignment.enrollment is not None
    open_attempt = attempts.start(assignment.enrollment, assignment.enrollment.version.units.get(), at=now)
    reply = replying.give(assignment, Answer.BLOCKED, at=now, by=person.subject)
    exception = excepting.grant(
        person,
        ExceptionKind.LEAVE,
        starts_on=now.date() + dt.timedelta(days=100),
        ends_on=now.date() + dt.timedelta(days=110),
        reason=f"Leave of {_NAMES[key]}",
        by=coordinator,
        at=now,
    )
    certificate.refresh_from_db()
    score = f"{4 + number} of {4 + number}, passed"
    return Subject(
        key=key,
        person=person,
        assignment=assignment,
        open_attempt=open_attempt,
        handed_in=Attempt.objects.get(enrollment=run),
        certificate=certificate,
        reply=reply,
        exception=exception,
        practice=factories.make_enrollment(person, doors),
        message=Message.objects.filter(recipient=person, kind="certificate_ready").get(),
        marks=(name, person.email or "", person.job_role),
        training_marks=(title, certificate.number, certificate.code, score, f"Leave of {_NAMES[key]}"),
    )


def _shared(
    course: Course, team: Team, supervisor: User, coordinator: User, walker: User | None, subjects: dict[str, Subject]
) -> dict[str, Any]:
    """What stands for each parameter of an address that is about nobody."""
    now = clock.now()
    version = course.current
    assert version is not None
    requirement = _requirement(course, coordinator)
    acceptance = reviewing.accept_unreviewed(version, reason="Needed now.", by=coordinator, at=now)
    approval = reviewing.approve(version, reviewer=coordinator, role=ReviewRole.CLINICIAN, note="", at=now)
    waive_slot("privacy", reason="We have no such rule.", by=coordinator, at=now)
    response = subjects["nowhere"].handed_in.responses.select_related("question").first()
    assert response is not None
    questioning.dispute(response, reason="Two are right.", at=now)
    practice = subjects["nowhere"].practice
    assessor = factories.make_user(name="Ada Lamb")
    qualification = factories.make_assessor(assessor, practice.course)
    seen = factories.observe(practice, assessor, outcome=Observed.NOT_YET, items=[0], work_on="The door")
    pack = packing.make(packs.choose({}, now), as_of=now.date(), reason="Survey", by=coordinator, at=now)
    building.build(pack.pk, at=now)
    pack.refresh_from_db()
    link, _ = surveying.make_link(pack, made_for="A surveyor", days=3, by=coordinator, at=now)
    view = SavedView.objects.create(owner=walker or coordinator, name="Night", query="status=late")
    return {
        "roster": factories.make_roster(by=coordinator).public_id,
        "observed": "opening",
        "sign_off": seen.sign_off.public_id,
        "qualification": qualification.public_id,
        "pack": pack.public_id,
        "link": link.public_id,
        "view": view.public_id,
        "unit": "unit-1",
        "position": 1,
        "number": 1,
        "question": response.question_id,
        "course": course.slug,
        "version": version.public_id,
        "slot": "privacy",
        "approval": approval.public_id,
        "acceptance": acceptance.public_id,
        "requirement": requirement.public_id,
        "review": ItemReview.objects.get().public_id,
        "batch": batches.make(
            Order("assign", factories.make_course(slug="later", title="Later course"), days=30),
            {"category": "staff"},
            reason="New rule",
            by=coordinator,
            at=now,
        ).public_id,
        "kind": "leave",
        "batch_kind": "extend",
        "way": "remind_again",
        "team": team.public_id,
        "pk": team.site_id,
        "supervision": Supervision.objects.get(team=team, supervisor=supervisor).pk,
        "surge": Surge.objects.create(opened_at=now, usual=60, limit=300).public_id,
    }


def _requirement(course: Course, coordinator: User) -> Requirement:
    """A rule that is switched on, and a newer version of it that waits."""
    requirement = factories.make_requirement(course, by=coordinator)
    wording = requiring.Wording(
        audience=Audience(categories=frozenset({"staff"})),
        due=Due(),
        renewal=Renewal(),
        active_from=clock.now().date(),
        grace=9,
    )
    requiring.rewrite(
        requirement, name=requirement.name, reason="Another reason.", wording=wording, by=SYSTEM, at=clock.now()
    )
    return requirement
