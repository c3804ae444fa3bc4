"""What must be true before anything is started. Each refusal is one sentence for a person."""

import errno
import os
import shutil
import socket
from pathlib import Path

from lms.lib import env

ROOT = Path(__file__).resolve().parent.parent.parent
LEAST_FREE = 32 * 1024 * 1024  # bytes; a first start writes about 10 MB
FOLDERS = ("broker", "certificates", "log", "mail", "static")


class Refused(Exception):
    """Nothing was started (or everything was stopped again); the text is the sentence to show."""


def var_folder() -> Path:
    """The folder of all data: LMS_VAR, else ``var`` beside the code."""
    return Path(os.path.abspath(env.text("LMS_VAR") or ROOT / "var"))


def read_address() -> tuple[str, int]:
    """HOST and PORT, checked: the port is a number and nobody listens on it."""
    host = env.text("HOST") or "127.0.0.1"
    try:
        port = env.number("PORT", 8000)
    except env.SettingError as error:
        raise Refused(str(error)) from error
    if not 1 <= port <= 65535:
        raise Refused(f"PORT must be between 1 and 65535, not {port}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except socket.gaierror as error:
        raise Refused(f"HOST={host} is not an address of this computer.") from error
    except OSError as error:
        raise Refused(_say_why_not(host, port, error)) from error
    return host, port


def _say_why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: choose another, as in make run PORT={port % 65535 + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} may only be used by an administrator: choose one above 1023, as in make run PORT=8000."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST={host} is not an address of this computer."
    return f"Port {port} on {host} cannot be used: {error.strerror}."


def make_folder(var: Path) -> None:
    """Makes the var folder and its rooms, and writes a test file: a full or read-only disk shows here, not halfway."""
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)  # names, addresses and certificates are in it
        for name in FOLDERS:
            (var / name).mkdir(exist_ok=True)
        probe = var / f".probe-{os.getpid()}"
        try:
            with probe.open("wb") as file:
                file.write(bytes(64 * 1024))
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
        free = shutil.disk_usage(var).free
    except OSError as error:
        raise Refused(say_disk_problem(var, error)) from error
    if free < LEAST_FREE:
        raise Refused(
            f"The disk of {var} is almost full ({free // 1024 // 1024} MB free): free some space and start again."
        )


def say_disk_problem(var: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {var} is full: free some space and start again."
    return f"The folder {var} cannot be written ({error.strerror}): make it writable, or set LMS_VAR to another folder."
