import errno
import os
from pathlib import Path

import pytest

from lms.run import checks
from lms.run.checks import Refused


def test_rooms_are_made_and_the_probe_is_gone(tmp_path: Path) -> None:
    checks.make_folder(tmp_path / "var")
    assert {path.name for path in (tmp_path / "var").iterdir()} == set(checks.FOLDERS)


def test_a_new_folder_of_data_is_closed_to_other_accounts_of_the_computer(tmp_path: Path) -> None:
    checks.make_folder(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_a_disk_that_fills_while_the_probe_is_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused) as refusal:
        checks.make_folder(tmp_path / "var")
    assert str(refusal.value) == f"The disk of {tmp_path / 'var'} is full: free some space and start again."
    assert not list((tmp_path / "var").glob(".probe*"))


def test_a_nearly_full_disk_is_refused_before_it_fails_halfway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_FREE", 1 << 60)
    with pytest.raises(Refused, match="almost full"):
        checks.make_folder(tmp_path / "var")


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_ports_outside_the_range_are_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(Refused, match="between 1 and 65535"):
        checks.read_address()
