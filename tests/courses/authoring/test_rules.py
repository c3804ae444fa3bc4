"""One broken copy of a small valid tree for each rule: the finding names rule, severity, file and line, and nothing else breaks."""

from dataclasses import dataclass

import pytest

from tests.courses.authoring.smalltree import COURSE, FIGURE, QUIZ, UNIT, SmallTree


@dataclass(frozen=True)
class Broken:
    rule: str
    file: str
    old: str
    new: str
    at: str = ""
    """Words of the line that the finding must name; empty: the finding has no line."""
    place: str = ""
    severity: str = "error"
    plus: int = 0
    """How many lines below those words."""


HARD = "hold open. " + " ".join(
    ["Organizational hospitality necessitates conscientious institutional consideration of individual requirements."]
    * 40
)
STEM = "Somebody comes in. What do you say?"
PRACTICE = """\
sign_offs:
  - id: opening
    title: Opening a door
    practice: One door is opened while somebody looks on.
    unit: GRT-U1
    checklist: [Opens the door.]
    assessors: [greeting]
"""
SECOND = PRACTICE.removeprefix("sign_offs:\n").replace("Opening a door", "Opening it again")


def practice(old: str, new: str) -> str:
    """course.yaml from its changes on, with a practice before them in which one thing was changed."""
    assert PRACTICE.count(old) == 1
    return PRACTICE.replace(old, new) + "changes:"


CASES = [
    # YAML
    Broken("yaml-syntax", COURSE, "title: Greeting people", "title: Greeting: people", "title: Greeting", "column 16"),
    Broken("duplicate-key", COURSE, "attempts: 3\n", "attempts: 3\nattempts: 4\n", "attempts: 4", "attempts"),
    Broken("yaml-alias", COURSE, "title: Greeting people", "title: &a Greeting people", "title: &a"),
    Broken("yaml-tag", COURSE, "attempts: 3", "attempts: !!int 3", "attempts: !!int"),
    Broken("yaml-documents", COURSE, "changes:", "---\nchanges:", "---"),
    Broken("yaml-syntax", UNIT, "title: At the door", "title: [At the door", "title: [At", "column 8"),
    Broken("yaml-depth", COURSE, "attempts: 3", "attempts: " + "[" * 40 + "]" * 40, "attempts: ["),
    Broken("yaml-key", COURSE, "attempts: 3", "\u00a0attempts: 3", "attempts: 3"),
    Broken("yaml-key", COURSE, "attempts: 3", "? [attempts]\n: 3", "? [attempts]"),
    Broken("yaml-comment", COURSE, "title: Greeting people", "title: Greeting #1", "title: Greeting #1", "title", severity="warning"),
    Broken("control-character", COURSE, "title: Greeting people", 'title: "Greeting\\0 people"', "title: ", "title"),
    Broken("control-character", COURSE, "title: Greeting people", 'title: "Greeting\\u202e people"', "title: ", "title"),
    Broken("control-character", COURSE, "title: Greeting people", "title: Greeting\x0c people", "title: ", "column 16"),
    Broken("control-character", UNIT, "title: At the door", 'title: "At\\a the door"', "title: ", "title"),
    Broken("control-character", UNIT, "Opening words", "Opening\0words", "about the [door]", "column 8"),
    Broken("control-character", UNIT, "Opening words", "Opening\u2028words", "about the [door]", "column 8"),
    Broken("control-character", UNIT, "*closed*.", "*closed*.\x0b", "*closed*", "column 28"),
    Broken("control-character", QUIZ, "kind: single_choice\n  - id", 'kind: "single\\x1b_choice"\n  - id', "x1b", "question number 1 kind"),
    Broken("control-character", "glossary.yaml", "A way in.", '"A way\\0 in."', "A way", "entry 1 definition"),
    Broken("control-character", FIGURE, "Come in", "Come\x01in", "x=\"4\"", "column 25"),
    # shapes
    Broken("bad-value", COURSE, "title: Greeting people", 'title: "Greeting\\npeople"', "title: ", "title"),
    Broken("bad-value", COURSE, "hours: 0.5", "hours: 0,5", "hours", "hours"),
    Broken("unknown-key", COURSE, "attempts: 3\n", "attempts: 3\nattemps: 4\n", "attemps", "attemps"),
    Broken("missing-key", COURSE, "attempts: 3\n", "", "slug: greeting", "attempts"),
    Broken("bad-value", COURSE, "attempts: 3", "attempts: many", "attempts: many", "attempts"),
    Broken("bad-value", COURSE, "pass_mark: 80", "pass_mark: 101", "pass_mark: 101", "pass_mark"),
    Broken("bad-value", COURSE, "[volunteer, staff]", "[volunteer, guest]", "audience", "audience number 2"),
    Broken("bad-value", COURSE, "slug: greeting", "slug: Greeting People", "slug: Greeting", "slug"),
    Broken("bad-value", COURSE, "date: 2026-11-22", "date: yesterday", "yesterday", "change number 1 date"),
    Broken("bad-value", COURSE, "summary: How to greet people.", "summary:", "summary:", "summary"),
    Broken("valid-months", COURSE, ", staff: 24}", "}", "valid_months", "valid_months"),
    Broken("valid-months", COURSE, "staff: 24", "staff: 24, supervisor: 6", "valid_months", "valid_months"),
    Broken("unknown-source", COURSE, "[BOOK, OTHER]", "[BOOK, BOKO]", "sources:", "sources"),
    # practices that are observed
    Broken("missing-key", COURSE, "changes:", practice("    checklist: [Opens the door.]\n", ""), "id: opening", "sign_off opening checklist"),
    Broken("bad-value", COURSE, "changes:", practice("[Opens the door.]", "[]"), "checklist:", "sign_off opening checklist"),
    Broken("bad-value", COURSE, "changes:", practice("id: opening", "id: Opening It"), "id: Opening", "sign_off Opening It id"),
    Broken("unknown-unit", COURSE, "changes:", practice("unit: GRT-U1", "unit: GRT-U9"), "unit: GRT-U9", "sign_off opening"),
    Broken("unknown-course", COURSE, "changes:", practice("assessors: [greeting]", "assessors: [greting]"), "greting]", "sign_off opening"),
    Broken("checklist-item", COURSE, "changes:", practice("[Opens the door.]", "[Opening the door]"), "Opening the door", "sign_off opening item 1"),
    Broken("checklist-twice", COURSE, "changes:", practice("[Opens the door.]", "[Opens the door., opens the  door.]"), "opens the", "sign_off opening item 2"),
    Broken("T-01", COURSE, "changes:", practice("[Opens the door.]", "[Asks the junkies in.]"), "junkies", "sign_off opening item 1"),
    Broken("duplicate-practice", COURSE, "changes:", PRACTICE + SECOND + "changes:", "title: Opening it again", "sign_off opening", plus=-1),
    Broken("unknown-key", UNIT, "minutes: 12", "minutes: 12\nminute: 3", "minute: 3", "minute"),
    Broken("bad-value", UNIT, "level: Apply", "level: Know", "level: Know", "objective GRT-1.1 level"),
    Broken("front-matter", UNIT, "---\nid: GRT-U1", "id: GRT-U1", "id: GRT-U1"),
    Broken("minutes", UNIT, "minutes: 12", "minutes: 25", "minutes: 25", "minutes"),
    Broken("minutes", UNIT, "minutes: 12", "minutes: 7", "minutes: 7", "minutes"),
    # shared lists
    Broken("duplicate-id", "glossary.yaml", "- id: greeting", "- id: door", "term: Greeting", "door", plus=-1),
    Broken("unknown-term", "glossary.yaml", "see: [greeting]", "see: [greting]", "id: door", "door"),
    Broken("unknown-fact", "misconceptions.yaml", "[E-002]", "[E-999]", "doors-do-not", "doors-do-not-matter"),
    Broken("excluded-fact", "misconceptions.yaml", "[E-002]", "[H-002]", "doors-do-not", "doors-do-not-matter"),
    Broken("bad-value", "sources.yaml", '"https://example.org/doors"', "http://example.org", "BOOK", "BOOK url"),
    Broken("bad-pattern", "terms.yaml", r"pattern: \bjunkies?\b", "pattern: (junk", "pattern: (junk", "T-01"),
    Broken("bad-pattern", "terms.yaml", "test_miss: [toxic]", "test_miss: [detox]", "", "T-03"),
    Broken("unknown-key", "facts.yaml", "use: teach}", "use: teach, used: yes}", "H-001", "H-001 used"),
    Broken("duplicate-id", "supplement.yaml", "id: E-002", "id: H-001", "A greeting helps.", "H-001"),
    Broken("unknown-course", "paths.yaml", "[greeting]", "[greting]", "greting", "volunteers"),
    # pointers
    Broken("unknown-fact", UNIT, "[E-001, E-002, H-001]", "[E-001, E-002, H-001, E-777]", "facts:", "facts"),
    Broken("excluded-fact", UNIT, "[E-001, E-002, H-001]", "[E-001, E-002, H-001, H-002]", "facts:", "facts"),
    Broken("unknown-fact", UNIT, "::: fact E-002", "::: fact E-002 E-777", "::: fact"),
    Broken("fact-not-listed", UNIT, "[E-001, E-002, H-001]", "[E-001, H-001]", "::: fact E-002"),
    Broken("fact-without-id", UNIT, "::: fact E-002", "::: fact", "::: fact"),
    Broken("unknown-term", UNIT, "(term:door)", "(term:dor)", "Opening words"),
    Broken("unknown-source", UNIT, '(source:BOOK "E-001")', '(source:BOK "E-001")', "Seven in ten"),
    Broken("source-without-fact", UNIT, '(source:BOOK "E-001")', "(source:BOOK)", "Seven in ten"),
    Broken("unknown-fact", UNIT, '(source:BOOK "E-001")', '(source:BOOK "E-777")', "Seven in ten"),
    Broken("source-not-of-fact", UNIT, '(source:BOOK "E-001")', '(source:OTHER "E-001")', "Seven in ten"),
    Broken("unknown-misconception", UNIT, "::: myth doors-do-not-matter", "::: myth doors", "::: myth"),
    Broken("unknown-objective", UNIT, "::: practice GRT-1.1", "::: practice GRT-9.9", "::: practice", "practice 1"),
    # facts marks
    Broken("unknown-fact", UNIT, '{facts="H-001"}', '{facts="H-001 E-777"}', "## Why doors matter"),
    Broken("excluded-fact", UNIT, '{facts="H-001"}', '{facts="H-001 H-002"}', "## Why doors matter"),
    Broken("fact-not-listed", UNIT, "[E-001, E-002, H-001]", "[E-001, E-002]", "## Why doors matter"),
    Broken("fact-not-anchored", UNIT, ' {facts="H-001"}', "", "facts: [", "H-001", severity="warning"),
    Broken("facts-mark", UNIT, '{facts="H-001"}', "{facts=H-001}", "## Why doors matter"),
    Broken("facts-mark", UNIT, '{facts="H-001"}', '{facts=""}', "## Why doors matter"),
    Broken("facts-mark", UNIT, "*closed*.", '*closed* {facts="H-001"} for long.', "*closed*"),
    # blocks
    Broken("unknown-block", UNIT, "::: callout Look twice", "::: calout Look twice", "::: calout", "block calout"),
    Broken("unclosed-block", UNIT, "*closed*.\n:::", "*closed*.", "::: callout", "block callout"),
    Broken("stray-close", UNIT, "*closed*.\n:::", "*closed*.\n:::\n\n:::", "*closed*", plus=3),
    Broken("nested-block", UNIT, "A **door** can be *closed*.", "A\n\n::: vignette Inner\nB\n:::\n", "Inner", "block vignette"),
    Broken("empty-block", UNIT, "A **door** can be *closed*.", "", "::: callout"),
    Broken("missing-title", UNIT, "::: callout Look twice", "::: callout", "::: callout"),
    Broken("myth-without-fact", UNIT, '"Doors do not matter."\n:::', '"Doors do not matter."\n:::\n\nBetween.', "::: myth"),
    Broken("unknown-slot", UNIT, "::: protocol privacy", "::: protocol parking", "::: protocol"),
    Broken("unexpected-argument", UNIT, "::: monday", "::: monday morning", "::: monday"),
    Broken("monday-missing", UNIT, "::: monday", "::: callout Next week", "::: callout Next week"),
    Broken("monday-not-last", UNIT, "- **Hold** one door.\n:::", "- **Hold** one door.\n:::\n\nOne more thing.", "::: monday"),
    Broken("monday-items", UNIT, "- **Hold** one door.\n", "", "::: monday", severity="warning"),
    Broken("fact-without-myth", UNIT, '"Doors do not matter."\n:::', '"Doors do not matter."\n:::\n\nBetween.', "::: fact"),
    Broken("fence-colons", UNIT, "::: callout Look twice", ":: callout Look twice", ":: callout"),
    Broken("fence-colons", UNIT, "*closed*.\n:::", "*closed*.\n::", "*closed*", plus=1),
    # headings
    Broken("heading-space", UNIT, "## What to say", "##What to say", "##What"),
    Broken("heading-level", UNIT, "## What to say", "### What to say", "### What to say", "What to say"),
    Broken("heading-level", UNIT, "## What to say", "# What to say", "# What to say", "What to say"),
    Broken("heading-in-block", UNIT, "A **door** can be *closed*.", "## Inside\n\nWords.", "## Inside", "Inside"),
    Broken("duplicate-heading", UNIT, "## What to say", "## Other\n\n## Why doors matter", "## Other", "Why doors matter", plus=2),
    Broken("empty-heading", UNIT, "## What to say", "##\n\n## What to say", "## What to say", plus=-2),
    # figures
    Broken("figure-alt", UNIT, "![An open door]", "![]", "::: figure"),
    Broken("figure-picture", UNIT, "![An open door](figures/door.svg)", "No picture.", "::: figure"),
    Broken("figure-caption", UNIT, "A door, drawn by hand.\n\nThe door stands open. Light falls out of it.", "- x", "::: figure"),
    Broken("figure-description", UNIT, "The door stands open. Light falls out of it.\n", "", "::: figure"),
    Broken("missing-file", UNIT, "figures/door.svg", "figures/gate.svg", "::: figure"),
    Broken("figure-file", UNIT, "figures/door.svg", "../../../etc/passwd.svg", "::: figure"),
    Broken("figure-file", UNIT, "figures/door.svg", "https://example.org/x.svg", "::: figure"),
    Broken("image-outside-figure", UNIT, "A **door** can be *closed*.", "A door ![x](figures/door.svg).", "![x]"),
    Broken("figure-title", FIGURE, '<title id="t">A door</title>', ""),
    Broken("figure-desc", FIGURE, "<desc>An open door with light behind it.</desc>", ""),
    Broken("figure-viewbox", FIGURE, ' viewBox="0 0 400 300"', ""),
    Broken("svg-syntax", FIGURE, "</svg>", "", "Come in", plus=2),
    Broken("figure-unsafe", FIGURE, "<rect id", '<rect style="fill:red" id', "<rect"),
    Broken("figure-unsafe", FIGURE, "  <rect", "  <style>.a{}</style>\n  <rect", "<style>"),
    Broken("figure-small-text", FIGURE, '<text x="4"', '<text font-size="9" x="4"', "<text", severity="warning"),
    # practice
    Broken("practice-key", UNIT, '- [x] "Good morning."', '- [ ] "Good morning."', "::: practice", "practice 1"),
    Broken("practice-feedback", UNIT, "  > Silence is not a greeting.\n", "", "- [ ] Nothing", "practice 1 option 1"),
    Broken("practice-option", UNIT, "- [ ] Nothing.", "- Nothing.", "- Nothing.", "practice 1 option 1"),
    Broken("practice-options", UNIT, "- [ ] Nothing.\n  > Silence is not a greeting.\n", "", "::: practice", "practice 1"),
    Broken("practice-stem", UNIT, STEM, "", "::: practice", "practice 1"),
    Broken("practice-shape", UNIT, "That is a greeting.\n", "That is a greeting.\n\nAfterword.\n", "Afterword", "practice 1"),
    # marks inside a line
    Broken("unknown-context", UNIT, "{.quote}", "{.qoute}", "Ana hears"),
    Broken("unknown-context", UNIT, "{.quote}", "{.quote #x}", "Ana hears"),
    Broken("attribute", UNIT, "(tel:988)", "(tel:988){.big}", "tel:988"),
    Broken("link-unsafe", UNIT, "(tel:988)", "(javascript:alert%281%29)", "javascript"),
    Broken("link-unsafe", UNIT, "(tel:988)", "(JavaScript:x)", "JavaScript"),
    Broken("link-unsafe", UNIT, "(tel:988)", "(data:text/html;base64,PHNjcmlwdD4=)", "data:"),
    Broken("link-unsafe", UNIT, "(tel:988)", "(http://example.org)", "http:"),
    Broken("link-unknown", UNIT, "(tel:988)", "(//example.org/x)", "//example"),
    Broken("link-unknown", UNIT, "(tel:988)", "(02-next.md)", "02-next"),
    Broken("raw-html", UNIT, "A **door** can", "A <script>alert(1)</script> **door** can", "<script>", severity="warning"),
    Broken("mark-unread", UNIT, 'source:BOOK "E-001"', "source:BOOK \u201cE-001\u201d", "Seven in ten"),
    Broken("mark-unread", UNIT, "(term:door)", "(term: door)", "Opening words"),
    Broken("mark-unread", UNIT, "[door](term:door)", "[door] (term:door)", "Opening words"),
    Broken("mark-unread", UNIT, "{.quote}", "{quote}", "Ana hears"),
    Broken("practice-option", UNIT, '- [x] "Good', '-[x] "Good', "-[x]", "practice 1"),
    # words
    Broken("number-without-source", UNIT, "A greeting helps.\n:::\n", "A greeting helps.\n:::\n\nWe saw 3,000 doors.\n", "3,000", severity="warning"),
    Broken("unit-length", UNIT, "Opening words", "Opening words " + "and more " * 200, "", severity="warning"),
    Broken("reading-grade", UNIT, "Opening words about", HARD + " Opening words about", ""),
    Broken("fact-recheck", "supplement.yaml", "id: E-002", "recheck_months: 12, id: E-002", "id: E-002", "E-002", severity="warning"),
    Broken("T-01", UNIT, "[junkies]{.quote}", "junkies", "Ana hears"),
    Broken("T-01", UNIT, "text: Greet people at", "text: Greet junkies at", "text: Greet", "GRT-1.1"),
    Broken("T-01", UNIT, "::: callout Look twice", "::: callout Junkies", "::: callout"),
    Broken("T-01", UNIT, "![An open door]", "![A junkie at a door]", "![A junkie"),
    Broken("T-01", FIGURE, "Come in", "Come in, junkie"),
    Broken("T-01", COURSE, "summary: How to greet people.", "summary: How to greet junkies.", "summary", "summary"),
    Broken("T-01", "glossary.yaml", "A way in.", "A way in for a junkie.", "id: door", "door"),
    Broken("T-02", UNIT, "[junkies]{.quote}", "old junkies", "Ana hears", severity="warning"),
    Broken("T-03", UNIT, "A greeting helps.\n:::\n", "A greeting helps after detox.\n:::\n", "after detox", severity="info"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.file.split('/')[-1]}")
def test_each_rule_names_rule_file_and_line(small: SmallTree, case: Broken) -> None:
    small.replace(case.file, case.old, case.new)
    tree = small.compile()
    found = [finding for finding in tree.findings if finding.rule == case.rule]
    assert found, [str(finding) for finding in tree.findings]
    first = found[0]
    assert (first.severity, first.file) == (case.severity, case.file)
    assert first.line == (small.line(case.file, case.at) + case.plus if case.at else None)
    if case.place:
        assert first.place == case.place
    assert first.why
    assert first.fix


def test_the_small_tree_is_valid(small: SmallTree) -> None:
    tree = small.compile()
    assert list(tree.findings) == []
    assert [course.slug for course in tree.courses] == ["greeting"]
    assert [(path.slug, path.courses) for path in tree.paths] == [("volunteers", ["greeting"])]


def test_a_broken_line_does_not_set_off_other_rules(small: SmallTree) -> None:
    """An unclosed, an unknown and a nested block each give one error, and what follows is still read."""
    for old, new in (
        ("*closed*.\n:::", "*closed*."),
        ("::: vignette Ana at the door", "::: vignete Ana at the door"),
        ("Call [988](tel:988).", "::: callout Inner\nWords.\n:::"),
    ):
        broken = SmallTree(small.root)
        broken.replace(UNIT, old, new)
        assert len(broken.compile().findings.errors) == 1


def test_all_findings_come_at_once(small: SmallTree) -> None:
    small.replace(COURSE, "attempts: 3", "attempts: many")
    small.replace(COURSE, "pass_mark: 80", "pass_mark: 0")
    small.replace(UNIT, "minutes: 12", "minutes: 12\nstray: key")
    small.replace(UNIT, "(term:door)", "(term:dor)")
    small.replace(UNIT, "## What to say", "### What to say")
    small.replace(QUIZ, "serve: 1", "serve: [1")
    small.replace("terms.yaml", "severity: info", "severity: loud")
    small.write(FIGURE, "not svg")
    tree = small.compile()
    assert {finding.rule for finding in tree.findings.errors} == {
        *("bad-value", "unknown-key", "unknown-term", "heading-level", "yaml-syntax", "svg-syntax"),
    }
    assert len([finding for finding in tree.findings if finding.file == COURSE]) == 2
    assert tree.courses == []


def test_findings_come_sorted_and_once(small: SmallTree) -> None:
    small.replace(UNIT, "[junkies]{.quote}", "junkies and junkies")
    findings = [finding for finding in small.compile().findings if finding.rule == "T-01"]
    assert len(findings) == 1
    assert findings[0].where == f"line {small.line(UNIT, 'Ana hears')}"
    small.replace(UNIT, "(term:door)", "(term:dor)")
    lines = [finding.line for finding in small.compile().findings if finding.file == UNIT]
    assert lines == sorted(lines, key=lambda line: line or 0)


def test_a_suggestion_names_the_nearest_word(small: SmallTree) -> None:
    small.replace(COURSE, "attempts: 3\n", "attemps: 3\n")
    small.replace(UNIT, "(term:door)", "(term:dor)")
    fixes = {finding.rule: finding.fix for finding in small.compile().findings}
    assert fixes["unknown-key"] == "Did you mean 'attempts'? Otherwise remove the line."
    assert fixes["unknown-term"] == "Did you mean 'door'?"
