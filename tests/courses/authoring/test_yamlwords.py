"""What a newcomer writes in YAML, and what is said about it: the author's own line, and words without the parser's."""

import pytest
import yaml

from courses.authoring import yamlsafe
from courses.authoring.findings import Finding, Findings

QUESTION = """\
questions:
  - id: Q1
    kind: single_choice
    stem: >-
      Somebody comes in.
      What do you say?
    options:
      - id: a
        text: Hello.
        why: Right.
"""


@pytest.fixture(params=["fast", "plain"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the parser in C, whose sentences differ."""
    monkeypatch.setattr(
        yamlsafe,
        "_LOADER",
        getattr(yaml, "CSafeLoader", yaml.SafeLoader) if request.param == "fast" else yaml.SafeLoader,
    )


def said(text: str) -> Finding:
    findings = Findings()
    yamlsafe.parse_yaml(text, file="x.yaml", findings=findings)
    (found,) = findings
    assert found.rule == "yaml-syntax"
    assert "scanning" not in found.why
    assert "parsing" not in found.why
    return found


@pytest.mark.parametrize(
    ("old", "new", "line", "why", "fix"),
    [
        ("kind: single_choice", "kind single_choice", 3, "has no colon", "'kind: '"),
        ("kind: single_choice", "kind:single_choice", 3, "no space after the colon", "'kind: '"),
        ("      What do", "What do", 6, "not indented as a part of the text above", "indent the line"),
        ("text: Hello.", "text: She says: hello.", 9, "The text after 'text' holds a colon", 'text: "..."'),
        ("    kind: s", "     kind: s", 3, "does not line up", "under the first letter"),
        ("        why: R", "       why: R", 10, "does not line up", "under the first letter"),
        ("        why: R", "\twhy: R", 10, "A tab", "spaces"),
        ("  - id: Q1", "  - id: Q0\n - id: Q1", 3, "does not line up", "under the first letter"),
        ("text: Hello.", 'text: "Hello," she says.', 9, "goes on after its closing quote", "single ones"),
        ("text: Hello.", "text: [hello]{.quote} she says.", 9, "begins with a bracket", "in quotes"),
        ("text: Hello.", "text: @home", 9, "cannot begin with @", "in quotes"),
        ("text: Hello.", "text: %50", 9, "cannot begin with %", "in quotes"),
        ("text: Hello.", "text: **Hello**", 9, "cannot begin with *", "in quotes"),
        ("text: Hello.", "text: - Hello", 9, "cannot begin with -", "in quotes"),
        ("text: Hello.", "text: ? Hello", 9, "cannot begin with ?", "in quotes"),
        ("text: Hello.", 'text: "a \\people"', 9, "backslash", "single quotes"),
        ("text: Hello.", "text: 'Hello.", 9, "never closed", "Close it"),
        ("text: Hello.", "text: [Hello.", 9, "is not closed", "commas"),
    ],
)
def test_a_slip_is_named_in_its_own_line(old: str, new: str, line: int, why: str, fix: str) -> None:
    assert QUESTION.count(old) == 1
    found = said(QUESTION.replace(old, new))
    assert (found.line, why in found.why, fix in found.fix) == (line, True, True), str(found)


def test_a_quote_mark_that_closes_far_below_is_named_where_it_opens() -> None:
    found = said("title: 'Greeting people\nattempts: 3\nauthor: 'The team'\n")
    assert "line 1" in found.why
    assert "line 1" in found.fix


def test_what_an_escape_makes_is_looked_at_and_not_the_file() -> None:
    findings = Findings()
    loaded = yamlsafe.parse_yaml('a: "x\\0y"\nb: [1, "\\e"]\nc: \'x\\0y\'\n', file="x.yaml", findings=findings)
    assert loaded is not None
    assert loaded.data == {"a": "x y", "b": ["1", " "], "c": "x\\0y"}
    assert [(one.rule, one.line, one.place) for one in findings] == [
        ("control-character", 1, "a"),
        ("control-character", 2, "b number 2"),
    ]


def test_a_comment_is_a_comment_and_a_number_sign_is_asked_about() -> None:
    findings = Findings()
    text = 'a: Step # a comment\nb: Step #3\nc: "Step #3" #note\nd: C#\n'
    loaded = yamlsafe.parse_yaml(text, file="x.yaml", findings=findings)
    assert loaded is not None
    assert loaded.data == {"a": "Step", "b": "Step", "c": "Step #3", "d": "C#"}
    assert [(one.rule, one.severity, one.line) for one in findings] == [("yaml-comment", "warning", 2)]
