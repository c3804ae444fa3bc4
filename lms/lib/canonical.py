"""One spelling of a value as JSON text, so that equal values have equal hashes."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def dumps(value: Any) -> str:
    """Sorted keys, no spaces, UTF-8 text, no NaN. Raises TypeError or ValueError on what JSON cannot say."""
    return _ENCODER.encode(value)


def sha256(value: Any) -> str:
    return hashlib.sha256(dumps(value).encode()).hexdigest()
