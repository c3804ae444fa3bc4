"""Bars of parts: nothing is lost, everything fits, each number has room."""

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from courses.charts.bars import LABELS, STEP, WIDTH, Series, draw, widths

SERIES = (Series("bar-done", "Complete"), Series("bar-due", "Due"), Series("bar-late", "Late"))


def test_nobody_and_no_course() -> None:
    assert draw([], SERIES).bars == ()
    (bar,) = draw([("Privacy", (0, 0, 0))], SERIES).bars
    assert (bar.parts, bar.total, bar.end) == ((), 0, LABELS + 10)


def test_one_course_fills_the_width() -> None:
    (bar,) = draw([("Privacy", (3, 0, 1))], SERIES).bars
    done, late = bar.parts
    assert (done.css, done.number, late.css, late.number) == ("bar-done", 3, "bar-late", 1)
    assert done.x == LABELS
    assert late.x == pytest.approx(LABELS + done.width)
    assert done.width == pytest.approx(3 * late.width, abs=0.2)
    assert bar.total == 4


def test_one_of_three_hundred_is_seen() -> None:
    (bar,) = draw([("Privacy", (299, 0, 1))], SERIES).bars
    assert bar.parts[1].width >= 18


def test_a_long_title_is_cut_and_kept() -> None:
    title = "Understanding heroin addiction and what helps"
    (bar,) = draw([(title, (1, 1, 1))], SERIES).bars
    assert bar.label == "Understanding heroin addiction and…"
    assert bar.title == title


@pytest.mark.parametrize("numbers", [(1, 2), (1, -1, 0)])
def test_wrong_numbers_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="3 numbers from 0"):
        draw([("Privacy", numbers)], SERIES)


NUMBERS = st.tuples(*[st.integers(0, 20_000)] * 3)


@given(st.lists(NUMBERS, max_size=12))
def test_all_that_is_drawn_lies_in_the_drawing(rows: list[tuple[int, int, int]]) -> None:
    drawn = draw([(f"Course {n}", numbers) for n, numbers in enumerate(rows)], SERIES)
    assert len(drawn.bars) == len(rows)
    for numbers, bar in zip(rows, drawn.bars, strict=True):
        assert [part.number for part in bar.parts] == [n for n in numbers if n]
        assert bar.total == sum(numbers)
        assert bar.y + 26 <= drawn.height == len(rows) * STEP
        edge = float(LABELS)
        for part in bar.parts:
            assert part.x == pytest.approx(edge, abs=0.2), "side by side, without a gap"
            assert part.width >= 8 * len(str(part.number)) + 9.9
            edge = part.x + part.width
        assert edge <= WIDTH


@given(NUMBERS, st.floats(200, 900))
def test_widths_fill_the_length(numbers: tuple[int, ...], length: float) -> None:
    found = widths(numbers, length)
    assert sum(found) == pytest.approx(length if any(numbers) else 0)
    assert all((width == 0) == (number == 0) for width, number in zip(found, numbers, strict=True))


def test_the_drawing_is_named_and_has_no_style_of_its_own() -> None:
    drawn = draw([("<b>Privacy</b>", (3, 0, 1))], SERIES)
    svg = render_to_string("courses/charts/bars.html", {"bars": drawn, "label": "People by course"})
    assert 'role="img" aria-label="People by course"' in svg
    assert "&lt;b&gt;Privacy" in svg
    assert "style=" not in svg
    assert svg.count("<rect") == 2
    assert ">of 4</text>" in svg
