"""The rules that the compiler has, read from its source, so that no rule can be added without a fixture that breaks it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
SOURCES = (
    *sorted((PROJECT / "courses/authoring").glob("*.py")),
    PROJECT / "quizzes/authoring.py",
    PROJECT / "quizzes/pools.py",
)
_RULE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FIRST = {"error", "warning", "info", "_error", "report", "_Refused"}
_SECOND = {"add", "_say"}
_THIRD = {"_error", "_warn", "_error_at", "_warn_at"}
"""In the quiz compiler, whose reports begin with path and place."""
COMPUTED = {
    "f\"duplicate-{kind.replace(' ', '-')}\"": {
        *("duplicate-unit-id", "duplicate-unit-slug-of-greeting", "duplicate-objective-id", "duplicate-question-id"),
        *("duplicate-course-slug", "duplicate-path-slug"),
    },
    "f'figure-{tag}'": {"figure-title", "figure-desc"},
}
"""Names of rules that are put together while the program runs."""


def rules_in_source() -> set[str]:
    """Every rule id that some line of the compiler can report, except those of the language list (T-01 and so on)."""
    from courses.authoring.characters import RULE
    from courses.authoring.waivers import WAIVED

    found = {RULE, WAIVED}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for named in _named(node, path):
                if isinstance(named, ast.JoinedStr):
                    found |= COMPUTED[ast.unparse(named)]
                elif isinstance(named, ast.Constant) and isinstance(named.value, str) and _RULE.fullmatch(named.value):
                    found.add(named.value)
    return found


def _named(node: ast.AST, path: Path) -> Iterator[ast.expr]:
    """The argument that names the rule, where ``node`` reports a finding."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and path.name == "validate.py":
        yield from node.value.elts[:1]
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if path.parent.name == "quizzes" and path.name == "authoring.py" and name in _THIRD:
        yield from node.args[2:3]
    elif name in _FIRST:
        yield from node.args[:1]
    elif name in _SECOND:
        yield from node.args[1:2]
