"""What the checks found: every finding at once, each with its file, its place, why it matters and what to write."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Finding:
    """One thing to look at. ``file`` is relative to the content folder; ``line`` counts from 1, or is None."""

    severity: Severity
    file: str
    line: int | None
    place: str
    rule: str
    why: str
    fix: str

    @property
    def where(self) -> str:
        """Line and place in words, such as ``line 12, STG-U1-Q03 option b``."""
        parts = [f"line {self.line}" if self.line else "", self.place]
        return ", ".join(part for part in parts if part) or "whole file"

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: {self.why} {self.fix}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "where": self.where}


class Findings:
    """Collects findings; never raises and never stops at the first."""

    def __init__(self) -> None:
        self._all: list[Finding] = []

    def add(
        self, severity: Severity, rule: str, file: str, *, why: str, fix: str, line: int | None = None, place: str = ""
    ) -> None:
        """Keeps one finding. The same finding reported twice is kept once."""
        finding = Finding(severity, file, line, place, rule, why, fix)
        if finding not in self._all:
            self._all.append(finding)

    def error(self, rule: str, file: str, *, why: str, fix: str, line: int | None = None, place: str = "") -> None:
        self.add("error", rule, file, why=why, fix=fix, line=line, place=place)

    def warning(self, rule: str, file: str, *, why: str, fix: str, line: int | None = None, place: str = "") -> None:
        self.add("warning", rule, file, why=why, fix=fix, line=line, place=place)

    def info(self, rule: str, file: str, *, why: str, fix: str, line: int | None = None, place: str = "") -> None:
        self.add("info", rule, file, why=why, fix=fix, line=line, place=place)

    def __iter__(self) -> Iterator[Finding]:
        """By file, then line, then severity."""
        return iter(sorted(self._all, key=lambda f: (f.file, f.line or 0, _ORDER[f.severity], f.rule, f.place)))

    def __len__(self) -> int:
        return len(self._all)

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self._all)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self if finding.severity == "error"]
