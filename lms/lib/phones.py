"""Phone numbers as people write them."""

import re

NO_PHONE = "Write a phone number with its digits, for example 555-0119 or +1 303 555 0119."


def explain(text: str) -> str | None:
    """Why this is no phone number that somebody could call, in a sentence; None if it is one. Three to twenty digits."""
    digits = sum(character in "0123456789" for character in text)
    if not 3 <= digits <= 20 or not re.fullmatch(r"\+?[0-9 ().x/-]+", text):
        return NO_PHONE
    return None
