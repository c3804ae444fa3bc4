"""What production mode refuses, and the keys that development makes for itself."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from lms.lib.env import SettingError

SEAMS = ("LMS_TEST_CLOCK", "LMS_TEST_FAILPOINT", "LMS_TEST_FAILPOINT_COUNT", "LMS_TEST_FAST_PASSWORDS")
_WEAK = ("insecure", "changeme", "password", "example", "default-key")


def development_key(var: Path, name: str) -> str:
    """Reads ``var/<name>``, making it (mode 600, 64 random bytes as text) if it is absent. Never used in production."""
    path = var / name
    try:
        if path.exists():
            return path.read_text().strip()
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = var / f".{name}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(temporary, path)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(
            f"The folder {var} cannot be written ({error.strerror}). Free some space or set LMS_VAR to another folder."
        ) from error


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _weak(key: str) -> bool:
    return len(key) < 50 or len(set(key)) < 12 or any(word in key.lower() for word in _WEAK)


def refuse_unsafe(
    *,
    debug: bool,
    secret_key: str,
    record_key: str,
    allowed_hosts: list[str],
    site_url: str,
    session_cookie_secure: bool,
    csrf_cookie_secure: bool,
) -> None:
    """Raises SettingError with one sentence for each thing that production must not run with."""
    problems = []
    if debug:
        problems.append("LMS_DEBUG is on: production must run with LMS_DEBUG=no.")
    if _weak(secret_key):
        problems.append(
            "SECRET_KEY is missing or weak: set SECRET_KEY or SECRET_KEY_FILE to at least 50 random characters."
        )
    if not record_key or _weak(record_key):
        problems.append(
            "RECORD_KEY is missing or weak: set RECORD_KEY or RECORD_KEY_FILE to at least 50 random characters, and keep a copy."
        )
    if record_key and record_key == secret_key:
        problems.append("RECORD_KEY equals SECRET_KEY: give each its own random value.")
    if not allowed_hosts or any(host == "*" or host.startswith((".", "*")) for host in allowed_hosts):
        problems.append("ALLOWED_HOSTS is empty or holds a wildcard: name each host, for example training.example.org.")
    if not site_url:
        problems.append("SITE_URL is missing: set it to the public address, for example https://training.example.org.")
    elif not site_url.startswith("https://") or not host_of(site_url):
        problems.append("SITE_URL must begin with https:// and name a host.")
    if not session_cookie_secure:
        problems.append("SESSION_COOKIE_SECURE is off: production sends sign-in cookies over https only.")
    if not csrf_cookie_secure:
        problems.append("CSRF_COOKIE_SECURE is off: production sends form cookies over https only.")
    for name in SEAMS:
        if os.environ.get(name):
            problems.append(f"{name} is set: that is a test seam, and production refuses it.")
    if problems:
        raise SettingError("\n".join(problems))
