"""Practices that wait for somebody to observe them, and what was observed."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from courses.models import AssessorQualification, Assignment, Course, CourseVersion, Enrollment, SignOff
from courses.queries.assessors import Assessor, Key, assessors_of, given_to
from courses.queries.practices import Practice, practice_of, practices_of
from courses.queries.status import paused
from lms.lib import dates
from lms.people.models import Supervision, User
from lms.people.queries.teams import team_ids_below


@dataclasses.dataclass(frozen=True)
class WaitingRow:
    """One practice of one person. ``since`` is when nothing but a sign-off was missing; None while units are still to be done. ``may``:
    the viewer is qualified today. ``last`` is the newest observation that was not struck out: "not yet"."""

    enrollment: Enrollment
    practice: Practice
    assignment: Assignment
    assessors: tuple[Assessor, ...]
    may: bool
    last: SignOff | None

    @property
    def person(self) -> User:
        return self.enrollment.learner

    @property
    def since(self) -> dt.datetime | None:
        return self.enrollment.awaits_sign_off_at

    @property
    def url(self) -> str:
        return reverse("record_sign_off", args=[self.enrollment.public_id, self.practice.id])


@dataclasses.dataclass(frozen=True)
class Step:
    """A practice on its learner's page: who may observe it today, what was observed, newest first."""

    practice: Practice
    unit_title: str
    assessors: tuple[Assessor, ...]
    observed: tuple[SignOff, ...]

    @property
    def passed(self) -> SignOff | None:
        return next((row for row in self.observed if row.voided_at is None and row.outcome == "passed"), None)

    @property
    def not_yet(self) -> SignOff | None:
        """The newest observation, if it said "not yet" and nothing passed since."""
        newest = next((row for row in self.observed if row.voided_at is None), None)
        return newest if newest is not None and newest.outcome == "not_yet" else None


def open_runs(at: dt.datetime) -> QuerySet[Enrollment]:
    """Enrollments in which a practice can be observed now: of an edition that asks for one, not completed, of active people who have to do
    the course, are neither exempt nor on leave, and may begin it already."""
    asking = CourseVersion.objects.exclude(sign_offs=[])
    duties = Assignment.objects.open().filter(enrollment=OuterRef("pk"), opens_at__lte=at, ended_at__isnull=True)
    return (
        Enrollment.objects.filter(Exists(duties.exclude(paused(at))), version__in=asking, completed_at__isnull=True)
        .filter(learner__is_active=True)
        .select_related("learner__site", "learner__team", "version", "course")
    )


def reach(viewer: User, at: dt.datetime) -> Q:
    """The enrollments of people whose practice concerns the viewer: of the teams that they supervise and those below, and of the sites and
    courses for which the coordinator named them. Never their own."""
    found = Q(learner__team__in=team_ids_below(viewer))
    for one in given_to(viewer, at):
        found |= Q(course=one.course_id) if one.site_id is None else Q(course=one.course_id, learner__site=one.site_id)
    return found & ~Q(learner=viewer)


def waiting_rows(viewer: User, at: dt.datetime, *, early: bool = False, search: str = "") -> list[WaitingRow]:
    """The practices in the viewer's reach for which only a sign-off is missing, longest waiting first; with ``early`` those whose units are
    not all done instead, by name. A fixed number of queries, more only where there is a row."""
    rows = open_runs(at).filter(reach(viewer, at), awaits_sign_off_at__isnull=early)
    if search:
        rows = rows.filter(learner__name__icontains=search)
    return _rows(list(rows.order_by("awaits_sign_off_at", "learner__name", "pk")), at, viewer)


def all_waiting(at: dt.datetime) -> list[WaitingRow]:
    """Everybody for whom only a sign-off is missing, longest waiting first; ``may`` is of nobody."""
    rows = open_runs(at).filter(awaits_sign_off_at__isnull=False)
    return _rows(list(rows.order_by("awaits_sign_off_at", "pk")), at, None)


def _rows(enrollments: Sequence[Enrollment], at: dt.datetime, viewer: User | None) -> list[WaitingRow]:
    if not enrollments:
        return []
    who = assessors_of(enrollments, at)
    seen: dict[Key, list[SignOff]] = {}
    for row in SignOff.objects.standing().filter(enrollment__in=enrollments).order_by("-recorded_at", "-pk"):
        seen.setdefault(Key(row.enrollment_id, row.practice), []).append(row)
    duties: dict[int, Assignment] = {}
    for duty in Assignment.objects.open().filter(enrollment__in=enrollments).order_by("-due_at", "-pk"):
        duties[duty.enrollment_id or 0] = duty
    found = []
    for enrollment in enrollments:
        for practice in practices_of(enrollment.version):
            key = Key(enrollment.pk, practice.id)
            observed = seen.get(key, [])
            if any(row.outcome == "passed" for row in observed) or enrollment.pk not in duties:
                continue
            people = who.get(key, ())
            may = viewer is not None and any(one.person.pk == viewer.pk for one in people)
            last = observed[0] if observed else None
            found.append(WaitingRow(enrollment, practice, duties[enrollment.pk], people, may, last))
    return found


@dataclasses.dataclass(frozen=True)
class Duties:
    """What somebody has to do with others' practice, for the navigation. ``watches``: as a supervisor where a course asks for a practice
    now, or as somebody whom the coordinator named. ``anybody_waits``: whether there is anything to count."""

    supervisor: bool
    watches: bool
    anybody_waits: bool


def duties_of(user: User) -> Duties:
    """One query, on every page."""
    facts = User.objects.filter(pk=user.pk, is_active=True).values_list(
        Exists(Supervision.objects.filter(supervisor=OuterRef("pk"), ended_at=None)),
        Exists(AssessorQualification.objects.filter(person=OuterRef("pk"), ended_at__isnull=True)),
        Exists(Course.objects.filter(current__isnull=False).exclude(current__sign_offs=[])),
        Exists(Enrollment.objects.filter(awaits_sign_off_at__isnull=False, completed_at__isnull=True)),
    )
    supervisor, named, asked, waits = facts.first() or (False, False, False, False)
    return Duties(supervisor, named or (supervisor and asked), waits)


def steps_of(enrollment: Enrollment, at: dt.datetime) -> tuple[Step, ...]:
    """The practices of an enrollment for its learner's page. No query where the edition asks for none."""
    asked = practices_of(enrollment.version)
    if not asked:
        return ()
    who = {} if enrollment.completed_at else assessors_of([enrollment], at)
    titles = {unit.author_id: unit.title for unit in enrollment.version.units.all()}
    rows = list(SignOff.objects.filter(enrollment=enrollment).select_related("assessor"))
    return tuple(
        Step(
            practice,
            titles.get(practice.unit, ""),
            who.get(Key(enrollment.pk, practice.id), ()),
            tuple(row for row in rows if row.practice == practice.id),
        )
        for practice in asked
    )


def assessor_on(
    viewer: User, enrollment: Enrollment, practice: Practice, day: dt.date, at: dt.datetime
) -> Assessor | None:
    """What qualifies the viewer to have observed this practice of this person on a day; None if nothing does."""
    people = assessors_of([enrollment], at, on=day).get(Key(enrollment.pk, practice.id), ())
    return next((one for one in people if one.person.pk == viewer.pk), None)


@dataclasses.dataclass(frozen=True)
class SignOffLine:
    """One observation as a list shows it. ``voided_by`` is a name, or empty."""

    row: SignOff
    title: str
    course: str
    ticked: int
    total: int
    voided_by: str

    @property
    def unticked(self) -> list[str]:
        practice = practice_of(self.row.enrollment.version, self.row.practice)
        return [
            text for place, text in enumerate(practice.checklist if practice else ()) if place not in self.row.items
        ]


def lines_of(rows: QuerySet[SignOff] | Sequence[SignOff]) -> list[SignOffLine]:
    """Rows that come with ``enrollment__version``. One more query where one was struck out."""
    listed = list(rows)
    subjects = [row.voided_by for row in listed if row.voided_by and _is_subject(row.voided_by)]
    names: dict[str, str] = {}
    if subjects:
        names = {str(s): n for s, n in User.objects.filter(subject__in=subjects).values_list("subject", "name")}
    return [_line(row, names) for row in listed]


def sign_offs_of(person: User) -> list[SignOffLine]:
    """Everything that was observed of a person, newest first, struck out rows too. One query, two where one was struck out."""
    rows = SignOff.objects.filter(learner=person).select_related("enrollment__version", "assessor")
    return lines_of(rows.order_by("-observed_on", "-recorded_at", "-pk"))


def _line(row: SignOff, names: dict[str, str]) -> SignOffLine:
    practice = practice_of(row.enrollment.version, row.practice)
    return SignOffLine(
        row=row,
        title=practice.title if practice else row.practice,
        course=row.enrollment.version.title,
        ticked=len(row.items),
        total=len(practice.checklist) if practice else len(row.items),
        voided_by=names.get(row.voided_by, ""),
    )


def _is_subject(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def today_of(enrollment: Enrollment, at: dt.datetime) -> dt.date:
    return dates.local_date(at, enrollment.learner.zone)


def current_practices() -> list[tuple[Course, Practice]]:
    """Every practice of a current edition with its course, by title of the course."""
    rows = Course.objects.filter(current__isnull=False).select_related("current")
    return [(row, practice) for row in rows if row.current for practice in practices_of(row.current)]
