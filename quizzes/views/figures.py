"""The coordinator's pages about how questions do. Figures of groups only: no person is named, and none is read."""

import dataclasses
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lms.lib import clock
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import desk_page
from quizzes import kinds
from quizzes.access import question_for_coordinator
from quizzes.enums import Confidence
from quizzes.models import Correction
from quizzes.queries.corrections import editions_of, rulings
from quizzes.queries.statistics import QuestionRow, quiz_rows
from quizzes.statistics import ENOUGH, MANY, THIRDS
from quizzes.statistics.figures import Estimate
from quizzes.statistics.question import Line, Table

NO_BREAK = "\u00a0"
FIRST = 20
"""So many flagged questions are shown at once; the others open below them."""
BASE = {"enough": ENOUGH, "many": MANY, "thirds": THIRDS}


@dataclasses.dataclass(frozen=True)
class Shown:
    """A figure as people read it: the value, and its interval while there are few answers."""

    value: str
    interval: str = ""


def percent(value: float) -> str:
    return f"{round(value * 100)}%"


def _range(low: str, high: str) -> str:
    """On one line, with a true minus sign."""
    return f"{low} to {high}".replace(" ", NO_BREAK)


def _decimal(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")


def as_percent(found: Estimate | None) -> Shown | None:
    if found is None:
        return None
    return Shown(percent(found.value), _range(percent(found.low), percent(found.high)) if found.n < MANY else "")


def as_number(found: Estimate | None) -> Shown | None:
    if found is None:
        return None
    return Shown(_decimal(found.value), _range(_decimal(found.low), _decimal(found.high)) if found.n < MANY else "")


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """Which questions ask for a look, gravest first; then every quiz of the current editions."""
    quizzes = quiz_rows(clock.now())
    flagged = sorted((row for quiz in quizzes for row in quiz.flagged), key=lambda row: -row.grave)
    context = {
        **BASE,
        "quizzes": quizzes,
        "flagged": flagged[:FIRST],
        "more": flagged[FIRST:],
        "answers": sum(quiz.answers for quiz in quizzes),
    }
    return desk_page(request, "quizzes/desk/questions.html", context)


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_safe
def quiz_figures(request: HttpRequest, course: str, unit: str) -> HttpResponse:
    """One quiz: its reliability and each of its questions."""
    rows = quiz_rows(clock.now(), course=course, unit=unit)
    if not rows:
        raise Http404
    row = rows[0]
    context = {
        **BASE,
        "row": row,
        "unit": row.quiz.unit,
        "course": row.quiz.unit.version.course,
        "alpha": None if row.reliability.alpha is None else _decimal(row.reliability.alpha),
        "rows": [
            (one, as_percent(one.figures.facility), as_number(one.figures.discrimination)) for one in row.questions
        ],
    }
    return desk_page(request, "quizzes/desk/quiz.html", context)


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_safe
def question_figures(request: HttpRequest, question: int) -> HttpResponse:
    """One question with all that its answers say. A question of an older edition leads to the figures of the current one, where
    that still asks it."""
    viewer = signed_in(request)
    found = question_for_coordinator(viewer, question)
    version = found.quiz.unit.version
    quizzes = quiz_rows(clock.now(), course=version.course.slug)
    rows = [row for quiz in quizzes for row in quiz.questions]
    row = next((row for row in rows if row.question.author_id == found.author_id), None)
    if row is None:
        raise Http404
    made = list(Correction.objects.filter(question__in=editions_of(row.question)).order_by("-number"))
    context = {
        **BASE,
        **_page(row),
        "course": version.course,
        "unit": row.question.quiz.unit,
        "corrections": made,
        "zone": viewer.zone,
    }
    return desk_page(request, "quizzes/desk/question.html", context)


def _page(row: QuestionRow) -> dict[str, Any]:
    question, found = row.question, row.figures
    version = question.quiz.unit.version
    held = rulings(version.course_id, [question]).get(question.pk, [])
    mended = next((ruling.stored for ruling in reversed(held) if ruling.stored is not None), None)
    stored = mended or question.stored
    beliefs = {name: str(about.get("belief", name)) for name, about in version.misconceptions.items()}
    return {
        "row": row,
        "question": question,
        "kind": kinds.get(question.kind),
        "stored": stored,
        "figures": found,
        "facility": as_percent(found.facility),
        "discrimination": as_number(found.discrimination),
        "tables": [_table(table) for table in found.tables],
        "with_thirds": any(line.upper is not None for table in found.tables for line in table.lines),
        "seconds": None if found.mean_seconds is None else round(found.mean_seconds),
        "median": None if found.median_seconds is None else round(found.median_seconds),
        "sureness": [(Confidence(one.level).label, one.right, one.wrong) for one in found.sureness],
        "beliefs": [
            (beliefs.get(one.name, one.name), percent(one.before), None if one.after is None else percent(one.after))
            for one in found.beliefs
        ],
        "void": row.correction is not None and row.correction.void,
        "pool_url": reverse("desk_questions", args=[version.course.slug, question.quiz.unit.slug]),
    }


def _table(table: Table) -> dict[str, Any]:
    return {"title": table.title, "several": table.several, "lines": [_line(line) for line in table.lines]}


def _line(line: Line) -> dict[str, Any]:
    return {
        "text": line.text,
        "right": line.right,
        "nothing": line.nothing,
        "count": line.count,
        "share": percent(line.share),
        "value": round(line.share * 100),
        "upper": None if line.upper is None else percent(line.upper),
        "lower": None if line.lower is None else percent(line.lower),
    }
