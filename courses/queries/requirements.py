"""Requirements as the coordinator reads them: the list, and what one version asks of whom."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Sequence

from django.db.models import Count, F, Q

from courses.enums import DueKind, Status
from courses.models import Assignment, Enrollment, Requirement, RequirementVersion
from courses.queries.duties import Asked, Planned, all_asked, asked, everybody, names_for, plan, published_courses
from courses.queries.status import with_status
from courses.requirements.dating import after_leave, later
from courses.requirements.planning import Act
from courses.requirements.wording import Names, rule_sentence
from lms.lib import dates
from lms.people.models import User

WORK = (Act.OPEN, Act.RENEW)
#: what is there already, and keeps its date
STAYS = (Act.KEEP, Act.FOLLOW)


@dataclasses.dataclass(frozen=True)
class PreviewRow:
    """One person with everything that a version asks of them, course by course. ``begun``: they are in the middle of one of the courses
    already, and go on where they are."""

    person: User
    planned: tuple[Planned, ...]
    today: dt.date
    begun: bool = False

    def _acts(self, *acts: Act) -> list[Planned]:
        return [one for one in self.planned if one.step.act in acts]

    @property
    def gets(self) -> bool:
        return bool(self._acts(*WORK))

    @property
    def problems(self) -> list[str]:
        """Why something cannot be dated or required, each sentence once."""
        return list(dict.fromkeys(one.step.because for one in self._acts(Act.PROBLEM)))

    @property
    def closes(self) -> bool:
        return bool(self._acts(Act.CLOSE))

    @property
    def moves(self) -> bool:
        return any(one.step.duty and one.step.due_on != one.step.duty.due_on for one in self._acts(Act.MOVE))

    @property
    def holds(self) -> bool:
        """Whether everything asked of them is fulfilled already."""
        return all(
            one.step.act == Act.HOLD or (one.step.act in STAYS and one.step.duty is not None and not one.step.duty.open)
            for one in self.planned
        )

    @property
    def leave(self) -> dt.date | None:
        return self.planned[0].step.person.leave if self.planned else None

    @property
    def sign(self) -> tuple[str, str, str]:
        """Colour family, icon and word of what happens."""
        total = len(self.planned)
        if self.problems and not self.gets:
            return "soon", "triangle-alert", "Cannot be set yet"
        if self.leave is not None and (self.gets or self.moves):
            return (
                "pause",
                "circle-pause",
                f"On leave to {_short(self.leave)}" if self.leave < dt.date.max else "On leave",
            )
        if self.gets:
            work = self._acts(*WORK)
            if total > 1 and len(work) < total:
                return "active", "calendar-clock", f"Gets {len(work)} of {total} courses"
            if work[0].step.act == Act.RENEW and work[0].step.ran_out:
                over = work[0].step.ran_out < self.today
                return (
                    "active",
                    "calendar-clock",
                    f"Renews it, {'ran' if over else 'runs'} out {_short(work[0].step.ran_out)}",
                )
            words = "Gets it" if total == 1 else f"Gets {total} courses"
            return "active", "calendar-clock", f"{words}, has begun" if self.begun else words
        if self.closes:
            return "pause", "circle-minus", "No longer asked"
        if self._acts(Act.END):
            return "pause", "circle-minus", "Not renewed any more"
        if self.moves:
            return "active", "calendar-clock", "The due date moves"
        if self.holds:
            ends = [one.step.until for one in self.planned if one.step.until is not None]
            return "done", "circle-check", f"Holds it to {_short(min(ends))}" if ends else "Holds it"
        return "idle", "circle", "Has to do it already"

    @property
    def due(self) -> str:
        """The due date, or the first and the last; for somebody on leave as it will be after the return."""
        days = [one.step.due_on for one in self._acts(*WORK, Act.MOVE) if one.step.due_on is not None]
        days = days or [
            one.step.due_on for one in self._acts(*STAYS) if one.step.duty and one.step.duty.open and one.step.due_on
        ]
        if not days:
            return ""
        if self.leave == dt.date.max:
            return "after the return"
        if self.leave is not None:
            back = later(self.leave, 1)
            days = [after_leave(day, leave_from=self.today, back_on=back) for day in days]
        first, last = min(days), max(days)
        return _short(first) if first == last else f"{_short(first)} to {_short(last)}"


def _short(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


@dataclasses.dataclass(frozen=True)
class Preview:
    """What a version asks of everybody, person by person: first what stands in the way, then who gets work, then the rest."""

    asked: Asked
    sentence: str
    rows: tuple[PreviewRow, ...]

    @property
    def gets(self) -> int:
        return sum(row.gets for row in self.rows)

    @property
    def holds(self) -> int:
        return sum(row.holds for row in self.rows)

    @property
    def on_leave(self) -> int:
        return sum(row.leave is not None and (row.gets or row.moves) for row in self.rows)

    @property
    def closes(self) -> int:
        return sum(row.closes for row in self.rows)

    @property
    def moves(self) -> int:
        return sum(row.moves for row in self.rows)

    @property
    def undated(self) -> list[PreviewRow]:
        return [row for row in self.rows if row.problems]

    @property
    def due(self) -> str:
        """The due date of those who get work, when it is the same for all."""
        found = {row.due for row in self.rows if row.gets and row.leave is None}
        return found.pop() if len(found) == 1 else ""


def preview_of(version: RequirementVersion, at: dt.datetime, *, ending: bool = False) -> Preview:
    """What would happen if this version were switched on at the instant; with ``ending``, if the requirement ended. Writes nothing. A
    fixed number of queries, however many people there are."""
    requirement = version.requirement
    each = asked(requirement, version, published_courses())
    if ending:
        each = dataclasses.replace(each, rule=dataclasses.replace(each.rule, active_until=dt.date.min))
    elif requirement.current_id != version.pk and each.rule.active_from is not None:
        # a rule that begins later is shown as it will stand on its first day
        each = dataclasses.replace(each, rule=dataclasses.replace(each.rule, active_from=dt.date.min))
    planned = plan([each], everybody(), at)
    begun = set(
        Enrollment.objects.filter(
            course__in=each.courses.values(), started_at__isnull=False, completed_at__isnull=True
        ).values_list("learner", flat=True)
    )
    rows = []
    for key, group in itertools.groupby(planned, key=lambda one: one.user.pk):
        mine = tuple(group)
        rows.append(PreviewRow(mine[0].user, mine, dates.local_date(at, mine[0].user.zone), key in begun))
    rows.sort(key=lambda row: (not row.problems, not row.gets, not row.closes, row.person.name.casefold()))
    return Preview(each, sentence_of(each, names_for([each.rule.audience])), tuple(rows))


def sentence_of(each: Asked, names: Names) -> str:
    """The rule as one sentence."""
    title = each.requirement.what.title
    what = f"{title}, {len(each.courses)} courses," if each.requirement.path_id else title
    return rule_sentence(each.rule, what, names)


@dataclasses.dataclass(frozen=True)
class ListRow:
    """A requirement with its newest version in words, and how many people have something open or fulfilled under it."""

    requirement: Requirement
    newest: RequirementVersion
    sentence: str
    open: int
    late: int
    held: int

    @property
    def waits(self) -> bool:
        """Whether a newer version than the one that holds is written."""
        return self.requirement.on and self.requirement.current_id != self.newest.pk


def list_rows(at: dt.datetime) -> list[ListRow]:
    """All requirements: those that hold first, then drafts, then ended ones. Eight queries, however many there are."""
    rows = list(
        Requirement.objects.select_related("current", "course", "path")
        .prefetch_related("versions")
        .order_by("name", "pk")
    )
    courses = published_courses()
    newest = {row.pk: max(row.versions.all(), key=lambda version: version.number) for row in rows}
    shown = [asked(row, newest[row.pk], courses) for row in rows]
    names = names_for([each.rule.audience for each in shown])
    live = with_status(Assignment.objects.filter(withdrawn_at__isnull=True, learner__is_active=True), at)
    done = Q(enrollment__completed_at__isnull=False) | Q(satisfied_at__isnull=False)
    late = Q(status__in=[Status.OVERDUE.value, Status.EXPIRED.value])
    held = Q(status__in=[Status.COMPLETE.value, Status.EXPIRING.value])
    counts: dict[int, tuple[int, int, int]] = {
        count["requirement"]: (count["open"], count["late"], count["held"])
        for count in live.filter(requirement__isnull=False)
        .order_by()
        .values("requirement")
        .annotate(
            open=Count("learner", filter=~done, distinct=True),
            late=Count("learner", filter=~done & late, distinct=True),
            held=Count("learner", filter=held, distinct=True),
        )
    }
    found = [
        ListRow(
            each.requirement,
            newest[each.requirement.pk],
            sentence_of(each, names),
            *counts.get(each.requirement.pk, (0, 0, 0)),
        )
        for each in shown
    ]
    return sorted(found, key=lambda row: (not row.requirement.on, row.requirement.ended_at is not None))


def undated(at: dt.datetime) -> list[Planned]:
    """Those to whom a requirement in force applies, but who lack the day that it counts from. One or two queries when none can be."""
    kinds = {DueKind.AFTER_HIRE: "hire_date", DueKind.FIRST_SHIFT: "first_shift_on"}
    rules = [each for each in all_asked() if each.requirement.on and each.rule.due.kind in kinds]
    if not rules:
        return []
    lacking = Q()
    for each in rules:
        lacking |= Q(**{f"{kinds[DueKind(each.rule.due.kind)]}__isnull": True})
    people = everybody().filter(lacking, is_active=True)
    return [one for one in plan(rules, people, at) if one.step.act == Act.PROBLEM]


def rules_by_number(requirement: Requirement) -> Sequence[RequirementVersion]:
    """The versions of a requirement, newest first."""
    return list(requirement.versions.order_by(F("number").desc()))


def first_of_each_person(found: Iterable[Planned]) -> list[Planned]:
    """One problem of each person."""
    return list({one.user.pk: one for one in reversed(list(found))}.values())[::-1]
