"""The content folder, compiled: shared lists, then each course with its units and quizzes, then the paths.

Quizzes belong to another app, which this one may not import. Their files are found and read here and handed to a function
that the caller passes in::

    compile_tree(Path("courses/content"), check_quiz=compile_quiz)

    def compile_quiz(raw: dict, *, file: str, unit: CompiledUnit | None, shared: Shared, findings: Findings,
                     lines: Lines) -> dict | None

``raw`` holds text, lists, mappings and None only. ``unit`` is None when its front matter is unreadable. ``lines.at(...)``
gives the line of a node. The function reports to ``findings`` and returns what a version stores (JSON-able, in a stable
order, with a sorted list of misconception ids under ``misconceptions``), or None when the quiz cannot be used.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from courses.authoring import naming, schema
from courses.authoring.compiled import CompiledCourse, CompiledPath, CompiledUnit, Tree
from courses.authoring.findings import Findings
from courses.authoring.shared import Shared, load_shared
from courses.authoring.sign_offs import check_assessors, check_words, compile_sign_offs
from courses.authoring.unit import compile_unit
from courses.authoring.validate import validate
from courses.authoring.waivers import Waivers
from courses.authoring.yamlsafe import Lines, Loaded, load_yaml


class CheckQuiz(Protocol):
    def __call__(
        self,
        raw: dict[str, Any],
        *,
        file: str,
        unit: CompiledUnit | None,
        shared: Shared,
        findings: Findings,
        lines: Lines,
    ) -> dict[str, Any] | None: ...


class CheckPools(Protocol):
    """Checks all questions of one course together. ``lines`` gives the line of each question id in its own file."""

    def __call__(self, course: CompiledCourse, *, findings: Findings, lines: Mapping[str, int | None]) -> None: ...


@dataclass
class _Register:
    """Ids of a whole content folder. Each may be given once."""

    findings: Findings
    taken: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, kind: str, name: str, file: str, line: int | None) -> None:
        first = self.taken.setdefault((kind, name), f"{file}, line {line}" if line else file)
        if first != (f"{file}, line {line}" if line else file):
            self.findings.error(
                f"duplicate-{kind.replace(' ', '-')}",
                file,
                line=line,
                place=name,
                why=f"The {kind} '{name}' is already used in {first}.",
                fix="Give this one a name of its own. Ids are kept forever and never given to anything else.",
            )


def compile_tree(
    root: Path,
    *,
    check_quiz: CheckQuiz | None = None,
    check_pools: CheckPools | None = None,
    today: dt.date | None = None,
    draft: str = "",
) -> Tree:
    """Compiles every course of a content folder and reports all findings at once. Touches no database.

    ``check_pools`` is called once for each course, when its quizzes are compiled. ``today`` decides which waivers have
    lapsed and which facts are due for a recheck; without it the clock does. Without ``check_quiz`` quizzes are read but not
    checked, and units carry none. A course whose course.yaml is unreadable is left out of ``Tree.courses``; its other files
    are checked all the same. A folder whose name begins with ``_`` or ``.`` is left out, unless ``draft`` names it.

    Where two courses use the same id, the one in a folder named by its slug keeps it: a copied folder is the other one.
    """
    findings = Findings()
    if not root.is_dir():
        findings.error("missing-folder", str(root), why="There is no such folder.", fix="Name the content folder.")
        return Tree([], [], findings, [])
    shared = load_shared(root, findings=findings, today=today)
    compiler = _Compiler(root, shared, findings, check_quiz)
    folders = [path for path in root.iterdir() if path.is_dir() and (path.name[0] not in "._" or path.name == draft)]
    folders.sort(key=lambda path: (not naming.names_its_folder(path), path.name))
    courses = [course for folder in folders if (course := compiler.course(folder))]
    if check_pools is not None:
        for course in courses:
            check_pools(course, findings=findings, lines=compiler.questions)
    if not folders:
        findings.error("no-courses", ".", why="The folder holds no course.", fix="Add a folder with a course.yaml.")
    paths = compiler.paths()
    check_assessors(compiler.assessors, compiler.slugs, shared, findings)
    return Tree(sorted(courses, key=lambda course: course.slug), paths, findings, shared.marked, shared.facts)


class _Compiler:
    def __init__(self, root: Path, shared: Shared, findings: Findings, check_quiz: CheckQuiz | None) -> None:
        self.root, self.shared, self.findings, self.check_quiz = root, shared, findings, check_quiz
        self.register = _Register(findings)
        self.slugs: set[str] = set()
        """Of every course.yaml that names one, valid or not."""
        self.questions: dict[str, int | None] = {}
        """The line of each question id in its file."""
        self.assessors: list[tuple[str, int | None, str, str]] = []
        """Courses whose certificate lets somebody assess a practice: file, line, place, course."""

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def course(self, folder: Path) -> CompiledCourse | None:
        """Compiles one folder: units and quizzes always, the course itself where course.yaml can be read."""
        file = self.name(folder / "course.yaml")
        loaded = load_yaml(folder / "course.yaml", file=file, findings=self.findings)
        front: schema.Course | None = None
        if loaded is not None:
            if isinstance(loaded.data, dict):
                self.slugs.add(str(loaded.data.get("slug")))
            front = validate(schema.Course, loaded.data, file=file, findings=self.findings, lines=loaded.lines)
        units = self.units(folder)
        if front is None or loaded is None:
            return None
        self.register.take("course slug", front.slug, file, loaded.lines.at("slug"))
        self.check_course(front, loaded.lines, file)
        sign_offs, assessors = compile_sign_offs(
            front, units, lines=loaded.lines, file=file, shared=self.shared, findings=self.findings
        )
        self.assessors += assessors
        named = {name for unit in units for name in unit.misconceptions}
        named |= {str(name) for unit in units if unit.quiz for name in unit.quiz.get("misconceptions", [])}
        return CompiledCourse(
            slug=front.slug,
            title=front.title,
            summary=front.summary,
            audience=list(front.audience),
            language=front.language,
            hours=front.hours,
            pass_mark=front.pass_mark,
            attempts=front.attempts,
            wait_minutes=front.wait_minutes,
            valid_months={str(audience): months for audience, months in front.valid_months.items()},
            authors=front.authors,
            sources=[self.shared.source_entry(name) for name in front.sources if name in self.shared.sources],
            notice=front.notice,
            changes=[change.model_dump(mode="json") for change in front.changes],
            units=units,
            misconceptions={
                name: self.shared.misconception_entry(name)
                for name in sorted(named)
                if name in self.shared.misconceptions
            },
            sign_offs=sign_offs,
        )

    def check_course(self, front: schema.Course, lines: Lines, file: str) -> None:
        for index, name in enumerate(front.sources):
            if name not in self.shared.sources:
                self.findings.error(
                    "unknown-source",
                    file,
                    line=lines.at("sources", index),
                    place="sources",
                    why=f"There is no source '{name}'.",
                    fix=self.shared.near(name, self.shared.sources, "sources.yaml"),
                )
        for audience in sorted(set(front.audience) ^ set(front.valid_months)):
            missing = audience in front.audience
            self.findings.error(
                "valid-months",
                file,
                line=lines.at("valid_months"),
                place="valid_months",
                why=f"'{audience}' {'has no number of months' if missing else 'is not an audience of this course'}.",
                fix=f"Add '{audience}: 12' or another number." if missing else "Remove it, or add it to 'audience'.",
            )
        waivers = Waivers(
            front.waive,
            findings=self.findings,
            file=file,
            line=lines.at("waive"),
            place="waive",
            today=self.shared.today,
        )
        for key in ("title", "summary", "notice"):
            self.shared.language(
                getattr(front, key), findings=self.findings, file=file, line=lines.at(key), place=key, waivers=waivers
            )
        check_words(front, lines=lines, file=file, shared=self.shared, findings=self.findings, waivers=waivers)
        waivers.close()

    def units(self, folder: Path) -> list[CompiledUnit]:
        """Compiles the units of a folder in the order of their numbers."""
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        pages = [path for path in files if naming.UNIT.fullmatch(path.name)]
        quizzes = {path.name for path in files if path.name.endswith(naming.QUIZ)}
        units: list[CompiledUnit] = []
        figures: set[Path] = set()
        numbers: dict[int, str] = {}
        for path in pages:
            number = int(path.name.partition("-")[0])
            if number in numbers:
                self.findings.error(
                    "duplicate-number",
                    self.name(path),
                    why=f"The number {number} is also that of {numbers[number]}.",
                    fix="Give each unit a number of its own.",
                )
            numbers.setdefault(number, path.name)
            result = compile_unit(path, number=number, file=self.name(path), shared=self.shared, findings=self.findings)
            figures |= result.figures
            if result.unit is not None:
                self.take_unit(result.unit, result.lines, folder)
                units.append(result.unit)
            quiz = self.quiz(path.with_name(path.stem + naming.QUIZ), result.unit)
            if result.unit is not None:
                result.unit.quiz = quiz
        self.check_files(folder, files, pages, quizzes, figures)
        self.check_numbers(folder, numbers)
        return units

    def take_unit(self, unit: CompiledUnit, lines: Lines, folder: Path) -> None:
        self.register.take("unit id", unit.author_id, unit.file, lines.at("id"))
        self.register.take(f"unit slug of {folder.name}", unit.slug, unit.file, lines.at("slug"))
        for index, objective in enumerate(unit.objectives):
            self.register.take("objective id", objective["id"], unit.file, lines.at("objectives", index, "id"))

    def quiz(self, path: Path, unit: CompiledUnit | None) -> dict[str, Any] | None:
        """Reads the quiz that belongs to a unit and has it compiled."""
        file = self.name(path)
        loaded = load_yaml(path, file=file, findings=self.findings)
        if loaded is None:
            return None
        if not isinstance(loaded.data, dict):
            self.findings.error(
                "bad-value", file, why="The quiz is not a group of 'key: value' lines.", fix="Begin with 'unit: ...'."
            )
            return None
        self.take_questions(loaded, file)
        if self.check_quiz is None:
            return None
        return self.check_quiz(
            loaded.data, file=file, unit=unit, shared=self.shared, findings=self.findings, lines=loaded.lines
        )

    def take_questions(self, loaded: Loaded, file: str) -> None:
        questions = loaded.data.get("questions")
        for index, question in enumerate(questions if isinstance(questions, list) else []):
            name = question.get("id") if isinstance(question, dict) else None
            if isinstance(name, str):
                line = loaded.lines.at("questions", index, "id")
                self.register.take("question id", name, file, line)
                self.questions.setdefault(name, line)

    def check_files(
        self, folder: Path, files: list[Path], pages: list[Path], quizzes: set[str], figures: set[Path]
    ) -> None:
        if not pages:
            self.findings.error(
                "no-units", self.name(folder), why="The course has no unit.", fix="Add 01-name.md and its quiz."
            )
        owned = {page.stem + naming.QUIZ for page in pages}
        for name in sorted(quizzes - owned):
            self.findings.error(
                "missing-unit",
                self.name(folder / name),
                why="This quiz has no unit of the same name.",
                fix=f"Add {name.removesuffix(naming.QUIZ)}.md, or rename the quiz.",
            )
        for path in files:
            if path not in pages and path.name != "course.yaml" and path.name not in quizzes:
                self.findings.warning(
                    "stray-file", self.name(path), why="This file is not used.", fix=naming.rename(path.name)
                )
        for path in sorted(folder.iterdir()):
            if path.is_dir() and path.name != "figures" and path.name[0] not in "._":
                self.findings.warning(
                    "stray-folder",
                    self.name(path),
                    why="Nothing in this folder is read.",
                    fix="Put units, quizzes and course.yaml beside each other in the course's folder, and pictures in 'figures'.",
                )
        for path in sorted((folder / "figures").glob("*")):
            if path.resolve() not in figures:
                self.findings.info(
                    "unused-figure", self.name(path), why="No unit shows this picture.", fix="Use it or remove it."
                )

    def check_numbers(self, folder: Path, numbers: Iterable[int]) -> None:
        found = set(numbers)
        missing = [number for number in range(1, max(found, default=0)) if number not in found]
        if missing:
            listed = ", ".join(f"{number:02d}" for number in missing)
            self.findings.info(
                "number-gap", self.name(folder), why=f"There is no unit {listed}.", fix="Nothing, if that is meant."
            )

    def paths(self) -> list[CompiledPath]:
        """Reads paths.yaml, where there is one."""
        file = "paths.yaml"
        if not (self.root / file).exists():
            return []
        loaded = load_yaml(self.root / file, file=file, findings=self.findings)
        if loaded is None:
            return []
        if not isinstance(loaded.data, list):
            self.findings.error(
                "bad-value", file, why="The file is not a list.", fix="Begin each path with '- slug: ...'."
            )
            return []
        found: list[CompiledPath] = []
        for index, row in enumerate(loaded.data):
            place = str(row.get("slug")) if isinstance(row, dict) else f"path {index + 1}"
            path = validate(
                schema.Path, row, file=file, findings=self.findings, lines=loaded.lines, at=(index,), place=place
            )
            if path is None:
                continue
            self.register.take("path slug", path.slug, file, loaded.lines.at(index, "slug"))
            for position, slug in enumerate(path.courses):
                if slug not in self.slugs:
                    self.findings.error(
                        "unknown-course",
                        file,
                        line=loaded.lines.at(index, "courses", position),
                        place=path.slug,
                        why=f"There is no course '{slug}'.",
                        fix=self.shared.near(slug, self.slugs, "the content folder"),
                    )
            found.append(CompiledPath(path.slug, path.title, path.audience, path.courses))
        return found
