"""Reading the cells of one line: texts into values, or into sentences that say what to do. Nothing is guessed."""

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from lms.lib import glyphs, names, phones
from lms.people.enums import Category
from lms.people.roster.columns import BY_KEY
from lms.people.roster.limits import MAX_CELL

ISO, US = "iso", "us"
AS_WRITTEN, LAST_FIRST = "as_written", "last_first"
_LENGTHS = {"number": 40, "name": 120, "site": 80, "team": 80, "job_role": 80, "email": 254, "phone": 40}
_CATEGORIES = {
    "staff": Category.STAFF,
    "employee": Category.STAFF,
    "full time": Category.STAFF,
    "part time": Category.STAFF,
    "regular": Category.STAFF,
    "per diem": Category.STAFF,
    "volunteer": Category.VOLUNTEER,
    "contractor": Category.CONTRACTOR,
    "contract": Category.CONTRACTOR,
    "agency": Category.CONTRACTOR,
    "contingent": Category.CONTRACTOR,
    "contingent worker": Category.CONTRACTOR,
}
_ACTIVE = {
    "active",
    "a",
    "yes",
    "y",
    "true",
    "1",
    "employed",
    "current",
    "on leave",
    "leave",
    "leave of absence",
    "loa",
}
_LEFT = {
    "inactive", "no", "n", "false", "0", "left", "leaving", "leaver", "terminated", "term", "separated", "resigned", "retired",
    "former", "ended",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Options:
    """How the cells are meant. ``rename``: names of people who are here already follow the file."""

    dates: str = ISO
    names: str = AS_WRITTEN
    rename: bool = True
    new_teams: bool = False
    absent: bool = False


@dataclasses.dataclass
class Reading:
    """What a line says. An empty text or None says nothing, so nothing is changed by it; ``problems`` are sentences."""

    number: str = ""
    email: str = ""
    name: str = ""
    site: str = ""
    team: str = ""
    job_role: str = ""
    phone: str = ""
    category: str = ""
    hire_date: dt.date | None = None
    first_shift_on: dt.date | None = None
    leaves: bool = False
    problems: list[str] = dataclasses.field(default_factory=list)


def keys(cells: Sequence[str], mapping: Mapping[str, int]) -> tuple[str, str]:
    """Email and employee number as people are found by them: lower case. Empty where there is none."""
    found = [names.one_line(_cell(cells, mapping, key)).lower() for key in ("email", "number")]
    return found[0][:254], found[1][:40]


def read(cells: Sequence[str], mapping: Mapping[str, int], options: Options, *, width: int, today: dt.date) -> Reading:
    """What one line says. ``width`` is how many columns the head has. Of somebody who leaves only address and number are read."""
    found = Reading()
    if any(cell.strip() for cell in cells[width:]):
        found.problems.append(
            f"This line has {len(cells)} cells, but only {width} columns have a name. A comma inside a cell needs quotation marks around the cell."
        )
        return found
    texts: dict[str, str] = {}
    found.leaves = names.one_line(_cell(cells, mapping, "status")).lower() in _LEFT
    for key in ("number", "email") if found.leaves else tuple(mapping):  # whoever leaves needs no right team any more
        raw = _cell(cells, mapping, key)
        if problem := _unfit(key, raw):
            found.problems.append(problem)
        texts[key] = "" if problem else names.one_line(raw)
    found.number, found.email = texts.get("number", ""), texts.get("email", "").lower()
    found.phone = texts.get("phone", "").lstrip("' ")
    found.site, found.team, found.job_role = texts.get("site", ""), texts.get("team", ""), texts.get("job_role", "")
    if found.email:
        try:
            validate_email(found.email)
        except ValidationError:
            found.problems.append(
                f"“{found.email}” is not one complete email address, for example maya@example.org. Correct it."
            )
    found.name = _name(texts, options)
    if found.name and (unprintable := glyphs.explain(found.name)):
        found.problems.append(f"Name “{found.name}”: {unprintable}")
    if text := texts.get("category", ""):
        category = _CATEGORIES.get(text.lower().replace("-", " "))
        if category is None:
            found.problems.append(f"We do not know the category “{text}”. Write staff, volunteer or contractor.")
        else:
            found.category = category.value
    if (text := texts.get("status", "")) and text.lower() not in _ACTIVE:
        found.problems.append(f"We do not know the status “{text}”. Write active or left.")
    for key in ("hire_date", "first_shift_on"):
        if text := texts.get(key, ""):
            day = _day(text, options.dates)
            if isinstance(day, str):
                found.problems.append(f"{BY_KEY[key].label}: {day}")
            elif not dt.date(1930, 1, 1) <= day <= today + dt.timedelta(days=5 * 366):
                found.problems.append(f"{BY_KEY[key].label}: the year of {day} cannot be right. Check it.")
            else:
                setattr(found, key, day)
    return found


def _cell(cells: Sequence[str], mapping: Mapping[str, int], key: str) -> str:
    column = mapping.get(key)
    return cells[column] if column is not None and column < len(cells) else ""


def _unfit(key: str, raw: str) -> str:
    """Why a text can stand in no field at all, in a sentence."""
    label = BY_KEY[key].label
    longest = _LENGTHS.get(key, MAX_CELL)
    if len(raw) > longest:
        return f"{label}: the cell has more than {longest} characters. Shorten it, or check whether cells have slipped."
    bare = raw.lstrip("' ")
    if key == "phone":
        problem = phones.explain(names.one_line(bare)) if bare else None
        return f"{label} “{bare[:40]}”: {problem}" if problem else ""
    if bare[:1] in ("=", "@") or (bare[:1] in ("+", "-") and len(bare) > 1 and not bare[1:].isdigit()):
        return f"{label}: “{bare[:40]}” looks like a formula. Type the value itself."
    if re.fullmatch(r"#(REF|N/A|VALUE|NAME|DIV/0|NUM|NULL)[!?]?", raw.strip(), re.IGNORECASE):
        return f"{label}: the spreadsheet shows the error {raw.strip()}. Type the value itself."
    try:
        names.validate_one_line(names.one_line(raw))
    except ValidationError as error:
        return f"{label}: {error.messages[0]}"
    return ""


def _name(texts: Mapping[str, str], options: Options) -> str:
    if "first_name" in texts:
        return names.one_line(f"{texts['first_name']} {texts.get('last_name', '')}")
    name = texts.get("name", "")
    if options.names == LAST_FIRST and "," in name:
        last, _, first = name.partition(",")
        return names.one_line(f"{first} {last}")
    return name


def _day(text: str, order: str) -> dt.date | str:
    """The day that a text names, or a sentence. Month, day and year are read only if that was chosen."""
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?", text):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", text):
        if order != US:
            return f"“{text}” can mean two days. Write year-month-day, for example 2026-03-09, or say on the page of the columns that dates are month, day, year."
        month, day, year = (int(part) for part in match.groups())
    elif text.isdigit():
        return f"“{text}” is a number. Format the cell as a date in the spreadsheet, or write it as 2026-03-09."
    else:
        example = "03/09/2026" if order == US else "2026-03-09"
        return f"“{text}” is no date that we can read. Write it as {example}."
    try:
        return dt.date(year, month, day)
    except ValueError:
        return f"“{text}” is no day of the calendar. Correct it."


def facts(reading: Reading) -> dict[str, Any]:
    """What the line says about a person, by the names of the model's fields; what it does not say is left out. Site and team are names."""
    said = {
        "employee_number": reading.number,
        "email": reading.email,
        "name": reading.name,
        "job_role": reading.job_role,
        "phone": reading.phone,
        "category": reading.category,
        "hire_date": reading.hire_date,
        "first_shift_on": reading.first_shift_on,
    }
    return {field: value for field, value in said.items() if value}
