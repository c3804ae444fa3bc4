"""YAML as authors write it: every scalar stays text, every node keeps its line, and nothing clever is allowed.

A bare ``on``, ``yes`` or ``12`` stays that text (pydantic converts where a number or a truth value is meant). Only
``null``, ``~`` and an empty value become None. Anchors, aliases, tags and a second document are refused, because they hide
what the reader gets; so are duplicate keys, files over the size limit and nesting over the depth limit.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from courses.authoring import characters, yamlwords
from courses.authoring.findings import Findings

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
_NULLS = {"", "~", "null", "Null", "NULL"}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Step = str | int


@dataclass
class Lines:
    """Line numbers (from 1) of the nodes of one YAML text."""

    known: dict[tuple[Step, ...], int] = field(default_factory=dict)

    def at(self, *path: Step) -> int | None:
        """The line of the node at ``path``, such as ``at('questions', 3, 'stem')``, or of its nearest known parent."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.known:
                return self.known[path[:end]]
        return None


@dataclass
class Loaded:
    data: Any
    lines: Lines


class _Refused(Exception):
    def __init__(self, rule: str, line: int, why: str, fix: str) -> None:
        super().__init__(why)
        self.rule, self.line, self.why, self.fix = rule, line, why, fix


def read_text(path: Path, *, file: str, findings: Findings, limit: int = MAX_BYTES) -> str | None:
    """The file as text (UTF-8, with or without a byte order mark), or None after an error finding."""
    try:
        if path.stat().st_size > limit:
            findings.error(
                "too-large",
                file,
                why=f"The file is larger than {limit // 1000} kB.",
                fix="Split it, or take out what is not text.",
            )
            return None
        data = path.read_bytes()
        if data.count(0) > len(data) // 4:  # every second byte is empty: UTF-16 without its mark
            raise UnicodeDecodeError("utf-8", data, 0, 1, "UTF-16")
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        return characters.without(text, file=file, findings=findings)
    except FileNotFoundError:
        findings.error("missing-file", file, why="The file is not there.", fix=f"Add {file}.")
    except UnicodeDecodeError as error:
        wide = error.object[:2] in (b"\xff\xfe", b"\xfe\xff") or error.reason == "UTF-16"
        findings.error(
            "not-utf8",
            file,
            line=None if wide else error.object[: error.start].count(b"\n") + 1,
            why="The file is saved as UTF-16 (some editors say 'Unicode')."
            if wide
            else "This line holds a character that is not UTF-8 text: an older Windows encoding, perhaps.",
            fix="Open it in your editor, choose 'Save as', and take the encoding UTF-8.",
        )
    except OSError as error:
        findings.error(
            "unreadable", file, why=f"The file cannot be read: {error.strerror}.", fix="Check its permissions."
        )
    return None


def load_yaml(path: Path, *, file: str, findings: Findings) -> Loaded | None:
    """Reads and parses one file. None after an error finding."""
    text = read_text(path, file=file, findings=findings)
    return None if text is None else parse_yaml(text, file=file, findings=findings)


def parse_yaml(text: str, *, file: str, findings: Findings, offset: int = 0) -> Loaded | None:
    """Parses a YAML text that begins after ``offset`` lines of its file. None after an error finding."""
    try:
        return _Builder(offset, file, findings).build(text)
    except _Refused as refused:
        findings.error(refused.rule, file, line=refused.line, why=refused.why, fix=refused.fix)
    except yaml.MarkedYAMLError as error:
        found = yamlwords.words(error, text)
        findings.error(
            "yaml-syntax",
            file,
            line=found.line + offset if found.line else None,
            place=f"column {found.column}" if found.column else "",
            why=found.why,
            fix=found.fix,
        )
    except yaml.YAMLError as error:
        findings.error("yaml-syntax", file, why=f"This is not valid YAML: {error}.", fix="Remove control characters.")
    return None


def _spoken(path: tuple[Step, ...]) -> str:
    """``question number 3 level`` for ``("questions", 2, "level")``."""
    said: list[str] = []
    for step in path:
        if isinstance(step, int):
            said[-1:] = [f"{said[-1].removesuffix('s')} number {step + 1}" if said else f"entry {step + 1}"]
        else:
            said.append(step)
    return " ".join(said)


class _Builder:
    """Builds plain dicts, lists, texts and None from parser events, and remembers lines."""

    def __init__(self, offset: int, file: str, findings: Findings) -> None:
        self.offset, self.file, self.findings = offset, file, findings
        self.lines = Lines()

    def build(self, text: str) -> Loaded:
        self.events, self.source = yaml.parse(text, Loader=_LOADER), text.split("\n")
        data: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(
                        "yaml-documents",
                        self.line(event),
                        "A second YAML document starts here.",
                        "Keep one document a file: remove the line with ---.",
                    )
                data = self.node(next(self.events), (), 0)
        return Loaded(data, self.lines)

    def line(self, event: yaml.Event) -> int:
        mark = event.start_mark
        return (mark.line if mark else 0) + 1 + self.offset

    def node(self, event: yaml.Event, path: tuple[Step, ...], depth: int) -> Any:
        line = self.line(event)
        self.lines.known.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                "yaml-alias",
                line,
                "Anchors (&name) and aliases (*name) are not allowed.",
                "Write the value out, or put it in quotes.",
            )
        tag = getattr(event, "tag", None)
        if tag:
            raise _Refused("yaml-tag", line, f"The tag {tag} is not allowed.", "Remove it, or put the text in quotes.")
        if depth > MAX_DEPTH:
            raise _Refused("yaml-depth", line, f"The nesting is deeper than {MAX_DEPTH}.", "Flatten this part.")
        if isinstance(event, yaml.ScalarEvent):
            return None if event.implicit[0] and event.value in _NULLS else self.text(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path, depth)
        return self.mapping(path, depth)

    def text(self, event: yaml.ScalarEvent, path: tuple[Step, ...]) -> str:
        """The words of one value. What an escape such as \\0 makes of them is looked at here, and not in the file."""
        value = str(event.value)
        forbidden = characters.FORBIDDEN.search(value)
        if forbidden:
            place = _spoken(path)
            characters.report(
                forbidden[0], file=self.file, findings=self.findings, line=self.line(event), place=place, escaped=True
            )
            value = characters.FORBIDDEN.sub(" ", value)
        if event.implicit[0] and event.end_mark:
            self.comment(event.end_mark.line, event.end_mark.column, path)
        return value

    def comment(self, line: int, column: int, path: tuple[Step, ...]) -> None:
        """``text: Step #3`` loses its end, as # begins a comment. One with a space after it is meant as a comment."""
        rest = self.source[line][column:]
        lost = re.match(r"\s+(#[^\s#].*)", rest)
        if lost:
            self.findings.warning(
                "yaml-comment",
                self.file,
                line=line + 1 + self.offset,
                place=_spoken(path),
                why=f"'{lost[1].strip()[:60]}' is not read: # begins a comment.",
                fix="Put the text in quotes. If it is a comment, write a space after #.",
            )

    def sequence(self, path: tuple[Step, ...], depth: int) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.node(event, (*path, len(items)), depth + 1))
        return items

    def mapping(self, path: tuple[Step, ...], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = self.line(event)
            if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
                raise _Refused(
                    "yaml-key", line, "A key must be plain text.", "Write the key as one word, followed by a colon."
                )
            key = str(event.value)
            if key != key.strip() or characters.FORBIDDEN.search(key):
                raise _Refused(
                    "yaml-key",
                    line,
                    "A space that is not an ordinary one, or a hidden character, stands beside this key.",
                    "Delete the space before and after the key, and type it again.",
                )
            again = key in found
            if not again:
                self.lines.known[(*path, key)] = line
            value = self.node(next(self.events), (*path, key), depth + 1)
            if again:
                self.findings.error(
                    "duplicate-key",
                    self.file,
                    line=line,
                    place=_spoken((*path, key)),
                    why=f"The key '{key}' stands here a second time; the first is in line {self.lines.known[(*path, key)]}.",
                    fix="Keep one of the two.",
                )
            else:
                found[key] = value
        return found
