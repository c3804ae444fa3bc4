"""The lists that all courses share: facts, misconceptions, glossary, sources and the language rules."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from courses.authoring import schema
from courses.authoring.compiled import Entry, Marked
from courses.authoring.findings import Findings
from courses.authoring.language import Language, Piece
from courses.authoring.lookups import Lookups
from courses.authoring.markup import inline_pieces, render_inline, visible_text
from courses.authoring.readability import Reader
from courses.authoring.validate import validate
from courses.authoring.waivers import Waivers
from courses.authoring.yamlsafe import Lines, Step, load_yaml
from lms.lib import clock, dates

M = TypeVar("M", bound=schema.Identified)
FILES = ("facts.yaml", "supplement.yaml", "terms.yaml", "misconceptions.yaml", "glossary.yaml", "sources.yaml")


def _today() -> dt.date:
    return clock.now().date()


@dataclass
class Shared(Lookups):
    """Lookups plus the language rules, the date for waivers, and the marked terms found so far."""

    rules: Language = field(default_factory=Language)
    today: dt.date = field(default_factory=_today)
    marked: list[Marked] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)

    def language(
        self,
        markdown: str,
        *,
        findings: Findings,
        file: str,
        line: int | None = None,
        place: str = "",
        context: str | None = None,
        waivers: Waivers | None = None,
    ) -> None:
        """Runs terms.yaml on the visible words of one run of Markdown. ``context`` marks the whole text."""
        self.language_of(
            inline_pieces(markdown, line), findings=findings, file=file, place=place, context=context, waivers=waivers
        )

    def language_of(
        self,
        found: list[Piece],
        *,
        findings: Findings,
        file: str,
        place: str = "",
        context: str | None = None,
        waivers: Waivers | None = None,
    ) -> None:
        """The same for pieces of visible text."""
        self.marked += self.rules.check(
            found, findings=findings, file=file, place=place, context=context, waivers=waivers
        )

    def glossary_entry(self, name: str) -> Entry:
        """One entry as a page shows it; ``see`` holds ids that the same page also carries."""
        entry = self.glossary[name]
        see = [other for other in entry.see if other in self.glossary]
        html = render_inline(entry.definition, shared=self)
        return {"id": name, "term": entry.term, "short": entry.short, "definition_html": html, "see": see}

    def source_entry(self, name: str) -> Entry:
        """One source as a page shows it; ``checked`` is a date as text, or None."""
        source = self.sources[name]
        checked = source.checked.isoformat() if source.checked else None
        return {"id": name, "name": source.name, "year": source.year, "url": source.url, "checked": checked}

    def misconception_entry(self, name: str) -> Entry:
        entry = self.misconceptions[name]
        texts = {"belief": entry.belief, "correction": entry.correction}
        return {key: visible_text(text) for key, text in texts.items()}


def load_shared(root: Path, *, findings: Findings, today: dt.date | None = None) -> Shared:
    """Reads and checks the shared files of a content folder. What cannot be read stays empty, with an error finding."""
    shared = Shared(today=today or _today())
    for name in ("facts.yaml", "supplement.yaml"):
        loaded = load_yaml(root / name, file=name, findings=findings)
        if loaded is not None:
            rows = _part(loaded.data, "facts", list, name, findings)
            lines: dict[str, int | None] = {}
            found = _rows(schema.Fact, rows, name, loaded.lines, ("facts",), findings, set(shared.facts), lines)
            shared.facts |= dict(found)
            meta = loaded.data.get("meta") if isinstance(loaded.data, dict) else None
            _check_age(shared, meta, lines, name, findings)
    models: dict[str, tuple[type[schema.Identified], dict[str, Any]]] = {
        "misconceptions.yaml": (schema.Misconception, shared.misconceptions),
        "glossary.yaml": (schema.GlossaryEntry, shared.glossary),
        "sources.yaml": (schema.Source, shared.sources),
    }
    where: dict[str, dict[str, int | None]] = {name: {} for name in models}
    for name, (model, known) in models.items():
        loaded = load_yaml(root / name, file=name, findings=findings)
        if loaded is not None:
            if isinstance(loaded.data, list):
                known |= dict(_rows(model, loaded.data, name, loaded.lines, (), findings, set(), where[name]))
            else:
                _not(list, name, findings)
    shared.rules = _language(root, findings)
    shared.reader = Reader(shared.rules.proper_names)
    _check_entries(shared, where, findings)
    return shared


def _rows(
    model: type[M],
    rows: list[Any],
    file: str,
    lines: Lines,
    at: tuple[Step, ...],
    findings: Findings,
    taken: set[str],
    where: dict[str, int | None] | None = None,
) -> Iterator[tuple[str, M]]:
    """Valid rows by id. The lines where they begin go into ``where``; ids in ``taken`` are not given again."""
    for index, row in enumerate(rows):
        name = row.get("id") if isinstance(row, dict) else None
        place = str(name or f"entry {index + 1}")
        entry = validate(model, row, file=file, findings=findings, lines=lines, at=(*at, index), place=place)
        if entry is None:
            continue
        found = entry.id
        if found in taken:
            findings.error(
                "duplicate-id",
                file,
                line=lines.at(*at, index),
                place=place,
                why=f"The id '{found}' is used twice.",
                fix="Give this entry an id of its own. Ids are kept forever.",
            )
            continue
        taken.add(found)
        if where is not None:
            where[found] = lines.at(*at, index)
        yield found, entry


def _part(data: Any, key: str, kind: type, file: str, findings: Findings) -> Any:
    """``data[key]`` if it is of that kind; otherwise an empty one and an error finding."""
    part = data.get(key) if isinstance(data, dict) else None
    if isinstance(part, kind):
        return part
    findings.error(
        "missing-key",
        file,
        place=key,
        why=f"The file has no {kind.__name__} '{key}'.",
        fix=f"Add '{key}:' and its entries.",
    )
    return kind()


def _check_age(shared: Shared, meta: Any, lines: dict[str, int | None], file: str, findings: Findings) -> None:
    """Facts whose recheck date, counted from the day the fact base was prepared, has passed. Without that day, none."""
    said = meta.get("prepared") if isinstance(meta, dict) else None
    try:
        prepared = dt.date.fromisoformat(str(said))
    except ValueError:
        return
    for name, line in lines.items():
        months = shared.facts[name].recheck_months
        if months is None or shared.facts[name].use == "exclude":
            continue
        due = dates.add_months(prepared, months)
        if due < shared.today:
            findings.warning(
                "fact-recheck",
                file,
                line=line,
                place=name,
                why=f"The fact {name} was due for a recheck on {due.isoformat()}: it ages fast.",
                fix="Check it against its source, correct what has changed, and then the texts and questions that rest on it.",
            )


def _not(kind: type, file: str, findings: Findings) -> None:
    findings.error(
        "bad-value", file, why=f"The file is not a {kind.__name__}.", fix="Begin each entry with '- id: ...'."
    )


def _language(root: Path, findings: Findings) -> Language:
    name = "terms.yaml"
    loaded = load_yaml(root / name, file=name, findings=findings)
    if loaded is None:
        return Language()
    rules: list[schema.LanguageRule] = []
    rows = _part(loaded.data, "terms", list, name, findings)
    for index, (_, rule) in enumerate(
        _rows(schema.LanguageRule, rows, name, loaded.lines, ("terms",), findings, set())
    ):
        try:
            pattern = re.compile(rule.pattern, re.IGNORECASE if "i" in rule.flags else 0)
        except re.error as error:
            findings.error(
                "bad-pattern",
                name,
                line=loaded.lines.at("terms", index, "pattern"),
                place=rule.id,
                why=f"The pattern is not a regular expression: {error}.",
                fix="Correct the pattern.",
            )
            continue
        rules.append(rule)
        for text, wanted in [*((hit, True) for hit in rule.test_hit), *((miss, False) for miss in rule.test_miss)]:
            if bool(pattern.search(text)) is not wanted:
                findings.error(
                    "bad-pattern",
                    name,
                    place=rule.id,
                    why=f"The pattern {'misses' if wanted else 'hits'} its own example '{text}'.",
                    fix="Correct the pattern or the example.",
                )
    names = _part(loaded.data, "proper_names", list, name, findings)
    return Language(rules, [str(entry) for entry in names])


def _check_entries(shared: Shared, where: dict[str, dict[str, int | None]], findings: Findings) -> None:
    """Facts, references and language of glossary and misconceptions."""
    file = "glossary.yaml"
    for name, entry in shared.glossary.items():
        line = where[file][name]
        shared.check_facts(entry.facts, findings=findings, file=file, line=line, place=name)
        for other in entry.see:
            if other not in shared.glossary:
                findings.error(
                    "unknown-term",
                    file,
                    line=line,
                    place=name,
                    why=f"'see' names '{other}', and the glossary has no such entry.",
                    fix=shared.near(other, shared.glossary, file),
                )
        _check_texts(shared, [entry.term, entry.short or "", entry.definition], findings, file, line, name)
    file = "misconceptions.yaml"
    for name, belief in shared.misconceptions.items():
        line = where[file][name]
        shared.check_facts(belief.facts, findings=findings, file=file, line=line, place=name)
        _check_texts(shared, [belief.belief, belief.correction], findings, file, line, name)


def _check_texts(shared: Shared, texts: list[str], findings: Findings, file: str, line: int | None, place: str) -> None:
    for text in texts:
        render_inline(text, shared=shared, findings=findings, file=file, line=line, place=place)
        shared.language(text, findings=findings, file=file, line=line, place=place)
