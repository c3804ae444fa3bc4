"""terms.yaml: contexts, proper names, longest match, exceptions by waiver."""

import datetime as dt
import functools

import pytest
import yaml

from courses.authoring.findings import Findings
from courses.authoring.language import Language, Piece
from courses.authoring.schema import LanguageRule, Waiver
from courses.authoring.shared import load_shared
from courses.authoring.waivers import Waivers
from tests.courses.authoring.smalltree import COURSE, FIGURE, TERMS, TODAY, UNIT, SmallTree
from tests.courses.authoring.test_course import CONTENT

RULES = [LanguageRule.model_validate(row) for row in yaml.safe_load(TERMS)["terms"]]
SHIPPED = [LanguageRule.model_validate(row) for row in yaml.safe_load((CONTENT / "terms.yaml").read_text())["terms"]]


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda rule: rule.id)
def test_each_shipped_rule_hits_and_misses_its_own_examples(rule: LanguageRule) -> None:
    alone = Language([rule])
    assert rule.test_hit
    for text in rule.test_hit:
        assert [hit.rule.id for hit in alone.hits(text)], text
    for text in rule.test_miss:
        assert alone.hits(text) == [], text


def test_the_longest_hit_wins_and_proper_names_are_masked() -> None:
    language = Language(RULES, ["House of Junkies"])
    assert [(hit.rule.id, hit.text) for hit in language.hits("An old junkie and a Junkie")] == [
        ("T-02", "old junkie"),
        ("T-01", "Junkie"),
    ]
    assert language.hits("the house of\njunkies") == []
    assert [hit.text for hit in language.hits("the house of many junkies")] == ["junkies"]


def test_marked_words_are_counted_and_not_reported() -> None:
    findings = Findings()
    pieces = [Piece(4, "He said …, and junkie", (("quote", "junkie"),)), Piece(9, "a junkie")]
    language = Language(RULES)
    marked = language.check(pieces[:1], findings=findings, file="a.md")
    assert [(mark.context, mark.rule, mark.line) for mark in marked] == [("quote", "T-01", 4)]
    assert [(finding.rule, finding.line) for finding in findings] == [("T-01", 4)]
    marked = language.check(pieces[1:], findings=findings, file="a.md", context="distractor")
    assert [(mark.context, mark.line) for mark in marked] == [("distractor", 9)]
    assert len(findings) == 1


def test_a_finding_shows_the_sentence_the_reason_and_the_better_words() -> None:
    findings = Findings()
    Language(RULES).check([Piece(3, "All is well.\nThe junkie\nslept. Then he left.")], findings=findings, file="a.md")
    (finding,) = findings
    assert finding.line == 4
    assert finding.why == "'junkie' in: \"The junkie slept.\" A slur."
    assert finding.fix == "Write: person who uses drugs. Allowed, when marked: Marked quote."


def test_a_myth_is_a_context_by_itself(small: SmallTree) -> None:
    small.replace(UNIT, '"Doors do not matter."', '"Junkies do not matter."')
    tree = small.compile()
    assert list(tree.findings) == []
    assert [(mark.context, mark.text) for mark in tree.marked] == [("quote", "junkies"), ("myth", "Junkies")]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (UNIT, "(tel:988)", "(https://example.org/junkies)"),
        (UNIT, "slug: at-the-door", "slug: junkie-door"),
        (FIGURE, 'class="figure-box"', 'class="junkie"'),
        ("sources.yaml", "The book of doors", "The junkie book"),
    ],
)
def test_addresses_ids_classes_and_references_are_not_read(small: SmallTree, file: str, old: str, new: str) -> None:
    small.replace(file, old, new)
    assert list(small.compile().findings) == []


def waive(small: SmallTree, rule: str, where: str, until: str = "2027-11-22") -> None:
    entry = f'waive: [{{rule: {rule}, where: "{where}", reason: Everyday name, until: {until}}}]'
    small.replace(UNIT, "minutes: 12\n", f"minutes: 12\n{entry}\n")


def test_a_waiver_holds_for_its_words_in_its_place_only(small: SmallTree) -> None:
    small.replace(UNIT, "A greeting helps.\n:::\n", "A greeting helps after\ndetox. Detox is a word.\n:::\n")
    waive(small, "T-03", "after detox")
    found = [(finding.severity, finding.rule, finding.line) for finding in small.compile().findings]
    line = small.line(UNIT, "detox. Detox")
    assert found == [("info", "waived", small.line(UNIT, "waive:")), ("info", "T-03", line)]


def test_a_lapsed_waiver_holds_no_more(small: SmallTree) -> None:
    small.replace(UNIT, "[junkies]{.quote}", "junkies")
    waive(small, "T-01", "the junkies", until=TODAY.isoformat())
    assert [finding.rule for finding in small.compile().findings] == ["waived"]
    tree = small.compile(today=TODAY + dt.timedelta(days=1))
    assert {(finding.severity, finding.rule) for finding in tree.findings} == {
        ("error", "T-01"),
        ("warning", "waiver-lapsed"),
    }


def test_a_waiver_that_nothing_needs_is_named(small: SmallTree) -> None:
    waive(small, "T-01", "the junkies")
    (finding,) = small.compile().findings
    assert (finding.severity, finding.rule, finding.line) == ("warning", "waiver-unused", small.line(UNIT, "waive:"))


@pytest.mark.parametrize("rule", ["minutes", "unknown-fact", "link-unsafe", "practice-key"])
def test_an_error_of_structure_cannot_be_waived(small: SmallTree, rule: str) -> None:
    waive(small, rule, "anything")
    assert [finding.rule for finding in small.compile().findings.errors] == ["waiver-refused"]


def test_length_and_figures_can_be_waived(small: SmallTree) -> None:
    small.replace(UNIT, "A greeting helps.\n:::\n", "A greeting helps.\n:::\n\nWe saw 3,000 doors.\n")
    small.replace(UNIT, "Opening words", "Opening words " + "and more " * 200)
    waive(small, "number-without-source", "3,000 doors")
    small.replace(
        UNIT,
        "minutes: 12\nwaive: [",
        'minutes: 12\nwaive: [{rule: unit-length, where: "-", reason: Long story, until: 2027-01-01}, ',
    )
    assert [finding.rule for finding in small.compile().findings] == ["waived", "waived"]


def test_course_texts_have_waivers_of_their_own(small: SmallTree) -> None:
    small.replace(COURSE, "How to greet people.", "How to greet people after detox.")
    small.replace(
        COURSE, "changes:", "waive: [{rule: T-03, where: after detox, reason: Name, until: 2027-01-01}]\nchanges:"
    )
    assert [(finding.rule, finding.file) for finding in small.compile().findings] == [("waived", COURSE)]


def test_the_helper_for_questions(small: SmallTree) -> None:
    findings = Findings()
    shared = load_shared(small.root, findings=findings, today=TODAY)
    waivers = Waivers(
        [Waiver(rule="T-03", where="after detox", reason="Name", until=TODAY)],
        findings=findings,
        file="q.yaml",
        line=3,
        place="Q01",
        today=shared.today,
    )
    say = functools.partial(shared.language, findings=findings, file="q.yaml", line=3, place="Q01")
    say("Rest after [a junkie]{.quote} detox")
    say("Rest *after* detox", waivers=waivers)
    say("A junkie", context="distractor")
    waivers.close()
    assert [(finding.rule, finding.place) for finding in findings] == [("T-03", "Q01"), ("waived", "Q01")]
    assert [mark.context for mark in shared.marked] == ["quote", "distractor"]
    assert not shared.check_misconception("no-such", findings=findings, file="q.yaml")
    shared.check_facts(["E-001", "H-002", "E-999"], findings=findings, file="q.yaml")
    assert [finding.rule for finding in findings.errors] == ["excluded-fact", "unknown-fact", "unknown-misconception"]
