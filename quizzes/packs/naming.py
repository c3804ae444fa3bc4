"""Names of files and folders in a pack: letters a to z, digits and hyphens alone, so that no name of a person or course leads out of
the folder, whatever stands in it."""

import hashlib
import re
import uuid
from collections.abc import Sequence

from lms.lib import glyphs

LONGEST = 40


def slug(text: str, otherwise: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", glyphs.ascii_spelling(text).lower()).strip("-")
    return plain[:LONGEST].strip("-") or otherwise


def folder_of(position: int, name: str, latin_name: str, subject: uuid.UUID) -> str:
    """``007-maria-lopez-1a2b3c4d``. The number keeps it unique, the last part is of the person's id in the record."""
    return f"{position:03d}-{slug(latin_name or name, 'person')}-{subject.hex[:8]}"


def sample_of(seed: str, population: Sequence[uuid.UUID], size: int) -> list[uuid.UUID]:
    """A sample that anybody can draw again: the people in the order of SHA-256 over seed, a line break and their id in the record;
    the first ``size`` are taken. The same seed and people give the same sample, in whatever order they come. The same rule stands in
    ``check.py``."""
    return sorted(population, key=lambda one: (hashlib.sha256(f"{seed}\n{one}".encode()).hexdigest(), str(one)))[:size]
