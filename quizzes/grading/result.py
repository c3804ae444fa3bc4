"""What grading one answer yields: a frozen value that something else stores."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was asked inside a question, and what became of it.

    ``label`` and ``chosen`` are author ids (of an option, prompt, step or blank), so a Part stays on the server:
    it feeds statistics, never a page. ``chosen`` is None where nothing was given. ``misconception`` is the belief that
    a wrong choice stands for.
    """

    label: str
    right: bool
    chosen: str | None = None
    misconception: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The grade of one answer. ``points`` is exact, from 0 to 1; ``right`` means all of it."""

    points: Fraction
    answered: bool
    parts: tuple[Part, ...] = ()

    @property
    def right(self) -> bool:
        return self.points == 1

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON column; points as an exact text such as "1/2"."""
        return {
            "points": str(self.points),
            "right": self.right,
            "answered": self.answered,
            "parts": [
                {"label": p.label, "right": p.right, "chosen": p.chosen, "misconception": p.misconception}
                for p in self.parts
            ],
        }


def points_from(text: str) -> Fraction:
    """The points that ``Result.to_json`` wrote. Raises ValueError on anything else."""
    points = Fraction(text)
    if not 0 <= points <= 1:
        raise ValueError("points lie between 0 and 1")
    return points
