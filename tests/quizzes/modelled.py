"""The rules of an attempt a second time, in plain Python: what the state machine holds the engine against.

Nothing here asks the engine what is allowed. Grading alone is borrowed: it is pure, and has golden cases of its own.
"""

import copy
import dataclasses
import datetime as dt
import math
from decimal import Decimal
from typing import Any

from quizzes.grading.paper import PaperItem, PaperResult, grade_paper
from quizzes.models import Attempt

GRACE = dt.timedelta(seconds=30)
WAIT = dt.timedelta(minutes=60)
ATTEMPTS = 3
PASS_MARK = 75


@dataclasses.dataclass
class Kept:
    """What the server acknowledged last for one question."""

    answer: dict[str, Any] | None = None
    revision: int = 0
    receipt: str = ""
    confidence: str = ""


@dataclasses.dataclass
class Sitting:
    """One attempt as it was when it began, and what was acknowledged since."""

    pk: int
    number: int
    started_at: dt.datetime
    deadline_at: dt.datetime | None
    asked: dict[int, tuple[int, dict[str, Any], dict[str, Any]]]
    kept: dict[int, Kept]
    closed_at: dt.datetime | None = None
    closed_by: str = ""
    paper: PaperResult | None = None
    rows: Any = None  # the attempt and its responses in the database right after closing; never again another

    @classmethod
    def of(cls, attempt: Attempt, deadline_at: dt.datetime | None) -> "Sitting":
        responses = list(attempt.responses.select_related("question").order_by("position"))
        return cls(
            pk=attempt.pk,
            number=attempt.number,
            started_at=attempt.started_at,
            deadline_at=deadline_at,
            asked={
                r.position: (r.question_id, copy.deepcopy(r.question.stored), copy.deepcopy(r.order)) for r in responses
            },
            kept={r.position: Kept() for r in responses},
        )

    def is_over(self, at: dt.datetime) -> bool:
        return self.deadline_at is not None and at >= self.deadline_at + GRACE

    def close(self, at: dt.datetime) -> None:
        """By the learner in time, else by the deadline, and then dated there."""
        late = self.is_over(at)
        self.closed_at = self.deadline_at if late else at
        self.closed_by = "deadline" if late else "learner"
        items = [PaperItem(stored, order, self.kept[n].answer) for n, (_, stored, order) in sorted(self.asked.items())]
        self.paper = grade_paper(items, pass_mark=PASS_MARK)


@dataclasses.dataclass
class Person:
    """One learner at one quiz."""

    name: str
    enrollment: int
    unit: int
    edition: int
    limit: int | None
    factor: Decimal = Decimal(1)
    extra: int = 0
    opened: int = 0
    assigned: bool = True
    sittings: list[Sitting] = dataclasses.field(default_factory=list)
    most: int = ATTEMPTS  # what was allowed at best so far: an accommodation may end after it was used

    @property
    def open(self) -> Sitting | None:
        return next((s for s in self.sittings if s.closed_at is None), None)

    @property
    def passed(self) -> bool:
        return any(s.paper is not None and s.paper.passed for s in self.sittings)

    @property
    def allowed(self) -> int:
        return ATTEMPTS + self.extra + self.opened

    def deadline(self, start: dt.datetime) -> dt.datetime | None:
        return None if self.limit is None else start + dt.timedelta(minutes=math.ceil(self.limit * self.factor))

    @property
    def used_up(self) -> bool:
        return not self.passed and self.open is None and len(self.sittings) >= self.allowed

    def give(self, factor: Decimal, extra: int, at: dt.datetime) -> None:
        """Other rules from now on. An open attempt whose time is not over gets more time, never less."""
        self.factor, self.extra = factor, extra
        self.most = max(self.most, self.allowed)
        sitting = self.open
        if sitting is not None and sitting.deadline_at is not None and not sitting.is_over(at):
            new = self.deadline(sitting.started_at)
            assert new is not None
            sitting.deadline_at = max(sitting.deadline_at, new)

    def may_begin(self, at: dt.datetime) -> bool:
        """Whether a new attempt may begin; ``open`` is asked before."""
        last = self.sittings[-1].closed_at if self.sittings else None
        rested = last is None or at >= last + WAIT
        return self.assigned and not self.passed and len(self.sittings) < self.allowed and rested
