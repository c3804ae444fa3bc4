"""Texts that end up in mail headers, lists and certificates."""

import unicodedata

from django.core.exceptions import ValidationError


def one_line(value: str) -> str:
    """NFC, inner white space (line breaks too) folded to one space, outer cut. For names, titles and subjects."""
    return " ".join(unicodedata.normalize("NFC", value).split())


def validate_one_line(value: str) -> None:
    """Refuses control and invisible direction characters, with a sentence that says what to do."""
    for character in value:
        if (
            unicodedata.category(character) in {"Cc", "Cs", "Co", "Zl", "Zp"}
            or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ):
            raise ValidationError(
                "There is an invisible or control character in this text. Type it again instead of pasting it."
            )
