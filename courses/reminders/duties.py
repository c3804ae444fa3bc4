"""Assignments as reminders see them: one duty a person and course, with the days on which it sleeps."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import BooleanField, Case, Exists, Max, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from courses.enums import ExceptionKind, RenewalKind
from courses.models import Assignment, DutyException, Enrollment, RequirementVersion
from courses.queries.duties import renewal_of
from courses.queries.replies import pausing
from courses.queries.status import with_status
from courses.reminders.moments import FOREVER, Duty, Sleep
from courses.requirements.dating import renewal_due, valid_until, window_opens
from courses.requirements.facts import Audience, Renewal, Rule
from lms.lib import dates
from lms.people.models import User

#: evidence that ends before or after so many days from now has nothing to say yet or any more
LONGEST_AFTER = dt.timedelta(days=45)
LONGEST_BEFORE = dt.timedelta(days=45)


def duties(
    at: dt.datetime, *, people: Iterable[int] | None = None, horizon: dt.timedelta = dt.timedelta()
) -> list[tuple[User, Duty]]:
    """What may be a reason to write to people who are active and have an address, at the instant and ``horizon`` longer.

    Of several duties of one course the one that is due first speaks; what is fulfilled speaks only where nothing of the course is open
    and nothing newer was completed.
    With a horizon come also the cycles that will open within it. Three queries, however many people there are; five with a horizon.
    """
    near = (at - LONGEST_AFTER, at + (_longest_window() + horizon if horizon else LONGEST_BEFORE))
    rows = with_status(
        Assignment.objects.filter(
            withdrawn_at__isnull=True, learner__is_active=True, learner__email__isnull=False, enrollment__isnull=False
        ),
        at,
    )
    again = Enrollment.objects.filter(
        learner=OuterRef("learner"),
        course=OuterRef("course"),
        completed_at__gt=Coalesce(OuterRef("enrollment__completed_at"), OuterRef("satisfied_at")),
    )
    speaks = (
        Q(enrollment__completed_at__isnull=True, satisfied_at__isnull=True)
        | Q(certificate_expires_at__range=near, ended_at__isnull=True)
        | Q(valid_until_at__range=near, ended_at__isnull=True)
    )
    if horizon:  # newer evidence of which a rule will take note when what it knows runs out
        ends = Q(valid_until_at__range=near) | Q(enrollment__certificates__expires_at__range=near)
        known = _of_rules().filter(ends, learner=OuterRef("learner"), course=OuterRef("course"))
        speaks |= Q(Exists(known.exclude(pk=OuterRef("pk"))))
    rows = (
        rows.exclude(Exists(again))
        .filter(speaks)
        .select_related("learner__site", "course", "enrollment", "rule__requirement")
    )
    rows = rows.annotate(
        rests=Case(When(pausing(at), then=Value(True)), default=Value(False), output_field=BooleanField())
    )
    if people is not None:
        rows = rows.filter(learner__in=list(people))
    groups: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    for row in rows.order_by("due_at", "pk"):
        groups[row.learner_id, row.course_id].append(row)
    sleeps = _sleeps({learner for learner, _ in groups})
    asking = _asking({learner for learner, _ in groups}, at) if horizon else {}
    found = []
    for key, group in groups.items():
        learner = group[0].learner
        for duty in _speaking(group, asking.get(key, ()), sleeps, at, horizon):
            found.append((learner, duty))
    return found


def _of_rules() -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        withdrawn_at__isnull=True, ended_at__isnull=True, rule__isnull=False, requirement__ended_at__isnull=True
    )


def _asking(learners: set[int], at: dt.datetime) -> dict[tuple[int, int], list[Assignment]]:
    """The newest cycle of each requirement that goes on, by person and course: what renews, also where newer evidence came from elsewhere
    (a course assigned by hand, another requirement)."""
    rows = with_status(_of_rules().filter(learner__in=learners), at)
    newest: dict[tuple[int, int, int | None], Assignment] = {}
    for row in rows.select_related("learner__site", "enrollment", "requirement__current").order_by("cycle", "pk"):
        newest[row.learner_id, row.course_id, row.requirement_id] = row
    found: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    for (learner, course, _), row in newest.items():
        found[learner, course].append(row)
    return found


def _longest_window() -> dt.timedelta:
    """How long before its end evidence may already have something to say."""
    days = RequirementVersion.objects.aggregate(days=Max("window_days"))["days"] or 0
    return max(LONGEST_BEFORE, dt.timedelta(days=days))


def duty_for(assignment: Assignment, at: dt.datetime) -> Duty | None:
    """The duty as which this assignment speaks now; None when another one of the course speaks for it."""
    ref = str(assignment.public_id)
    mine = (duty for _, duty in duties(at, people=[assignment.learner_id]) if duty.ref == ref)
    return next(mine, None)


def _speaking(
    group: list[Assignment],
    asking: Sequence[Assignment],
    sleeps: Mapping[int, list[DutyException]],
    at: dt.datetime,
    horizon: dt.timedelta,
) -> list[Duty]:
    open_rows = [row for row in group if _done_at(row) is None]
    if open_rows:
        return [_open(open_rows[0], sleeps)]
    newest = max(_done_at(row) or row.assigned_at for row in group)
    evidence = [row for row in group if _done_at(row) == newest]
    rest = _sleeps_of(evidence[0], sleeps)
    cycles = [one for row in asking if (one := _next_cycle(row, evidence[0], rest, at, horizon)) is not None]
    coming = min(cycles, key=lambda one: (one.starts_on, one.ref), default=None)
    standing = [(end, row) for row in evidence if (end := _end(row)) is not None]
    if not standing:
        return [coming] if coming else []
    end, row = min(standing, key=lambda pair: (pair[0], pair[1].pk))
    held = Duty(
        ref=str(row.public_id),
        holder=_holder(row),
        starts_on=dates.local_date(newest, row.learner.zone),
        due_on=row.due_on,
        open=False,
        days=row.learner.working_days,
        ends_on=end,
        sleeps=rest,
    )
    if coming is None:
        return [held]
    return [dataclasses.replace(held, silent_from=coming.starts_on), coming]


def _done_at(row: Assignment) -> dt.datetime | None:
    return (row.enrollment.completed_at if row.enrollment else None) or row.satisfied_at


def _end(row: Assignment) -> dt.date | None:
    """The last day of what fulfils it; None when it does not run out, or was revoked."""
    if row.certificate_revoked_at is not None:  # type: ignore[attr-defined]
        return None
    ends = [row.certificate_expires_on, row.valid_until_on]  # type: ignore[attr-defined]
    return min((day for day in ends if day is not None), default=None)


def _holder(row: Assignment) -> str:
    return f"{row.learner_id}-{row.course_id}"


def _open(row: Assignment, sleeps: Mapping[int, list[DutyException]]) -> Duty:
    return Duty(
        ref=str(row.public_id),
        holder=_holder(row),
        starts_on=max(row.opens_on, dates.local_date(row.assigned_at, row.learner.zone)),
        due_on=row.due_on,
        open=True,
        days=row.learner.working_days,
        renewal=row.renews_until_on is not None,
        ends_on=row.renews_until_on,
        sleeps=_sleeps_of(row, sleeps),
    )


def _next_cycle(
    row: Assignment, evidence: Assignment, sleeps: tuple[Sleep, ...], at: dt.datetime, horizon: dt.timedelta
) -> Duty | None:
    """The cycle that the requirement of ``row``, its newest, will open, by the version that holds now, within the horizon, as it will then stand. ``evidence`` fulfils the course
    today: when it is newer than what fulfils ``row``, it is held first, and renewed when its own window opens
    (``courses.requirements.planning``)."""
    version, end = row.requirement.current if row.requirement else None, _end(row)
    if version is None or version.renewal_kind == RenewalKind.NEVER or end is None:
        return None
    zone, renewal = row.learner.zone, renewal_of(version)
    opens, ran_out = window_opens(renewal, end), end
    if _done_at(evidence) != _done_at(row):
        until = _valid_under(renewal, evidence)
        if until is None:
            return None
        if window_opens(renewal, until) > opens:
            opens, ran_out = window_opens(renewal, until), until
    if not dates.local_date(at, zone) < opens <= dates.local_date(at + horizon, zone):
        return None
    rule = Rule(version.requirement_id, version.number, Audience(), (), renewal=renewal, grace=version.grace_days)
    due_on = renewal_due(rule, ran_out=ran_out, assigned_on=opens).on
    return Duty(
        ref=f"next-{row.public_id}",
        holder=_holder(row),
        starts_on=opens,
        due_on=due_on or ran_out,
        open=True,
        days=row.learner.working_days,
        renewal=True,
        ends_on=ran_out,
        sleeps=sleeps,
        fresh=True,
    )


def _valid_under(renewal: Renewal, evidence: Assignment) -> dt.date | None:
    """The last day on which this evidence counts under a rule; None when it does not run out."""
    done = _done_at(evidence)
    assert done is not None
    completed = evidence.enrollment is not None and evidence.enrollment.completed_at is not None
    own = evidence.certificate_expires_on if completed else evidence.valid_until_on  # type: ignore[attr-defined]
    by_rule = valid_until(
        renewal,
        completed_on=dates.local_date(done, evidence.learner.zone),
        hire_date=evidence.learner.hire_date,
    )
    return min((day for day in (own, by_rule) if day is not None), default=None)


def _sleeps(learners: set[int]) -> dict[int, list[DutyException]]:
    """Exemptions and leaves whose end was not carried out yet: those that run, and those to come."""
    rows = DutyException.objects.filter(
        learner__in=learners, settled_at__isnull=True, kind__in=(ExceptionKind.EXEMPTION, ExceptionKind.LEAVE)
    )
    found: dict[int, list[DutyException]] = defaultdict(list)
    for row in rows.order_by("starts_on", "pk"):
        found[row.learner_id].append(row)
    return found


def _sleeps_of(row: Assignment, sleeps: Mapping[int, list[DutyException]]) -> tuple[Sleep, ...]:
    found = [
        Sleep(one.starts_on, one.ends_on or FOREVER, one.kind == ExceptionKind.LEAVE)
        for one in sleeps.get(row.learner_id, ())
        if one.course_id is None or one.course_id == row.course_id
    ]
    if row.rests:  # type: ignore[attr-defined]  # annotated by duties; nobody knows until when
        found.append(Sleep(dt.date.min, FOREVER, leave=False))
    return tuple(found)
