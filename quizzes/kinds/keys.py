"""Mending a key: what the kinds share. The stored form stays; only what counts as right changes, and a rationale that no longer fits."""

from collections.abc import Collection, Sequence
from typing import Any

from django import forms

NOW_RIGHT = "The key of this question was mended. This answer counts as right now."
NOW_WRONG = "The key of this question was mended. This answer does not count as right any more."
MENDED = "The key of this question was mended. This is the answer that counts now."


def rekey_options(options: Sequence[dict[str, Any]], right: Collection[str]) -> list[dict[str, Any]]:
    """The options with the ids in ``right`` as keys. Where that changes an option, its rationale and misconception go."""
    return [
        option
        if (option["id"] in right) == option["correct"]
        else {
            **option,
            "correct": option["id"] in right,
            "misconception": None,
            "why_html": NOW_RIGHT if option["id"] in right else NOW_WRONG,
        }
        for option in options
    ]


def keys_of(options: Sequence[dict[str, Any]]) -> list[str]:
    return [option["id"] for option in options if option["correct"]]


def one_key_field(options: Sequence[dict[str, Any]], label: str) -> forms.ChoiceField:
    """Radio buttons: which of the options is right."""
    return forms.ChoiceField(
        choices=[(option["id"], option["text"]) for option in options],
        widget=forms.RadioSelect,
        label=label,
        initial=next(iter(keys_of(options)), ""),
        error_messages={"required": "Choose which answer is right."},
    )
