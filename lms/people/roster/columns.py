"""Which column of a roster holds which field: by the names that personnel programs give them, or as it was chosen the last time."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Field(NamedTuple):
    """``words`` are the names under which the column is known, without regard to case, spaces and signs."""

    key: str
    label: str
    words: tuple[str, ...]
    hint: str = ""


FIELDS: tuple[Field, ...] = (
    Field(
        "number",
        "Employee number",
        ("employee number", "employee no", "employee id", "emp id", "emp no", "empid", "personnel number", "personnel id", "staff id",
         "staff number", "worker id", "associate id", "payroll number", "payroll id", "file number", "external id", "user id", "id"),
        "People are found by it first, so a changed address is no new person.",
    ),
    Field(
        "email",
        "Email",
        ("email", "email address", "work email", "business email", "mail", "mail address", "user name", "username",
         "login"),
        "People are found by it when they have no employee number. They sign in with it.",
    ),
    Field(
        "name",
        "Name",
        ("name", "full name", "employee name", "display name", "person", "employee", "name as printed", "worker", "legal name"),
        "First and last name in one column.",
    ),
    Field("first_name", "First name", ("first name", "firstname", "given name", "forename", "first", "preferred name")),
    Field("last_name", "Last name", ("last name", "lastname", "surname", "family name", "last")),
    Field("site", "Site", ("site", "location", "facility", "work location", "office", "campus", "program site", "house", "site name")),
    Field("team", "Team", ("team", "department", "dept", "unit", "group", "program", "cost center", "team name", "home department")),
    Field("job_role", "Job role", ("job role", "job title", "title", "position", "role", "job", "position title", "occupation")),
    Field(
        "phone",
        "Phone",
        ("phone", "phone number", "work phone", "mobile", "mobile phone", "cell", "cell phone", "telephone", "business phone", "contact number"),
        "So that a supervisor can call.",
    ),
    Field(
        "category",
        "Category",
        ("category", "type", "worker type", "employee type", "employment type", "employee class", "person type", "kind"),
        "Staff, volunteer or contractor.",
    ),
    Field("hire_date", "Hire date", ("hire date", "hired", "date of hire", "hire", "start date", "original hire date", "date hired", "hired on")),
    Field("first_shift_on", "First shift", ("first shift", "first shift on", "first day", "first working day", "first day of work")),
    Field(
        "status",
        "Active or leaving",
        ("status", "active", "employment status", "employee status", "state", "active or leaving", "worker status", "is active"),
        "Says who has left. Without it nobody leaves through this file.",
    ),
)  # fmt: skip
BY_KEY = {field.key: field for field in FIELDS}
_WORDS = {word: field.key for field in FIELDS for word in field.words}


def plain(text: str) -> str:
    """The name of a column without case, signs and doubled spaces: "E-Mail  address:" is "email address"."""
    words = " ".join(re.sub(r"[\W_]+", " ", re.sub(r"([a-z])([A-Z])", r"\1 \2", text)).lower().split())
    return re.sub(r"\be mail\b", "email", words)


def recognized(cells: Sequence[str]) -> int:
    """How many different fields these cells name. What looks like an address or a number is no name of a column."""
    return len({_WORDS[word] for cell in cells if len(cell) <= 80 and (word := plain(cell)) in _WORDS})


def letters(column: int) -> str:
    """The letters of a column as a spreadsheet shows them: A for 0, AA for 26."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def labels(head: Sequence[str]) -> list[str]:
    """How the columns are offered: by name, and by letter where a name is missing or stands twice."""
    known = [plain(name) for name in head]
    return [
        f"{name} (column {letters(n)})" if name and known.count(known[n]) > 1 else name or f"Column {letters(n)}"
        for n, name in enumerate(head)
    ]


def suggest(head: Sequence[str], before: Mapping[str, str] | None = None) -> dict[str, int]:
    """Field -> column, only where it is clear: as named the last time (``before``: field -> name of its column), else by the words that are known,
    in their order. A name that stands over two columns decides nothing."""
    known = [plain(name) for name in head]
    found: dict[str, int] = {}
    taken: set[int] = set()

    def take(key: str, word: str) -> None:
        if word and known.count(word) == 1 and key not in found and (column := known.index(word)) not in taken:
            found[key] = column
            taken.add(column)

    for key, name in (before or {}).items():
        if key in BY_KEY:
            take(key, plain(name))
    for field in FIELDS:
        for word in field.words:
            take(field.key, word)
    if "first_name" in found and "last_name" in found:
        found.pop("name", None)
    elif "name" in found:
        found.pop("first_name", None)
        found.pop("last_name", None)
    return found


def twice(head: Sequence[str]) -> list[str]:
    """The names that stand over more than one column, each once."""
    known = [plain(name) for name in head]
    return list({plain(name): name for name in head if name and known.count(plain(name)) > 1}.values())


def faults(mapping: Mapping[str, int]) -> dict[str, str]:
    """What makes no sense in a choice of columns, by field, in words; nothing when it may be used."""
    found: dict[str, str] = {}
    if "number" not in mapping and "email" not in mapping:
        found["email"] = (
            "Choose the column with email addresses or the one with employee numbers. Without either nobody is found again."
        )
    if ("first_name" in mapping) != ("last_name" in mapping):
        missing = "last_name" if "first_name" in mapping else "first_name"
        found[missing] = "Choose both first and last name, or one column with the whole name."
    if "name" in mapping and "first_name" in mapping:
        found["name"] = "Choose one column with the whole name, or first and last name, not both."
    columns: dict[int, str] = {}
    for key, column in mapping.items():
        if column in columns:
            found.setdefault(
                key, f"This column is chosen for “{BY_KEY[columns[column]].label}” already. Choose another."
            )
        columns.setdefault(column, key)
    return found
