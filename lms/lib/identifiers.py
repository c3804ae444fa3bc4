"""What in a free text may tell who a patient is. Pure: it reads a text and keeps nothing of it.

It is a reminder for the person who writes, not a guard: a name looks like any other word, and a number of an article may look like
a phone number. So it asks, and never refuses.
"""

import re

#: (what it looks like, pattern). Each pattern is linear: no repetition stands inside another.
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an email address", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.\w", re.I)),
    (
        "a date of birth",
        re.compile(
            r"\b(?:dob|d\.o\.b\.|born|birth\s?day|date of birth)\b"
            r"|\b\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)?\d{2}\b|\b(?:19|20)\d{2}-\d{1,2}-\d{1,2}\b"
            r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}\b",
            re.I,
        ),
    ),
    ("a social security number", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    ("a phone number", re.compile(r"(?<!\d)(?:\+?1[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[\s.-]?)\d{3}[\s.-]?\d{4}(?!\d)")),
    (
        "a record number",
        re.compile(
            r"\b(?:mrn|medical record|record (?:no|number)|chart (?:no|number)|patient (?:id|no|number)|client (?:id|no|number))\b"
            r"|(?<![\w-])[A-Z]{0,3}\d{6,9}(?!\d)",
            re.I,
        ),
    ),
)


def signs_of_a_person(text: str) -> list[str]:
    """What the text seems to hold, in words ("a phone number"), each once; empty if nothing was found."""
    return [words for words, pattern in _SIGNS if pattern.search(text)]
