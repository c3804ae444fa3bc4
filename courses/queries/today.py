"""What needs a supervisor today: decisions, most urgent first; the team in one picture; its last 90 days."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from courses.enums import MOVED_BY_EXCEPTION, Answer, Status
from courses.models import Assignment, Nudge, Unit
from courses.queries.decisions import Act, Days, Decision, Group, registered
from courses.queries.replies import task_rows, waiting_of
from courses.queries.standings import DUE, LATE, Standing, badge, sentences, short_date, since, standings_of, word
from courses.queries.trend import NOT_ASKED, Point, shares
from courses.requirements.limits import latest_exemption, latest_extension
from lms.lib import dates
from lms.people.models import Supervision, User
from lms.people.queries.people import coordinators

MOST = 20  # rows of a group
LAPSE_DAYS = 21
SHIFT_DAYS = 2
REST = dt.timedelta(days=3)  # so long a row leaves the list after a nudge


@dataclasses.dataclass(frozen=True)
class Part:
    """A group of decisions: ``rows`` at most 20, ``number`` all."""

    group: Group
    rows: tuple[Decision, ...]
    number: int
    status: str = ""  # the filter of the team page under which all of them are found

    @property
    def left_out(self) -> int:
        return self.number - len(self.rows)


@dataclasses.dataclass(frozen=True)
class CourseCount:
    """How the people of a team stand with one course; exempt, on leave and not yet open are not counted."""

    title: str
    complete: int = 0
    due: int = 0
    expiring: int = 0
    late: int = 0

    @property
    def open(self) -> int:
        return self.due + self.expiring

    @property
    def total(self) -> int:
        return self.complete + self.due + self.expiring + self.late


@dataclasses.dataclass(frozen=True)
class Rest:
    """Somebody who was nudged lately."""

    person: User
    course_title: str
    nudged_on: dt.date


@dataclasses.dataclass(frozen=True)
class Today:
    at: dt.datetime
    teams: tuple[str, ...]
    parts: tuple[Part, ...]
    resting: tuple[Rest, ...]
    courses: tuple[CourseCount, ...]
    trend: tuple[Point, ...]

    @property
    def number(self) -> int:
        return sum(part.number for part in self.parts)

    @property
    def people(self) -> int:
        return self.trend[-1].people


def today_of(viewer: User, people: QuerySet[User], at: dt.datetime) -> Today:
    """All of a supervisor's first page, in a fixed number of queries, from 3 people to 300.

    ``people`` are the viewer's; the viewer is counted in the picture if among them, but is never asked to decide about themselves.
    Sources come first (``courses.queries.decisions``): what they say of a person and course is not said again. Then what is late, what is
    due before a first shift, what lapses soon. Left out: what a supervisor decided (a due date moved by hand that still lies ahead), and for
    three days what somebody was nudged about, which stands under ``resting``.
    """
    standings = standings_of(people, at)
    others = people.exclude(pk=viewer.pk)
    by_duty = {(row.learner, row.course): row for row in standings}
    told = [*_answers(others, viewer, by_duty, at), *registered(others, viewer, at)]
    known = {(row.person.pk, row.course) for row in told}
    nudges = _nudges(people, at)
    wanted: dict[Group, list[Standing]] = defaultdict(list)
    resting: list[Standing] = []
    for row in standings:
        group = _group(row, at)
        if group is None or row.learner == viewer.pk or (row.learner, row.course) in known or _decided(row, at):
            continue
        if (row.learner, row.course) in nudges:
            resting.append(row)
        else:
            wanted[group].append(row)
    for rows in wanted.values():
        rows.sort(key=_order)
    shown = [row for rows in wanted.values() for row in rows[:MOST]]
    full = _full([row.pk for row in (*shown, *resting[:MOST])])
    last_nudge = _last_nudge(nudges)
    desk = ",".join(person.email for person in coordinators() if person.email)
    parts = []
    for group in Group:
        listed = [row for row in told if row.group == group]
        number, mixed = len(listed) + len(wanted[group]), bool(listed)
        listed += [
            _decision(group, row, full[row.pk], last_nudge.get(row.learner), desk, at) for row in wanted[group][:MOST]
        ]
        if mixed:
            listed.sort(key=lambda one: one.since)
        if number:
            parts.append(Part(group, tuple(listed[:MOST]), number, _FILTER[group]))
    return Today(
        at=at,
        teams=tuple(
            Supervision.objects.filter(supervisor=viewer, ended_at=None)
            .order_by("team__name")
            .values_list("team__name", flat=True)
        ),
        parts=tuple(parts),
        resting=tuple(
            Rest(full[row.pk].learner, row.title, nudges[row.learner, row.course][0]) for row in resting[:MOST]
        ),
        courses=_counts(standings),
        trend=tuple(shares(people, at)),
    )


_FILTER = {
    Group.SHIFT: Status.OVERDUE.value,
    Group.LATE: Status.OVERDUE.value,
    Group.ANSWER: "",
    Group.LAPSE: Status.EXPIRING.value,
}


def _counts(standings: Iterable[Standing]) -> tuple[CourseCount, ...]:
    """By course title; a course that is asked of nobody now is left out."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("complete", "due", "expiring", "late"), 0))
    for row in standings:
        status = Status(row.status)
        if status in NOT_ASKED:
            continue
        name = "late" if status in LATE else "due" if status in DUE else status.value
        found[row.title][name] += 1
    return tuple(CourseCount(title, **numbers) for title, numbers in sorted(found.items()))


def _group(row: Standing, at: dt.datetime) -> Group | None:
    today = dates.local_date(at, row.zone)
    first_shift = row.before_first_shift
    if row.status in LATE:
        return Group.SHIFT if first_shift else Group.LATE
    if first_shift and row.status in DUE and (row.due_on - today).days <= SHIFT_DAYS:
        return Group.SHIFT
    ends = row.ends_on
    if row.status == Status.EXPIRING and ends is not None and (ends - today).days <= LAPSE_DAYS:
        return Group.LAPSE
    return None


def _decided(row: Standing, at: dt.datetime) -> bool:
    """Somebody gave time until a day that lies ahead. The end of a leave or an exemption moves dates too, and decides nothing."""
    moved = row.why.get("moved")
    return row.open and bool(moved) and moved != MOVED_BY_EXCEPTION and row.due_at > at


def _order(row: Standing) -> tuple[bool, dt.date, int]:
    return (row.status != Status.EXPIRED, since(row), row.pk)


def _nudges(people: QuerySet[User], at: dt.datetime) -> dict[tuple[int, int], tuple[dt.date, str]]:
    """By person and course, the day of the last nudge of late and the course's title."""
    rows = Nudge.objects.filter(learner__in=people, nudged_at__gt=at - REST, nudged_at__lte=at).order_by("nudged_at")
    return {
        (learner, course): (day, title)
        for learner, course, day, title in rows.values_list(
            "learner", "assignment__course", "nudged_on", "assignment__course__title"
        )
    }


def _last_nudge(nudges: Mapping[tuple[int, int], tuple[dt.date, str]]) -> dict[int, tuple[dt.date, str]]:
    """The same by person alone."""
    found: dict[int, tuple[dt.date, str]] = {}
    for (learner, _), nudge in nudges.items():
        found[learner] = max(nudge, found.get(learner, nudge))
    return found


def _full(keys: list[int]) -> dict[int, Assignment]:
    total = (
        Unit.objects.filter(version=OuterRef("enrollment__version"))
        .order_by()
        .values("version")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = Assignment.objects.filter(pk__in=keys).select_related(
        "learner__site", "learner__team", "course", "enrollment"
    )
    done = Q(
        enrollment__progress__completed_at__isnull=False, enrollment__progress__unit__version=F("enrollment__version")
    )
    rows = rows.annotate(
        units_done=Count("enrollment__progress", filter=done), units_total=Coalesce(Subquery(total), Value(0))
    )
    return {row.pk: row for row in rows}


def _decision(
    group: Group,
    row: Standing,
    assignment: Assignment,
    nudged: tuple[dt.date, str] | None,
    desk: str,
    at: dt.datetime,
) -> Decision:
    person, ref = assignment.learner, assignment.public_id
    today = dates.local_date(at, row.zone)
    acts: list[Act] = []
    note = ""
    if person.phone and (group in (Group.SHIFT, Group.LATE) or not person.email):
        acts.append(call(person))
    if row.open:
        if not person.email:
            note = "Not reachable by mail." if person.phone else "Not reachable by mail, and no phone number is known."
        elif nudged is not None and nudged[0] >= today:
            note = f"Nudged today about {nudged[1]}; one a day is enough."
        else:
            first = len(acts) if group == Group.SHIFT else 0  # before a shift a call is the quicker way
            acts.insert(first, Act("Nudge", reverse("nudge", args=[ref]), "post"))
        acts.append(
            Act("Extend", reverse("extend", args=[ref]), "extend", f"extend-{ref}", extension_days(row.due_on, today))
        )
    elif desk:
        acts.append(Act("Ask the coordinator", f"mailto:{desk}", "mail"))
    if group != Group.LAPSE:
        acts.append(Act("Exempt", reverse("exempt", args=[ref]), "exempt", f"exempt-{ref}", exemption_days(today)))
    return Decision(
        key=f"row-{ref}",
        group=group,
        person=person,
        course=row.course,
        title=row.title,
        status=badge(row),
        word=word(row, today),
        text=sentences(row, assignment, today),
        since=dates.end_of_day(since(row), row.zone),
        acts=tuple(acts),
        note=note,
        why_url=reverse("why", args=[ref]),
    )


def extension_days(due_on: dt.date, today: dt.date) -> Days:
    """What is offered for a new due date: a week more, at most what a supervisor may give."""
    start = max(due_on, today) + dt.timedelta(days=7)
    return Days(max(today, due_on + dt.timedelta(days=1)), start, latest_extension(due_on, today))


def exemption_days(today: dt.date) -> Days:
    return Days(today, today + dt.timedelta(days=30), latest_exemption(today))


def _answers(
    people: QuerySet[User], viewer: User, by_duty: Mapping[tuple[int, int], Standing], at: dt.datetime
) -> list[Decision]:
    """The answers to reminders that wait, each with the way to deal with it that fits, and the others folded. One query."""
    found = []
    for task in task_rows(waiting_of(people, viewer)):
        reply, about = task.reply, task.reply.assignment
        today = dates.local_date(at, reply.learner.zone)
        row = by_duty.get((reply.learner_id, about.course_id))
        late = row is not None and row.status in LATE
        note = f" “{reply.note}”" if reply.note else ""
        rests = "All reminders to them rest" if reply.answer == Answer.ON_LEAVE else "Reminders about it rest"
        found.append(
            Decision(
                key=f"row-{reply.public_id}",
                group=Group.ANSWER,
                person=reply.learner,
                course=about.course_id,
                title=about.course.title,
                status=badge(row) if row is not None and late else "due",
                word=word(row, today) if row is not None and late else "Answered",
                text=(
                    f"{about.course.title}, due {short_date(about.due_on, today)}: {reply.learner.first_name} {reply.told}."
                    f"{note} {rests} until you answer."
                ),
                since=reply.said_at,
                acts=(Act(task.first.label, task.first.url),),
                more=tuple(Act(way.label, way.url) for way in task.others),
                why_url=reverse("why", args=[about.public_id]),
            )
        )
    return found


def call(person: User) -> Act:
    """The button that calls a person. Only for somebody with a phone number."""
    plain = "".join(sign for sign in person.phone.partition("x")[0] if sign in "+0123456789")
    return Act(f"Call {person.phone}", f"tel:{plain}", "call")
