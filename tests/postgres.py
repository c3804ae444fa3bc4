"""A PostgreSQL server of the tests' own, in a temporary folder, reached by a unix socket only."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote


def binaries() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``, or None where there is no PostgreSQL server."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    if found:
        candidates.insert(0, Path(found).resolve().parent)
    return next((c for c in candidates if (c / "initdb").exists() and (c / "postgres").exists()), None)


def _run(command: list[str], *, check: bool = True) -> None:
    subprocess.run(
        _as_server_user(command), check=check, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", timeout=120
    )


def _as_server_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Starts a server and yields its DATABASE_URL; stops it and removes its folder afterwards. RuntimeError if there is none."""
    folder = binaries()
    if folder is None:
        raise RuntimeError("no PostgreSQL server program was found")
    root = Path(tempfile.mkdtemp(prefix="lms-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(root, "postgres", "postgres")
        data = root / "data"
        initdb = [
            str(folder / "initdb"),
            "-D",
            str(data),
            "-U",
            "lms",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        ]
        _run(initdb)
        options = f"-k {root} -c listen_addresses= -c fsync=off -c max_connections=120 -c shared_buffers=32MB"
        ctl = [str(folder / "pg_ctl"), "-D", str(data), "-w", "-s", "-l", str(root / "log")]
        _run([*ctl, "-o", options, "start"])
        try:
            yield f"postgres://lms@{quote(str(root), safe='')}/postgres"
        finally:
            _run([*ctl, "-m", "immediate", "stop"], check=False)
    finally:
        shutil.rmtree(root, ignore_errors=True)
