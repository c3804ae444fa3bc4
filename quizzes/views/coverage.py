"""The coordinator's page: what is taught, and what is tested."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from courses.authoring.course import compile_tree
from courses.authoring.coverage import Coverage, measure
from lms.people.access import Action, allowed
from lms.people.views.base import desk_page
from quizzes.authoring import compile_quiz

Stamp = tuple[tuple[str, int, int], ...]


@allowed(Action.RUN_QUESTIONS)
@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Measured from the content folder, anew only when a file in it changed. Without the folder a sentence says so."""
    root = Path(settings.CONTENT_DIR)
    found, errors = _measured(root, _stamp(root)) if root.is_dir() else (None, 0)
    return desk_page(request, "quizzes/coverage.html", {"coverage": found, "errors": errors})


def _stamp(root: Path) -> Stamp:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return tuple((str(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in files)


@lru_cache(maxsize=1)
def _measured(root: Path, stamp: Stamp) -> tuple[Coverage, int]:
    tree = compile_tree(root, check_quiz=compile_quiz)
    return measure(tree), len(tree.findings.errors)
