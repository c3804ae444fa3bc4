"""The checker, run as a surveyor runs it, against somebody who changes the pack: clumsily, and with a manifest made anew."""

import ast
import datetime as dt
import hashlib
import json
import random
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.lib import canonical
from lms.record import merkle, sealfile
from lms.record.models import Seal
from quizzes.actions.packwriting import CHECKER
from quizzes.packs import naming
from tests import factories
from tests.quizzes.packs.making import NOW, PYTHON, checked, make_pack, sealed, trained, unzipped

DAY = dt.timedelta(days=1)


#: made once a process: the tests change copies of it
MADE: list[Path] = []


@pytest.fixture
def made(db: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an unzipped pack, and beside it the seals as they were exported."""
    if not MADE:
        where = tmp_path_factory.mktemp("packs")
        make(where)
        MADE.append(where)
    return MADE[0]


def make(where: Path) -> None:
    """Four people with a record; all but what happened in the last days is sealed, by two seals."""
    course = factories.make_course()
    trained("Ana Sol", fails=1, course=course)
    sealed(dt.date(2026, 11, 5), NOW - 18 * DAY)
    trained("Bo Li", course=course, at=NOW - 14 * DAY)
    sealed(dt.date(2026, 11, 15), NOW - 8 * DAY)
    trained("Cy Young", course=course, at=NOW - 3 * DAY)
    unzipped(make_pack(factories.make_coordinator()), where / "out")
    kept = sealfile.write(Seal.objects.order_by("number"), organization="Alderford", at=NOW)
    (where / "kept.json").write_text(kept)


@pytest.fixture
def pack(made: Path, tmp_path: Path) -> Path:
    (top,) = (made / "out").iterdir()
    return Path(shutil.copytree(top, tmp_path / "pack"))


def part(pack: Path, name: str) -> Path:
    (found,) = pack.glob(f"people/*{name}*")
    return found


def events(pack: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (part(pack, name) / "record.jsonl").read_text().splitlines()]


def write_events(pack: Path, name: str, rows: list[dict[str, Any]]) -> None:
    (part(pack, name) / "record.jsonl").write_text("".join(canonical.dumps(row) + "\n" for row in rows))


def new_manifest(pack: Path) -> None:
    """What somebody does who knows how the pack is made but has no key."""
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["files"] = {}
    del manifest["self"]
    for path in sorted(pack.rglob("*")):
        name = path.relative_to(pack).as_posix()
        if path.is_file() and name != "manifest.json":
            content = path.read_bytes()
            manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    for one in manifest["people"]:
        record = pack / "people" / one["folder"] / "record.jsonl"
        one["events"] = len(record.read_text().splitlines()) if record.is_file() else 0
    manifest["self"] = canonical.sha256(manifest)
    (pack / "manifest.json").write_text(canonical.dumps(manifest) + "\n")


def test_an_untouched_pack_passes_on_a_machine_without_the_project(pack: Path) -> None:
    code, words = checked(pack)
    assert code == 0, words
    assert "Everything fits." in words
    assert "younger than the newest seal" in words
    assert "4 people" in words
    assert "That the seals are the true ones." in words


def test_the_checker_reads_as_python_3_8_and_imports_the_standard_library_alone() -> None:
    tree = ast.parse(CHECKER.read_text(), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names == {"argparse", "datetime", "hashlib", "json", "os", "sys"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


def flip(path: Path, place: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "check.py",
        "seals.json",
        "people.json",
        "reminders.csv",
        "exceptions.csv",
        "proofs/ends.jsonl",
        "proofs/seal-00001.jsonl",
        "courses/test-course-1/unit-01.html",
        "people/*ana*/record.jsonl",
        "people/*ana*/identity.jsonl",
        "people/*ana*/transcript.json",
        "people/*ana*/transcript.pdf",
        "people/*ana*/certificates/*.pdf",
    ],
)
@pytest.mark.parametrize("what", ["flipped", "removed", "longer"])
def test_any_changed_or_missing_file_is_named(pack: Path, name: str, what: str, tmp_path: Path) -> None:
    (path,) = pack.glob(name)
    checker = tmp_path / "own"
    checker.mkdir()
    shutil.copy(pack / "check.py", checker)  # a surveyor may bring a checker of an earlier pack
    if what == "flipped":
        flip(path)
    elif what == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b" ")
    code, words = checked(checker, str(pack))
    assert code == 1, words
    assert path.relative_to(pack).as_posix() in words


def test_any_flipped_bit_of_any_file_is_found(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By chance, 150 times; the manifest and the checker too."""
    check = runpy.run_path(str(CHECKER))["main"]
    files = [path for path in sorted(pack.rglob("*")) if path.is_file()]
    chance = random.Random(20261129)
    for number in range(150):
        path = pack / "manifest.json" if number < 40 else chance.choice(files)
        before = path.read_bytes()
        place = chance.randrange(len(before))
        changed = bytearray(before)
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(changed))
        assert check([str(pack)]) != 0, (path, place, bytes(changed)[place - 20 : place + 20])
        path.write_bytes(before)
    capsys.readouterr()
    assert check([str(pack)]) == 0


def test_a_manifest_cannot_lead_out_of_the_folder(pack: Path) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["files"]["../../etc/passwd"] = {"sha256": "00", "size": 1}
    (pack / "manifest.json").write_text(json.dumps(manifest))
    assert "outside of the pack" in checked(pack)[1]


def test_a_terminal_that_cannot_show_a_name_is_no_crash(pack: Path) -> None:
    cut(pack)
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["people"][0]["name"] = "عائشة"
    (pack / "manifest.json").write_text(json.dumps(manifest))
    ran = subprocess.run(
        [str(PYTHON), "-I", "-S", str(pack / "check.py")],
        capture_output=True,
        check=False,
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    )
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_an_added_file_is_named_and_what_a_file_manager_leaves_is_not(pack: Path) -> None:
    (pack / ".DS_Store").write_bytes(b"x")
    assert checked(pack)[0] == 0
    (part(pack, "ana") / "certificates" / "another.pdf").write_bytes(b"%PDF")
    code, words = checked(pack)
    assert code == 1
    assert "another.pdf: this file does not belong to the pack." in words


Tamper = Callable[[Path], None]


def changed(pack: Path) -> None:
    rows = events(pack, "ana")
    rows[2]["payload"] = rows[2]["payload"].replace("}", ',"x":1}', 1)
    write_events(pack, "ana", rows)


def deleted(pack: Path) -> None:
    rows = events(pack, "ana")
    write_events(pack, "ana", rows[:3] + rows[4:])


def deleted_and_renumbered(pack: Path) -> None:
    """Gone, and the rest linked up again."""
    rows = events(pack, "ana")
    gone = rows.pop(3)
    rows[3]["prev"] = gone["prev"]
    for number, row in enumerate(rows, 1):
        row["seq"] = number
    write_events(pack, "ana", rows)


def inserted(pack: Path) -> None:
    rows = events(pack, "ana")
    made = {**rows[3], "hash": "ab" * 32}
    rows.insert(3, made)
    for number, row in enumerate(rows, 1):
        row["seq"] = number
    rows[3]["prev"], rows[4]["prev"] = rows[2]["hash"], made["hash"]
    write_events(pack, "ana", rows)


def swapped(pack: Path) -> None:
    rows = events(pack, "ana")
    rows[2], rows[3] = rows[3], rows[2]
    write_events(pack, "ana", rows)


def cut(pack: Path) -> None:
    write_events(pack, "ana", events(pack, "ana")[:-2])


def cut_with_proofs(pack: Path) -> None:
    """The last events and their proofs."""
    rows = events(pack, "ana")
    cut(pack)
    for path in pack.glob("proofs/seal-*.jsonl"):
        kept = [
            line
            for line in path.read_text().splitlines()
            if not (json.loads(line)["subject"] == rows[0]["subject"] and json.loads(line)["seq"] > len(rows) - 2)
        ]
        path.write_text("".join(line + "\n" for line in kept))


def all_removed(pack: Path) -> None:
    write_events(pack, "ana", [])


def another_person(pack: Path) -> None:
    """The record of one person in the folder of another."""
    write_events(pack, "ana", events(pack, "bo"))


def withheld(pack: Path) -> None:
    """An event is made a withheld one, with another leaf."""
    rows = events(pack, "ana")
    row = rows[3]
    rows[3] = {
        "subject": row["subject"], "seq": row["seq"], "prev": row["prev"], "hash": row["hash"], "leaf": "00" * 32,
        "withheld": "private",
    }  # fmt: skip
    write_events(pack, "ana", rows)


def proofs_removed(pack: Path) -> None:
    for path in pack.glob("proofs/seal-*.jsonl"):
        path.unlink()


def no_proofs_at_all(pack: Path) -> None:
    shutil.rmtree(pack / "proofs")


def respelled(pack: Path) -> None:
    path = part(pack, "ana") / "identity.jsonl"
    path.write_text(path.read_text().replace("Ana Sol", "Ann Sol"))


def seal_removed(pack: Path) -> None:
    path = pack / "seals.json"
    found = json.loads(path.read_text())
    del found["seals"][0]
    path.write_text(json.dumps(found))


def seal_changed(pack: Path) -> None:
    path = pack / "seals.json"
    found = json.loads(path.read_text())
    found["seals"][0]["root"] = "11" * 32
    path.write_text(json.dumps(found))


@pytest.mark.parametrize("again", [False, True], ids=["clumsy", "with a new manifest"])
@pytest.mark.parametrize(
    "tamper",
    [
        changed,
        deleted,
        deleted_and_renumbered,
        inserted,
        swapped,
        cut,
        cut_with_proofs,
        all_removed,
        another_person,
        withheld,
        proofs_removed,
        no_proofs_at_all,
        respelled,
        seal_removed,
        seal_changed,
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_without_the_key_no_change_of_what_is_sealed_passes(pack: Path, tamper: Tamper, again: bool) -> None:
    tamper(pack)
    if again:
        new_manifest(pack)
    code, words = checked(pack)
    assert code == 1, words
    if tamper not in (proofs_removed, no_proofs_at_all, seal_removed, seal_changed):
        assert "ana-sol" in words
    if again and tamper in (changed, deleted, swapped, cut):
        assert "Ana Sol (001-ana-sol" in words
        assert "event" in words


def test_a_pack_made_up_with_seals_of_its_own_is_found_by_the_kept_seals_alone(pack: Path, made: Path) -> None:
    """Who changes an event, its tree and the seal needs no key for the pack to fit in itself: the checker says so, and finds it with
    seals that were kept elsewhere."""
    kept = made / "kept.json"
    assert checked(pack, "--seals", str(kept))[0] == 0
    assert "the same as in the copy that was kept elsewhere" in checked(pack, "--seals", str(kept))[1]
    path = pack / "seals.json"
    found = json.loads(path.read_text())
    found["seals"][1]["hash"] = "22" * 32  # the newest: nothing follows it
    path.write_text(json.dumps(found))
    new_manifest(pack)
    assert checked(pack)[0] == 0
    code, words = checked(pack, "--seals", str(kept))
    assert code == 1
    assert "seal 2 differs from the copy that was kept" in words


def test_what_is_no_pack_is_said_in_a_sentence(tmp_path: Path) -> None:
    shutil.copy(CHECKER, tmp_path / "check.py")
    code, words = checked(tmp_path)
    assert code == 2
    assert "manifest.json cannot be read" in words
    (tmp_path / "manifest.json").write_text("[]")
    assert checked(tmp_path)[0] == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"subject":1}', "\x00", '{"leaf":"zz"}'])
@pytest.mark.parametrize(
    "name", ["seals.json", "proofs/ends.jsonl", "people/*ana*/record.jsonl", "people/*ana*/identity.jsonl"]
)
def test_rubbish_in_a_file_is_a_fault_and_no_crash(pack: Path, name: str, text: str) -> None:
    (path,) = pack.glob(name)
    path.write_text(text)
    new_manifest(pack)
    code, words = checked(pack)
    assert code in (1, 2), words


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=40), st.data())
def test_the_checker_and_the_system_agree_on_trees(leaves: list[bytes], data: st.DataObject) -> None:
    theirs = runpy.run_path(str(CHECKER))
    tree = merkle.Tree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = tree.path(index)
    asked = (theirs["leaf_hash"](leaves[index]), index, len(leaves), path, tree.root())
    assert theirs["stands_under"](*asked)
    other = theirs["leaf_hash"](leaves[index] + b"x")
    assert not theirs["stands_under"](other, *asked[1:])


@given(st.text(max_size=20), st.lists(st.uuids(), max_size=30, unique=True), st.integers(0, 30))
def test_the_checker_and_the_system_draw_the_same_sample(seed: str, people: list[Any], size: int) -> None:
    theirs = runpy.run_path(str(CHECKER))
    mine = [str(one) for one in naming.sample_of(seed, people, size)]
    assert theirs["sample_of"](seed, [str(one) for one in people], size) == mine
