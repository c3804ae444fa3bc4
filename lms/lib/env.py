"""Readers of settings from the environment. ``NAME_FILE`` names a file that holds the value, for secrets."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class SettingError(ValueError):
    """A setting is missing or malformed; the text is one sentence that names it and says what to do."""


def text(name: str, default: str = "") -> str:
    """The value of ``NAME``, else the content of the file in ``NAME_FILE``, else the default; outer white space is cut.

    An empty value counts as none, as containers pass variables that were not given.
    """
    value = os.environ.get(name, "").strip()
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE names a file that cannot be read ({path}): {error.strerror}.") from error
        except ValueError as error:
            raise SettingError(f"{name}_FILE names a file that is not plain text ({path}).") from error
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


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise SettingError(f"{name} must be {' or '.join(allowed)}, not {value!r}.")
    return value


def address(name: str, default: str, parse: Callable[[str], T], example: str) -> T:
    """What ``parse`` makes of an address such as a DATABASE_URL. The error does not repeat the value: it may hold a password."""
    try:
        return parse(text(name, default))
    except SettingError:
        raise
    except Exception as error:  # each parser fails in its own way
        raise SettingError(f"{name} could not be understood: give an address such as {example}.") from error
