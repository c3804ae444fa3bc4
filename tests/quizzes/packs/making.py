"""People with training behind them, a pack of them, and the checker as a surveyor runs it."""

import datetime as dt
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import time_machine
from django.conf import settings
from django.db import transaction

from courses.actions import excepting, filing
from courses.enums import ExceptionKind
from lms.people.actions import identity
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from lms.record.sealing import seal
from quizzes.actions import attempts, building, packing
from quizzes.models import Pack
from quizzes.queries.packs import choose
from tests import factories

PYTHON = Path("/usr/bin/python3") if Path("/usr/bin/python3").exists() else Path(sys.executable)
START = dt.datetime(2026, 11, 2, 17, 0, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


def trained(name: str, *, course: Any = None, at: dt.datetime = START, fails: int = 0, **changes: Any) -> User:
    """Somebody who was assigned a course and passed it after ``fails`` failed attempts, a day apart; the certificate is drawn."""
    with time_machine.travel(at, tick=False):
        person = factories.make_user(name, **changes)
        with transaction.atomic():
            identity.write(person, EventKind.PERSON_INVITED, at=at, by=record.SYSTEM)
        enrollment = factories.make_enrollment(person, course, at=at)
    when = at
    for _ in range(fails):
        when += dt.timedelta(days=1)
        with time_machine.travel(when, tick=False):
            attempt = attempts.start(enrollment, enrollment.version.units.get(position=1), at=when)
            factories.answer_all(attempt, right=False, at=when)
            attempts.submit(attempt, at=when + dt.timedelta(minutes=7))
    when += dt.timedelta(days=1)
    with time_machine.travel(when, tick=False):
        for unit in enrollment.version.units.all():
            factories.pass_unit(enrollment, unit.position, at=when)
    filing.sweep(at=when + dt.timedelta(minutes=1))
    return person


def sealed(day: dt.date, at: dt.datetime) -> None:
    with time_machine.travel(at, tick=False):
        assert seal(day, at=at) is not None


def leave(person: User, *, by: User, at: dt.datetime = START, reason: str = "Family") -> None:
    with time_machine.travel(at, tick=False):
        excepting.grant(
            person, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=at.date() + dt.timedelta(days=5), course=None,
            reason=reason, by=by, at=at,
        )  # fmt: skip


def make_pack(
    by: User, *, at: dt.datetime = NOW, sample: int | None = None, filters: dict[str, Any] | None = None, **changes: Any
) -> Pack:
    """Asked for and built."""
    seed = changes.get("seed", "")
    chosen = choose(filters or {}, at, sample=sample, seed=seed)
    with time_machine.travel(at, tick=False):
        pack = packing.make(
            chosen, **{"as_of": at.date(), "reason": "Yearly survey", "filters": filters, "by": by, "at": at, **changes}
        )
        for _ in range(5):
            if building.build(pack.pk, at=at):
                break
    pack.refresh_from_db()
    assert pack.state == "stored", pack.last_error
    return pack


def unzipped(pack: Pack, where: Path) -> Path:
    """The folder of the pack, unzipped."""
    with zipfile.ZipFile(Path(settings.PACK_DIR) / pack.file) as archive:
        archive.extractall(where)
    (top,) = where.iterdir()
    return top


def checked(folder: Path, *more: str) -> tuple[int, str]:
    """The checker as a surveyor runs it: plain Python, no site packages, from another folder."""
    ran = subprocess.run(
        [str(PYTHON), "-I", "-S", str(folder / "check.py"), *more],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert not ran.stderr, ran.stderr
    return ran.returncode, ran.stdout
