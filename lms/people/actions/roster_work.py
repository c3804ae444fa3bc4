"""The work on a roster: judging its lines, doing them, undoing them; in parts, so that a kill costs nothing and nobody waits.

Each person's turn is one transaction: the head of the record, the line's own conditional UPDATE, the judgement once more, the action that
would do it for one person. A line that would do something else by then than the preview said is left out.
"""

import datetime as dt
import logging
import uuid
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction

from lms.lib import clock
from lms.lib.failpoints import failpoint
from lms.outbox import work as leases
from lms.people.actions import invitations, organization, people
from lms.people.actions.rosters import WORK, unpack
from lms.people.enums import DeactivationReason, RosterEffect, RosterRowState, RosterStage, RosterState
from lms.people.models import RosterImport, RosterRow, Site, Supervision, Team, User
from lms.people.queries.placing import Place
from lms.people.queries.rosters import LABELS, Judge, Verdict, counts_of, missing_people
from lms.people.roster import cells
from lms.record import actions as record

log = logging.getLogger(__name__)
LAID_OUT, JUDGED, TURNS = 1000, 250, 25  # lines between two looks at the lease
SLICE = dt.timedelta(seconds=30)  # then the worker takes up what else waits; a task may take 60 seconds
BROKE = "Something went wrong here, and nothing was changed. Try it from the person’s page."


def work(roster_pk: int, *, at: dt.datetime, most: dt.timedelta = SLICE) -> int:
    """Works on a roster if it wants work now, for about half a minute, then rings again; returns how many lines it got on.

    Claims it by lease and renews the lease with every part. When the database is away the lines wait for the next claim. A roster
    whose claims bring nothing eight times in a row stops, and the coordinator is told.
    """
    rows = RosterImport.objects.filter(pk=roster_pk)
    lease = dt.timedelta(seconds=settings.BATCH_LEASE_SECONDS)
    token = leases.claim(rows, ready=RosterState.QUEUED, claimed=RosterState.CLAIMED, lease=lease, at=at)
    if token is None:
        return 0
    roster = rows.get()
    if roster.tries > leases.MAX_TRIES:
        leases.move(rows, token, state=RosterState.STOPPED, lease_token=None, lease_until=None)
        log.error("roster %s stopped after %d tries", roster.public_id, leases.MAX_TRIES)
        return 0
    begun, done = clock.now(), 0
    run = _Checking(roster, token, at) if roster.stage == RosterStage.CHECKING else _Doing(roster, token, at)
    while True:
        now = clock.now()
        if now >= begun + most:
            with transaction.atomic():
                if leases.move(
                    rows, token, state=RosterState.QUEUED, next_try_at=now, lease_token=None, lease_until=None
                ):
                    leases.ring_after_commit(WORK, roster_pk)
            return done
        if not leases.move(rows, token, lease_until=now + lease, next_try_at=now + lease):
            return done  # undone or thrown away meanwhile, or taken over
        got = run.part(until=begun + most)
        if got is None:
            return done
        done += got
        if got:
            rows.filter(lease_token=token).update(tries=0)


class _Run:
    def __init__(self, roster: RosterImport, token: uuid.UUID, at: dt.datetime) -> None:
        self.roster, self.token, self.at = roster, token, at
        self.rows = RosterImport.objects.filter(pk=roster.pk)

    def settle(self, **changes: Any) -> None:
        leases.move(
            self.rows, self.token, state=RosterState.SETTLED, tries=0, lease_token=None, lease_until=None, **changes
        )


class _Checking(_Run):
    """Lays the lines out as rows, judges them, then adds who is missing in the file."""

    def __init__(self, roster: RosterImport, token: uuid.UUID, at: dt.datetime) -> None:
        super().__init__(roster, token, at)
        self.zone = User.objects.select_related("site").get(subject=roster.made_by).zone
        self.table = unpack(roster)
        self.laid = RosterRow.objects.filter(roster=roster, line__isnull=False).count()

    def part(self, *, until: dt.datetime) -> int | None:
        """Does the next part and returns how many lines it was; None when all is over or the lease was lost."""
        with transaction.atomic():
            if not leases.move(self.rows, self.token, state=RosterState.CLAIMED):
                return None
            if self.laid < len(self.table):
                return self._lay_out()
            rows = list(RosterRow.objects.filter(roster=self.roster, effect="").order_by("position")[:JUDGED])
            if rows:
                self._judge(rows)
                return len(rows)
            failpoint("roster.judged")
            if self._missing():
                return 1
            self.settle(checked_at=clock.now())
        return None

    def _lay_out(self) -> int:
        part = self.table[self.laid : self.laid + LAID_OUT]
        made = []
        for position, (line, texts) in enumerate(part, self.laid + 1):
            email, number = cells.keys(texts, self.roster.mapping)
            made.append(
                RosterRow(roster=self.roster, position=position, line=line, cells=texts, email=email, number=number)
            )
        RosterRow.objects.bulk_create(made, batch_size=500)
        self.laid += len(part)
        return len(part)

    def _judge(self, rows: list[RosterRow]) -> None:
        for row, verdict in zip(rows, Judge(self.roster, self.at, self.zone).judge(rows), strict=True):
            row.user, row.effect, row.name = verdict.user, verdict.effect, verdict.name[:120]
            row.words, row.plan = verdict.words, verdict.plan
        RosterRow.objects.bulk_create(  # an upsert: bulk_update takes ten times as long
            rows,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["user", "effect", "name", "words", "plan"],
            batch_size=JUDGED,
        )

    def _missing(self) -> bool:
        """Adds the people who are not in the file, if that was chosen and no line has an error (they may be behind it). False if there are
        none to add."""
        rows = RosterRow.objects.filter(roster=self.roster)
        if not self.roster.options.get("absent") or rows.filter(line__isnull=True).exists():
            return False
        if counts_of(self.roster).get(RosterEffect.ERROR):
            return False
        made = [
            RosterRow(roster=self.roster, position=self.laid + number, user=user)
            for number, user in enumerate(missing_people(self.roster), 1)
        ]
        RosterRow.objects.bulk_create(made, batch_size=500)
        return bool(made)


class _Doing(_Run):
    """Does the lines from the first to the last, or takes back what was done from the last to the first."""

    def __init__(self, roster: RosterImport, token: uuid.UUID, at: dt.datetime) -> None:
        super().__init__(roster, token, at)
        self.undoing = roster.stage == RosterStage.UNDOING
        by = roster.undone_by if self.undoing else roster.confirmed_by
        self.by = User.objects.select_related("site").get(subject=by)
        self.source: dict[str, Any] = {"by": self.by.subject, "at": at, "roster": str(roster.public_id)}
        self.invite = bool(roster.options.get("invite"))

    def part(self, *, until: dt.datetime) -> int | None:
        """Does some turns and returns how many; None when nobody waits any more."""
        waiting = list(self._waiting()[:TURNS])
        if not waiting:
            self.settle(table=None)
            return None
        self.judge = Judge(self.roster, self.at, self.by.zone)
        done = 0
        for row in waiting:
            if clock.now() >= until:
                break
            done += self._take(row)
            failpoint("roster.after_row")
        return done

    def _waiting(self) -> Any:
        rows = RosterRow.objects.filter(roster=self.roster).select_related("user")
        if self.undoing:
            states = [RosterRowState.DONE, RosterRowState.WAITING]
            return rows.filter(state__in=states).order_by("-position")
        return rows.filter(state=RosterRowState.WAITING).order_by("position")

    def _take(self, row: RosterRow) -> int:
        """1 if this call did the line's turn, 0 if another had done it."""
        try:
            with transaction.atomic():
                if row.user is not None:
                    record.hold(row.user.subject)
                mine = RosterRow.objects.filter(pk=row.pk, state=row.state)
                if not mine.update(state=row.state):  # holds the row until this transaction ends
                    return 0
                mine.update(**(self._back(row) if self.undoing else self._forth(row)))
                failpoint("roster.in_row")
        except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
            raise
        except Exception:
            log.exception("roster %s: the turn of line %s failed", self.roster.public_id, row.line)
            state = RosterRowState.KEPT if self.undoing else RosterRowState.FAILED
            return RosterRow.objects.filter(pk=row.pk, state=row.state).update(state=state, outcome=BROKE)
        return 1

    def _forth(self, row: RosterRow) -> dict[str, Any]:
        (verdict,) = self.judge.judge([row])
        if verdict.plan != row.plan:
            words = f"Changed since the preview, so nothing was done. Now it would be: {verdict.words}"
            return {"state": RosterRowState.SKIPPED, "outcome": words[:400]}
        try:
            with transaction.atomic():
                user, before, outcome = self._do(verdict)
        except ValidationError as error:
            return {"state": RosterRowState.SKIPPED, "outcome": " ".join(error.messages)[:400]}
        return {"state": RosterRowState.DONE, "user": user, "before": before, "outcome": outcome}

    def _do(self, verdict: Verdict) -> tuple[User, dict[str, Any], str]:
        """Returns the person, what undoing needs, and what happened in words."""
        changes = dict(verdict.changes)
        if verdict.place is not None:
            changes |= {"site": verdict.place.site, "team": self._team(verdict.place)}
        if verdict.effect == RosterEffect.NEW:
            added = people.add_person(**changes, **self.source)
            invited = self._invite(added)
            return added, {"made": True}, "Added and invited." if invited else "Added."
        user = verdict.user
        assert user is not None
        if verdict.effect == RosterEffect.LEAVES:
            teams = list(Supervision.objects.filter(supervisor=user, ended_at=None).values_list("team", flat=True))
            people.deactivate(user, DeactivationReason.LEFT, **self.source)
            assert user.deactivated_at is not None
            return user, {"left": user.deactivated_at.isoformat(), "supervised": teams}, "The account is closed."
        before: dict[str, Any] = {
            "fields": {field: [_kept(getattr(user, field)), _kept(new)] for field, new in changes.items()}
        }
        if verdict.effect == RosterEffect.BACK:
            people.reactivate(user, **self.source)
            before["back"] = True
        if changes:
            people.change_person(user, **changes, **self.source)
        if "email" in changes or verdict.effect == RosterEffect.BACK:
            self._invite(user)
        return user, before, _DID[verdict.effect]

    def _team(self, place: Place) -> Team | None:
        if not place.new_team:
            return place.team
        found = Team.objects.filter(site=place.site, name__iexact=place.new_team).first()
        return found or organization.add_team(name=place.new_team, site=place.site)

    def _invite(self, user: User) -> bool:
        """Invites whoever has an address and has not joined yet, if that was chosen."""
        wanted = self.invite and bool(user.email) and user.joined_at is None
        if wanted:
            invitations.invite(user, by=self.by.subject, at=self.at)
        return wanted

    def _back(self, row: RosterRow) -> dict[str, Any]:
        if row.state == RosterRowState.WAITING:
            words = "The import was undone before it came to this line."
            return {"state": RosterRowState.SKIPPED, "outcome": words}
        assert row.user_id is not None
        user = User.objects.select_related("site", "team").get(pk=row.user_id)
        try:
            with transaction.atomic():
                kept = self._take_back(user, row.before)
        except ValidationError as error:
            kept = " ".join(error.messages)
        if kept:
            return {"state": RosterRowState.KEPT, "outcome": kept[:400]}
        return {"state": RosterRowState.UNDONE, "outcome": "Undone."}

    def _take_back(self, user: User, before: dict[str, Any]) -> str:
        """Takes back what was done for one person, unless it changed since. Returns what stays and why, or nothing."""
        if before.get("made"):
            if not user.is_active:
                return "Deactivated since then, so it stays."
            if user.joined_at is not None:
                return "Has joined since then, so the account stays open. You can deactivate it on their page."
            people.deactivate(user, DeactivationReason.MISTAKE, **self.source)
            return ""
        if "left" in before:
            if user.deactivated_at is None or user.deactivated_at != dt.datetime.fromisoformat(before["left"]):
                return "The account was opened or closed again since then, so it stays as it is."
            people.reactivate(user, **self.source)
            for team in Team.objects.filter(pk__in=before["supervised"], active=True):
                if not Supervision.objects.filter(team=team, supervisor=user, ended_at=None).exists():
                    organization.start_supervising(team, user, by=self.by.subject, at=self.at)
            return ""
        kept = self._fields_back(user, before["fields"])
        if before.get("back") and user.is_active:
            people.deactivate(user, DeactivationReason.LEFT, **self.source)
        if not kept:
            return ""
        what = kept[0] if len(kept) == 1 else f"{', '.join(kept[:-1])} and {kept[-1]}"
        return (
            f"{what.capitalize()} changed since then and {'stays' if len(kept) == 1 else 'stay'}; the rest is undone."
        )

    def _fields_back(self, user: User, fields: dict[str, list[Any]]) -> list[str]:
        """Gives each field its old value if it still has the one that the roster gave. Site and team go back together. Returns the names of
        the others."""
        now = {field: _kept(getattr(user, field)) for field in fields}
        same = {field for field in fields if now[field] == fields[field][1]}
        if {"site", "team"} & set(fields) and not {"site", "team"} <= same:
            same -= {"site", "team"}
        back = {field: _value(field, fields[field][0]) for field in fields if field in same}
        if back:
            people.change_person(user, **back, **self.source)
        labels = {**{field: label.lower() for field, label in LABELS.items()}, "site": "site", "team": "team"}
        return [labels[field] for field in fields if field not in same]


_DID = {
    RosterEffect.BACK: "The account is open again.",
    RosterEffect.MOVED: "Moved.",
    RosterEffect.CHANGED: "Changed.",
}


def _kept(value: Any) -> Any:
    """A field's value as JSON keeps it: rows by primary key, days as text."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.pk if hasattr(value, "pk") else value


def _value(field: str, kept: Any) -> Any:
    if kept is None:
        return None
    if field == "site":
        return Site.objects.get(pk=kept)
    if field == "team":
        return Team.objects.select_related("site").get(pk=kept)
    return dt.date.fromisoformat(kept) if field in ("hire_date", "first_shift_on") else kept
