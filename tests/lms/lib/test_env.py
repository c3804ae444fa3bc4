"""Settings from the environment."""

from pathlib import Path

import pytest

from lms.lib import env, safety


def test_value_then_file_then_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert env.text("LMS_X", "default") == "default"
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    monkeypatch.setenv("LMS_X_FILE", str(secret))
    assert env.text("LMS_X", "default") == "from the file"
    monkeypatch.setenv("LMS_X", "  ")
    assert env.text("LMS_X", "default") == "from the file", "an empty variable is none"
    monkeypatch.setenv("LMS_X", " value ")
    assert env.text("LMS_X", "default") == "value"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LMS_X_FILE", str(tmp_path / "nothing"))
    with pytest.raises(env.SettingError, match="LMS_X_FILE names a file that cannot be read"):
        env.text("LMS_X")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00\xff")
    monkeypatch.setenv("LMS_X_FILE", str(binary))
    with pytest.raises(env.SettingError, match="LMS_X_FILE names a file that is not plain text"):
        env.text("LMS_X")


@pytest.mark.parametrize(
    ("value", "meant"),
    [("yes", True), ("TRUE", True), ("1", True), ("on", True), ("no", False), ("0", False), ("Off", False), ("", True)],
)
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, meant: bool) -> None:
    monkeypatch.setenv("LMS_X", value)
    assert env.flag("LMS_X", True) is meant


def test_malformed_values_are_said_with_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_X", "perhaps")
    with pytest.raises(env.SettingError, match=r"^LMS_X must be yes or no, not 'perhaps'\.$"):
        env.flag("LMS_X", False)
    with pytest.raises(env.SettingError, match=r"^LMS_X must be a whole number, not 'perhaps'\.$"):
        env.number("LMS_X", 1)
    with pytest.raises(env.SettingError, match=r"^LMS_X must be a or b, not 'perhaps'\.$"):
        env.choice("LMS_X", "a", ("a", "b"))
    with pytest.raises(
        env.SettingError, match=r"^LMS_X could not be understood: give an address such as x://y\.$"
    ) as refused:
        env.address("LMS_X", "", int, "x://y")
    assert "perhaps" not in str(refused.value), "it may hold a password"


def test_numbers_and_items(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.number("LMS_X", 7) == 7
    monkeypatch.setenv("LMS_X", "12")
    assert env.number("LMS_X", 7) == 12
    monkeypatch.setenv("LMS_X", " a, b ,,c ")
    assert env.items("LMS_X") == ["a", "b", "c"]
    assert env.address("LMS_X", "", str.upper, "") == "A, B ,,C"


class TestKeys:
    def test_a_key_is_made_once_and_read_by_its_owner_alone(self, tmp_path: Path) -> None:
        key = safety.development_key(tmp_path / "var", "secret.key")
        assert safety.development_key(tmp_path / "var", "secret.key") == key
        assert (tmp_path / "var" / "secret.key").stat().st_mode & 0o777 == 0o600
        assert [p.name for p in (tmp_path / "var").iterdir()] == ["secret.key"]

    def test_a_folder_that_cannot_be_written_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(env.SettingError, match="cannot be written"):
            safety.development_key(tmp_path / "file" / "var", "secret.key")

    def test_hosts(self) -> None:
        assert safety.host_of("https://training.example.org:8443/x") == "training.example.org"
        assert safety.host_of("") == ""
