"""Rosters: taking a file in, naming its columns, confirming the preview, undoing. What is then done line by line stands in ``roster_work``."""

import datetime as dt
import json
import logging
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction

from lms.lib import names
from lms.outbox import work as leases
from lms.people.actions.identity import snapshot_of
from lms.people.enums import RosterEffect, RosterRowState, RosterStage, RosterState
from lms.people.models import RosterImport, RosterRow, User
from lms.people.queries.rosters import counts_of, needs_number
from lms.people.roster import columns, reading
from lms.people.roster.cells import Options
from lms.people.roster.limits import RosterError
from lms.record import actions as record
from lms.record.enums import EventKind

log = logging.getLogger(__name__)
WORK = "lms.people.tasks.work_on_roster"
ACTING = (RosterEffect.NEW, RosterEffect.BACK, RosterEffect.MOVED, RosterEffect.CHANGED, RosterEffect.LEAVES)
KEPT_DAYS = 14  # then a roster that nobody confirmed is thrown away
CELLS_KEPT_DAYS = 90  # then what stood in the lines of a roster that was imported is emptied
ALL, RIGHT = "all", "right"
_FREE = {"tries": 0, "lease_token": None, "lease_until": None}


def take_in(file: BinaryIO, *, size: int, name: str, by: User, at: dt.datetime) -> RosterImport:
    """Reads an uploaded file at once and keeps its cells as text; the file itself is not kept. Nothing is judged yet.

    Raises ValidationError (field ``file``) with a sentence if it cannot be read as a list of people.
    """
    try:
        table = reading.read(file, size)
    except RosterError as error:
        raise ValidationError({"file": str(error)}) from error
    packed = json.dumps([[row.number, row.cells] for row in table.rows], ensure_ascii=False).encode("utf-8", "replace")
    return RosterImport.objects.create(
        file_name=names.one_line(name)[-120:] or "roster",
        sha256=table.sha256,
        note=table.note[:300],
        head=table.head,
        table=zlib.compress(packed, 6),
        lines=len(table.rows),
        made_by=str(by.subject),
        made_at=at,
        next_try_at=at,
    )


def unpack(roster: RosterImport) -> list[tuple[int, list[str]]]:
    """The lines of the file: (number of the line, cells). Empty once the import is over."""
    if roster.table is None:
        return []
    return [(number, cells) for number, cells in json.loads(zlib.decompress(bytes(roster.table)))]


def choose_columns(roster: RosterImport, mapping: Mapping[str, int], options: Options, *, at: dt.datetime) -> None:
    """Says which column holds what, and has every line judged anew. What was judged before is thrown away. Raises ValidationError, by field,
    for a choice that makes no sense, and when the import was confirmed meanwhile."""
    faults = columns.faults(mapping)
    if faults:
        raise ValidationError({field: [sentence] for field, sentence in faults.items()})
    with transaction.atomic():
        won = RosterImport.objects.filter(pk=roster.pk, confirmed_at__isnull=True).update(
            mapping=dict(mapping),
            options=dict(vars(options)),
            stage=RosterStage.CHECKING,
            state=RosterState.QUEUED,
            next_try_at=at,
            checked_at=None,
            **_FREE,
        )
        if not won:
            raise ValidationError("This roster was imported meanwhile. Upload the file again to import it once more.")
        RosterRow.objects.filter(roster=roster).delete()
        leases.ring_after_commit(WORK, roster.pk)


def confirm(
    roster: RosterImport,
    *,
    mode: str,
    invite: bool,
    seen: str,
    typed: int | None = None,
    by: User,
    at: dt.datetime,
) -> bool:
    """Lets the worker carry the preview out, and writes ROSTER_IMPORTED to the record of whoever confirmed. False if it was confirmed before.

    ``mode`` is ``RIGHT`` (what is right is imported, errors stay listed) or ``ALL`` (nothing unless all is right); ``seen`` is the
    preview's stamp (``stamp``); ``typed`` how many people leave, needed when they are many. Raises ValidationError, by field, when
    something of that does not fit, and when there is nothing to do.
    """
    with transaction.atomic():
        record.hold(by.subject)
        taken = RosterImport.objects.filter(pk=roster.pk, confirmed_at__isnull=True)
        if not taken.update(state=roster.state):  # holds the row until this transaction ends
            if RosterImport.objects.filter(pk=roster.pk).exists():
                return False
            raise ValidationError("This roster was thrown away meanwhile. Upload the file again.")
        fresh = taken.get()
        if fresh.stage != RosterStage.CHECKING or fresh.state != RosterState.SETTLED or stamp(fresh) != seen:
            raise ValidationError("The preview has changed since you looked. Here is what would happen now.")
        counts = counts_of(fresh)
        doing = sum(counts.get(effect, 0) for effect in ACTING)
        errors = counts.get(RosterEffect.ERROR, 0)
        if mode == ALL and errors:
            lines = "1 line has an error" if errors == 1 else f"{errors} lines have errors"
            raise ValidationError(
                {
                    "mode": f"{lines}, so nothing is imported. Correct the file and upload it again, or import what is right."
                }
            )
        if not doing:
            raise ValidationError("There is nothing to do: no line changes anything.")
        leaving = needs_number(fresh, counts)
        if leaving and typed != leaving:
            raise ValidationError({"typed": f"Type {leaving}, the number of people whose account is closed."})
        rows = RosterRow.objects.filter(roster=fresh)
        rows.filter(effect=RosterEffect.ERROR).update(
            state=RosterRowState.SKIPPED, outcome="It has an error, so nothing was done."
        )
        rows.filter(effect=RosterEffect.SAME).update(state=RosterRowState.SKIPPED, outcome="Nothing was to be changed.")
        taken.update(
            options={**fresh.options, "mode": mode, "invite": invite},
            stage=RosterStage.DOING,
            state=RosterState.QUEUED,
            next_try_at=at,
            confirmed_by=str(by.subject),
            confirmed_at=at,
            **_FREE,
        )
        payload = {
            "file": fresh.sha256,
            "lines": fresh.lines,
            "mode": mode,
            "invite": invite,
            "effects": {str(effect): number for effect, number in sorted(counts.items())},
        }
        _event(fresh, EventKind.ROSTER_IMPORTED, payload, by=by, at=at)
        leases.ring_after_commit(WORK, fresh.pk)
    return True


def stamp(roster: RosterImport) -> str:
    """Names one preview of a roster; another one as soon as it was judged anew."""
    return roster.checked_at.isoformat() if roster.checked_at else ""


def undo(roster: RosterImport, *, by: User, at: dt.datetime) -> bool:
    """Turns the work round, also in the middle: whose turn is still to come is left out, and what was done is taken back from the last
    line to the first. False if it was undone before or never confirmed."""
    with transaction.atomic():
        record.hold(by.subject)
        won = RosterImport.objects.filter(pk=roster.pk, confirmed_at__isnull=False, undone_at__isnull=True).update(
            undone_by=str(by.subject),
            undone_at=at,
            stage=RosterStage.UNDOING,
            state=RosterState.QUEUED,
            next_try_at=at,
            **_FREE,
        )
        if won:
            _event(roster, EventKind.ROSTER_UNDONE, {}, by=by, at=at)
            leases.ring_after_commit(WORK, roster.pk)
    return bool(won)


def go_on(roster: RosterImport, *, at: dt.datetime) -> bool:
    """Lets a roster that stopped try again. False if it had not stopped."""
    with transaction.atomic():
        won = RosterImport.objects.filter(pk=roster.pk, state=RosterState.STOPPED).update(
            state=RosterState.QUEUED, tries=0, next_try_at=at
        )
        leases.ring_after_commit(WORK, roster.pk)
    return bool(won)


def throw_away(roster: RosterImport) -> bool:
    """Deletes a roster that was not confirmed, with all that stood in the file. False if it was confirmed or is gone."""
    with transaction.atomic():
        rows = RosterImport.objects.filter(pk=roster.pk, confirmed_at__isnull=True)
        if not rows.update(state=RosterState.SETTLED, **_FREE):
            return False
        RosterRow.objects.filter(roster=roster).delete()
        rows.delete()
    return True


def forget(user: User) -> int:
    """Empties what rosters keep of a person (for an erasure); how many lines it was. The lines stay, with what became of them."""
    rows = RosterRow.objects.filter(user=user)
    return rows.update(cells=[], email="", number="", name="", words="", plan={}, before={})


def _empty_old(at: dt.datetime) -> None:
    """Empties the cells of rosters that were imported ``CELLS_KEPT_DAYS`` ago. What each line did stays, and can still be undone: that needs
    no cells."""
    settled = RosterImport.objects.filter(state=RosterState.SETTLED)
    for old in settled.filter(confirmed_at__lt=at - dt.timedelta(days=CELLS_KEPT_DAYS)):
        if old.options.get("emptied"):
            continue
        with transaction.atomic():
            if settled.filter(pk=old.pk).update(options={**old.options, "emptied": True}):
                RosterRow.objects.filter(roster=old).update(cells=[])


def sweep(*, at: dt.datetime) -> int:
    """Rings for the rosters that want work, throws away what nobody confirmed for ``KEPT_DAYS``, and empties the cells of what was imported
    ``CELLS_KEPT_DAYS`` ago. Returns for how many it rang."""
    _empty_old(at)
    for old in RosterImport.objects.filter(confirmed_at__isnull=True, made_at__lt=at - dt.timedelta(days=KEPT_DAYS)):
        throw_away(old)
    rows = leases.due(RosterImport.objects.all(), ready=RosterState.QUEUED, claimed=RosterState.CLAIMED, at=at)
    pks = list(rows.values_list("pk", flat=True)[:50])
    for pk in pks:
        leases.ring_after_commit(WORK, pk)
    return len(pks)


def _event(roster: RosterImport, kind: EventKind, payload: dict[str, Any], *, by: User, at: dt.datetime) -> None:
    base = {"roster": str(roster.public_id), "identity": snapshot_of(by, at=at).hash}
    record.append(by.subject, kind, {**base, **payload}, at=at, by=by.subject)
