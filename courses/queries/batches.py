"""Batches as the coordinator reads them: how far each is, and what became of whom."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db.models import Count, QuerySet

from courses.enums import BatchState, RowState
from courses.models import Batch, BatchRow
from courses.queries.orders import Order, order_of, words_of
from lms.people.queries.people import names_of_subjects

SIGNS = {
    RowState.WAITING: ("idle", "hourglass"),
    RowState.DONE: ("done", "circle-check"),
    RowState.SKIPPED: ("pause", "circle-minus"),
    RowState.FAILED: ("late", "circle-x"),
    RowState.UNDONE: ("pause", "rotate-ccw"),
    RowState.KEPT: ("soon", "triangle-alert"),
}


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a batch is. ``counts``: people by RowState, only those that are there."""

    batch: Batch
    counts: Mapping[str, int]

    def of(self, *states: RowState) -> int:
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def undoing(self) -> bool:
        return self.batch.undone_at is not None

    @property
    def working(self) -> bool:
        return self.batch.state in (BatchState.QUEUED, BatchState.CLAIMED)

    @property
    def stopped(self) -> bool:
        return self.batch.state == BatchState.STOPPED

    @property
    def turns(self) -> int:
        """How many people it is about: everybody chosen, or those for whom there is something to undo."""
        if self.undoing:
            return self.of(RowState.UNDONE, RowState.KEPT, RowState.DONE, RowState.WAITING)
        return self.batch.total

    @property
    def over(self) -> int:
        """How many of them had their turn."""
        return self.turns - self.of(RowState.WAITING, *([RowState.DONE] if self.undoing else []))

    @property
    def done(self) -> int:
        return self.of(RowState.DONE)

    @property
    def skipped(self) -> int:
        return self.of(RowState.SKIPPED)

    @property
    def failed(self) -> int:
        return self.of(RowState.FAILED)

    @property
    def undone(self) -> int:
        return self.of(RowState.UNDONE)

    @property
    def kept(self) -> int:
        return self.of(RowState.KEPT)

    @property
    def tenths(self) -> int:
        """How many tenths are done, for those who listen: not every number is read out."""
        return self.over * 10 // self.turns if self.turns else 10

    @property
    def sign(self) -> tuple[str, str, str]:
        """Colour family, icon and word."""
        if self.stopped:
            return "late", "circle-alert", "Stopped"
        if self.working:
            return "active", "hourglass", "Being undone" if self.undoing else "Being worked on"
        return ("pause", "rotate-ccw", "Undone") if self.undoing else ("done", "circle-check", "Done")


def progress_of(batches: Sequence[Batch]) -> list[Progress]:
    """One query."""
    counts: dict[int, dict[str, int]] = {batch.pk: {} for batch in batches}
    rows = BatchRow.objects.filter(batch__in=list(counts)).order_by().values_list("batch", "state")
    for batch, state, number in rows.annotate(number=Count("pk")):
        counts[batch][state] = number
    return [Progress(batch, counts[batch.pk]) for batch in batches]


@dataclasses.dataclass(frozen=True)
class BatchLine:
    """A batch in the list of batches."""

    progress: Progress
    order: Order
    made_by: str

    @property
    def batch(self) -> Batch:
        return self.progress.batch


def all_batches() -> QuerySet[Batch]:
    return Batch.objects.select_related("course").order_by("-made_at", "-pk")


def lines_of(batches: Iterable[Batch]) -> list[BatchLine]:
    """Two queries."""
    rows = list(batches)
    names = names_of_subjects({batch.made_by for batch in rows})
    return [BatchLine(one, order_of(one.batch), names.get(one.batch.made_by, "")) for one in progress_of(rows)]


@dataclasses.dataclass(frozen=True)
class BatchStory:
    """One batch with all that its page says above the people."""

    progress: Progress
    order: Order
    whom: str
    made_by: str
    undone_by: str


def story_of(batch: Batch) -> BatchStory:
    """At most four queries."""
    names = names_of_subjects({batch.made_by, batch.undone_by} - {""})
    (progress,) = progress_of([batch])
    return BatchStory(
        progress,
        order_of(batch),
        words_of(batch.filters),
        names.get(batch.made_by, ""),
        names.get(batch.undone_by, ""),
    )


def rows_of(batch: Batch, states: Iterable[RowState] = tuple(RowState)) -> QuerySet[BatchRow]:
    """The people of a batch in its order, in some states or in all."""
    rows = batch.rows.select_related("learner__site", "learner__team").order_by("position")
    return rows.filter(state__in=list(states))


CSV_HEAD = ("Name", "Job role", "Team", "Site", "What happened", "In words")


def csv_rows(batch: Batch) -> Iterator[tuple[object, ...]]:
    """The head and one row for each person, read from the database in parts."""
    yield CSV_HEAD
    for row in rows_of(batch).iterator(chunk_size=500):
        who = row.learner
        team = who.team.name if who.team else ""
        yield who.name, who.job_role, team, who.site.name, RowState(row.state).label, row.words
