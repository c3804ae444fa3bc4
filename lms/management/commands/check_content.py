"""``manage.py check_content [PATH]``: every finding of the content folder at once. Needs no database."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from courses.authoring.compiled import Tree
from courses.authoring.course import compile_tree
from courses.authoring.findings import Finding, Findings, Severity
from courses.authoring.waivers import WAIVED
from quizzes.authoring import compile_quiz
from quizzes.pools import check_pools


class Command(BaseCommand):
    help = (
        "Checks the content folder and prints every finding at once: file, place, why, what to write. "
        "Changes nothing and needs no database. Ends with exit code 1 when there is an error."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "path",
            nargs="?",
            default=str(settings.CONTENT_DIR),
            help="the content folder, or the folder of one course in it",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
        parser.add_argument("--marked", action="store_true", help="list the terms in marked contexts, for the reviewer")

    def handle(self, *args: Any, **options: Any) -> None:
        root, course = _split(Path(options["path"]))
        tree = compile_tree(root, check_quiz=compile_quiz, check_pools=check_pools, draft=course)
        elsewhere = 0
        if course:
            whole, tree = tree, _only(tree, course)
            elsewhere = len(whole.findings.errors) - len(tree.findings.errors)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(tree), ensure_ascii=False, indent=2))
        else:
            self._print(tree, marked=options["marked"])
            if elsewhere:
                self.stdout.write(
                    f"{elsewhere} errors elsewhere in the content folder: nothing is loaded before they are mended."
                )
        if tree.findings.errors:
            sys.exit(1)

    def _print(self, tree: Tree, *, marked: bool) -> None:
        found = [finding for finding in tree.findings if finding.rule != WAIVED]
        for file, findings in groupby(found, key=lambda finding: finding.file):
            self.stdout.write(self.style.MIGRATE_HEADING(file))
            for finding in findings:
                style = {"error": self.style.ERROR, "warning": self.style.WARNING}.get(finding.severity, str)
                self.stdout.write(f"  {style(finding.severity)} {finding.where} [{finding.rule}]")
                self.stdout.write(f"    {finding.why}")
                self.stdout.write(f"    {finding.fix}")
        waived = _waived(tree)
        if waived:
            self.stdout.write(self.style.MIGRATE_HEADING("Waived findings"))
            for finding in waived:
                self.stdout.write(f"  {finding.file}, {finding.where}: {finding.why}")
        if marked:
            self.stdout.write(self.style.MIGRATE_HEADING("Terms in marked contexts"))
            for mark in tree.marked:
                place = ", ".join(part for part in (f"line {mark.line}" if mark.line else "", mark.place) if part)
                self.stdout.write(f"  {mark.file}, {place}: {mark.rule} '{mark.text}' as {mark.context}")
        self.stdout.write(_summary(tree))


def _split(path: Path) -> tuple[Path, str]:
    """The content folder, and the name of the one course asked for, if the path is that of a course or of a file in it."""
    path = path.resolve()
    for part in (path, path.parent):
        if not (part / "facts.yaml").exists() and (part.parent / "facts.yaml").exists() and part.is_dir():
            return part.parent, part.name
    return path, ""


def _only(tree: Tree, course: str) -> Tree:
    """What concerns one course folder."""
    findings = Findings()
    for one in tree.findings:
        if one.file.split("/")[0] == course:
            findings.add(one.severity, one.rule, one.file, why=one.why, fix=one.fix, line=one.line, place=one.place)
    courses = [found for found in tree.courses if any(unit.file.startswith(f"{course}/") for unit in found.units)]
    marked = [mark for mark in tree.marked if mark.file.startswith(f"{course}/")]
    return Tree(courses, [], findings, marked, tree.facts)


def _summary(tree: Tree) -> str:
    units = sum(len(course.units) for course in tree.courses)
    counted = ", ".join(f"{tree.findings.count(kind)} {word}" for kind, word in _KINDS)
    listed = f"{len(_waived(tree))} waived; {len(tree.marked)} terms in marked contexts."
    return f"{len(tree.courses)} courses, {units} units: {counted}; {listed}"


def _waived(tree: Tree) -> list[Finding]:
    return [finding for finding in tree.findings if finding.rule == WAIVED]


def _as_json(tree: Tree) -> dict[str, Any]:
    return {
        "courses": {course.slug: course.content_hash() for course in tree.courses},
        "counts": {kind: tree.findings.count(kind) for kind, _ in _KINDS},
        "waived": [finding.as_dict() for finding in _waived(tree)],
        "findings": [finding.as_dict() for finding in tree.findings],
        "marked": [vars(mark) for mark in tree.marked],
    }


_KINDS: tuple[tuple[Severity, str], ...] = (("error", "errors"), ("warning", "warnings"), ("info", "notes"))
