"""What in a text may tell who a patient is: asked about, never kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.lib.identifiers import signs_of_a_person


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Call him at (303) 555-0142 first.", "a phone number"),
        ("Call 303-555-0142", "a phone number"),
        ("+1 303 555 0142", "a phone number"),
        ("3035550142", "a phone number"),
        ("She was born in spring.", "a date of birth"),
        ("DOB 4/7/1988", "a date of birth"),
        ("since 04/07/88", "a date of birth"),
        ("1988-04-07", "a date of birth"),
        ("on April 7, 1988", "a date of birth"),
        ("MRN 88", "a record number"),
        ("see 00482913", "a record number"),
        ("chart number 12", "a record number"),
        ("number AB123456", "a record number"),
        ("jo.doe+x@clinic.example", "an email address"),
        ("123-45-6789", "a social security number"),
    ],
)
def test_what_looks_like_a_person(text: str, sign: str) -> None:
    assert sign in signs_of_a_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The key says 48 hours, the unit says 72 hours.",
        "About 11 per 1,000 people a year, and 36 outside of treatment (2017).",
        "Both b and c are right, by section 2.3 and 42 CFR Part 2.",
        "In 2023 about 53 percent (E-053) agreed; see H-055 too.",
        "Call 988 or 911.",
        "It may be right in 2024, or not.",
    ],
)
def test_what_does_not(text: str) -> None:
    assert signs_of_a_person(text) == []


@given(st.text(max_size=600))
def test_any_text_is_read(text: str) -> None:
    found = signs_of_a_person(text)
    assert len(found) == len(set(found))
    assert "a phone number" in signs_of_a_person(text + " 303-555-0142")
