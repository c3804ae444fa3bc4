"""Sealing the record: once a day, over everything recorded since the seal before."""

import datetime as dt
import logging

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from lms.record import merkle
from lms.record.actions import SYSTEM, append
from lms.record.chain import HOUSE, event_leaf, head_leaf, seal_hash
from lms.record.enums import EventKind
from lms.record.models import RecordHead, Seal, SealedRun
from lms.record.runs import events_of_runs

log = logging.getLogger(__name__)


def seal(day: dt.date, *, at: dt.datetime) -> Seal | None:
    """Makes the seal of this local day, or returns None when there is one already (of this day or a later one).

    In this order: the ends of all chains are read in one statement; the events between them and the seal before are read and hashed,
    outside of any transaction, since what is recorded stays as it is; then seal, runs and an event of the house are written together.
    Events recorded meanwhile belong to the next seal, and so does whatever was recorded on days that got no seal. Of two at once one
    is made. Chains that have faults are sealed as they stand: finding faults is for ``verifying``.
    """
    last = Seal.objects.last()
    if last is not None and last.day >= day:
        return None
    new = Seal(number=last.number + 1 if last else 1, day=day, at=at, prev=last.hash if last else "")
    runs: list[SealedRun] = []
    ends, leaves = merkle.Growing(), merkle.Growing()
    sealed = SealedRun.objects.filter(subject=OuterRef("subject")).order_by("-last").values("last")[:1]
    heads = RecordHead.objects.filter(seq__gt=0).annotate(sealed=Coalesce(Subquery(sealed), Value(0)))
    for head in heads.order_by("subject").iterator():
        ends.add(head_leaf(head.subject, head.seq, head.hash))
        if head.seq > head.sealed:
            runs.append(SealedRun(seal=new, subject=head.subject, first=head.sealed + 1, last=head.seq))
    for event in events_of_runs(runs):
        leaves.add(event_leaf(event))
    new.size, new.root = leaves.size, leaves.root().hex()
    new.heads, new.heads_root = ends.size, ends.root().hex()
    new.hash = seal_hash(new)
    try:
        with transaction.atomic():
            new.save(force_insert=True)
            SealedRun.objects.bulk_create(runs, batch_size=500)
            append(HOUSE, EventKind.RECORD_SEALED, {"seal": new.number, "hash": new.hash}, at=at, by=SYSTEM)
    except IntegrityError:
        if not Seal.objects.filter(number=new.number).exists():
            raise
        log.info("seal %s was made by somebody else at the same time", new.number)
        return None
    return new
