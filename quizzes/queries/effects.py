"""Whom a correction would touch, and how. The same function previews a correction and applies it."""

import dataclasses
import datetime as dt
from collections import defaultdict
from typing import Any

from courses.models import UnitProgress
from quizzes import kinds
from quizzes.enums import AttemptState
from quizzes.grading.paper import PaperItem, PaperResult
from quizzes.grading.rescoring import Amendment, Step, history, strict
from quizzes.models import Attempt, Question, Response
from quizzes.queries.corrections import Ruling, editions_of, rulings


@dataclasses.dataclass(frozen=True)
class Draft:
    """A correction that is not made yet: ``key`` as the question's kind reads it, or None, which voids the question."""

    key: Any | None

    def stored(self, question: Question) -> dict[str, Any] | None:
        return None if self.key is None else kinds.get(question.kind).rekeyed(question.stored, self.key)


@dataclasses.dataclass(frozen=True)
class Effect:
    """One attempt. ``before`` counts now, ``after`` would count. ``done``: the unit is completed already, by whatever attempt."""

    attempt: Attempt
    before: Step
    after: Step
    falls: bool
    done: bool

    @property
    def gains(self) -> bool:
        return self.after is not self.before

    @property
    def newly_passes(self) -> bool:
        return self.gains and self.after.paper.passed and not self.before.paper.passed

    @property
    def completes(self) -> bool:
        """This pass is what completes the unit."""
        return self.newly_passes and not self.done


@dataclasses.dataclass(frozen=True)
class Effects:
    """Every handed-in attempt that drew the question. ``open`` ones will be graded by the new key when they are handed in."""

    rows: tuple[Effect, ...]
    open: int

    @property
    def gaining(self) -> list[Effect]:
        return [row for row in self.rows if row.gains]

    @property
    def passing(self) -> list[Effect]:
        return [row for row in self.rows if row.newly_passes]

    @property
    def falling(self) -> list[Effect]:
        """Who would not pass any more if the new key were applied strictly. They keep their pass."""
        return [row for row in self.rows if row.falls]


def in_force(question: Question, held: dict[int, list[Ruling]]) -> dict[str, Any] | None:
    """The stored form that counts now; None when the question is void."""
    return held[question.pk][-1].stored if held.get(question.pk) else question.stored


def effects(question: Question, draft: Draft, *, made_at: dt.datetime) -> Effects:
    """What the draft would do, for the question in every edition that asks the same. A fixed number of queries.

    ``question`` comes with quiz, unit, version and course.
    """
    editions = {row.pk: row for row in editions_of(question)}
    touched = Attempt.objects.filter(responses__question__in=list(editions))
    attempts = list(
        touched.filter(state=AttemptState.SUBMITTED)
        .select_related("enrollment__learner__site", "enrollment__version", "enrollment__course", "unit")
        .order_by("submitted_at", "pk")
    )
    responses = _responses([attempt.pk for attempt in attempts], list(editions))
    drawn = {r.question_id: r.question for rows in responses.values() for r in rows}
    held = rulings(question.quiz.unit.version.course_id, drawn.values())
    drafts = {pk: draft.stored(row) for pk, row in editions.items()}
    done = set(
        UnitProgress.objects.filter(
            enrollment__attempts__responses__question__in=list(editions), completed_at__isnull=False
        ).values_list("enrollment_id", "unit_id")
    )
    rows = tuple(
        _effect(attempt, responses[attempt.pk], held, drafts, made_at, (attempt.enrollment_id, attempt.unit_id) in done)
        for attempt in attempts
    )
    return Effects(rows, touched.filter(state=AttemptState.IN_PROGRESS).count())


def _responses(attempts: list[int], editions: list[int]) -> dict[int, list[Response]]:
    """The answers of the attempts, each question read once however many drew it."""
    rows = Response.objects.filter(
        attempt__in=Attempt.objects.filter(responses__question__in=editions, state=AttemptState.SUBMITTED)
    )
    wanted = set(attempts)
    found: dict[int, list[Response]] = defaultdict(list)
    for row in rows.only("attempt_id", "position", "question_id", "order", "answer").order_by("attempt_id", "position"):
        if row.attempt_id in wanted:
            found[row.attempt_id].append(row)
    questions = Question.objects.in_bulk({row.question_id for own in found.values() for row in own})
    for own in found.values():
        for row in own:
            row.question = questions[row.question_id]
    return found


def _effect(
    attempt: Attempt,
    responses: list[Response],
    held: dict[int, list[Ruling]],
    drafts: dict[int, dict[str, Any] | None],
    made_at: dt.datetime,
    done: bool,
) -> Effect:
    assert attempt.submitted_at is not None
    items = [PaperItem(r.question.stored, r.order, r.answer) for r in responses]
    amendments: list[Amendment] = []
    for index, response in enumerate(responses):
        amendments += [ruling.amendment(index) for ruling in held.get(response.question_id, ())]
    amendments.sort(key=lambda one: (one.made_at, one.mark))
    before = history(items, amendments, pass_mark=attempt.pass_mark, submitted_at=attempt.submitted_at)[-1]
    index = next(n for n, response in enumerate(responses) if response.question_id in drafts)
    # Later than every hand-in that it meets, so that it is applied in favor, whatever two clocks say.
    new = Amendment(index, max(made_at, attempt.submitted_at), drafts[responses[index].question_id])
    amendments.append(new)
    after = history(items, amendments, pass_mark=attempt.pass_mark, submitted_at=attempt.submitted_at)[-1]
    harsh: PaperResult = strict(items, amendments, pass_mark=attempt.pass_mark)
    gained = after if after.amendment is new else before
    return Effect(attempt, before, gained, falls=before.paper.passed and not harsh.passed, done=done)
