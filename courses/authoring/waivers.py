"""Waived findings: an author's named exception to one language rule, for given words in one place, until a date."""

import datetime as dt
from collections.abc import Sequence

from courses.authoring.findings import Findings
from courses.authoring.schema import Waiver

WAIVED = "waived"
"""The rule of the finding that says that another was waived."""
_OTHER = {"number-without-source", "unit-length"}


def waivable(rule: str) -> bool:
    """Language rules (``T-...``) and two warnings about the text. An error of structure cannot be waived."""
    return rule.startswith("T-") or rule in _OTHER


class Waivers:
    """The waivers of one place: a unit, a course.yaml or a question. Call ``close()`` when its checks are done."""

    def __init__(
        self,
        waive: Sequence[Waiver] = (),
        *,
        findings: Findings,
        file: str,
        today: dt.date,
        line: int | None = None,
        place: str = "",
    ) -> None:
        self.findings, self.file, self.line, self.place = findings, file, line, place
        self.today = today
        self._used: set[int] = set()
        self._valid: list[tuple[int, Waiver]] = []
        for index, waiver in enumerate(waive):
            if not waivable(waiver.rule):
                self._say(
                    "error", "waiver-refused", f"The rule '{waiver.rule}' cannot be waived.", "Mend what it reports."
                )
            elif waiver.until < today:
                self._say(
                    "warning",
                    "waiver-lapsed",
                    f"The waiver of {waiver.rule} for '{waiver.where}' ended on {waiver.until.isoformat()}.",
                    "Change the text, or have a reviewer agree to a new date.",
                )
            else:
                self._valid.append((index, waiver))

    def cover(self, rule: str, text: str, start: int = 0, end: int = 0) -> bool:
        """True when ``text[start:end]`` lies inside the words that a waiver of this rule names; that is then reported.

        For ``unit-length`` the words do not matter. Upper and lower case and line breaks are ignored.
        """
        flat = text.replace("\n", " ").lower()
        for index, waiver in self._valid:
            if waiver.rule == rule and (rule == "unit-length" or _inside(flat, waiver.where.lower(), start, end)):
                self._used.add(index)
                self._say(
                    "info",
                    WAIVED,
                    f"{rule} is waived for '{waiver.where}' until {waiver.until.isoformat()}: {waiver.reason}",
                    "Nothing to do until that date.",
                )
                return True
        return False

    def close(self) -> None:
        """Reports waivers that no finding needed."""
        for index, waiver in self._valid:
            if index not in self._used:
                self._say(
                    "warning",
                    "waiver-unused",
                    f"The waiver of {waiver.rule} for '{waiver.where}' is not needed: nothing here is found by that rule.",
                    "Remove it, or check the words after 'where'.",
                )

    def _say(self, severity: str, rule: str, why: str, fix: str) -> None:
        report = {"error": self.findings.error, "warning": self.findings.warning, "info": self.findings.info}[severity]
        report(rule, self.file, line=self.line, place=self.place, why=why, fix=fix)


def _inside(text: str, words: str, start: int, end: int) -> bool:
    at = text.find(words)
    while at >= 0:
        if at <= start and end <= at + len(words):
            return True
        at = text.find(words, at + 1)
    return False
