"""The list of failpoints is whole, and every point of it was really reached."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults import noted
from tests.faults.points import POINTS

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

SOURCE = ("lms", "courses", "quizzes")


def points_in(path: Path) -> list[str]:
    """The names in the calls of ``failpoint``; a name that is not plain text cannot be listed, so it fails here."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "failpoint":
            (name,) = node.args
            point = name.value if isinstance(name, ast.Constant) else None
            assert isinstance(point, str), f"{path}:{node.lineno}"
            found.append(point)
    return found


def test_the_list_has_every_point_of_the_source() -> None:
    root = Path(settings.BASE_DIR)
    found = {point for folder in SOURCE for path in (root / folder).rglob("*.py") for point in points_in(path)}
    assert found == set(POINTS)
    assert all(POINTS.values())


def test_a_point_that_is_never_reached_fails_a_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``tests/conftest.py`` does at the end of each run."""
    monkeypatch.setattr(noted, "reached", set(POINTS) - {"pdf.mid_write"})
    monkeypatch.setattr(noted, "whole", False)
    assert noted.missing() == []
    noted.take({"reached": [], "whole": True})
    assert noted.missing() == ["pdf.mid_write"]
    noted.take({"reached": ["pdf.mid_write"], "whole": False})
    assert noted.missing() == []
