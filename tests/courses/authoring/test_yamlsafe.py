"""YAML as text with lines; what could hide something is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.authoring.findings import Findings
from courses.authoring.yamlsafe import MAX_BYTES, Lines, load_yaml, parse_yaml

TEXT = """\
# a comment
unit: U1
on: yes
none: null
quoted: "null"
empty:
questions:
  - id: Q1
    stem: >-
      A long
      stem.
    options: [{id: a, text: no}, {id: b, text: 007}]
  - id: Q2
"""


def test_scalars_stay_text() -> None:
    loaded = parse_yaml(TEXT, file="x.yaml", findings=Findings())
    assert loaded is not None
    assert loaded.data == {
        "unit": "U1",
        "on": "yes",
        "none": None,
        "quoted": "null",
        "empty": None,
        "questions": [
            {"id": "Q1", "stem": "A long stem.", "options": [{"id": "a", "text": "no"}, {"id": "b", "text": "007"}]},
            {"id": "Q2"},
        ],
    }


def test_lines_are_known_and_fall_back_to_the_parent() -> None:
    loaded = parse_yaml(TEXT, file="x.yaml", findings=Findings(), offset=10)
    assert loaded is not None
    at = loaded.lines.at
    assert at("unit") == 12
    assert at("questions", 0, "stem") == 19
    assert at("questions", 0, "options", 1, "text") == 22
    assert at("questions", 0, "options", 1, "why") == 22
    assert at("questions", 1) == 23
    assert at("questions", 9, "stem") == 17
    assert Lines().at("anything") is None


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (BOMB, "yaml-alias", 1),
        ("a: 1\nb: *a\n", "yaml-alias", 2),
        ("a: 1\n<<: *a\n", "yaml-alias", 2),
        ("a: !!python/object/apply:os.system [id]\n", "yaml-tag", 1),
        ("a: !secret x\n", "yaml-tag", 1),
        ("? [a, b]\n: c\n", "yaml-key", 1),
        ("a: 1\n---\nb: 2\n", "yaml-documents", 2),
        ("a: " + "[" * 5000, "yaml-depth", 1),
        ("a: 1\na: 2\n", "duplicate-key", 2),
        ("a: {b: 1, b: 2}\n", "duplicate-key", 1),
        ("a: 1\n b: 2\n", "yaml-syntax", 2),
        ("a: 'open\n", "yaml-syntax", 1),
        ("a: \x00\n", "yaml-syntax", None),
    ],
)
def test_what_is_refused(text: str, rule: str, line: int | None) -> None:
    findings = Findings()
    parse_yaml(text, file="x.yaml", findings=findings)
    assert [(finding.rule, finding.line, finding.severity) for finding in findings] == [(rule, line, "error")]


def test_a_duplicate_key_keeps_the_first_value() -> None:
    findings = Findings()
    loaded = parse_yaml("a: 1\na: 2\nb: 3\n", file="x.yaml", findings=findings)
    assert loaded is not None
    assert loaded.data == {"a": "1", "b": "3"}
    assert "line 1" in next(iter(findings)).why


def test_a_syntax_error_names_line_and_column() -> None:
    findings = Findings()
    assert parse_yaml("a: 1\nb: c: d\n", file="x.yaml", findings=findings) is None
    (finding,) = findings
    assert finding.where == "line 2, column 5"


@pytest.mark.parametrize(
    ("data", "rule"),
    [(b"a: \xff\n", "not-utf8"), (b"a" * (MAX_BYTES + 1), "too-large"), (None, "missing-file")],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes | None, rule: str) -> None:
    if data is not None:
        (tmp_path / "x.yaml").write_bytes(data)
    findings = Findings()
    assert load_yaml(tmp_path / "x.yaml", file="x.yaml", findings=findings) is None
    assert [finding.rule for finding in findings] == [rule]


def test_windows_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    loaded = load_yaml(tmp_path / "x.yaml", file="x.yaml", findings=Findings())
    assert loaded is not None
    assert loaded.data == {"a": "1", "b": "2"}
    assert loaded.lines.at("b") == 2


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!?|>'\"#,\n \t%@", max_size=60))
def test_any_text_gives_data_or_a_finding(text: str) -> None:
    findings = Findings()
    loaded = parse_yaml(text, file="x.yaml", findings=findings)
    assert (loaded is None) == bool([finding for finding in findings.errors if finding.rule != "duplicate-key"])
