"""What the YAML parser complains of, said for a person who has never heard of YAML.

The parser often stops a line or more after the mistake, and names what it expected instead of what was written. So the words
are chosen by looking at the author's own line.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml

QUOTE = "Put the whole text in quotes. A text that holds quote marks goes into single ones: '\"Yes,\" she says.'"
ALIGN = "Begin the line exactly under the first letter of its neighbors. Use spaces only."
_KEY = re.compile(r"\s*(?:- +)*([A-Za-z_][\w-]*)")


@dataclass(frozen=True)
class Words:
    line: int | None
    """Counted from 1 inside the parsed text."""
    column: int | None
    why: str
    fix: str


def words(error: yaml.MarkedYAMLError, text: str) -> Words:
    """Where the mistake is, and what to write instead."""
    lines = text.split("\n")
    at, said = error.problem_mark or error.context_mark, f"{error.context or ''} {error.problem or ''}"
    if at is None:
        return Words(
            None, None, f"This is not valid YAML: {said.strip()}.", "Check indentation, colons and quote marks."
        )
    start = error.context_mark or at
    here = lines[at.line] if at.line < len(lines) else ""
    begun = lines[start.line] if start.line < len(lines) else ""

    def is_here(why: str, fix: str) -> Words:
        return Words(at.line + 1, at.column + 1, why, fix)

    def is_begun(why: str, fix: str) -> Words:
        return Words(start.line + 1, start.column + 1, why, fix)

    if "\t" in here[: at.column + 1] and not here[: at.column].strip():
        return is_here("A tab stands at the beginning of this line.", "Indent with spaces, never with tabs.")
    if "expected ':'" in said:
        return _colonless(begun, is_begun)
    if "mapping values are not allowed" in said:
        return _colon(here, at.column, is_here)
    if "escape" in said:
        return is_here("A backslash inside double quotes has a meaning of its own.", "Use single quotes instead.")
    if "found unexpected end of stream" in said and "quoted" in said:
        return is_begun("A quote mark opens here and is never closed.", "Close it, or put the text in single quotes.")
    if "flow" in said:
        bracket = "{" if "mapping" in said else "["
        return is_begun(
            f"A {bracket} opens here, and the list in it is not closed or not divided by commas.",
            f"Close it, put commas between its parts, or put quotes around a text that begins with {bracket}.",
        )
    return _start(here, at.column, is_here) or _after(here, at, error, text, is_here) or _other(here, is_here)


def _other(here: str, say: Any) -> Words:
    quoted = " or does not close the quote mark above it" if here.strip()[-1:] in ("'", '"') else ""
    found: Words = say(f"This line does not line up with the lines around it{quoted}.", ALIGN)
    return found


def _colonless(begun: str, say: Any) -> Words:
    key = _KEY.match(begun)
    rest = begun[key.end() :] if key else ""
    found: Words
    if key and rest.startswith(":"):
        found = say("There is no space after the colon.", f"Write '{key[1]}: ' and then the value.")
    else:
        name = key[1] if key and key[1].islower() else "key"
        found = say(
            "This line has no colon, and it is not indented as a part of the text above it.",
            f"Write '{name}: ' and then the value, or indent the line if it goes on with the text above.",
        )
    return found


def _colon(here: str, column: int, say: Any) -> Words:
    key = _KEY.match(here)
    found: Words
    if key and key.end() < column and here[key.end() : key.end() + 1] == ":":
        found = say(f"The text after '{key[1]}' holds a colon.", f'Put the text in quotes: {key[1]}: "..."')
    else:
        found = say("This line does not line up with the line above it.", ALIGN)
    return found


def _start(here: str, column: int, say: Any) -> Words | None:
    """A text that begins with a character that means something else."""
    before = here[:column].rstrip()
    for end in (column, column - 1):
        sign = here[end : end + 1]
        if sign and sign in "%@`*&!|>?-,]}" and here[:end].rstrip().endswith((":", "-")):
            found: Words = say(f"A text cannot begin with {sign} here.", QUOTE)
            return found
    if before.endswith("*"):
        found = say("A text cannot begin with * here.", QUOTE)
        return found
    return None


def _after(here: str, at: Any, error: yaml.MarkedYAMLError, text: str, say: Any) -> Words | None:
    """Words that follow a closed quote mark or bracket."""
    before = here[: at.column].rstrip()
    if not before or before[-1] not in "'\"]}":
        return None
    found: Words
    begun = _quoted_since(text, at.line)
    if begun is not None:
        found = say(
            f"The quote mark of line {begun} closes here, and the text goes on.",
            f"Close the quote mark in line {begun}. " + "Inside single quotes, write an apostrophe twice.",
        )
    elif before[-1] in "]}":
        found = say("A text that begins with a bracket goes on after the closing one.", QUOTE)
    else:
        found = say("The text goes on after its closing quote mark.", QUOTE)
    return found


def _quoted_since(text: str, line: int) -> int | None:
    """The line (from 1) in which the quoted text begins that ends in ``line`` (from 0), when that is an earlier one."""
    last: Any = None
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
                last = token
            if token.start_mark.line > line:
                break
    except yaml.YAMLError:
        pass
    if last is None or last.end_mark.line != line or last.start_mark.line == line:
        return None
    return int(last.start_mark.line) + 1
