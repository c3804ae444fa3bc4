"""What only shows when all questions of a course are seen together: where the keys lie, and stems that say the same."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from courses.authoring.compiled import CompiledCourse
from courses.authoring.findings import Findings
from courses.authoring.markup import visible_text
from quizzes.authoring import SAME_WORDS

FEWEST = 12
"""Below this many questions a share says nothing."""
LARGEST_SHARE = 0.45

_FORMULA = re.compile(
    r"Use each [^.]*\.|One [^.]*(?:is|are) (?:left over|not used)\.|Choose all that apply\.|Is this true or false, and why\?",
    re.I,
)
_WORD = re.compile(r"[a-z0-9']+")
Stored = dict[str, Any]


def check_pools(course: CompiledCourse, *, findings: Findings, lines: Mapping[str, int | None]) -> None:
    """Two warnings over the questions of one course that are not retired.

    ``key-position``: among single-choice questions with the same number of options (three or more options, twelve or more
    questions), one position holds more than 45 percent of the right answers. ``similar-stems``: two questions of different
    units ask nearly the same; inside one unit the quiz's own check says so.
    """
    live = [
        (unit.file.removesuffix(".md") + ".quiz.yaml", question)
        for unit in course.units
        for question in (unit.quiz or {}).get("questions", [])
        if not question["retired"]
    ]
    _positions(course, live, findings)
    _stems(live, findings, lines)


def _positions(course: CompiledCourse, live: list[tuple[str, Stored]], findings: Findings) -> None:
    keys: dict[int, Counter[int]] = defaultdict(Counter)
    for _, question in live:
        if question["kind"] == "single_choice":
            options = question["options"]
            keys[len(options)][next(at for at, option in enumerate(options, 1) if option["correct"])] += 1
    for count, found in sorted(keys.items()):
        position, most = found.most_common(1)[0]
        whole = found.total()
        if count >= 3 and whole >= FEWEST and most > LARGEST_SHARE * whole:
            findings.warning(
                "key-position",
                f"{course.units[0].file.partition('/')[0]}/course.yaml",
                place=f"option {position} of {count}",
                why=f"In {most} of {whole} questions with {count} options the right one stands in place {position}.",
                fix="Move some right options to other places in their list, keeping their ids.",
            )


def _stems(live: list[tuple[str, Stored]], findings: Findings, lines: Mapping[str, int | None]) -> None:
    words = [(file, question["id"], _asks(question)) for file, question in live]
    for (one, first, left), (two, second, right) in itertools.combinations(words, 2):
        if one != two and left and len(left & right) > SAME_WORDS * len(left | right):
            findings.warning(
                "similar-stems",
                two,
                line=lines.get(second),
                place=second,
                why=f"The stems of {first} and {second} are nearly the same.",
                fix="Let each question ask something of its own, or keep only one of them.",
            )


def _asks(question: Stored) -> set[str]:
    """The words of a stem without its instructions; of a matching question also what is to be matched."""
    parts = [question["stem"], *(prompt["text"] for prompt in question.get("prompts", []))]
    return set(_WORD.findall(_FORMULA.sub("", visible_text(" ".join(parts))).lower()))
