"""Facts marks: what anchors a fact, what does not, and that no mark is ever printed."""

import json
import re

import pytest

from courses.authoring.compiled import Entry
from tests.courses.authoring.smalltree import UNIT, SmallTree

MARK = '{facts="H-001"}'


def anchors(small: SmallTree, fact: str) -> list[Entry]:
    return [anchor for anchor in small.compile().courses[0].units[0].anchors if anchor["fact"] == fact]


def test_source_fact_block_and_section_anchor_their_facts(small: SmallTree) -> None:
    (cited,) = anchors(small, "E-001")
    assert (cited["way"], cited["section"], cited["line"]) == (
        "source",
        "Why doors matter",
        small.line(UNIT, "Seven in ten"),
    )
    assert cited["text"] == "Seven in ten, or 70 percent, are open (The book, 2020)."
    (block,) = anchors(small, "E-002")
    assert (block["way"], block["text"]) == ("fact block", "A greeting helps.")
    (section,) = anchors(small, "H-001")
    assert (section["way"], section["section"]) == ("section", "Why doors matter")
    assert section["text"].startswith("We say hello")
    assert "A greeting helps." in section["text"]
    assert "Good morning" not in section["text"], "the next section is not part of it"
    assert "Doors do not matter" not in section["text"], "a myth teaches nothing"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("Opening words about the [door](term:door).", "", "Opening words about the door."),
        ("A **door** can be *closed*.", "", "A door can be closed."),
        ("- **Greet** one person.", "", "Greet one person."),
        ("| Hello | Good morning |", f"| Hello | Good morning {MARK} |", "Hello | Good morning"),
        ("The door stands open. Light falls out of it.", "", "The door stands open. Light falls out of it."),
        ("A **door** can be *closed*.", f"A **door** can be *closed*.\n{MARK}", "A door can be closed."),
    ],
    ids=["prose", "callout", "list item", "table row", "figure", "on a line of its own"],
)
def test_a_mark_anchors_its_paragraph_and_is_not_printed(small: SmallTree, old: str, new: str, text: str) -> None:
    before = small.compile().courses[0].content()
    small.replace(UNIT, f"## Why doors matter {MARK}", "## Why doors matter")
    small.replace(UNIT, old, new or f"{old} {MARK}")
    tree = small.compile()
    assert list(tree.findings) == []
    (found,) = anchors(small, "H-001")
    assert (found["way"], found["text"]) == ("paragraph", text)
    assert tree.courses[0].content() == before, "a mark changes nothing that a learner gets"
    assert "{facts" not in json.dumps(before)


def test_marks_are_not_part_of_the_content_hash(small: SmallTree) -> None:
    before = small.compile().courses[0].content_hash()
    small.replace(UNIT, "*closed*.", f"*closed*. {MARK}")
    assert small.compile().courses[0].content_hash() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Silence is not a greeting.", f"Silence is not a greeting. {MARK}"),
        ('"Doors do not matter."', f'"Doors do not matter." {MARK}'),
    ],
    ids=["practice", "myth"],
)
def test_myths_and_practice_teach_nothing(small: SmallTree, old: str, new: str) -> None:
    small.replace(UNIT, f"## Why doors matter {MARK}", "## Why doors matter")
    small.replace(UNIT, old, new)
    tree = small.compile()
    assert {finding.rule for finding in tree.findings} == {"facts-mark", "fact-not-anchored"}
    assert anchors(small, "H-001") == []


def test_a_section_without_words_teaches_nothing(small: SmallTree) -> None:
    small.replace(UNIT, f"## Why doors matter {MARK}", f"## Empty {MARK}\n\n## Why doors matter")
    (finding,) = small.compile().findings
    assert (finding.rule, finding.place, finding.severity) == ("fact-not-anchored", "H-001", "warning")


def test_a_mark_is_cut_from_headings_and_their_links(small: SmallTree) -> None:
    unit = small.compile().courses[0].units[0]
    assert unit.sections[0] == {"id": "section-why-doors-matter", "title": "Why doors matter"}
    assert not re.search(r"facts=", json.dumps(unit.blocks))


def test_a_paragraph_teaches_together_with_the_list_or_table_below_it(small: SmallTree) -> None:
    small.replace(UNIT, f"## Why doors matter {MARK}", "## Why doors matter")
    small.replace(
        UNIT,
        "| You hear | You say |",
        f"What do we say? {MARK}\n\n- Hello.\n- Come in.\n\nAfter that.\n\n| You hear | You say |",
    )
    assert [anchor["text"] for anchor in anchors(small, "H-001")] == ["What do we say? Hello. Come in."]
    small.replace(UNIT, f"What do we say? {MARK}", "What do we say?")
    small.replace(UNIT, "After that.", f"After that. {MARK}")
    assert [anchor["text"] for anchor in anchors(small, "H-001")] == [
        "After that. You hear | You say Hello | Good morning"
    ]
