"""Rules about files and whole folders, each broken once with its place; and the list of rules that have a fixture: all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from courses.authoring.course import compile_tree
from courses.authoring.findings import Findings
from courses.authoring.yamlsafe import load_yaml
from tests.courses.authoring.rules import rules_in_source
from tests.courses.authoring.smalltree import COURSE, FIGURE, QUIZ, UNIT, SmallTree
from tests.courses.authoring.test_course import second_unit
from tests.courses.authoring.test_rules import CASES
from tests.quizzes import test_authoring, test_pools

SECOND, SECOND_QUIZ = "greeting/02-inside.md", "greeting/02-inside.quiz.yaml"
WAIVE = 'waive: [{{rule: {rule}, where: {where}, reason: everyday name, until: "{until}"}}]'


@dataclass(frozen=True)
class Folder:
    """One folder with a mistake: what was done, and the finding."""

    rule: str
    does: Callable[[SmallTree], object]
    file: str
    at: str = ""
    """Words of the line that the finding must name; empty: the whole file."""
    severity: str = "error"
    says: str = ""
    """Words of the advice."""


def moved(old: str, new: str) -> Callable[[SmallTree], object]:
    def move(small: SmallTree) -> None:
        (small.root / new).parent.mkdir(exist_ok=True)
        (small.root / old).rename(small.root / new)

    return move


def saved(file: str, change: Callable[[bytes], bytes]) -> Callable[[SmallTree], object]:
    return lambda small: (small.root / file).write_bytes(change((small.root / file).read_bytes()))


def second(old: str, new: str, file: str = SECOND) -> Callable[[SmallTree], object]:
    def add(small: SmallTree) -> None:
        second_unit(small)
        small.replace(file, old, new)

    return add


def numbered(name: str) -> Callable[[SmallTree], object]:
    """A second unit whose file is then called ``name``."""

    def add(small: SmallTree) -> None:
        second_unit(small)
        moved(SECOND, name)(small)

    return add


def copied(small: SmallTree) -> None:
    """The first thing a newcomer does: a copy, of which the name comes before that of its original."""
    for file in (COURSE, UNIT, QUIZ, FIGURE):
        small.write(file.replace("greeting/", "arriving/"), small.read(file))


def waiving(rule: str, where: str, until: str = "2099-01-01") -> Callable[[SmallTree], object]:
    words = WAIVE.format(rule=rule, where=where, until=until)
    return lambda small: small.replace(UNIT, "---\n\nOpening", f"{words}\n---\n\nOpening after detox")


def wide(data: bytes) -> bytes:
    return data.decode().encode("utf-16")


FOLDERS = [
    # as an editor saves it
    Folder("not-utf8", saved(COURSE, wide), COURSE, says="UTF-8"),
    Folder("not-utf8", saved(UNIT, lambda data: data.decode().encode("utf-16-le")), UNIT, says="UTF-8"),
    Folder("not-utf8", saved(UNIT, lambda data: data.replace(b"Opening words", b"Opening w\xf6rds")), UNIT, "Opening", says="UTF-8"),
    Folder("not-utf8", saved(FIGURE, wide), FIGURE, says="UTF-8"),
    Folder("too-large", saved(COURSE, lambda data: data + b"#" * 1_000_000), COURSE),
    # names of files and folders
    Folder("missing-file", moved(QUIZ, "greeting/notes.txt"), QUIZ),
    Folder("missing-unit", moved(QUIZ, "greeting/03-other.quiz.yaml"), "greeting/03-other.quiz.yaml"),
    Folder("no-units", moved(UNIT, "greeting/At the door.md"), "greeting"),
    Folder("stray-file", moved(UNIT, "greeting/1 At the door.md"), "greeting/1 At the door.md", severity="warning", says="01-at-the-door.md"),
    Folder("stray-file", moved(UNIT, "greeting/01-At-the-door.md.txt"), "greeting/01-At-the-door.md.txt", severity="warning", says="01-at-the-door.md,"),
    Folder("stray-file", moved(QUIZ, "greeting/01-at-the-door.quiz.yml"), "greeting/01-at-the-door.quiz.yml", severity="warning", says="01-at-the-door.quiz.yaml,"),
    Folder("stray-file", moved(COURSE, "greeting/Course.yml"), "greeting/Course.yml", severity="warning", says="course.yaml"),
    Folder("stray-file", moved(QUIZ, "greeting/notes.md"), "greeting/notes.md", severity="warning", says="01-some-words"),
    Folder("stray-folder", moved(UNIT, "greeting/units/01-at-the-door.md"), "greeting/units", severity="warning", says="figures"),
    Folder("unused-figure", lambda small: small.write("greeting/figures/more.svg", "<svg/>"), "greeting/figures/more.svg", severity="info"),
    Folder("duplicate-number", numbered("greeting/01-inside.md"), "greeting/01-inside.md"),
    Folder("number-gap", numbered("greeting/03-inside.md"), "greeting", severity="info"),
    Folder("no-courses", lambda small: moved("greeting", ".greeting")(small), "."),
    # ids
    Folder("duplicate-unit-id", second("id: GRT-U2", "id: GRT-U1"), SECOND, "id: GRT-U1"),
    Folder("duplicate-unit-slug-of-greeting", second("slug: inside", "slug: at-the-door"), SECOND, "slug: at"),
    Folder("duplicate-objective-id", second("id: GRT-2.1", "id: GRT-1.1"), SECOND, "id: GRT-1.1"),
    Folder("duplicate-question-id", second("GRT-U2-Q01", "GRT-U1-Q01", SECOND_QUIZ), SECOND_QUIZ, "GRT-U1-Q01"),
    Folder("duplicate-course-slug", copied, "arriving/course.yaml", "slug: greeting"),
    Folder("duplicate-unit-id", copied, "arriving/01-at-the-door.md", "id: GRT-U1"),
    Folder("duplicate-path-slug", lambda small: small.write("paths.yaml", small.read("paths.yaml") * 2), "paths.yaml", "slug"),
    # waivers
    Folder("waived", waiving("T-03", "after detox"), UNIT, "waive:", "info"),
    Folder("waiver-unused", waiving("T-03", "elsewhere"), UNIT, "waive:", "warning"),
    Folder("waiver-lapsed", waiving("T-03", "after detox", "2020-01-01"), UNIT, "waive:", "warning"),
    Folder("waiver-refused", waiving("unknown-block", "x"), UNIT, "waive:"),
]  # fmt: skip


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: f"{case.rule}-{case.file.split('/')[-1]}")
def test_each_rule_about_files_names_rule_file_and_line(small: SmallTree, case: Folder) -> None:
    case.does(small)
    findings = list(small.compile().findings)
    found = [one for one in findings if (one.rule, one.file) == (case.rule, case.file)]
    assert found, [str(one) for one in findings]
    if case.rule == "not-utf8":
        raw = (small.root / case.file).read_bytes().decode("utf-8", "replace").split("\n")
        line = next((at for at, words in enumerate(raw, 1) if case.at and case.at in words), None)
    else:
        line = small.line(case.file, case.at) if case.at else None
        line = line + 1 if case.rule == "duplicate-path-slug" and line else line
    assert (found[0].severity, found[0].line) == (case.severity, line)
    assert found[0].why
    assert case.says in found[0].fix


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (found,) = compile_tree(tmp_path / "nowhere").findings
    assert (found.rule, found.severity, found.file) == ("missing-folder", "error", str(tmp_path / "nowhere"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "course.yaml").mkdir()  # a folder, since root may read everything
    findings = Findings()
    assert load_yaml(tmp_path / "course.yaml", file="course.yaml", findings=findings) is None
    assert [(one.rule, one.file) for one in findings] == [("unreadable", "course.yaml")]


def test_a_copied_folder_is_the_one_that_has_to_change(small: SmallTree) -> None:
    copied(small)
    blamed = {one.file.split("/")[0] for one in small.compile().findings.errors}
    assert blamed == {"arriving"}


def test_a_file_as_windows_saves_it_is_fine(small: SmallTree) -> None:
    for file in (COURSE, UNIT, QUIZ, FIGURE):
        saved(file, lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))(small)
    assert list(small.compile().findings) == []


def test_a_draft_is_left_out_until_it_is_named(small: SmallTree) -> None:
    moved("greeting", "_greeting")(small)
    assert small.compile().courses == []
    assert [course.slug for course in compile_tree(small.root, draft="_greeting").courses] == ["greeting"]


def test_every_rule_of_the_source_has_a_fixture_that_breaks_it() -> None:
    broken = {case.rule for case in CASES} | {case.rule for case in FOLDERS} | {"missing-folder", "unreadable"}
    broken |= {rule for _, _, expected in test_authoring.BROKEN for rule, _ in expected}
    broken |= {expected[0] for _, _, expected in test_authoring.WARNED}
    broken |= set(test_pools.RULES)
    known = rules_in_source()
    assert len(known) > 100, "the reader of the source finds the rules"
    assert sorted(known - broken) == []
    assert sorted(rule for rule in broken - known if not rule.startswith("T-")) == [], "a fixture for no rule"
