"""What a kind says about its choices, so that the coordinator reads words instead of ids. For statistics only, never for a learner."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """``label`` and ``choice`` are those of a graded ``Part``; ``text`` is what a person reads."""

    label: str
    choice: str
    text: str
    right: bool


@dataclass(frozen=True, slots=True)
class ChoiceTable:
    """One table of the question's page. ``typed``: choices are words that people typed, so what is not listed can occur, under the
    part called ``label``."""

    title: str
    choices: tuple[Choice, ...] = ()
    nothing: str = "No answer"
    label: str = ""
    typed: bool = False


def option_table(title: str, label: str, options: Iterable[dict[str, Any]]) -> ChoiceTable:
    """A table over options of which one is chosen."""
    choices = tuple(Choice(label, one["id"], one["text"], one["correct"]) for one in options)
    return ChoiceTable(title, choices, label=label)
