"""The compiler of a quiz file: checks everything, reports every finding at once, and gives the stored form."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from courses.authoring.compiled import CompiledUnit
from courses.authoring.findings import Findings
from courses.authoring.markup import render_inline, visible_text
from courses.authoring.readability import QUESTION_GRADE
from courses.authoring.schema import Id, Strict
from courses.authoring.shared import Shared
from courses.authoring.validate import validate
from courses.authoring.waivers import Waivers
from courses.authoring.yamlsafe import Lines, Step
from quizzes import kinds
from quizzes.feedback import Level, Moment
from quizzes.kinds.schema import Option, Question
from quizzes.kinds.stem import sentences, split_stem

POOL_FOR_EACH_SEAT = 3
KEY_LENGTH = 1.3
SAME_WORDS = 0.6

_FORBIDDEN = re.compile(
    r"\b(?:(?:all|none|both|either|neither|any) of (?:the above|these answers|them)|(?:both )?[A-E] (?:and|or) [A-E]\b)",
    re.I,
)
_ABSOLUTE = re.compile(r"\b(?:always|never)\b", re.I)
_DOSE = re.compile(r"\d\s?(?:mg|mcg|µg|μg|ml)\b", re.I)
_NEGATIVE = re.compile(r"\b(?:not|except)\b")
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")
_WORD = re.compile(r"[a-z0-9']+")


RULES = ("counts", "time_limit_minutes", "confidence", "practice", "feedback")
"""The keys of a quiz file that become columns of Quiz as they are."""


class DrawLine(Strict):
    objective: Id
    take: Annotated[int, Field(ge=1, le=50)]
    critical: bool = False


class QuizFile(Strict):
    """The outer shape; each question is checked by its own kind."""

    unit: Id
    serve: Annotated[int, Field(ge=1, le=50)]
    draw: Annotated[list[DrawLine], Field(min_length=1)]
    counts: Literal["best", "last"] = "best"
    time_limit_minutes: Annotated[int, Field(ge=1, le=600)] | None = None
    confidence: bool = True
    practice: bool = True
    feedback: dict[Moment, Level] = {}
    questions: Annotated[list[Any], Field(min_length=1)]


@dataclass(frozen=True)
class Said:
    """One text of a question: where it stands and what it is (stem, key, distractor, option, why, ...)."""

    path: tuple[Step, ...]
    text: str
    role: str


def compile_quiz(
    raw: dict[str, Any], *, file: str, unit: CompiledUnit | None, shared: Shared, findings: Findings, lines: Lines
) -> dict[str, Any] | None:
    """The stored quiz ``{unit, serve, draw, rules, questions, misconceptions}``, or None when it cannot be used.

    ``raw`` is the YAML mapping. Every rule of the format and of item writing that software can check is reported to
    ``findings``; with ``unit`` None, those against the unit are skipped. Warnings do not stop a quiz.
    """
    desk = _Desk(file, unit, shared, findings, lines)
    outer = validate(QuizFile, raw, file=file, findings=findings, lines=lines)
    rows = raw.get("questions") if isinstance(raw, dict) else None
    read = [desk.question(at, row) for at, row in enumerate(rows)] if isinstance(rows, list) else []
    good = [(question, stored) for found in read if found for question, stored in [found]]
    if outer is None:
        return None
    desk.quiz(outer, [question for question, _ in good], whole=len(good) == len(read))
    if len(good) < len(read):
        return None
    return {
        "unit": outer.unit,
        "serve": outer.serve,
        "draw": [line.model_dump() for line in outer.draw],
        "rules": outer.model_dump(include=set(RULES)),
        "questions": [stored for _, stored in good],
        "misconceptions": sorted({name for question, _ in good for name in misconceptions(question)}),
    }


class _Desk:
    """One quiz file being checked."""

    def __init__(self, file: str, unit: CompiledUnit | None, shared: Shared, findings: Findings, lines: Lines) -> None:
        self.file, self.unit, self.shared, self.findings, self.lines = file, unit, shared, findings, lines

    # ---- one question -------------------------------------------------------------------------------------------

    def question(self, at: int, row: Any) -> tuple[Question, dict[str, Any]] | None:
        """The checked question and its stored form; None when its structure is broken."""
        if not isinstance(row, dict):
            self._error(
                (at,), f"question {at + 1}", "bad-value", "A question must be a mapping.", "Begin it with '- id: ...'."
            )
            return None
        name = str(row.get("id") or f"question {at + 1}")[:60]
        known = {kind.slug: kind for kind in kinds.all()}
        kind = known.get(str(row.get("kind")))
        if kind is None:
            why = (
                f"The kind '{str(row['kind'])[:60]}' is not known." if row.get("kind") else "The key 'kind' is missing."
            )
            self._error((at, "kind"), name, "unknown-kind", why, f"Write one of: {', '.join(known)}.")
            return None
        question = validate(
            kind.schema,
            row,
            file=self.file,
            findings=self.findings,
            lines=self.lines,
            at=("questions", at),
            place=name,
        )
        if question is None:
            return None
        broken = list(kind.problems(question))
        for dotted, why in broken:
            path = tuple(int(step) if step.isdigit() else step for step in dotted.split("."))
            what, _, mend = why.partition("\n")
            what = what[:1].upper() + what[1:]
            self._error((at, *path), _place(name, row, path), "question-structure", what, mend or "Mend this part.")
        said = list(texts(question))
        self._links(at, name, question)
        for group, options in kind.option_groups(question):
            self._options(at, name, group, options, lengths=kind.slug in ("single_choice", "true_false"))
        self._misconceptions(at, name, row, question)
        self._words(at, name, row, question, said)
        if broken:
            return None
        where = {one.text: (self._line((at, *one.path)), _place(name, row, one.path)) for one in said}
        stem = where[question.stem]

        def render(text: str) -> str:
            line, place = where.get(text, stem)
            return render_inline(
                text, shared=self.shared, findings=self.findings, file=self.file, line=line, place=place
            )

        stored = kind.compile(question, render)
        titles = {section["title"]: section["id"] for section in self.unit.sections} if self.unit else {}
        return question, {**stored, "section_id": titles.get(question.section, "")}

    def _links(self, at: int, name: str, question: Question) -> None:
        """What the question points at: objective, facts, section."""
        line = self._line((at, "facts"))
        self.shared.check_facts(question.facts, findings=self.findings, file=self.file, line=line, place=name)
        if self.unit is None:
            return
        objectives = [objective["id"] for objective in self.unit.objectives]
        if question.objective not in objectives:
            why = f"The unit has no objective '{question.objective}'."
            self._error((at, "objective"), name, "unknown-objective", why, f"Write one of: {', '.join(objectives)}.")
        for fact in question.facts:
            if fact in self.shared.facts and fact not in self.unit.facts:
                why = f"The unit does not teach the fact {fact}."
                self._error((at, "facts"), name, "fact-not-taught", why, "Add it to the unit, or test another fact.")
        titles = [section["title"] for section in self.unit.sections]
        if question.section not in titles:
            why = f"The unit has no heading '{question.section}'."
            self._error((at, "section"), name, "unknown-section", why, f"Write one of: {'; '.join(titles)}.")

    def _options(self, at: int, name: str, group: str, options: list[Option], *, lengths: bool) -> None:
        steps = tuple(int(step) if step.isdigit() else step for step in group.split("."))
        keys = [option for option in options if option.correct]
        absolute_key = any(_ABSOLUTE.search(option.text) for option in keys)
        for n, option in enumerate(options):
            path, place = (at, *steps, n), f"{name} option {option.id}"
            if option.correct and option.misconception:
                why = "A right option stands for no misconception."
                self._error(path, place, "key-with-misconception", why, "Remove 'misconception' or 'correct'.")
            if not option.correct and not option.misconception:
                why = "A wrong option must stand for a belief that people hold."
                fix = "Add 'misconception: ...' with an id from misconceptions.yaml; or 'correct: true' if this is the right one."
                self._error(path, place, "missing-misconception", why, fix)
            if _FORBIDDEN.search(option.text):
                why = "Options that speak of other options test reading, not knowledge."
                self._error(path, place, "forbidden-phrase", why, "Use multiple_choice, or write the option out.")
            if not option.correct and not absolute_key and _ABSOLUTE.search(option.text):
                why = "'Always' and 'never' only in wrong options give the answer away."
                self._error(path, place, "absolute-distractor", why, "Say it without the absolute word.")
        if lengths and len(keys) == 1:
            sizes = [len(visible_text(option.text)) for option in options]
            key, mean = len(visible_text(keys[0].text)), sum(sizes) / len(sizes)
            if key > KEY_LENGTH * mean:
                why = f"The right option has {key} characters; the mean is {mean:.0f}. A long key gives itself away."
                self._warn(
                    (at, *steps), f"{name} option {keys[0].id}", "long-key", why, "Make the options alike in length."
                )

    def _misconceptions(self, at: int, name: str, row: dict[str, Any], question: Question) -> None:
        for path, misconception in _named(question, "misconception"):
            self.shared.check_misconception(
                misconception,
                findings=self.findings,
                file=self.file,
                line=self._line((at, *path)),
                place=_place(name, row, path[:-1]),
            )

    def _words(self, at: int, name: str, row: dict[str, Any], question: Question, said: list[Said]) -> None:
        """Language, doses, negatives."""
        waivers = Waivers(
            question.waive,
            findings=self.findings,
            file=self.file,
            today=self.shared.today,
            line=self._line((at,)),
            place=name,
        )
        for one in said:
            path, place = (at, *one.path), _place(name, row, one.path)
            self.shared.language(
                one.text,
                findings=self.findings,
                file=self.file,
                line=self._line(path),
                place=place,
                context="distractor" if one.role == "distractor" else None,
                waivers=waivers,
            )
            if _DOSE.search(visible_text(one.text)):
                why = "This looks like a dose. No question teaches a dose."
                self._error(path, place, "dose", why, "Take the amount out.")
        waivers.close()
        grade = self.shared.reader.grade([visible_text(one.text) for one in said])
        if grade is not None and grade > QUESTION_GRADE:
            why = f"The question reads at US grade {grade} (Flesch-Kincaid, names of drugs and laws left out)."
            fix = f"Bring it to {QUESTION_GRADE} or lower: cut long sentences in two, and use shorter words."
            self._error((at,), name, "reading-grade", why, fix)
        if question.kind in ("single_choice", "multiple_choice"):
            asks = [part for part in sentences(split_stem(question.stem)[1]) if part.endswith("?")]
            if asks and _NEGATIVE.search(_QUOTED.sub("", asks[-1])):
                why = "The question asks in the negative, which readers miss."
                self._warn((at, "stem"), name, "negative-stem", why, "Ask in the positive, or print **NOT** in bold.")
        if question.kind == "multiple_choice" and "all that apply" not in question.stem.lower():
            why = "The stem does not say that several answers can be right."
            self._warn((at, "stem"), name, "apply-hint", why, "End the stem with 'Choose all that apply.'")
        if question.kind == "ordering" and not question.shuffle:
            why = "The steps of an ordering question are always shuffled."
            self._warn((at, "shuffle"), name, "shuffle-ordering", why, "Remove 'shuffle: false'.")

    # ---- the whole ----------------------------------------------------------------------------------------------

    def quiz(self, outer: QuizFile, questions: list[Question], *, whole: bool) -> None:
        """Unit, draw and pool; the counts over questions only when ``whole``, as a broken question would shift them."""
        if self.unit is not None and outer.unit != self.unit.author_id:
            why = f"The quiz is for '{outer.unit}', and its unit is '{self.unit.author_id}'."
            self._error_at(("unit",), "unit", "wrong-unit", why, f"Write 'unit: {self.unit.author_id}'.")
        seats = sum(line.take for line in outer.draw)
        first = outer.feedback.get(Moment.AFTER_SUBMIT, Level.ANSWERS)
        for moment, level in outer.feedback.items():
            if level.rank < first.rank:
                why = f"'{moment}: {level}' shows less than is open after each hand-in ('{first}')."
                fix = f"Write '{moment}: {first}' or more, or let after_submit show less."
                self._error_at(("feedback", moment), f"feedback {moment}", "feedback-takes-back", why, fix)
        if seats != outer.serve:
            why = f"The draw takes {seats} questions, and 'serve' says {outer.serve}."
            self._error_at(("draw",), "draw", "draw-sum", why, "Make the two agree.")
        pairs = [(line.objective, line.critical) for line in outer.draw]
        known = [objective["id"] for objective in self.unit.objectives] if self.unit else None
        pool = Counter((question.objective, question.critical) for question in questions if not question.retired)
        for at, line in enumerate(outer.draw):
            place = f"draw {line.objective}{' critical' if line.critical else ''}"
            if known is not None and line.objective not in known:
                why = f"The unit has no objective '{line.objective}'."
                self._error_at(("draw", at), place, "unknown-objective", why, f"Write one of: {', '.join(known)}.")
            if pairs.index(pairs[at]) < at:
                why = "This line repeats an earlier one."
                self._error_at(("draw", at), place, "draw-repeated", why, "Add up their 'take' in one line.")
            size = pool[pairs[at]]
            if whole and size < POOL_FOR_EACH_SEAT * line.take:
                wanted, kind = POOL_FOR_EACH_SEAT * line.take, "critical" if line.critical else "not critical"
                why = f"To take {line.take} here, the file needs {wanted} questions of {line.objective} that are {kind}; it has {size}."
                self._error_at(("draw", at), place, "small-pool", why, "Write more of them, or take fewer.")
        if whole:
            self._mix(questions, set(pairs))
        self._stems(questions)

    def _mix(self, questions: list[Question], pairs: set[tuple[str, bool]]) -> None:
        live = [question for question in questions if not question.retired]
        for question in live:
            if (question.objective, question.critical) not in pairs:
                why = "No line of the draw takes this question, so nobody will get it."
                self._warn_at(
                    ("draw",), question.id, "never-drawn", why, "Add a line to the draw, or change 'critical'."
                )
        if sum(question.kind == "true_false" for question in live) * 5 > len(live):
            why = "More than 2 in 10 questions are true or false."
            self._error_at(("questions",), "questions", "many-true-false", why, "Turn some into another kind.")
        if sum(question.level != "Remember" for question in live) * 2 < len(live):
            why = "Less than half of the questions are at Understand or higher."
            self._error_at(("questions",), "questions", "low-level", why, "Ask more about what people do or say.")

    def _stems(self, questions: list[Question]) -> None:
        words = [(question.id, set(_WORD.findall(visible_text(question.stem).lower()))) for question in questions]
        for (first, left), (second, right) in itertools.combinations(words, 2):
            if left | right and len(left & right) > SAME_WORDS * len(left | right):
                why = f"The stems of {first} and {second} are nearly the same."
                self._warn_at(
                    ("questions",), second, "similar-stems", why, "Let each question ask something of its own."
                )

    # ---- reporting ----------------------------------------------------------------------------------------------

    def _line(self, path: tuple[Step, ...]) -> int | None:
        return self.lines.at("questions", *path)

    def _error(self, path: tuple[Step, ...], place: str, rule: str, why: str, fix: str) -> None:
        self.findings.error(rule, self.file, line=self._line(path), place=place, why=why, fix=fix)

    def _warn(self, path: tuple[Step, ...], place: str, rule: str, why: str, fix: str) -> None:
        self.findings.warning(rule, self.file, line=self._line(path), place=place, why=why, fix=fix)

    def _error_at(self, path: tuple[Step, ...], place: str, rule: str, why: str, fix: str) -> None:
        self.findings.error(rule, self.file, line=self.lines.at(*path), place=place, why=why, fix=fix)

    def _warn_at(self, path: tuple[Step, ...], place: str, rule: str, why: str, fix: str) -> None:
        self.findings.warning(rule, self.file, line=self.lines.at(*path), place=place, why=why, fix=fix)


def texts(question: Question) -> Iterator[Said]:
    """Every text of a question that somebody reads, whatever its kind."""
    return _texts(question, ())


def _texts(value: Any, path: tuple[Step, ...]) -> Iterator[Said]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name), (*path, name))
            inner = getattr(value, name)
            if isinstance(inner, str) and name in ("stem", "text", "why", "content_note"):
                role = name
                if name == "text" and isinstance(value, Option):
                    role = "key" if value.correct else "distractor"
                yield Said((*path, name), inner, role)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            if isinstance(one, str) and path[-1] in ("accept", "texts"):
                yield Said((*path, at), one, "key" if path[-1] == "accept" else "distractor")
            else:
                yield from _texts(one, (*path, at))


def misconceptions(question: Question) -> set[str]:
    """The misconception ids that a question names."""
    return {name for _, name in _named(question, "misconception")}


def _named(value: Any, wanted: str, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            if name == wanted and isinstance(inner, str):
                yield (*path, name), inner
            else:
                yield from _named(inner, wanted, (*path, name))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _named(one, wanted, (*path, at))


def _place(name: str, row: Any, path: tuple[Step, ...]) -> str:
    """How a person would name a node: 'STG-U1-Q03 option b'."""
    words, current = [name], row
    for step in path:
        try:
            current = current[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(step, int):
            own = current.get("id") if isinstance(current, dict) else None
            words[-1] = words[-1].removesuffix("s")
            words.append(str(own) if own else f"number {step + 1}")
        elif step not in ("text", "id"):
            words.append(step)
    return " ".join(words)
