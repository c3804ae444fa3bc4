"""Random codes and tokens. All randomness comes from the operating system."""

import hashlib
import secrets
import uuid

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # 30 signs, none that is read as another (no 0 O 1 I L U)
CODE_LENGTH = 27  # 30 ** 27 > 2 ** 132


def public_code() -> str:
    """A code of more than 128 random bits, for the verify address of a certificate; stored without hyphens."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def grouped(code: str) -> str:
    """The code as it is printed: groups of four joined by hyphens, a short last group allowed."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def normalized(code: str) -> str:
    """What a person typed, as it is stored: upper case, without spaces and hyphens. Unknown signs stay, and so never match."""
    return "".join(c for c in code.upper() if c not in " -\u2010\u2011\u2012\u2013\t\n\r")


def receipt() -> str:
    """A short code that a person can read aloud, such as K7Q2-M4."""
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"{signs[:4]}-{signs[4:]}"


def token() -> str:
    """A secret for a one-use link (256 bits). Only its hash is stored."""
    return secrets.token_urlsafe(32)


def token_hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def new_id() -> uuid.UUID:
    return uuid.uuid4()
