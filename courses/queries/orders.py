"""What a batch asks, and whom it would reach: the same judgement for the preview of thousands and for the turn of one."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from courses.enums import BatchKind, ExceptionKind
from courses.models import Assignment, Batch, Course, CourseVersion, DutyException
from courses.queries.duties import holdings_of
from courses.queries.editions import HeldDuty, held_duties, older_holders
from courses.queries.review import may_require
from courses.requirements.dating import later
from courses.requirements.facts import Holding
from lms.lib import canonical, dates
from lms.people.enums import Category, PersonState
from lms.people.models import Site, Team, User
from lms.people.queries.people import EVERYBODY, people_for_page

FARTHEST_DAYS = 5 * 366
_DAYS = ("due_on", "starts_on", "ends_on")


@dataclasses.dataclass(frozen=True)
class Order:
    """What is asked for each of the people. Assign and reopen have ``due_on`` or ``days`` from today, extend the same from the present
    due date, an exemption ``starts_on`` and maybe ``ends_on``. ``edition`` is the changed one that reopen is about."""

    kind: str
    course: Course
    due_on: dt.date | None = None
    days: int = 0
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    edition: CourseVersion | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The days as a batch stores them; nothing that is empty."""
        found: dict[str, Any] = {name: str(day) for name in _DAYS if (day := getattr(self, name)) is not None}
        if self.days:
            found["days"] = self.days
        if self.edition is not None:
            found["edition"] = self.edition.number
        return found

    @property
    def sentence(self) -> str:
        return f"{self.title}."

    @property
    def title(self) -> str:
        """What is asked, as people read it."""
        title = self.course.title
        if self.kind == BatchKind.EXEMPT:
            assert self.starts_on is not None
            until = f" to {dates.long_date(self.ends_on)}" if self.ends_on else ", without an end"
            return f"Exempt from {title} from {dates.long_date(self.starts_on)}{until}"
        if self.kind in (BatchKind.ASSIGN, BatchKind.REOPEN):
            when = f"on {dates.long_date(self.due_on)}" if self.due_on else f"{_days(self.days)} after it is assigned"
            verb = "Assign" if self.kind == BatchKind.ASSIGN else "Ask again for"
            return f"{verb} {title}, due {when}"
        how = f"to {dates.long_date(self.due_on)}" if self.due_on else f"by {_days(self.days)}"
        return f"Move the due date of {title} {how}"

    def faults(self, today: dt.date) -> dict[str, str]:
        """What makes no sense in it, by field, in words; nothing when it may be carried out. ``today`` is that of whoever asks."""
        found = {}
        if self.course.current is None:
            found["course"] = f"{self.course.title} has no published edition yet. Choose another course."
        elif self.kind in (BatchKind.ASSIGN, BatchKind.REOPEN) and (obstacles := may_require(self.course.current)):
            found["course"] = " ".join([f"{self.course.title} cannot be required of people yet.", *obstacles])
        if self.kind == BatchKind.EXEMPT:
            if self.starts_on is None:
                found["starts_on"] = "Give the first day."
            elif self.ends_on is not None and self.ends_on < self.starts_on:
                found["ends_on"] = "The last day is before the first day. Choose a later last day."
            elif self.ends_on is not None and self.ends_on < today:
                found["ends_on"] = "This is over already. Choose today or a later last day."
        elif self.due_on is not None and self.days:
            found["days"] = "Give a due date or a number of days, not both."
        elif self.due_on is None and not self.days:
            found["due_on"] = "Give a due date or a number of days."
        elif self.days < 0:
            found["days"] = "Give a number of days from 1."
        elif self.due_on is not None and self.due_on < today:
            found["due_on"] = "This day is over. Choose today or a later day."
        for name in _DAYS:
            day = getattr(self, name)
            if day is not None and abs((day - today).days) > FARTHEST_DAYS:
                found[name] = "This day is more than five years away. Check the year."
        if self.days > FARTHEST_DAYS:
            found["days"] = "This is more than five years. Give a smaller number."
        return found


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def order_of(batch: Batch, edition: CourseVersion | None = None) -> Order:
    """What a stored batch asks. Its course is loaded with it. To carry out a reopen it takes ``edition_of(batch)`` too."""
    stored = batch.params
    days = {name: dt.date.fromisoformat(stored[name]) for name in _DAYS if name in stored}
    return Order(batch.kind, batch.course, days=int(stored.get("days", 0)), edition=edition, **days)


def edition_of(batch: Batch) -> CourseVersion | None:
    """The changed edition that a batch of reopen is about. One query; none for another kind."""
    if batch.kind != BatchKind.REOPEN:
        return None
    rows = CourseVersion.objects.select_related("course__current")
    return rows.get(course=batch.course_id, number=batch.params["edition"])


@dataclasses.dataclass(frozen=True)
class Move:
    """One due date that would move."""

    assignment: Assignment
    due_on: dt.date


@dataclasses.dataclass(frozen=True)
class Again:
    """One fulfilled duty that would be asked again."""

    held: HeldDuty
    due_on: dt.date


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What an order would do for one person now. ``skip`` says why nothing; else ``due_on`` is the date that an assignment gets,
    ``moves`` are the dates that move, and ``agains`` what is asked again (``due_on`` is then the first of their dates)."""

    user: User
    skip: str = ""
    due_on: dt.date | None = None
    moves: tuple[Move, ...] = ()
    agains: tuple[Again, ...] = ()

    @property
    def sign(self) -> tuple[str, str, str]:
        """Colour family, icon and word."""
        if self.skip:
            return "pause", "circle-minus", "Left out"
        if self.moves:
            return "active", "calendar-clock", "The due date moves"
        if self.agains:
            return "active", "rotate-ccw", "Is asked again"
        return ("active", "calendar-plus", "Gets it") if self.due_on else ("active", "circle-minus", "Becomes exempt")

    @property
    def holds(self) -> str:
        """Which edition is held by whoever is asked again, and because of what."""
        if not self.agains:
            return ""
        first = self.agains[0].held
        names = [str(again.held.assignment.requirement or "assigned by hand") for again in self.agains]
        return f"Holds edition {first.edition} ({', '.join(names)})."

    @property
    def due(self) -> str:
        """The due date as it will be; for one that moves, as it will be and as it was."""
        if self.due_on is not None:
            return _short(self.due_on)
        return "; ".join(f"{_short(move.due_on)}, was {_short(move.assignment.due_on)}" for move in self.moves)


def _short(day: dt.date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


@dataclasses.dataclass(frozen=True)
class Preview:
    """What an order would do for everybody chosen: first those whom it reaches, then those whom it leaves out, each by name."""

    order: Order
    rows: tuple[Verdict, ...]

    @property
    def reached(self) -> int:
        return sum(not row.skip for row in self.rows)

    @property
    def left_out(self) -> int:
        return len(self.rows) - self.reached

    @property
    def fingerprint(self) -> str:
        """Another one as soon as anybody would fare otherwise."""
        return canonical.sha256(sorted([str(row.user.public_id), row.skip, row.due] for row in self.rows))


def chosen(order: Order, filters: Mapping[str, Any], at: dt.datetime) -> list[User]:
    """The people whom the filters of the people list choose, or who hold an older edition; by name, with site and team."""
    return list(people_for_page(at, **filters)) if order.edition is None else older_holders(order.edition, at)


def preview_of(order: Order, filters: Mapping[str, Any], at: dt.datetime) -> Preview:
    """Writes nothing. A fixed number of queries, however many people there are."""
    rows = judge(order, chosen(order, filters, at), at)
    return Preview(order, tuple(sorted(rows, key=lambda row: bool(row.skip))))


def judge(order: Order, users: Iterable[User], at: dt.datetime) -> list[Verdict]:
    """What the order would do for each of the users at the instant, in their order. At most seven queries. Users need their site."""
    people = list(users)
    keys = [user.pk for user in people]
    open_rows: dict[int, list[Assignment]] = {}
    for row in Assignment.objects.open().filter(learner__in=keys, course=order.course).order_by("due_at", "pk"):
        open_rows.setdefault(row.learner_id, []).append(row)
    exempt: dict[int, list[DutyException]] = {}
    holdings: dict[tuple[int, str], Holding] = {}
    if order.kind != BatchKind.EXTEND:
        rows = DutyException.objects.filter(learner__in=keys, kind=ExceptionKind.EXEMPTION)
        for one in rows.filter(course=order.course) | rows.filter(course__isnull=True):
            exempt.setdefault(one.learner_id, []).append(one)
    if order.kind == BatchKind.ASSIGN:
        holdings = holdings_of([order.course], keys, at)
    held = held_duties(order.edition, people, at) if order.edition is not None else {}
    found = []
    for user in people:
        today = dates.local_date(at, user.zone)
        mine = open_rows.get(user.pk, [])
        if not user.is_active:
            found.append(Verdict(user, "Deactivated."))
        elif order.kind == BatchKind.EXTEND:
            found.append(_extend(order, user, mine, today))
        elif order.kind == BatchKind.EXEMPT:
            found.append(Verdict(user, _why_not_exempt(order, exempt.get(user.pk, []), at, today)))
        elif order.edition is not None:
            found.append(_again(order, user, mine, held.get(user.pk, []), exempt.get(user.pk, []), at, today))
        else:
            holding = holdings.get((user.pk, order.course.slug))
            found.append(_assign(order, user, mine, holding, exempt.get(user.pk, []), at, today))
    return found


def _assign(
    order: Order,
    user: User,
    mine: Sequence[Assignment],
    holding: Holding | None,
    exempt: Sequence[DutyException],
    at: dt.datetime,
    today: dt.date,
) -> Verdict:
    due_on = order.due_on or today + dt.timedelta(days=order.days)
    if mine:
        return Verdict(user, f"Has it to do already, due {_short(mine[0].due_on)}.")
    if holding is not None:
        return Verdict(user, f"Holds it to {_short(holding.valid_until)}." if holding.valid_until else "Holds it.")
    if words := _exempt_now(exempt, at):
        return Verdict(user, words)
    if due_on < today:
        return Verdict(user, "The due date is over where they work.")
    return Verdict(user, due_on=due_on)


def _exempt_now(exempt: Sequence[DutyException], at: dt.datetime) -> str:
    for one in exempt:
        if one.starts_at <= at and (one.ends_at is None or at < one.ends_at):
            return f"Exempt to {_short(one.ends_on)}." if one.ends_on else "Exempt."
    return ""


def _again(
    order: Order,
    user: User,
    mine: Sequence[Assignment],
    held: Sequence[HeldDuty],
    exempt: Sequence[DutyException],
    at: dt.datetime,
    today: dt.date,
) -> Verdict:
    """No later than the renewal that the requirement would ask for anyway, since that is not opened beside it."""
    if mine:
        return Verdict(user, f"Has it to do already, due {_short(mine[0].due_on)}.")
    if not held:
        return Verdict(user, "Nothing asks it of them any more, or they hold the new edition.")
    if words := _exempt_now(exempt, at):
        return Verdict(user, words)
    asked = order.due_on or today + dt.timedelta(days=order.days)
    if asked < today:
        return Verdict(user, "The due date is over where they work.")
    agains = []
    for one in held:
        due_on, ends = asked, one.duty.valid_until
        requirement = one.assignment.requirement
        if requirement is not None and requirement.current is not None and ends is not None:
            grace = requirement.current.grace_days
            due_on = min(asked, later(max(ends, today), grace))
        agains.append(Again(one, due_on))
    return Verdict(user, due_on=min(again.due_on for again in agains), agains=tuple(agains))


def _why_not_exempt(order: Order, exempt: Sequence[DutyException], at: dt.datetime, today: dt.date) -> str:
    assert order.starts_on is not None
    for one in exempt:
        ends = one.ends_on or dt.date.max
        over = one.settled_at is not None or (one.ends_at is not None and one.ends_at <= at)
        if not over and one.starts_on <= order.starts_on and ends >= (order.ends_on or dt.date.max):
            return f"Exempt already, to {_short(one.ends_on)}." if one.ends_on else "Exempt already, without an end."
    return "The last day is over where they work." if order.ends_on is not None and order.ends_on < today else ""


def _extend(order: Order, user: User, mine: Sequence[Assignment], today: dt.date) -> Verdict:
    if not mine:
        return Verdict(user, "Does not have it to do.")
    moves = [Move(row, order.due_on or row.due_on + dt.timedelta(days=order.days)) for row in mine]
    later = [move for move in moves if move.due_on > move.assignment.due_on]
    if not later:
        return Verdict(user, f"Due later than that already, {_short(mine[-1].due_on)}.")
    in_time = tuple(move for move in later if move.due_on >= today)
    if not in_time:
        return Verdict(user, f"Would still be over, {_short(later[-1].due_on)}.")
    return Verdict(user, moves=in_time)


def words_of(filters: Mapping[str, Any]) -> str:
    """How people were chosen, as it is read above a batch. At most two queries."""
    parts = [f"“{filters['search']}”"] if filters.get("search") else []
    if filters.get("site_id"):
        parts.append(Site.objects.filter(pk=filters["site_id"]).values_list("name", flat=True).first() or "a site")
    if filters.get("team_id"):
        name = Team.objects.filter(pk=filters["team_id"]).values_list("name", flat=True).first() or "a team"
        parts.append(f"{name} and the teams below")
    if filters.get("category"):
        parts.append(Category(filters["category"]).label)
    if filters.get("job_role"):
        parts.append(filters["job_role"])
    if filters.get("holds_before"):
        parts.append(f"people who hold an edition before {filters['holds_before']}")
    state = filters.get("state") or ""
    if state == EVERYBODY:
        parts.append("deactivated people too")
    elif state:
        parts.append(PersonState(state).label)
    return ", ".join(parts) or "everybody"
