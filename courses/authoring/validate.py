"""Pydantic's errors, said in plain words with file, line and place."""

import difflib
from typing import Any, TypeVar, overload

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from courses.authoring.findings import Findings
from courses.authoring.schema import ONE_LINE
from courses.authoring.yamlsafe import Lines, Step

M = TypeVar("M", bound=BaseModel)


@overload
def validate(
    model: type[M],
    data: Any,
    *,
    file: str,
    findings: Findings,
    lines: Lines,
    at: tuple[Step, ...] = (),
    place: str = "",
) -> M | None: ...


@overload
def validate(
    model: TypeAdapter[Any],
    data: Any,
    *,
    file: str,
    findings: Findings,
    lines: Lines,
    at: tuple[Step, ...] = (),
    place: str = "",
) -> Any: ...


def validate(
    model: Any,
    data: Any,
    *,
    file: str,
    findings: Findings,
    lines: Lines,
    at: tuple[Step, ...] = (),
    place: str = "",
) -> Any:
    """The model instance, or None after one error finding for each thing that is wrong.

    ``at`` is where ``data`` lies in the file, for line numbers; ``place`` is how a person would name it.
    """
    try:
        return model.validate_python(data) if isinstance(model, TypeAdapter) else model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path, named = _locate(detail["loc"], data)
            rule, why, fix = _words(detail, model, path)
            findings.error(
                rule, file, line=lines.at(*at, *path), place=" ".join(p for p in (place, named) if p), why=why, fix=fix
            )
        return None


def _locate(loc: tuple[int | str, ...], data: Any) -> tuple[tuple[Step, ...], str]:
    """The path inside the data, without the names that pydantic adds for unions, and its name in words."""
    path: list[Step] = []
    words: list[str] = []
    current = data
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(current, dict) and (step in current or (last and isinstance(step, str))):
            path.append(step)
            current = current.get(step)
            words.append(str(step))
        elif isinstance(current, list) and isinstance(step, int) and step < len(current):
            path.append(step)
            current = current[step]
            name = current.get("id") if isinstance(current, dict) else None
            if words and words[-1].endswith("s"):
                words[-1] = words[-1][:-1]
            words.append(str(name) if isinstance(name, str) else f"number {step + 1}")
    return tuple(path), " ".join(words)


def _words(detail: ErrorDetails, model: Any, path: tuple[Step, ...]) -> tuple[str, str, str]:
    """Rule, why and fix for one pydantic error."""
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    key = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
    if not path:
        return _whole(given)
    shown = f"'{' '.join(given.split())[:60]}'" if isinstance(given, str) else "this value"
    if kind == "missing":
        return "missing-key", f"The key '{key}' is missing.", f"Add a line '{key}: ...'."
    if kind == "extra_forbidden":
        return "unknown-key", f"The key '{key}' is not known here.", _suggest(key, model)
    if kind in ("literal_error", "enum"):
        return "bad-value", f"'{key}' cannot be {shown}.", f"Write one of: {context.get('expected', '')}."
    if kind == "union_tag_invalid":
        return "bad-value", f"The kind {shown} is not known.", f"Write one of: {context.get('expected_tags', '')}."
    if kind == "union_tag_not_found":
        return "missing-key", "The key 'kind' is missing.", "Add a line 'kind: ...'."
    if kind == "string_pattern_mismatch":
        return "bad-value", f"'{key}' cannot be {shown}.", _shape(str(context.get("pattern", "")))
    if kind == "string_type" and given is None:
        return "bad-value", f"'{key}' is empty.", "Write a text. If the text is the word null, put it in quotes."
    if kind == "string_type":
        return "bad-value", f"'{key}' must be a text.", "Put the text in quotes, above all if it holds a colon."
    if kind == "list_type":
        return "bad-value", f"'{key}' must be a list.", "Write [one, two], or a line with a dash for each."
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return "bad-value", f"'{key}' must be a group of 'key: value' lines.", "Check the indentation."
    if kind in ("too_short", "string_too_short"):
        return "bad-value", f"'{key}' is empty.", "Fill it in."
    if kind.startswith(("date_", "datetime_")):
        return "bad-value", f"'{key}' cannot be {shown}.", "Write a date as 2026-11-22."
    if kind in _LIMITS:
        limit = next(
            (context[name] for name in ("le", "lt", "ge", "gt", "max_length", "decimal_places") if name in context), ""
        )
        return "bad-value", f"'{key}' cannot be {shown}.", _LIMITS[kind].format(limit)
    if kind.startswith("int_"):
        return "bad-value", f"'{key}' cannot be {shown}.", "Write a whole number and nothing else, such as 12."
    if kind.startswith(("float_", "decimal_")):
        return "bad-value", f"'{key}' cannot be {shown}.", "Write a number with a point and nothing else, such as 0.25."
    if kind.startswith("bool_"):
        return "bad-value", f"'{key}' cannot be {shown}.", "Write true or false."
    return "bad-value", f"'{key}' cannot be {shown}.", f"{detail['msg']}."


_LIMITS = {
    "less_than_equal": "Write {} or less.",
    "less_than": "Write less than {}.",
    "greater_than_equal": "Write {} or more.",
    "greater_than": "Write more than {}.",
    "string_too_long": "Use {} characters or fewer.",
    "decimal_max_places": "Use {} digits or fewer after the point.",
}


def _whole(given: Any) -> tuple[str, str, str]:
    """Something that should be a group of lines and is not, such as an empty file."""
    if given is None:
        return "bad-value", "Nothing is written here.", "Copy the lines of another course, and change the words."
    return "bad-value", "This must be a group of 'key: value' lines.", "Check the indentation, and the dash before it."


def _suggest(key: str, model: Any) -> str:
    fields: list[str] = []
    if isinstance(model, type) and issubclass(model, BaseModel):
        fields = [info.alias or name for name, info in model.model_fields.items()]
    near = difflib.get_close_matches(key, fields, n=1)
    return (
        f"Did you mean '{near[0]}'? Otherwise remove the line." if near else "Remove the line, or check its spelling."
    )


def _shape(pattern: str) -> str:
    if pattern.startswith("^https"):
        return "Write an address that begins with https://."
    if pattern.startswith("^[a-z0-9]+"):
        return "Use small letters, digits and single hyphens, such as words-matter."
    if pattern.startswith("^[a-z]{2,3}"):
        return "Write a language tag, such as en."
    if pattern.startswith("^[A-Za-z0-9]"):
        return "Use letters, digits, hyphens, dots and underscores, without spaces."
    if pattern == ONE_LINE:
        return "Keep it to one line."
    return f"It must match {pattern}."
