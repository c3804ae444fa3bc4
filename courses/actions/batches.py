"""One change for many people: written down with its people first, then done person by person by the worker, and undone the same way.

Each person's turn is one transaction: the head of the record, the row's own conditional UPDATE, the action that would do it for one
person, its event. So whatever dies in the middle, the next claim goes on where it stopped and nobody's turn comes twice.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction

from courses.actions import assigning, excepting, reopening
from courses.enums import BatchKind, BatchState, ExceptionKind, RowState
from courses.models import Assignment, Batch, BatchRow, DutyException
from courses.queries.orders import Order, Verdict, edition_of, judge, order_of, preview_of
from lms.lib import clock, dates, names
from lms.lib.failpoints import failpoint
from lms.outbox import work as leases
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind

log = logging.getLogger(__name__)
WORK = "courses.tasks.work_on_batch"
CHUNK = 50  # rows between two looks at the lease
SLICE = dt.timedelta(seconds=30)  # then the worker takes up what else waits; a task may take 60 seconds
BROKE = "Something went wrong here, and nothing was changed. Try it from the person's page."


def make(
    order: Order,
    filters: Mapping[str, Any],
    *,
    reason: str,
    by: User,
    at: dt.datetime,
    seen: str = "",
    key: uuid.UUID | None = None,
    also: Callable[[Batch], None] | None = None,
) -> Batch:
    """Looks whom it reaches, then writes the batch with everybody chosen and the event in one transaction, and rings the worker. Nobody is
    changed yet; what changes for somebody until their turn is seen then.

    ``seen`` is the fingerprint of the preview that was agreed to; ``key`` becomes the public id, and the same key a second time gives
    the batch that is there. ``also`` is called once, with the new batch, inside the transaction. Raises ValidationError, by field, without a reason, for an order that makes no sense, when nobody is
    chosen or nobody would be reached, and when the preview has changed since.
    """
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError({"reason": "Say why. The reason stays in the record."})
    faults = order.faults(dates.local_date(at, by.zone))
    if faults:
        raise ValidationError({field: [sentence] for field, sentence in faults.items()})
    if known := _batch_of(key):
        return known
    preview = preview_of(order, filters, at)  # before the transaction, so that nobody waits for it
    if not preview.rows:
        raise ValidationError("Nobody is chosen. Choose other people.")
    if seen and seen != preview.fingerprint:
        raise ValidationError("Something changed since you looked. Here is what would happen now.")
    if not preview.reached:
        raise ValidationError("Nobody would be reached, so there is nothing to do.")
    with transaction.atomic():
        record.hold(by.subject)
        if known := _batch_of(key):
            return known
        batch = Batch.objects.create(
            public_id=key or uuid.uuid4(),
            kind=order.kind,
            course=order.course,
            params=order.params,
            filters=dict(filters),
            reason=reason,
            total=len(preview.rows),
            made_by=str(by.subject),
            made_at=at,
            next_try_at=at,
        )
        people = sorted((verdict.user for verdict in preview.rows), key=lambda user: (user.name, user.pk))
        BatchRow.objects.bulk_create(
            [BatchRow(batch=batch, learner=user, position=n) for n, user in enumerate(people, 1)], batch_size=500
        )
        payload = {
            "kind": batch.kind,
            "course": order.course.slug,
            **batch.params,
            "reason": reason,
            "people": batch.total,
        }
        _event(batch, EventKind.BATCH_MADE, payload, by=by, at=at)
        if also is not None:
            also(batch)
        leases.ring_after_commit(WORK, batch.pk)
    return batch


def _batch_of(key: uuid.UUID | None) -> Batch | None:
    return Batch.objects.filter(public_id=key).first() if key else None


def undo(batch: Batch, *, reason: str, by: User, at: dt.datetime) -> bool:
    """Turns the work round, also in the middle: whose turn is still to come is left out, and what was done is taken back from the last
    person to the first. False if it was undone before. Raises ValidationError without a reason."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError({"reason": "Say why it is undone. The reason stays in the record."})
    with transaction.atomic():
        record.hold(by.subject)
        won = Batch.objects.filter(pk=batch.pk, undone_at__isnull=True).update(
            undone_by=str(by.subject),
            undone_at=at,
            undone_reason=reason,
            state=BatchState.QUEUED,
            settled_at=None,
            tries=0,
            next_try_at=at,
            lease_token=None,
            lease_until=None,
        )
        if won:
            _event(batch, EventKind.BATCH_UNDONE, {"reason": reason}, by=by, at=at)
            leases.ring_after_commit(WORK, batch.pk)
    return bool(won)


def go_on(batch: Batch, *, at: dt.datetime) -> bool:
    """Lets a batch that stopped try again. False if it had not stopped."""
    with transaction.atomic():
        won = Batch.objects.filter(pk=batch.pk, state=BatchState.STOPPED).update(
            state=BatchState.QUEUED, tries=0, next_try_at=at
        )
        leases.ring_after_commit(WORK, batch.pk)
    return bool(won)


def work(batch_pk: int, *, at: dt.datetime) -> int:
    """Works on a batch if it wants work now, for about half a minute, then rings again; returns for how many people it did their turn.

    Claims it by lease and renews the lease between chunks. A ValidationError of an action is the row's words (left out); any other
    exception is logged and the row is marked as not done. When the database is away the row waits for the next claim. A batch whose
    claims bring nothing eight times in a row stops, and the coordinator is told.
    """
    rows = Batch.objects.filter(pk=batch_pk)
    lease = dt.timedelta(seconds=settings.BATCH_LEASE_SECONDS)
    token = leases.claim(rows, ready=BatchState.QUEUED, claimed=BatchState.CLAIMED, lease=lease, at=at)
    if token is None:
        return 0
    batch = rows.select_related("course__current").get()
    if batch.tries > leases.MAX_TRIES:
        leases.move(rows, token, state=BatchState.STOPPED, lease_token=None, lease_until=None)
        log.error("batch %s stopped after %d tries", batch.public_id, leases.MAX_TRIES)
        return 0
    turn = _Turn(batch)
    done = 0
    while True:
        waiting = list(turn.waiting()[:CHUNK])
        now = clock.now()
        if not waiting:
            leases.move(
                rows, token, state=BatchState.SETTLED, settled_at=now, tries=0, lease_token=None, lease_until=None
            )
            return done
        if now >= at + SLICE:
            with transaction.atomic():
                if leases.move(
                    rows, token, state=BatchState.QUEUED, next_try_at=now, lease_token=None, lease_until=None
                ):
                    leases.ring_after_commit(WORK, batch_pk)
            return done
        if not leases.move(rows, token, lease_until=now + lease, next_try_at=now + lease):
            return done  # undone meanwhile, or taken over
        for row in waiting:
            if clock.now() >= at + SLICE:
                break
            done += turn.take(row, at=at)
            failpoint("batch.after_row")
        rows.filter(lease_token=token).update(tries=0)


class _Turn:
    """One batch in one direction, person by person."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.order = order_of(batch, edition_of(batch))
        self.undoing = batch.undone_at is not None
        actor = batch.undone_by if self.undoing else batch.made_by
        self.by = User.objects.get(subject=actor)
        self.reason = batch.undone_reason if self.undoing else batch.reason

    def waiting(self) -> Any:
        rows = self.batch.rows.select_related("learner__site")
        if self.undoing:
            return rows.filter(state__in=[RowState.DONE, RowState.WAITING]).order_by("-position")
        return rows.filter(state=RowState.WAITING).order_by("position")

    def take(self, row: BatchRow, *, at: dt.datetime) -> int:
        """1 if this call did the person's turn, 0 if another had done it."""
        try:
            with transaction.atomic():
                record.hold(row.learner.subject)
                mine = BatchRow.objects.filter(pk=row.pk, state=row.state)
                if not mine.update(state=row.state):  # holds the row until this transaction ends
                    return 0
                mine.update(**(self._back(row, at) if self.undoing else self._forth(row, at)))
                failpoint("batch.in_row")
        except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
            raise
        except Exception:
            log.exception("batch %s: the turn of person %s failed", self.batch.public_id, row.learner_id)
            state = RowState.KEPT if self.undoing else RowState.FAILED
            return BatchRow.objects.filter(pk=row.pk, state=row.state).update(state=state, words=BROKE)
        return 1

    def _forth(self, row: BatchRow, at: dt.datetime) -> dict[str, Any]:
        user = User.objects.select_related("site", "team").get(pk=row.learner_id)
        (verdict,) = judge(self.order, [user], at)
        if verdict.skip:
            return {"state": RowState.SKIPPED, "words": verdict.skip}
        act: Callable[..., dict[str, Any]] = {
            BatchKind.ASSIGN: self._assign,
            BatchKind.EXEMPT: self._exempt,
            BatchKind.EXTEND: self._extend,
            BatchKind.REOPEN: self._reopen,
        }[BatchKind(self.batch.kind)]
        try:
            with transaction.atomic():
                return {"state": RowState.DONE, **act(verdict, at)}
        except ValidationError as error:
            return {"state": RowState.SKIPPED, "words": " ".join(error.messages)[:300]}

    def _assign(self, verdict: Verdict, at: dt.datetime) -> dict[str, Any]:
        assert verdict.due_on is not None
        made = assigning.assign(
            verdict.user,
            self.order.course,
            due_on=verdict.due_on,
            reason=self.reason,
            by=self.by.subject,
            at=at,
            batch=str(self.batch.public_id),
        )
        return {"ref": made.public_id, "words": f"Assigned, due {dates.long_date(made.due_on)}."}

    def _exempt(self, verdict: Verdict, at: dt.datetime) -> dict[str, Any]:
        assert self.order.starts_on is not None
        made = excepting.grant(
            verdict.user,
            ExceptionKind.EXEMPTION,
            starts_on=self.order.starts_on,
            ends_on=self.order.ends_on,
            reason=self.reason,
            course=self.order.course,
            by=self.by,
            at=at,
            batch=str(self.batch.public_id),
        )
        until = f"to {dates.long_date(made.ends_on)}" if made.ends_on else "without an end"
        return {"ref": made.public_id, "words": f"Exempt {until}."}

    def _extend(self, verdict: Verdict, at: dt.datetime) -> dict[str, Any]:
        before: list[dict[str, Any]] = []
        for move in verdict.moves:
            row = move.assignment
            was = {"assignment": str(row.public_id), "from": str(row.due_on), "to": str(move.due_on)}
            before.append({**was, "by_hand": row.why.get("moved") or False})
            self._move(row, move.due_on, at)
        (first, *_) = verdict.moves
        words = f"Due {dates.long_date(first.due_on)} instead of {dates.long_date(dt.date.fromisoformat(before[0]['from']))}."
        return {"ref": first.assignment.public_id, "before": before, "words": words}

    def _reopen(self, verdict: Verdict, at: dt.datetime) -> dict[str, Any]:
        assert self.order.edition is not None
        rows = [
            reopening.reopen(
                again.held,
                self.order.edition,
                due_on=again.due_on,
                by=self.by.subject,
                at=at,
                batch=str(self.batch.public_id),
            )
            for again in verdict.agains
        ]
        first = min(rows, key=lambda row: row.due_on)
        before = [{"assignment": str(row.public_id)} for row in rows]
        words = f"Asked again, due {dates.long_date(first.due_on)}."
        return {"ref": first.public_id, "before": before, "words": words}

    def _move(self, row: Assignment, due_on: dt.date, at: dt.datetime, *, by_hand: bool = True) -> None:
        batch = str(self.batch.public_id)
        assigning.move_due_date(
            row, due_on, reason=self.reason, by=self.by.subject, at=at, by_hand=by_hand, batch=batch
        )

    def _back(self, row: BatchRow, at: dt.datetime) -> dict[str, Any]:
        if row.state == RowState.WAITING:
            return {"state": RowState.SKIPPED, "words": "The batch was undone before it came to them."}
        act: Callable[..., str] = {
            BatchKind.ASSIGN: self._withdraw,
            BatchKind.EXEMPT: self._end,
            BatchKind.EXTEND: self._move_back,
            BatchKind.REOPEN: self._withdraw_all,
        }[BatchKind(self.batch.kind)]
        try:
            with transaction.atomic():
                kept = act(row, at)
        except ValidationError as error:
            kept = " ".join(error.messages)[:300]
        return (
            {"state": RowState.KEPT, "words": kept}
            if kept
            else {"state": RowState.UNDONE, "words": UNDONE[self.batch.kind]}
        )

    def _withdraw_all(self, row: BatchRow, at: dt.datetime) -> str:
        kept = [self._withdraw_one(one["assignment"], at) for one in row.before]
        return next((words for words in kept if words), "")

    def _withdraw(self, row: BatchRow, at: dt.datetime) -> str:
        return self._withdraw_one(str(row.ref), at)

    def _withdraw_one(self, ref: str, at: dt.datetime) -> str:
        """Takes the assignment back unless the person has done something for it. Returns why it stays, or nothing."""
        found = Assignment.objects.select_related("learner__site", "course", "enrollment").get(public_id=ref)
        if found.withdrawn_at is not None:
            return "Withdrawn before, so it stays as it is."
        run = found.enrollment
        if found.satisfied_at is not None or (run is not None and run.completed_at is not None):
            return "Completed since then, so it stays."
        if run is not None and (
            (run.started_at is not None and run.started_at >= found.assigned_at)
            or run.progress.filter(opened_at__gte=found.assigned_at).exists()
        ):
            return "Begun since then, so it stays. You can withdraw it from their page."
        assigning.withdraw(found, reason=self.reason, by=self.by.subject, at=at, batch=str(self.batch.public_id))
        return ""

    def _end(self, row: BatchRow, at: dt.datetime) -> str:
        found = DutyException.objects.select_related("learner__site").get(public_id=str(row.ref))
        ended = excepting.end(
            found, reason=self.reason, by=self.by, at=at, taken_back=True, batch=str(self.batch.public_id)
        )
        return "" if ended else "It was over before, so it stays as it is."

    def _move_back(self, row: BatchRow, at: dt.datetime) -> str:
        """Gives each moved due date its old day back, unless somebody moved it since or the old day came and went meanwhile."""
        kept = ""
        moved = {one["assignment"]: one for one in row.before}
        mine = Assignment.objects.filter(public_id__in=list(moved)).select_related("learner__site", "course")
        for assignment in mine.order_by("pk"):
            was = moved[str(assignment.public_id)]
            old = dt.date.fromisoformat(was["from"])
            passed = self.batch.made_at < dates.end_of_day(old, assignment.learner.zone) <= at
            if str(assignment.due_on) != was["to"]:
                kept = f"Somebody moved it since then, to {dates.long_date(assignment.due_on)}, so it stays."
            elif passed:
                kept = f"The old day, {dates.long_date(old)}, has passed since then, so the new one stays."
            else:
                self._move(assignment, old, at, by_hand=was["by_hand"])
        return kept


UNDONE: dict[str, str] = {
    BatchKind.ASSIGN: "Withdrawn again.",
    BatchKind.EXEMPT: "No longer exempt.",
    BatchKind.EXTEND: "The old due date holds again.",
    BatchKind.REOPEN: "Not asked again any more.",
}


def sweep(*, at: dt.datetime) -> int:
    """Rings for every batch that wants work; returns how many there are."""
    due = leases.due(Batch.objects.all(), ready=BatchState.QUEUED, claimed=BatchState.CLAIMED, at=at)
    pks = list(due.values_list("pk", flat=True)[:50])
    for pk in pks:
        leases.ring_after_commit(WORK, pk)
    return len(pks)


def _event(batch: Batch, kind: EventKind, payload: dict[str, Any], *, by: User, at: dt.datetime) -> None:
    base = {"batch": str(batch.public_id), "identity": snapshot_of(by, at=at).hash}
    record.append(by.subject, kind, {**base, **payload}, at=at, by=by.subject)
