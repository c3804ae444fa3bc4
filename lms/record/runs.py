"""Reading what a seal holds: its events, and the ends of all chains."""

import itertools
import uuid
from collections.abc import Iterable, Iterator

from django.db.models import Exists, OuterRef, Q, Subquery

from lms.record.chain import COLUMNS, Event
from lms.record.models import Seal, SealedRun, TrainingEvent

RUNS_AT_ONCE = 100


def events_of_runs(runs: Iterable[SealedRun]) -> Iterator[Event]:
    """The events of these runs, run by run. Some runs are read with one query. The runs come in the order of their subjects."""
    todo = iter(runs)
    while some := list(itertools.islice(todo, RUNS_AT_ONCE)):
        wanted = Q()
        for run in some:
            wanted |= Q(subject=run.subject, seq__gte=run.first, seq__lte=run.last)
        rows = TrainingEvent.objects.filter(wanted).order_by("subject", "seq").values_list(*COLUMNS, named=True)
        yield from rows.iterator()


def sealed_ends(seal: Seal) -> Iterator[tuple[uuid.UUID, int, str]]:
    """Subject, number and hash of the last event of every chain when the seal was made, by subject. An event that is not there any
    more has no hash."""
    here = TrainingEvent.objects.filter(subject=OuterRef("subject"), seq=OuterRef("last")).values("hash")[:1]
    until = SealedRun.objects.filter(seal__number__lte=seal.number)
    later = until.filter(subject=OuterRef("subject"), last__gt=OuterRef("last"))
    rows = until.filter(~Exists(later)).order_by("subject").annotate(end_hash=Subquery(here))
    for run in rows.iterator():
        yield run.subject, run.last, run.end_hash or ""
