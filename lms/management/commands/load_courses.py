"""``manage.py load_courses [PATH]``: publishes what changed in the content folder."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from courses.actions.paths import store_paths
from courses.actions.publishing import publish
from courses.authoring.compiled import CompiledCourse
from courses.authoring.course import compile_tree
from courses.enums import ChangeKind
from lms.lib import clock
from quizzes.actions.storing import store_quiz
from quizzes.authoring import compile_quiz
from quizzes.queries.corrections import still_uncorrected
from quizzes.queries.pools import published_pools
from quizzes.revisions import unannounced_changes


class Command(BaseCommand):
    help = (
        "Compiles the content folder, publishes a new version of every course whose content changed, and stores the paths. "
        "Loads nothing while there is an error; running it again changes nothing; never deletes anything."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", default=str(settings.CONTENT_DIR), help="the content folder")

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(options["path"])
        if not root.is_dir():
            raise CommandError(f"There is no content folder at {root}. Give its path, or set LMS_CONTENT.")
        if "courses_course" not in connection.introspection.table_names():
            raise CommandError("The database is not prepared yet. Run 'make run' once, or 'manage.py migrate'.")
        tree = compile_tree(root, check_quiz=compile_quiz)
        errors = list(tree.findings.errors)
        if errors:
            for finding in errors[:20]:
                self.stderr.write(str(finding))
            raise CommandError(
                f"Nothing was loaded: {len(errors)} errors. Run 'manage.py check_content {root}' for all of them."
            )
        for compiled in tree.courses:
            self._refuse_unannounced(compiled)
        for compiled in tree.courses:
            result = publish(compiled, at=clock.now(), store_quiz=store_quiz)
            if result.new or options["verbosity"] > 1:
                word = "published" if result.new else "unchanged"
                material = result.new and result.version.change == ChangeKind.MATERIAL
                note = f" (material change: {result.version.change_note})" if material else ""
                self.stdout.write(f"{compiled.slug}: edition {result.version.number} {word}{note}")
            self._warn_uncorrected(compiled)
        for slug, word in store_paths(tree.paths, at=clock.now()):
            self.stdout.write(f"path {slug}: {word}")

    def _refuse_unannounced(self, compiled: CompiledCourse) -> None:
        """Statistics follow a question's id and revision, so a key must not change under the same revision."""
        pools = published_pools(compiled.slug)
        problems = [
            f"{unit.file.removesuffix('.md')}.quiz.yaml: {change.question}: {change.why} {change.fix}"
            for unit in compiled.units
            if unit.quiz and unit.author_id in pools
            for change in unannounced_changes({"questions": pools[unit.author_id]}, unit.quiz)
        ]
        if problems:
            for problem in problems:
                self.stderr.write(problem)
            raise CommandError(f"Nothing was loaded: {len(problems)} questions changed without a new revision.")

    def _warn_uncorrected(self, compiled: CompiledCourse) -> None:
        """A key that was mended on the page is still wrong in the file; the correction goes on applying while the revision stays."""
        for unit in compiled.units:
            for name, correction in still_uncorrected(compiled.slug, [unit.quiz] if unit.quiz else []):
                file = f"{unit.file.removesuffix('.md')}.quiz.yaml"
                if correction.void:
                    fix = "The question was voided. Mend it and raise its revision, or retire it."
                else:
                    fix = "The file still has the old key; mend the file, and raise the revision."
                self.stderr.write(f"warning: {file}: {name}: {fix} Reason given: {correction.reason}")
