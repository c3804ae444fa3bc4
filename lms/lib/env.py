"""Readers of settings from the environment. ``NAME_FILE`` names a file that holds the value, for secrets."""

import os
from pathlib import Path


class SettingError(ValueError):
    """A setting is missing or malformed; the text is one sentence that names it and says what to do."""


def text(name: str, default: str = "") -> str:
    """The value of ``NAME``, else the content of the file in ``NAME_FILE``, else the default; outer white space is cut."""
    if name in os.environ:
        return os.environ[name].strip()
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE names a file that cannot be read ({path}): {error.strerror}.") from error
    return default


def flag(name: str, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise SettingError(f"{name} must be yes or no, not {value!r}.")


def number(name: str, default: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise SettingError(f"{name} must be a whole number, not {value!r}.") from error


def items(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in text(name, default).split(",") if item.strip()]
