"""``manage.py blind_check COURSE``: prints a course's questions without keys, or compares a reader's answers with the keys."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.authoring.course import compile_tree
from quizzes import blind
from quizzes.authoring import compile_quiz

FORM = """Answer from the text alone, as JSON under each question's sign, for example
{"3f2a...": {"choice": 0}}. By kind: single_choice {"choice": 2}; multiple_choice {"choices": [0, 3]}; true_false {"choice": 0,
"reason": 2}; matching {"matches": [1, 0, 2]} (an option for each row, in order); ordering {"places": [2, 1, 3]} (the place, from 1, of each
step as printed); cloze {"blanks": [0, 1]}; numeric {"value": "31"}; short_text {"text": "word"}."""


class Command(BaseCommand):
    help = (
        "Prints all questions of a course in random order, without keys, for a reader who has seen nothing else. With --answers FILE "
        "compares what the reader answered. Needs no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course", help="the course's slug")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--answers", help="a file with seed, reader, date and answers")

    def handle(self, *args: Any, **options: Any) -> None:
        tree = compile_tree(Path(settings.CONTENT_DIR), check_quiz=compile_quiz)
        course = next((c for c in tree.courses if c.slug == options["course"]), None)
        if course is None:
            raise CommandError(f"There is no course {options['course']}.")
        quizzes = [unit.quiz for unit in course.units if unit.quiz]
        if not options["answers"]:
            self.stdout.write(FORM + "\n")
            for number, item in enumerate(blind.sheet(quizzes, options["seed"]), start=1):
                self.stdout.write("\n".join(blind.lines(item, number)) + "\n")
            return
        given = json.loads(Path(options["answers"]).read_text())
        outcome = blind.compare(blind.sheet(quizzes, given["seed"]), given["answers"])
        self.stdout.write(f"{outcome.agreed} of {outcome.asked} agree.")
        for name in outcome.disagreed:
            self.stdout.write(f"  differs: {name}")
        for name in outcome.stale:
            self.stdout.write(f"  not answered since it changed: {name}")
