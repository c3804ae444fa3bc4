from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from lms.health import queries
from lms.lib import clock
from lms.people.access import Action, allowed
from lms.people.views.base import Sign, desk_page

WELL = Sign("done", "circle-check", "Works")
ILL = Sign("late", "circle-x", "Needs help")


def _answer(problems: dict[str, str], report: dict[str, Any] | None = None) -> JsonResponse:
    body = {"status": "problem" if problems else "ok", **(report or {})}
    if problems:
        body["problems"] = problems
    response = JsonResponse(body, status=503 if problems else 200)
    response["Cache-Control"] = "no-store"
    # A 503 is an answer here; without this mark Django would log an error for each look of a monitor.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Touches neither database nor broker."""
    return _answer({})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """This process may be given visitors: database, migrations, static files; 503 names what is missing."""
    return _answer(queries.problems_to_serve())


@require_safe
def work(request: HttpRequest) -> JsonResponse:
    """Work gets done: broker, beat, worker, mail server, planner, mail; 503 names what does not. Pages do not need any of them."""
    report, problems = queries.work_report()
    return _answer(problems, report)


@allowed(Action.SEE_SYSTEM)
@require_safe
def system(request: HttpRequest) -> HttpResponse:
    """The same parts and words as for a monitor, for people: what needs help first, each with since when and what to do."""
    at = clock.now()
    parts = [
        queries.Part("web", "Web pages", "Answer when you open them", seen=at),
        *queries.work_parts(at),
    ]
    rows = [
        {"part": part, "sign": ILL if part.problem else WELL}
        for part in sorted(parts, key=lambda part: not part.problem)
    ]
    ill = sum(bool(part.problem) for part in parts)
    return desk_page(request, "health/system.html", {"at": at, "rows": rows, "ill": ill})
