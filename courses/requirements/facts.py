"""The facts that rules look at, frozen."""

import dataclasses
import datetime as dt

from courses.enums import DueKind, RenewalKind, Supervising


@dataclasses.dataclass(frozen=True)
class Person:
    """One person as rules see them. ``teams``: their own team and all above it. ``leave``: the last day of a leave that runs now,
    ``dt.date.max`` when nobody knows it yet, None when there is none."""

    key: int
    name: str
    category: str = "staff"
    job_role: str = ""
    site: int = 0
    teams: frozenset[int] = frozenset()
    supervisor: bool = False
    active: bool = True
    hire_date: dt.date | None = None
    first_shift_on: dt.date | None = None
    leave: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class Audience:
    """Who is meant. Each filter that names something must hold; the people named are meant whatever the filters say; what is left
    out is left out of both. An audience without any filter and without names means nobody."""

    categories: frozenset[str] = frozenset()
    job_roles: frozenset[str] = frozenset()
    sites: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    supervising: str = Supervising.ANY
    people: frozenset[int] = frozenset()
    without_job_roles: frozenset[str] = frozenset()
    without_teams: frozenset[int] = frozenset()
    without_people: frozenset[int] = frozenset()

    @property
    def filters(self) -> bool:
        return bool(self.categories or self.job_roles or self.sites or self.teams or self.supervising)

    @property
    def empty(self) -> bool:
        return not (self.filters or self.people)


@dataclasses.dataclass(frozen=True)
class Due:
    """``days`` for the kinds that count days, ``on`` for a fixed date."""

    kind: str = DueKind.AFTER_ASSIGNMENT
    days: int = 30
    on: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class Renewal:
    """``months`` for that kind; ``month`` and ``day`` for a fixed day of the year. ``window``: so many days before the end a person
    may renew without losing time."""

    kind: str = RenewalKind.NEVER
    months: int = 0
    month: int = 0
    day: int = 0
    window: int = 0


@dataclasses.dataclass(frozen=True)
class Rule:
    """One version of a requirement. ``grace``: a due date is never fewer days away than this on the day on which it is set, and a
    renewal may come so many days after the old evidence ran out. ``courses``: slugs, in order."""

    requirement: int
    number: int
    audience: Audience
    courses: tuple[str, ...]
    due: Due = Due()
    renewal: Renewal = Renewal()
    grace: int = 14
    active_from: dt.date | None = None
    active_until: dt.date | None = None

    def runs_on(self, day: dt.date) -> bool:
        """Whether it asks anything of anybody on this day."""
        if self.active_from is None or day < self.active_from:
            return False
        return self.active_until is None or day <= self.active_until


@dataclasses.dataclass(frozen=True)
class Duty:
    """One assignment under a requirement, as it stands. ``done_on`` and ``valid_until`` describe what fulfils it; ``dated`` is the version that its
    date comes from, when that is not ``rule``; ``used`` are the facts the date was counted from; ``moved``: somebody chose its due date by hand; ``ended``: fulfilled, and asked no more;
    ``renewal``: not the first cycle under the requirement; ``reopened``: asked again because what is taught has changed, with a date that the coordinator chose."""

    key: int
    cycle: int
    assigned_on: dt.date
    joined_on: dt.date
    due_on: dt.date
    rule: int = 0
    dated: int = 0
    done_on: dt.date | None = None
    valid_until: dt.date | None = None
    revoked: bool = False
    moved: bool = False
    ended: bool = False
    renewal: bool = False
    reopened: bool = False
    used_hire_date: dt.date | None = None
    used_first_shift_on: dt.date | None = None

    @property
    def open(self) -> bool:
        return self.done_on is None


@dataclasses.dataclass(frozen=True)
class Holding:
    """Evidence of a course that counts now: the enrollment ``key`` whose certificate is neither revoked nor replaced, or, when
    ``outside``, the exception ``key`` that accepts what was learned elsewhere."""

    key: int
    completed_on: dt.date
    valid_until: dt.date | None = None
    outside: bool = False
