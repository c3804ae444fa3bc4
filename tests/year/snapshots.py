"""What the tables held on some days of the year, taken live by code that never reads the record; and what the spans say of it later."""

import datetime as dt
from typing import Any

from django.db.models import Q

from courses.actions import excepting, issuing, spans
from courses.enums import ExceptionKind, Known, Status
from courses.models import Assignment, Certificate, StatusSpan
from courses.queries.asof import INSTANT, holding, moment_of, people_as_of, with_status_as_of
from courses.queries.status import with_status
from lms.lib import dates
from lms.people.models import User
from tests.year.town import ZONES, Town

DAY = dt.timedelta(days=1)
#: The year runs from noon to noon in Auckland's morning: at the beginning of the ticks of a day, these local days have just ended.
ENDED = {"America/Denver": 1, "Europe/London": 1, "Pacific/Auckland": 0}
Row = tuple[Any, ...]


def live(rows: Any, at: dt.datetime) -> dict[int, Row]:
    """Every assignment as the tables hold it, with its status at the instant."""
    found: Any = with_status(rows.select_related("enrollment"), at)
    return {
        a.pk: (
            a.status,
            a.due_on,
            a.opens_on,
            a.enrollment.completed_at if a.enrollment else None,
            a.satisfied_at,
            a.certificate_expires_on,
            a.certificate_revoked_at,
            a.valid_until_on,
            a.renews_until_on,
            a.withdrawn_at,
            a.ended_at,
        )
        for a in found
    }


NAMES = ("status", "due_on", "opens_on", "completed_at", "satisfied_at", "certificate_expires_on", "certificate_revoked_at", "valid_until_on", "renews_until_on", "withdrawn_at", "ended_at")  # fmt: skip


class Snapshots:
    def __init__(self) -> None:
        self.instants: dict[dt.datetime, dict[int, Row]] = {}
        self.days: dict[tuple[str, dt.date], dict[int, Row]] = {}
        self.people: dict[tuple[str, dt.date], dict[int, int | None]] = {}

    def take(self, town: Town, day: int) -> None:
        """At the beginning of a day's ticks, before anything happens on it."""
        before = town.now - INSTANT
        self.instants[before] = live(Assignment.objects.all(), before)
        for zone in ZONES:
            ended = town.at(day, 0).date() - ENDED[zone] * DAY
            rows = Assignment.objects.filter(learner__site__zone=zone)
            self.days[zone, ended] = live(rows, moment_of(ended, zone))
            active = User.objects.filter(is_active=True, site__zone=zone, is_coordinator=False)
            self.people[zone, ended] = dict(active.values_list("pk", "team"))

    def hold(self) -> None:
        """Known then, all of it is as it was, for every instant and every local day."""
        assert self.instants
        for at, rows in self.instants.items():
            found = StatusSpan.objects.filter(holding(Known.THEN, at)).values_list("assignment", *NAMES)
            assert _differ({pk: tuple(row) for pk, *row in found}, rows) == [], at
        stayed = _in_one_zone()
        for (zone, day), rows in self.days.items():
            mine = Assignment.objects.filter(learner__in=stayed[zone])
            pks = set(mine.values_list("pk", flat=True))
            then = with_status_as_of(mine, day, Known.THEN).values_list("pk", *(_then(name) for name in NAMES))
            was_so = {pk: row for pk, row in rows.items() if pk in pks}
            assert _differ({pk: tuple(row) for pk, *row in then}, was_so) == [], (zone, day)
            there: Any = people_as_of(day, Known.THEN).filter(pk__in=stayed[zone], is_coordinator=False)
            was = {pk: team for pk, team in self.people[zone, day].items() if pk in stayed[zone]}
            assert dict(there.values_list("pk", "then_team")) == was, (zone, day)

    def correct_late(self, town: Town) -> int:
        """Grants a leave that began in the middle of the year to everybody who was late then, and revokes what was complete: what was known
        on those days stays, what we know of them today does not. Returns how many assignments differ."""
        at = sorted(self.instants)[len(self.instants) // 2]
        rows = self.instants[at]
        late = [pk for pk, row in rows.items() if row[0] == Status.OVERDUE]
        held = [pk for pk, row in rows.items() if row[0] == Status.COMPLETE and row[4] is None]
        done = 0
        for row in Assignment.objects.filter(pk__in=late, learner__is_active=True).select_related("learner__site"):
            first = dates.local_date(at, row.learner.zone) - DAY
            if not excepting.had(row.learner, ExceptionKind.LEAVE, None, first, None):
                excepting.grant(row.learner, ExceptionKind.LEAVE, starts_on=first, ends_on=None, reason="Told late", by=town.coordinator, at=town.now)  # fmt: skip
                assert self._now(row.pk, at) == Status.ON_LEAVE
                done += 1
        for certificate in Certificate.objects.filter(
            Q(revoked_at=None), superseded_at=None, enrollment__assignments__in=held[:3]
        ):
            issuing.revoke(certificate, reason="A mistake", by=town.coordinator.subject, at=town.now)
            touched = [row.pk for row in Assignment.objects.filter(enrollment=certificate.enrollment, pk__in=held)]
            assert not {Status.COMPLETE} & {self._now(pk, at) for pk in touched}
            done += len(touched)
        return done

    def _now(self, pk: int, at: dt.datetime) -> str:
        return StatusSpan.objects.get(holding(Known.NOW, at), assignment=pk).status


def _differ(said: dict[int, Row], was: dict[int, Row]) -> list[tuple[int, Row | None, Row | None]]:
    return [(pk, said.get(pk), was.get(pk)) for pk in sorted({*said, *was}) if said.get(pk) != was.get(pk)]


def _then(name: str) -> str:
    same = ("status", "certificate_expires_on", "certificate_revoked_at")
    return name if name in same else f"then_{name}"


def _in_one_zone() -> dict[str, set[int]]:
    """People who were never in another zone than today's: the end of a day of then is that of today's zone."""
    found: dict[str, set[int]] = {zone: set() for zone in ZONES}
    for user in User.objects.select_related("site").prefetch_related("places__site"):
        if {place.site.zone for place in user.places.all()} <= {user.zone}:
            found[user.zone].add(user.pk)
    return found


def differences() -> list[str]:
    return [sentence for subject in spans.subjects() for sentence in spans.differences(subject)]
