"""YAML as authors write it: every scalar stays text, every node keeps its line, and nothing clever is allowed.

A bare ``on``, ``yes`` or ``12`` stays that text (pydantic converts where a number or a truth value is meant). Only
``null``, ``~`` and an empty value become None. Anchors, aliases, tags and a second document are refused, because they hide
what the reader gets; so are duplicate keys, files over the size limit and nesting over the depth limit.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        findings.error("missing-file", file, why="The file is not there.", fix=f"Add {file}.")
    except UnicodeDecodeError as error:
        findings.error(
            "not-utf8", file, why=f"Byte {error.start} is not UTF-8 text.", fix="Save the file with the encoding UTF-8."
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
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 + offset if mark else None
        column = f"column {mark.column + 1}" if mark else ""
        said = " ".join(part for part in (error.context, error.problem) if part)
        findings.error(
            "yaml-syntax",
            file,
            line=line,
            place=column,
            why=f"This is not valid YAML: {said}.",
            fix="Check indentation, and put a text that holds a colon or starts with a quote mark in quotes.",
        )
    except yaml.YAMLError as error:
        findings.error("yaml-syntax", file, why=f"This is not valid YAML: {error}.", fix="Remove control characters.")
    return None


class _Builder:
    """Builds plain dicts, lists, texts and None from parser events, and remembers lines."""

    def __init__(self, offset: int, file: str, findings: Findings) -> None:
        self.offset, self.file, self.findings = offset, file, findings
        self.lines = Lines()

    def build(self, text: str) -> Loaded:
        self.events = yaml.parse(text, Loader=_LOADER)
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
            return None if event.implicit[0] and event.value in _NULLS else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path, depth)
        return self.mapping(path, depth)

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
            key = event.value
            again = key in found
            if not again:
                self.lines.known[(*path, key)] = line
            value = self.node(next(self.events), (*path, key), depth + 1)
            if again:
                self.findings.error(
                    "duplicate-key",
                    self.file,
                    line=line,
                    place=".".join(map(str, (*path, key))),
                    why=f"The key '{key}' stands here a second time; the first is in line {self.lines.known[(*path, key)]}.",
                    fix="Keep one of the two.",
                )
            else:
                found[key] = value
        return found
