"""``manage.py coverage_report [--json | --html FILE] [PATH]``: what is taught and tested. Needs no database."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string

from courses.authoring.course import compile_tree
from courses.authoring.coverage import Coverage, FactRow, measure
from quizzes.authoring import compile_quiz


class Command(BaseCommand):
    help = (
        "Shows article section, fact, the words that teach it and the questions that test it; then objectives with the "
        "number served and the pool. Facts and words stand side by side, for a reader to judge. Needs no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", default=str(settings.CONTENT_DIR), help="the content folder")
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--json", action="store_true", help="print one JSON object")
        ways.add_argument("--html", metavar="FILE", help="write a page of its own to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(options["path"])
        if not root.is_dir():
            raise CommandError(f"There is no folder {root}.")
        tree = compile_tree(root, check_quiz=compile_quiz)
        coverage = measure(tree)
        if options["json"]:
            self.stdout.write(json.dumps(coverage.as_dict(), ensure_ascii=False, indent=2))
        elif options["html"]:
            page = render_to_string("quizzes/coverage_file.html", {"coverage": coverage})
            Path(options["html"]).write_text(page, encoding="utf-8")
            self.stdout.write(f"Written: {options['html']}")
        else:
            self._print(coverage)
        if tree.findings.errors:
            self.stderr.write(f"The content has {len(tree.findings.errors)} errors; run check_content.")

    def _print(self, coverage: Coverage) -> None:
        for group in coverage.groups:
            kind = "Article section" if group.article else "Supplement:"
            left_out = f" ({group.excluded} excluded)" if group.excluded else ""
            self.stdout.write(self.style.MIGRATE_HEADING(f"{kind} {group.name}{left_out}"))
            for fact in group.facts:
                self._fact(fact)
        self.stdout.write(self.style.MIGRATE_HEADING("Objectives"))
        for row in coverage.objectives:
            mark = "" if row.enough else self.style.ERROR("  too few")
            self.stdout.write(f"  {row.id}  serves {row.served}, pool {row.pool}{mark}  {row.text}")
        self.stdout.write(self.style.MIGRATE_HEADING("In short"))
        for line in summary(coverage):
            self.stdout.write(line)

    def _fact(self, fact: FactRow) -> None:
        self.stdout.write(f"  {fact.id}  {fact.says}")
        for place in fact.places:
            section = place.section or "before the first heading"
            self.stdout.write(f"    {place.file}, line {place.line}, {section} [{place.way}]: {place.text}")
        if not fact.taught:
            self.stdout.write(self.style.ERROR("    taught nowhere"))
        asked = ", ".join(asked.question for asked in fact.questions)
        self.stdout.write(f"    asked in {asked}" if asked else self.style.WARNING("    asked nowhere"))


def summary(coverage: Coverage) -> list[str]:
    """The numbers, and what is missing, one line each."""
    names = {
        "Untaught facts": [fact.id for fact in coverage.untaught],
        "Untested facts": [fact.id for fact in coverage.untested],
        "Article sections that no unit reaches": [group.name for group in coverage.unreached],
        "Objectives with too few questions": [row.id for row in coverage.weak_objectives],
    }
    return [
        f"{len(coverage.facts)} teachable facts: {coverage.taught_percent} % taught, {coverage.tested_percent} % also tested.",
        *(f"{label}: {', '.join(found) or 'none'}." for label, found in names.items()),
    ]
