"""A unit's body, cut into prose and ``:::`` blocks.

The scanner works on lines, so that a block that is never closed, closed twice, nested or unknown is reported where it
stands, and what follows is still checked. (A Markdown container parser closes such a block silently at the end.)
"""

import difflib
import re
from dataclasses import dataclass

from courses.authoring.findings import Findings

BLOCKS = ("callout", "vignette", "myth", "fact", "protocol", "figure", "practice", "monday")
_FENCE = re.compile(r"\s*(::+)\s*(.*?)\s*$")
_HEADING = re.compile(r"\s{0,3}##?\s")


@dataclass
class Segment:
    """Prose (``name`` is empty) or one block."""

    name: str
    argument: str
    line: int
    """Where the block opens, or the prose begins."""
    first: int
    """The line of the first line of ``text``."""
    text: str


def split(lines: list[str], first: int, *, file: str, findings: Findings) -> list[Segment]:
    """Cuts the lines of a body, of which the first is line ``first`` of its file. Blank prose is left out.

    An unknown block is reported and its inside is kept as prose.
    """
    fences = [
        (index, match[2]) for index, line in enumerate(lines) if (match := _fence(line, first + index, file, findings))
    ]
    segments: list[Segment] = []
    start = 0  # first line not yet handed out
    position = 0
    stray_expected = 0

    def prose(until: int) -> None:
        text = "\n".join(lines[start:until])
        if text.strip():
            segments.append(Segment("", "", first + start, first + start, text))

    while position < len(fences):
        index, words = fences[position]
        prose(index)
        start = index + 1
        position += 1
        if not words:
            if stray_expected:
                stray_expected -= 1
            else:
                findings.error(
                    "stray-close",
                    file,
                    line=first + index,
                    why="This ::: closes nothing.",
                    fix="Remove it, or open a block above.",
                )
            continue
        name, _, argument = words.partition(" ")
        rest = [fence[1] for fence in fences[position : position + 3]]
        if rest and not rest[0]:
            end = fences[position][0]
            position += 1
            start = end + 1
        elif len(rest) == 3 and not rest[1] and not rest[2]:
            stray_expected += 1
            end = start = fences[position][0]
            findings.error(
                "nested-block",
                file,
                line=first + end,
                place=f"block {rest[0].split()[0]}",
                why=f"A block opens inside the block '{name}' of line {first + index}. Blocks do not nest.",
                fix="Close the outer block first.",
            )
        else:
            limit = fences[position][0] if rest else len(lines)
            end = next((at for at in range(index + 1, limit) if _HEADING.match(lines[at])), limit)
            start = end
            findings.error(
                "unclosed-block",
                file,
                line=first + index,
                place=f"block {name}",
                why=f"The block '{name}' is not closed.",
                fix="Write ::: on a line of its own where it ends.",
            )
        if name not in BLOCKS:
            near = difflib.get_close_matches(name.lower(), BLOCKS, n=1)
            findings.error(
                "unknown-block",
                file,
                line=first + index,
                place=f"block {name}",
                why=f"There is no block '{name}'.",
                fix=f"Did you mean '{near[0]}'?" if near else f"Use one of: {', '.join(BLOCKS)}.",
            )
            name = ""
        text = "\n".join(lines[index + 1 : end])
        segments.append(Segment(name, argument.strip(), first + index, first + index + 1, text))
    prose(len(lines))
    return segments


def _fence(line: str, number: int, file: str, findings: Findings) -> re.Match[str] | None:
    """The line as a fence. Two colons alone, or before the name of a block, are reported and taken for three."""
    match = _FENCE.match(line)
    if match and len(match[1]) == 2:
        if match[2] and not difflib.get_close_matches(match[2].split()[0].lower(), BLOCKS, n=1, cutoff=0.8):
            return None
        findings.error(
            "fence-colons",
            file,
            line=number,
            why="Two colons stand here, where a block opens or closes with three.",
            fix=f"Write {f'::: {match[2]}'.strip()}.",
        )
    return match
