"""Characters that no text of a course may hold: they are invisible, a database refuses some of them, and others turn words around.

Tab and line break are allowed. Word processors leave such characters behind when a text is pasted (a line break inside a
paragraph is often the vertical tab U+000B or the line separator U+2028).
"""

import re

from courses.authoring.findings import Findings

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ufffe\uffff\ud800-\udfff]"  # control, separators, overrides
)
_NAMES = {
    "\x00": "an empty character (NUL)",
    "\x0b": "a line break of a word processor",
    "\x0c": "a page break",
    "\x1b": "an escape character",
    "\u2028": "a line break of a word processor",
    "\u2029": "a paragraph break of a word processor",
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e", "a mark that changes the direction of writing"),
}
RULE = "control-character"


def without(text: str, *, file: str, findings: Findings, line: int = 1) -> str:
    """The text with a space for each such character, after one error finding for each line that holds one."""
    if not FORBIDDEN.search(text):
        return text
    for number, words in enumerate(text.split("\n"), line):
        found = FORBIDDEN.search(words)
        if found:
            report(found[0], file=file, findings=findings, line=number, place=f"column {found.start() + 1}")
    return FORBIDDEN.sub(" ", text)


def report(
    character: str, *, file: str, findings: Findings, line: int | None, place: str, escaped: bool = False
) -> None:
    """``escaped``: the file spells the character with a backslash, as YAML lets it inside double quotes."""
    name, code = _NAMES.get(character, "a control character"), f"U+{ord(character):04X}"
    why, fix = f"Here stands {name}, {code}, which nobody can see.", "Delete it, or type the words around it again."
    if escaped:
        why, fix = f"A backslash in double quotes makes {name} here, {code}.", "Take it out, or use single quotes."
    findings.error(RULE, file, line=line, place=place, why=why, fix=fix)
