"""A practice block: the question, then a task list whose items carry their feedback as a quote."""

import re
from collections.abc import Callable, Iterator, Sequence

from markdown_it.token import Token

from courses.authoring.compiled import Entry
from courses.authoring.markup import Desk

_BOX = re.compile(r"\[([ xX])\]\s+")
_STUCK = re.compile(r"^\s*[-*+]\[[ xX]?\]")

Report = Callable[[str, int | None, str, str, str], None]
"""Reports an error: rule, line, why, fix, place."""


def read_practice(
    tokens: Sequence[Token], desk: Desk, *, number: int, objective: str, line: int, report: Report
) -> Entry:
    """The block with what could be read, after one error for each thing that is missing.

    ``options`` keep the author's order. More than one right option means "choose all" (``multiple``).
    """
    place = f"practice {number}"
    start = next((at for at, token in enumerate(tokens) if _is_list(token)), len(tokens))
    end = next((at for at in range(start + 1, len(tokens)) if _closes(tokens[start], tokens[at])), len(tokens))
    if not any(token.type == "inline" for token in tokens[:start]):
        report("practice-stem", line, "The practice has no question.", "Write the question above the list.", place)
    rest = next((token for token in tokens[end + 1 :] if token.map), None)
    if rest is not None and rest.map:
        report("practice-shape", rest.map[0], "Text follows the list of options.", "Move it above the list.", place)
    for token in tokens:
        for row, text in enumerate(token.content.split("\n") if token.type == "inline" else ()):
            if _STUCK.match(text) and token.map:
                fix = "Write a space after the dash: - [ ] (wrong) or - [x] (right)."
                report("practice-option", token.map[0] + row, "This option is not read as one.", fix, place)
    options: list[Entry] = []
    for item in _items(tokens[start + 1 : end]):
        options.append(_option(item, desk, f"{place} option {len(options) + 1}", report))
    right = sum(option["right"] for option in options)
    if len(options) < 2:
        report(
            "practice-options",
            line,
            f"The practice has {len(options)} options.",
            "Write at least two: - [ ] and - [x].",
            place,
        )
    if options and not right:
        report("practice-key", line, "No option of the practice is right.", "Mark the right one with - [x].", place)
    return {
        "type": "practice",
        "number": number,
        "objective": objective,
        "stem_html": desk.html(tokens[:start]),
        "multiple": right > 1,
        "options": options,
    }


def _is_list(token: Token) -> bool:
    return token.level == 0 and token.type in ("bullet_list_open", "ordered_list_open")


def _closes(opened: Token, token: Token) -> bool:
    return token.level == opened.level and token.type == opened.type.replace("_open", "_close")


def _items(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The inside of each item of the outer list, opening token first."""
    start = 0
    for at, token in enumerate(tokens):
        if token.type == "list_item_open" and token.level == 1:
            start = at
        elif token.type == "list_item_close" and token.level == 1:
            yield tokens[start:at]


def _option(item: Sequence[Token], desk: Desk, place: str, report: Report) -> Entry:
    line = item[0].map[0] if item[0].map else None
    quote = next((at for at, token in enumerate(item) if token.type == "blockquote_open"), len(item))
    runs = [token for token in item[:quote] if token.type == "inline"]
    right, html = False, ""
    first = next(iter(runs[0].children or []), None) if runs else None
    box = _BOX.match(first.content) if first is not None and first.type == "text" else None
    if box and first is not None:
        right = box[1] != " "
        first.content = first.content[box.end() :]
    else:
        report(
            "practice-option", line, "This option has no box.", "Begin it with - [ ] (wrong) or - [x] (right).", place
        )
    if len(runs) > 1:
        report(
            "practice-shape",
            line,
            "An option has more than one paragraph.",
            "Keep it to one. Feedback begins with >.",
            place,
        )
    if runs:
        html = desk.html([runs[0]])
    if box and not html:
        report("practice-option", line, "This option has no words.", "Write them after the box.", place)
    feedback = desk.html(item[quote + 1 : -1] if item[-1].type == "blockquote_close" else item[quote + 1 :])
    if not feedback:
        report(
            "practice-feedback",
            line,
            "This option has no feedback.",
            "Write it on the next line: two spaces, >, the words.",
            place,
        )
    return {"html": html, "right": right, "feedback_html": feedback}
