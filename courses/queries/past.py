"""A person's record as of the end of a past day: what they had to hold, whether they held it, and what was corrected since."""

import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Iterable, Sequence

from django.db.models import Q

from courses.enums import ATTENTION, ExceptionKind, Known, Status
from courses.models import Assignment, PlaceSpan, StatusSpan
from courses.queries.asof import PastRow, holding, moment_of, past_row, with_status_as_of, with_units_as_of
from courses.spans.pieces import Standing
from lms.lib import dates
from lms.people.models import User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent

UNASKED = (Status.EXEMPT, Status.ON_LEAVE, Status.NOT_REQUIRED)
SHOWN = tuple(field.name for field in dataclasses.fields(Standing))


@dataclasses.dataclass(frozen=True)
class PastLine:
    """One assignment then. ``newest``: it is the one that counts of its course; the others are cycles of before, and what was withdrawn."""

    row: PastRow
    cycle: int
    reason: str
    newest: bool
    elsewhere: bool


@dataclasses.dataclass(frozen=True)
class NotHeld:
    """A course that was asked and for which there was no current certificate; ``because`` is the sentence that says why."""

    course: str
    because: str


@dataclasses.dataclass(frozen=True)
class Correction:
    """Something that was recorded after the day and changes what is known of it. ``changes``: a sentence for each course."""

    kind: EventKind
    detail: str
    recorded_at: dt.datetime
    by: str
    changes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class PastRecord:
    """``not_held`` and ``held`` are courses that were asked then; ``unasked`` those that were not, with the status that says why.
    ``place``: where the person was then. ``begins``: when the first entry was recorded, if that came after the day, so that nothing was known."""

    person: User
    day: dt.date
    known: Known
    moment: dt.datetime
    lines: tuple[PastLine, ...]
    not_held: tuple[NotHeld, ...]
    held: tuple[str, ...]
    unasked: tuple[tuple[str, Status], ...]
    corrections: tuple[Correction, ...]
    place: PlaceSpan | None
    begins: dt.datetime | None

    @property
    def moved(self) -> bool:
        """Whether the person was somewhere else then."""
        now = self.person
        return self.place is not None and (self.place.site_id, self.place.team_id) != (now.site_id, now.team_id)

    @property
    def newest(self) -> list[PastLine]:
        return [line for line in self.lines if line.newest]

    @property
    def others(self) -> list[PastLine]:
        return [line for line in self.lines if not line.newest]


def first_day_of(person: User | None, zone: str) -> dt.date | None:
    """The first day that can be asked for: that of the hire, or of the first thing that happened (to anybody, without a person); None when
    there is neither."""
    mine = Q(subject=person.subject) if person else Q(kind=EventKind.PERSON_ADDED)
    events = TrainingEvent.objects.filter(mine)
    first = events.order_by("effective_at").values_list("effective_at", flat=True).first()
    days = [person.hire_date if person else None, dates.local_date(first, zone) if first else None]
    return min((day for day in days if day is not None), default=None)


def past_record(person: User, day: dt.date, known: Known) -> PastRecord:
    """In a fixed number of queries. Days are those of the person's zone."""
    moment = moment_of(day, person.zone)
    rows = with_units_as_of(with_status_as_of(Assignment.objects.filter(learner=person), day, known))
    lines = _lines(list(rows))
    by_course = {slug: list(found) for slug, found in itertools.groupby(lines, key=lambda line: line.row.course_slug)}
    held: list[str] = []
    missing: list[NotHeld] = []
    unasked: list[tuple[str, Status]] = []
    ordered = sorted(lines, key=_order)
    for line in (line for line in ordered if line.newest):
        if any(_counts(one.row, day) for one in by_course[line.row.course_slug]):
            held.append(line.row.course_title)
        elif line.row.status in UNASKED:
            unasked.append((line.row.course_title, line.row.status))
        else:
            missing.append(NotHeld(line.row.course_title, _because(by_course[line.row.course_slug], line.row, day)))
    places = PlaceSpan.objects.filter(holding(known, moment), learner=person).select_related("site", "team")
    begins = None
    if known == Known.THEN:
        first = TrainingEvent.objects.filter(subject=person.subject).order_by("recorded_at").first()
        begins = first.recorded_at if first is not None and first.recorded_at > moment else None
    return PastRecord(
        person=person,
        day=day,
        known=known,
        moment=moment,
        lines=tuple(ordered),
        not_held=tuple(missing),
        held=tuple(held),
        unasked=tuple(unasked),
        corrections=tuple(corrections_of(person, moment)),
        place=places.first(),
        begins=begins,
    )


def _lines(rows: Sequence[Assignment]) -> list[PastLine]:
    """By course; of each course the one that counts first, as ``courses.queries.asof.newest_as_of`` chooses it."""
    asked = sorted(rows, key=_rank)
    seen: set[int] = set()
    lines = []
    for a in asked:
        withdrawn = a.then_withdrawn_at is not None  # type: ignore[attr-defined]
        newest = a.course_id not in seen and not withdrawn
        if newest:
            seen.add(a.course_id)
        elsewhere = a.then_satisfied_at is not None and a.then_completed_at is None  # type: ignore[attr-defined]
        lines.append(PastLine(past_row(a), a.cycle, a.reason, newest, elsewhere))
    return lines


def _rank(a: Assignment) -> tuple[object, ...]:
    then_ended, then_until = a.then_ended_at, a.then_valid_until_on  # type: ignore[attr-defined]
    return (
        a.course.slug,
        a.then_withdrawn_at is not None,  # type: ignore[attr-defined]
        -a.cycle,
        then_ended is not None,
        then_ended or dt.datetime.min.replace(tzinfo=dt.UTC),
        a.then_satisfied_at is not None,  # type: ignore[attr-defined]
        then_until or dt.date.max,
        a.then_due_on,  # type: ignore[attr-defined]
        a.pk,
    )


def _order(line: PastLine) -> tuple[object, ...]:
    return (not line.newest, ATTENTION[line.row.status], line.row.course_title, -line.cycle, line.row.due_on)


def _counts(row: PastRow, day: dt.date) -> bool:
    """Whether what was completed counted at the end of the day."""
    return row.completed_on is not None and row.revoked_on is None and (row.expires_on is None or day <= row.expires_on)


def _because(lines: Iterable[PastLine], newest: PastRow, day: dt.date) -> str:
    """Of what ran out or was revoked the last, else how far the person was."""
    done = [line.row for line in lines if line.row.completed_on is not None]
    ran_out = [row.expires_on for row in done if row.revoked_on is None and row.expires_on is not None]
    if ran_out:
        return f"It had run out on {dates.long_date(max(ran_out))}."
    revoked = [row.revoked_on for row in done if row.revoked_on is not None]
    if revoked:
        last = max(revoked)
        later = "was revoked later, on" if last > day else "had been revoked on"
        return f"The certificate {later} {dates.long_date(last)}."
    due = dates.long_date(newest.due_on)
    so_far = f"{newest.progress} done, " if newest.units_done else "Not completed, "
    return f"{so_far}due {due}." if day <= newest.due_on else f"{so_far}due {due} and late."


def corrections_of(person: User, moment: dt.datetime) -> list[Correction]:
    """What was recorded after the moment and changes what is known of it, the oldest first. A fixed number of queries.

    Of each assignment the spans that hold at the moment, in the order in which they were known: where two neighbors say something
    different, the event that brought the later one is a correction.
    """
    spans = StatusSpan.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=moment),
        Q(recorded_to__isnull=True) | Q(recorded_to__gt=moment),
        learner=person,
        valid_from__lte=moment,
    ).select_related("course")
    found: dict[int, list[str]] = {}
    for _, group in itertools.groupby(spans.order_by("assignment", "recorded_from"), key=lambda s: s.assignment_id):
        known = list(group)
        steps = [(None, known[0])] if known[0].recorded_from > moment else []
        for before, after in [*steps, *itertools.pairwise(known)]:
            words = _changed(before, after)
            if words:
                found.setdefault(after.seq, []).append(f"{after.course.title}: {words}")
    events = list(TrainingEvent.objects.filter(subject=person.subject, seq__in=found).order_by("seq"))
    actors = {event.actor for event in events} - {"system"}
    names = {str(key): name for key, name in User.objects.filter(subject__in=actors).values_list("subject", "name")}
    return [
        Correction(
            EventKind(event.kind),
            _detail(event),
            event.recorded_at,
            names.get(event.actor, ""),
            tuple(found[event.seq]),
        )
        for event in events
    ]


def _changed(before: StatusSpan | None, after: StatusSpan) -> str:
    if before is None:
        return f"not known on that day, now {after.get_status_display()}"
    if all(getattr(before, name) == getattr(after, name) for name in SHOWN):
        return ""
    if before.status != after.status:
        return f"{before.get_status_display()} on that day, now {after.get_status_display()}"
    return f"still {after.get_status_display()}, with other dates"


def _detail(event: TrainingEvent) -> str:
    """The kind of an exception and its days, or the reason that the event gives."""
    said = json.loads(event.payload)
    parts = []
    if said.get("exception") and said.get("kind") in ExceptionKind.values:
        first, last = said.get("starts_on"), said.get("ends_on")
        days = f"from {_day(first)}" + (f" to {_day(last)}" if last else "")
        parts.append(f"{ExceptionKind(said['kind']).label} {days}")
    if said.get("reason"):
        parts.append(str(said["reason"]))
    return " · ".join(parts)


def _day(text: str) -> str:
    return dates.long_date(dt.date.fromisoformat(text))


CSV_HEAD = (
    "Name", "As of", "Known", "Course", "Cycle", "Status", "Detail", "Due", "Completed", "Valid to", "Progress", "Counts for the course",
)  # fmt: skip


def csv_rows(past: PastRecord) -> list[tuple[object, ...]]:
    """The lines of the page in its order; dates as YYYY-MM-DD."""
    return [
        (
            past.person.name,
            past.day,
            past.known.label,
            line.row.course_title,
            line.cycle,
            line.row.status.label,
            line.row.detail,
            line.row.due_on,
            line.row.completed_on or "",
            line.row.expires_on or "",
            line.row.progress,
            "yes" if line.newest else "no",
        )
        for line in past.lines
    ]
