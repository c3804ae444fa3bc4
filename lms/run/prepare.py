"""``python -m lms.run.prepare REPORT``: brings var up to date before anything serves, and writes what it found to REPORT (JSON).

Order: half a demonstration away, migrations, cache table, static files, courses, demonstration, status spans. Each step is skipped when there is nothing to do. The
demonstration goes only into an empty database, never in production. A failure is one sentence in the report; its trace, if it
has one, is printed (the launcher keeps it in ``var/log/prepare.log``).
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from lms import demo
from lms.run.checks import Refused, say_disk_problem


def migrate() -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        _say("Preparing the database ...")
        call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("clearsessions", verbosity=0)


def collect_static() -> None:
    """Collects when a source file is newer, gone or new since the last time."""
    stamp = Path(settings.STATIC_ROOT) / "sources"
    sources = _fingerprint_of_sources()
    if not stamp.exists() or stamp.read_text() != sources:
        _say("Collecting the static files ...")
        stamp.unlink(missing_ok=True)
        _call("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(sources)


def _fingerprint_of_sources() -> str:
    digest = hashlib.sha256(django.get_version().encode())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            state = os.stat(storage.path(path))
            digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def load_courses() -> None:
    """New editions of what changed. A content folder that is gone or has errors stops only a system that has no courses yet."""
    loaded = apps.get_model("courses", "Course")._default_manager.exists()
    if loaded and not settings.CONTENT_DIR.is_dir():
        _say(f"There is no content folder at {settings.CONTENT_DIR}; the courses loaded earlier stay as they are.")
        return
    _say("Loading the courses ...")
    try:
        _call("load_courses")
    except CommandError as error:
        if not loaded:
            raise
        _say(f"{error} The courses loaded earlier stay as they are.")


def fill_demonstration() -> None:
    """Made in many transactions; the mark says that it is not whole, until it is. A mark that cannot be removed stops the start."""
    if not settings.PRODUCTION and not get_user_model()._default_manager.exists():
        _say("Making the demonstration organization ...")
        _mark().touch()
        _call("demo")
    _mark().unlink(missing_ok=True)


def fill_spans() -> None:
    """Once after an upgrade that reads the record in another way: what the spans of before say may not be what the record says."""
    _call("rebuild_status", if_needed=True)


def drop_half_a_demonstration() -> None:
    """A start that was stopped while it made the demonstration left half of one, which nobody has seen: begin anew."""
    if not _mark().exists():
        return
    if Path(settings.DATABASES["default"]["NAME"]) != _var() / "db.sqlite3":
        raise Refused(
            "The demonstration in the database of DATABASE_URL was not finished: empty that database, "
            f"remove {_mark()} and start again."
        )
    connections.close_all()
    for path in (*_var().glob("db.sqlite3*"), *_var().glob("certificates/*"), *_var().glob("mail/*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _mark().unlink()


def _mark() -> Path:
    return _var() / "demonstration.unfinished"


def _call(command: str, **options: Any) -> None:
    """Runs a management command; what it prints is shown only when it fails."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            call_command(command, stdout=output, **options)
    except BaseException:
        print(output.getvalue(), end="")
        raise


def _say(sentence: str) -> None:
    print(sentence, flush=True)


STEPS: tuple[Callable[[], None], ...] = (
    drop_half_a_demonstration,
    migrate,
    collect_static,
    load_courses,
    fill_demonstration,
    fill_spans,
)


def prepare() -> dict[str, Any]:
    """All steps in order. Raises Refused with one sentence."""
    doing = "reading the settings"
    try:
        django.setup()
        apps.check_models_ready()
        for step in STEPS:
            doing = step.__name__.replace("_", " ")
            step()
        doing = "looking for the demonstration"
        return {"sign_ins": demo.sign_ins(), "host_header": urlsplit(settings.SITE_URL).netloc}
    except SystemExit as error:  # the settings refuse in a sentence of their own
        raise Refused(str(error.code)) from error
    except (CommandError, ImproperlyConfigured) as error:
        raise Refused(f"Stopped at {doing}: {error}") from error
    except DatabaseError as error:
        raise Refused(_say_database_problem(error)) from error
    except OSError as error:
        raise Refused(say_disk_problem(_var(), error)) from error
    except Exception as error:
        traceback.print_exc()
        raise Refused(
            f"Stopped at {doing}: {type(error).__name__}: {error}. The log is in {_var() / 'log' / 'prepare.log'}."
        ) from error


def _var() -> Path:
    return Path(settings.VAR_DIR)


def _say_database_problem(error: DatabaseError) -> str:
    text = " ".join(str(error).split()).partition(" Is the server")[0].rstrip(".")
    if "disk is full" in text or "No space left" in text:
        return f"The disk of {_var()} is full: free some space and start again."
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return f"The database {settings.DATABASES['default']['NAME']} cannot be used: {text}."
    return f"The database of DATABASE_URL cannot be used: {text}."


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    report = Path(sys.argv[1])
    try:
        found: dict[str, Any] = prepare()
    except Refused as error:
        report.write_text(json.dumps({"refused": str(error)}))
        sys.exit(1)
    report.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
