"""The result of an attempt, at once after hand-in: feedback, what to reread, what comes next."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from courses.models import Certificate
from courses.queries.training import next_step, unit_rows
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in
from quizzes import kinds
from quizzes.access import attempt_for
from quizzes.enums import AttemptState, Confidence
from quizzes.feedback import Level, level_at, moment_of, opened, opens_later
from quizzes.grading.paper import PaperResult
from quizzes.models import Attempt, Correction, Dispute, Response
from quizzes.queries.corrections import Ruling, rulings
from quizzes.queries.results import counted, raised_by, steps_under
from quizzes.queries.reviews import reader_of
from quizzes.queries.standing import standing
from quizzes.views.clock import closed_sentence


@dataclasses.dataclass(frozen=True)
class Feedback:
    """One question of the result page."""

    position: int
    right: bool
    critical: bool
    sure: bool
    confidence: str
    objective: str
    section: str
    section_id: str
    review: dict[str, Any]
    template: str
    corrected: Correction | None = None
    left_out: bool = False
    dispute: Dispute | None = None


@allowed(Action.LEARN)
@never_cache
@require_safe
def result(request: HttpRequest, attempt: uuid.UUID) -> HttpResponse:
    """Only after hand-in; before it this leads back to the quiz. Shows what the quiz opens at this moment (``quizzes.feedback``).

    Missed questions come first: critical ones, then those that the learner was sure of, then the rest.
    """
    mine = attempt_for(signed_in(request), attempt)
    if mine.state != AttemptState.SUBMITTED:
        return redirect("question", mine.public_id, 1)
    mine = counted([mine])[0]
    raised = raised_by(mine)
    now = clock.now()
    enrollment = mine.enrollment
    responses = list(mine.responses.select_related("question", "dispute__review").order_by("position"))
    held = rulings(enrollment.course_id, [r.question for r in responses])
    assert mine.submitted_at is not None
    paper = steps_under(held, responses, pass_mark=mine.pass_mark, submitted_at=mine.submitted_at)[-1].paper
    state = standing(enrollment, mine.unit, now)
    moment = moment_of(passed=state.passed, all_used=state.all_used)
    level = level_at(moment, mine.quiz.feedback)
    listed = responses if level.shows(Level.RIGHT) else []
    feedback = [_feedback(mine, r, level, held.get(r.question_id, []), paper) for r in listed]
    missed = sorted((f for f in feedback if not f.right), key=lambda f: (not f.critical, not f.sure, f.position))
    objectives = mine.unit.objective_texts
    units = unit_rows(enrollment)
    certificate = Certificate.objects.filter(enrollment=enrollment, superseded_at__isnull=True).first()
    context = {
        "attempt": mine,
        "raised": raised,
        "enrollment": enrollment,
        "missed": missed,
        "sure_and_wrong": [f.position for f in missed if f.sure],
        "opens_later": opens_later(level, mine.quiz.feedback),
        "right": [f for f in feedback if f.right],
        "reread": list(dict.fromkeys((f.section, f.section_id) for f in missed if f.section)),
        "objectives": [
            (objectives.get(o, ""), right, total, critical) for o, right, total, critical in mine.by_objective or []
        ],
        "responses": responses,
        "reader": reader_of(responses),
        "needed": -(-mine.out_of * mine.pass_mark // 100),
        "has_critical": any(r.question.critical for r in responses),
        "reached_mark": mine.points is not None and mine.points * 100 >= mine.out_of * mine.pass_mark,
        "standing": state,
        "allowed": state.allowed,
        "closed_sentence": closed_sentence(mine),
        "next_attempt_at": mine.submitted_at + dt.timedelta(minutes=enrollment.version.wait_minutes),
        "next_step": next_step(enrollment) if mine.passed else None,
        "certificate": certificate if mine.passed and enrollment.completed_at else None,
        "completed_now": enrollment.completed_at == mine.submitted_at,
        "units_done": sum(row.done for row in units),
        "units_total": len(units),
        "zone": enrollment.learner.zone,
    }
    return render(request, "quizzes/passed.html" if mine.passed else "quizzes/not_yet.html", context)


def _feedback(attempt: Attempt, response: Response, level: Level, held: list[Ruling], paper: PaperResult) -> Feedback:
    """The question under the key that counts now, with what became of the learner's points."""
    mended = [ruling.stored for ruling in held if ruling.stored is not None]
    stored = mended[-1] if mended else response.question.stored
    index = response.position - 1
    kind = kinds.get(response.question.kind)
    section = response.question.section
    beliefs = attempt.enrollment.version.misconceptions
    return Feedback(
        position=response.position,
        right=paper.results[index].right or index in paper.left_out,
        critical=response.question.critical,
        sure=response.confidence == Confidence.SURE,
        confidence=Confidence(response.confidence).label if response.confidence else "",
        objective=attempt.unit.objective_texts.get(response.question.objective, ""),
        section=section,
        section_id=attempt.unit.section_ids.get(section, ""),
        review=opened(kind.review(stored, response.order, response.answer), level, beliefs),
        template=kind.review_template,
        corrected=held[-1].correction if held and level.shows(Level.ANSWERS) else None,
        left_out=index in paper.left_out,
        dispute=getattr(response, "dispute", None),
    )
