"""Which mails people would get in the coming days if nobody did anything: the planner's moments and the outbox's decision, day by day,
without writing."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from courses.models import Assignment
from courses.queries.duties import Planned
from courses.reminders.base import DutyReminder
from courses.reminders.duties import duties
from courses.reminders.moments import DAY, FOREVER, Duty, Moment, Sleep
from courses.reminders.planner import duty_kinds
from courses.requirements.planning import Act
from lms.lib import dates
from lms.lib.hours import SendingHours
from lms.outbox import kinds
from lms.outbox.gathering import Reason, Write, Written, decide
from lms.outbox.models import Occasion
from lms.outbox.preferences import off_of
from lms.outbox.queries import gathered_log
from lms.people.models import User

DAYS = 30
WEEK = 7


@dataclasses.dataclass(frozen=True)
class Foreseen:
    """One mail: to whom, on which local day, with which reasons."""

    person: int
    on: dt.date
    keys: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Forecast:
    """``mails`` in the order of persons and days. ``keys`` limits what is counted to mails with one of these reasons; None counts all."""

    mails: tuple[Foreseen, ...]
    keys: frozenset[str] | None = None

    @property
    def counted(self) -> list[Foreseen]:
        return [mail for mail in self.mails if self.keys is None or self.keys & set(mail.keys)]

    @property
    def people(self) -> int:
        return len({mail.person for mail in self.counted})

    @property
    def crowded(self) -> int:
        """How many of the people counted would get more than two mails in some seven days, whatever they are about."""
        mine = {mail.person for mail in self.counted}
        days: dict[int, list[dt.date]] = defaultdict(list)
        for mail in self.mails:
            days[mail.person].append(mail.on)
        return sum(
            any(sum(day <= other < day + WEEK * DAY for other in found) > 2 for day in found)
            for person, found in days.items()
            if person in mine
        )


def forecast(
    at: dt.datetime,
    *,
    days: int = DAYS,
    people: Iterable[int] | None = None,
    more: Sequence[tuple[User, Duty]] = (),
    instead: frozenset[str] = frozenset(),
) -> Forecast:
    """The mails of the given days from now on, to everybody or to some. ``more`` are duties that do not exist yet; ``instead``: refs of
    those that would not exist any more. What nobody can foresee (a quiz left unfinished, answers to questions) is left out."""
    found = duties(at, people=people, horizon=dt.timedelta(days=days))
    mine: dict[int, list[Duty]] = defaultdict(list)
    users: dict[int, User] = {}
    for person, duty in (*found, *more):
        if duty.ref not in instead:
            users[person.pk] = person
            mine[person.pk].append(duty)
    waiting: dict[int, dict[str, Reason]] = defaultdict(dict)
    refs: dict[str, str] = {}
    for occasion in Occasion.objects.filter(message__isnull=True, dropped_at__isnull=True, recipient__in=users):
        urgent = kinds.get(occasion.kind).urgent
        waiting[occasion.recipient_id][occasion.key] = Reason(occasion.key, occasion.kind, urgent, occasion.created_at)
        refs[occasion.key] = occasion.ref
    said: dict[int, set[str]] = defaultdict(set)
    for key, recipient in Occasion.objects.filter(recipient__in=users).values_list("key", "recipient"):
        said[recipient].add(key)
    log = gathered_log(users, at)
    off = off_of(users)
    fresh = {duty.ref for _, duty in more}
    mails: list[Foreseen] = []
    keys: set[str] = set()
    for pk, person in users.items():
        mails += _of_one(
            person,
            _one_a_course(mine[pk]),
            waiting[pk],
            refs,
            said[pk],
            log.get(pk, []),
            at,
            days,
            keys,
            fresh,
            off.get(pk, set()),
        )
    return Forecast(tuple(mails), frozenset(keys) if more else None)


def forecast_of(planned: Sequence[Planned], at: dt.datetime, *, days: int = DAYS) -> Forecast:
    """The mails that carrying out these steps of one rule would bring, beside all else that the same people would get. Counted are the
    mails with at least one reason that comes from the rule."""
    steps = [one for one in planned if one.step.act in (Act.OPEN, Act.RENEW, Act.MOVE, Act.CLOSE)]
    keys = [one.step.duty.key for one in steps if one.step.duty is not None and one.step.duty.open]
    refs = {pk: str(ref) for pk, ref in Assignment.objects.filter(pk__in=keys).values_list("pk", "public_id")}
    people = {one.user.pk for one in steps}
    to_do = set(Assignment.objects.open().filter(learner__in=people).values_list("learner", "course"))
    more = [
        (one.user, _planned_duty(one, refs, told=(one.user.pk, one.course.pk) in to_do, at=at))
        for one in steps
        if one.step.act != Act.CLOSE and one.step.due_on is not None
    ]
    return forecast(at, days=days, people=people, more=more, instead=frozenset(refs.values()))


def _planned_duty(one: Planned, refs: dict[int, str], *, told: bool, at: dt.datetime) -> Duty:
    step, today = one.step, dates.local_date(at, one.user.zone)
    moved = step.duty if step.act == Act.MOVE else None
    leave = step.person.leave
    assert step.due_on is not None
    return Duty(
        ref=f"{refs[moved.key]}+" if moved else f"{one.asked.requirement.pk}-{one.user.pk}-{one.course.pk}",
        holder=f"{one.user.pk}-{one.course.pk}",
        starts_on=moved.assigned_on if moved else today,
        due_on=step.due_on,
        open=True,
        days=one.user.working_days,
        renewal=step.ran_out is not None,
        ends_on=step.ran_out,
        sleeps=(Sleep(today, leave, leave=True),) if leave is not None else (),
        fresh=moved is None and not told,
    )


def _one_a_course(found: list[Duty]) -> list[Duty]:
    """Of a duty that exists and one that would be made, the one that is due first speaks, as in ``duties``."""
    best: dict[tuple[str, bool], Duty] = {}
    for duty in sorted(found, key=lambda d: (d.due_on, d.fresh)):
        best.setdefault((duty.holder, duty.open), duty)
    return list(best.values())


def _of_one(
    person: User,
    mine: list[Duty],
    waiting: dict[str, Reason],
    refs: dict[str, str],
    said: set[str],
    written: list[Written],
    at: dt.datetime,
    days: int,
    keys: set[str],
    fresh: set[str],
    off: set[str],
) -> list[Foreseen]:
    hours: SendingHours = kinds.hours_of(person)
    first = dates.local_date(at, hours.zone)
    done = {duty.ref for duty in mine if not duty.open}
    log, found = list(written), []
    pending = {key: one for key, one in waiting.items() if _asked_daily(one) or refs[key] not in done}
    due = {duty.ref: duty.due_on for duty in mine}
    news_until = {key: _news_until(one, due.get(refs[key]), hours.zone) for key, one in waiting.items()}
    for number in range(days):
        day = first + number * DAY
        now = at if number == 0 else dates.end_of_day(day - DAY, hours.zone)
        true_today: set[str] = set()
        for duty, moment, urgent in _moments(mine, day, off):
            true_today.add(moment.key)
            if duty.ref in fresh:
                keys.add(moment.key)
            if moment.key not in said:
                said.add(moment.key)
                pending[moment.key] = Reason(moment.key, moment.kind, urgent, now)
                news_until[moment.key] = moment.last
        pending = {
            key: one
            for key, one in pending.items()
            if key in true_today or (not _asked_daily(one) and day <= news_until[key])
        }
        resting = {duty.ref for duty in mine if duty.rests(day)}
        awake = [one for key, one in pending.items() if refs.get(key) not in resting]
        if not awake:
            continue
        opening = hours.next_open(now)
        if dates.local_date(opening, hours.zone) != day:
            continue
        decision = decide(awake, log, hours, opening)
        if isinstance(decision, Write):
            found.append(Foreseen(person.pk, day, decision.keys))
            log.append(Written(day))
            pending = {key: one for key, one in pending.items() if key not in decision.keys}
    return found


def _asked_daily(reason: Reason) -> bool:
    """Whether its moments say if it is still true; the others are taken as true until they are said."""
    kind = kinds.get(reason.kind)
    return isinstance(kind, DutyReminder) and not kind.noted_when_made


def _news_until(reason: Reason, due_on: dt.date | None, zone: str) -> dt.date:
    """The last day on which a reason that waits is news."""
    kind = kinds.get(reason.kind)
    if isinstance(kind, DutyReminder) and due_on is not None:
        return kind.news_until(dates.local_date(reason.created_at, zone), due_on)
    return FOREVER


def _moments(mine: list[Duty], day: dt.date, off: set[str]) -> Iterable[tuple[Duty, Moment, bool]]:
    for duty in mine:
        if duty.asleep(day):
            continue
        now = duty.as_of(day)
        for kind in duty_kinds():
            if kind.optional and kind.slug in off:
                continue
            for moment in kind.moments(now, day):
                if moment.holds(day):
                    yield now, moment, kind.urgent
