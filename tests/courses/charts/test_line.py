"""The line over time: its scale, its gaps, its words."""

import datetime as dt

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from courses.charts.line import BOTTOM, LEFT, TOP, draw

FIRST = dt.date(2026, 8, 25)


def points(*percents: int | None) -> list[tuple[dt.date, int | None]]:
    return [(FIRST + dt.timedelta(days=7 * number), percent) for number, percent in enumerate(percents)]


def test_nothing_known() -> None:
    for none in ([], points(None, None)):
        drawn = draw(none, 960)
        assert (drawn.paths, drawn.first, drawn.last, drawn.lowest) == ((), None, None, None)


def test_one_point_is_a_mark_without_a_line() -> None:
    drawn = draw(points(None, 80), 340)
    assert (drawn.paths, drawn.first) == ((), None)
    assert drawn.last is not None
    assert (drawn.last.percent, drawn.last.day) == (80, FIRST + dt.timedelta(days=7))


def test_the_scale_says_where_it_begins() -> None:
    drawn = draw(points(78, 80, 87), 960)
    assert [grid.percent for grid in drawn.grid] == [100, 85, 70]
    assert [grid.y for grid in drawn.grid] == [TOP, 75, BOTTOM]
    assert drawn.first is not None
    assert drawn.last is not None
    assert (drawn.first.x, drawn.first.y) == (LEFT, 100.7)
    assert drawn.last.y == 67.7
    assert (drawn.lowest, drawn.highest) == (78, 87)
    assert [grid.percent for grid in draw(points(100, 100), 960).grid] == [100, 90, 80]
    assert [grid.percent for grid in draw(points(0, 3), 960).grid] == [100, 50, 0]


def test_a_gap_is_no_line() -> None:
    assert len(draw(points(50, 60, None, 70, 80), 960).paths) == 2


@given(st.lists(st.none() | st.integers(0, 100), max_size=20), st.sampled_from([340, 960]))
def test_all_lies_in_the_drawing(percents: list[int | None], width: int) -> None:
    drawn = draw(points(*percents), width)
    for path in drawn.paths:
        for pair in path[1:].split("L"):
            x, y = map(float, pair.split())
            assert LEFT <= x <= width
            assert TOP <= y <= BOTTOM
    for mark in (drawn.first, drawn.last):
        assert mark is None or 8 <= mark.above <= drawn.height


def test_the_drawing_is_named() -> None:
    svg = render_to_string("courses/charts/line.html", {"line": draw(points(78, 87), 960), "label": "Share <by week>"})
    assert 'role="img" aria-label="Share &lt;by week&gt;"' in svg
    assert "style=" not in svg
    assert ">78%</text>" in svg
    assert ">87%</text>" in svg
