"""How much of what was asked of some people they held, week by week. One function; nothing else knows how it is found out."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from courses.enums import ExceptionKind, Status
from courses.models import Assignment, Certificate, DutyException
from courses.queries.status import Facts, Span, status_of
from lms.people.models import User

DAYS = 90
WEEK = dt.timedelta(days=7)
#: what nobody asks of the person at that moment
NOT_ASKED = (Status.NOT_REQUIRED, Status.EXEMPT, Status.ON_LEAVE, Status.OPENS_LATER)


@dataclasses.dataclass(frozen=True)
class Point:
    """An instant: of ``asked`` courses of all people together ``held`` were held, and of ``people`` so many (``whole``) held all that was
    asked of them, if anything was."""

    at: dt.datetime
    asked: int
    held: int
    people: int
    whole: int

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means all; None where nothing was asked."""
        return self.held * 100 // self.asked if self.asked else None


class _Row(NamedTuple):
    key: int
    cycle: int
    assigned_at: dt.datetime
    ended_at: dt.datetime | None
    facts: Facts


def instants(at: dt.datetime) -> list[dt.datetime]:
    """The first one 90 days ago, then each week up to now; the last but one is a week ago."""
    weeks = [at - number * WEEK for number in range(DAYS // WEEK.days, -1, -1)]
    return [at - dt.timedelta(days=DAYS), *weeks]


def holds(status: Status, renews_until_at: dt.datetime | None, at: dt.datetime) -> bool:
    """Whether a course is held: complete, or about to run out, or being renewed while the older completion still counts."""
    if status in (Status.COMPLETE, Status.EXPIRING):
        return True
    return status not in NOT_ASKED and renews_until_at is not None and renews_until_at > at


def shares(people: QuerySet[User], at: dt.datetime) -> list[Point]:
    """The points of the last 90 days, oldest first, about those who are the people now, as it is known today.

    Each course of a person counts by the newest cycle that was assigned by then and not withdrawn by then. Four queries, however many
    people there are; the statuses are those of ``status_of``.
    """
    everybody = set(people.values_list("pk", flat=True))
    groups = _rows(people)
    return [_point(groups, everybody, then) for then in instants(at)]


def _point(groups: Mapping[tuple[int, int], Sequence[_Row]], people: set[int], at: dt.datetime) -> Point:
    asked = held = 0
    lacking: set[int] = set()
    for (learner, _), rows in groups.items():
        row = _newest(rows, at)
        if row is None:
            continue
        status = status_of(row.facts, at)
        if status in NOT_ASKED:
            continue
        asked += 1
        if holds(status, row.facts.renews_until_at, at):
            held += 1
        else:
            lacking.add(learner)
    return Point(at, asked, held, len(people), len(people - lacking))


def _newest(rows: Sequence[_Row], at: dt.datetime) -> _Row | None:
    """As ``courses.queries.newest`` chooses, of those that there were at the instant."""
    there = [
        row for row in rows if row.assigned_at <= at and (row.facts.withdrawn_at is None or row.facts.withdrawn_at > at)
    ]
    if len(there) < 2:
        return there[0] if there else None
    never = dt.datetime.max.replace(tzinfo=dt.UTC)

    def order(row: _Row) -> tuple[int, bool, dt.datetime, bool, dt.datetime, dt.datetime, int]:
        ended = row.ended_at if row.ended_at is not None and row.ended_at <= at else None
        facts = row.facts
        elsewhere = facts.satisfied_at is not None and facts.satisfied_at <= at
        until = facts.valid_until_at or never
        return (-row.cycle, ended is not None, ended or never, elsewhere, until, facts.due_at, row.key)

    return min(there, key=order)


def _rows(people: QuerySet[User]) -> dict[tuple[int, int], list[_Row]]:
    """Every assignment of the people, withdrawn ones too, by person and course. Three queries."""
    spans = _spans(people)
    certificates = {
        enrollment: (expires, revoked)
        for enrollment, expires, revoked in Certificate.objects.filter(
            enrollment__learner__in=people, superseded_at__isnull=True
        ).values_list("enrollment", "expires_at", "revoked_at")
    }
    found: dict[tuple[int, int], list[_Row]] = defaultdict(list)
    rows = Assignment.objects.filter(learner__in=people).order_by()
    for row in rows.values_list(
        "pk",
        "learner",
        "course",
        "cycle",
        "assigned_at",
        "ended_at",
        "opens_at",
        "due_at",
        "withdrawn_at",
        "satisfied_at",
        "valid_until_at",
        "renews_until_at",
        "enrollment",
        "enrollment__started_at",
        "enrollment__completed_at",
        "enrollment__attempts_used_at",
    ):
        (
            key, learner, course, cycle, assigned, ended, opens, due, withdrawn, satisfied, valid, renews,
            enrollment, started, completed, used,
        ) = row  # fmt: skip
        expires, revoked = certificates.get(enrollment, (None, None))
        facts = Facts(
            opens_at=opens,
            due_at=due,
            withdrawn_at=withdrawn,
            started_at=started,
            completed_at=completed,
            attempts_used_at=used,
            expires_at=expires,
            revoked_at=revoked,
            satisfied_at=satisfied,
            valid_until_at=valid,
            renews_until_at=renews,
            ended_at=ended,
            exempt=_touching(spans, learner, course, ExceptionKind.EXEMPTION),
            leave=_touching(spans, learner, course, ExceptionKind.LEAVE),
        )
        found[learner, course].append(_Row(key, cycle, assigned, ended, facts))
    return found


_Spans = Mapping[tuple[int, str], list[tuple[int | None, Span]]]


def _spans(people: QuerySet[User]) -> _Spans:
    found: dict[tuple[int, str], list[tuple[int | None, Span]]] = defaultdict(list)
    rows = DutyException.objects.filter(
        learner__in=people, kind__in=(ExceptionKind.EXEMPTION, ExceptionKind.LEAVE)
    ).order_by("starts_at", "pk")
    for learner, kind, course, starts, ends in rows.values_list("learner", "kind", "course", "starts_at", "ends_at"):
        found[learner, kind].append((course, Span(starts, ends)))
    return found


def _touching(spans: _Spans, learner: int, course: int, kind: ExceptionKind) -> tuple[Span, ...]:
    mine: Iterable[tuple[int | None, Span]] = spans.get((learner, kind.value), ())
    return tuple(span for about, span in mine if about is None or about == course)
