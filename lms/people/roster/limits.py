"""How much a roster may hold, and the one exception of reading it."""

from lms.lib.uploads import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "MAX_CELL",
    "MAX_COLUMNS",
    "MAX_PARTS",
    "MAX_ROWS",
    "MAX_SHARED",
    "MAX_UNPACKED",
    "RosterError",
    "too_many",
]

MAX_ROWS = 25_000
MAX_COLUMNS = 80
MAX_CELL = 300  # characters; the longest field, an email address, has 254
MAX_UNPACKED = 200 * 2**20  # of an XLSX, all its parts together
MAX_SHARED = 40 * 2**20  # of its table of texts, which is read as a whole
MAX_PARTS = 500


class RosterError(Exception):
    """A file cannot be read as a roster. The text says what is wrong and what to do."""


def too_many() -> RosterError:
    return RosterError(
        f"This file has more than {MAX_ROWS:,} lines. A roster may have {MAX_ROWS:,}. Split it, for example by site, and upload the parts one after the other."
    )


TOO_LARGE = f"This file has more than {MAX_BYTES // 2**20} MB. A roster may have {MAX_BYTES // 2**20} MB. Save it without pictures, or in parts."
