"""The first command on an empty database."""

import datetime as dt
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from lms.outbox.models import Message
from lms.people.models import Organization, Site, User
from lms.record.queries import events_of
from tests.factories import make_user

ARGUMENTS = {
    "name": "Alderford Recovery Services",
    "short_name": "Alderford",
    "zone": "America/Denver",
    "site": "Eastgate House",
    "coordinator_name": "Priya Raman",
    "coordinator_email": "Priya@Example.org",
}


def start(**changes: str) -> str:
    out = StringIO()
    call_command("start_organization", **{**ARGUMENTS, **changes}, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_it_makes_the_organization_and_a_link_that_works(settings: Any) -> None:
    settings.SITE_URL = "https://training.example.org"
    link = start().strip().splitlines()[-1]
    organization, site, user = Organization.objects.get(), Site.objects.get(), User.objects.get()
    assert (organization.name, organization.short_name, organization.zone) == (
        "Alderford Recovery Services",
        "Alderford",
        "America/Denver",
    )
    assert (site.name, site.zone) == ("Eastgate House", "America/Denver")
    assert (user.name, user.email, user.is_coordinator, user.site) == ("Priya Raman", "priya@example.org", True, site)
    assert [event.kind for event in events_of(user.subject)] == ["person.added", "person.invited"]
    assert {event.actor for event in events_of(user.subject)} == {"system"}
    assert Message.objects.count() == 0
    assert link.startswith("https://training.example.org/invitation/")
    client = Client()
    path = link.removeprefix("https://training.example.org")
    assert client.get(path).status_code == 200
    assert (
        client.post(path, {"password": "seven quiet river stones", "again": "seven quiet river stones"}).status_code
        == 302
    )
    assert client.get("/coordinator/").status_code == 200


@pytest.mark.django_db
def test_a_second_time_is_refused() -> None:
    start()
    with pytest.raises(CommandError, match="already has an organization or people"):
        start(name="Another")
    assert Organization.objects.get().name == "Alderford Recovery Services"


@pytest.mark.django_db
def test_people_alone_are_enough_to_refuse() -> None:
    make_user()
    Organization.objects.all().delete()
    with pytest.raises(CommandError, match="already has an organization or people"):
        start()
    assert Organization.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"zone": "Denver"}, "zone: Choose a time zone from the list"),
        ({"coordinator_email": "priya"}, "email: Enter a valid email address."),
        ({"coordinator_email": " "}, "coordinator email: Give the coordinator's email address"),
        ({"coordinator_name": "山田"}, "name: The certificate cannot show"),
        ({"name": "", "short_name": ""}, "name: This field cannot be blank."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        start(**changes)
    assert "Nothing was changed." in str(error.value)
    assert sentence in str(error.value)
    assert (Organization.objects.count(), Site.objects.count(), User.objects.count()) == (0, 0, 0)


def production(folder: Path) -> dict[str, str]:
    """An environment that production mode accepts, with a database of its own."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **inherited,
        "LMS_ENV": "production",
        "LMS_VAR": str(folder),
        "SITE_URL": "https://training.example.org",
        "SECRET_KEY": "kJ8#qz0-Wm4Vt7!xRb2@Lp9^Ny5&Hc1*Sd6(Gf3)Ae0_Uo8+Ti2=",
        "RECORD_KEY": "Zp4!mN7@vX1#cB9$lK3%jH6^gF0&dS8*aQ2(wE5)rT7_yU1+iO4=",
    }


def test_in_production_mode_on_an_empty_database_and_before_migrating(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "start_organization"]
    for name, value in ARGUMENTS.items():
        command += [f"--{name.replace('_', '-')}", value]
    run: dict[str, Any] = {
        "cwd": django_settings.BASE_DIR,
        "env": production(tmp_path),
        "capture_output": True,
        "text": True,
        "timeout": 120,
    }
    early = subprocess.run(command, **run)
    assert (early.returncode, "Run `manage.py migrate` first." in early.stderr, "Traceback" in early.stderr) == (
        1,
        True,
        False,
    )
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], **{**run, "check": True})
    done = subprocess.run(command, **run)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1].startswith("https://training.example.org/invitation/")
    again = subprocess.run(command, **run)
    assert (again.returncode, "already has an organization" in again.stderr, "Traceback" in again.stderr) == (
        1,
        True,
        False,
    )


@pytest.mark.django_db
def test_the_link_ends_after_seven_days(at: dt.datetime) -> None:
    start()
    invitation = User.objects.get().invitations.get()
    assert invitation.expires_at - invitation.created_at == dt.timedelta(days=7)
    assert invitation.email == "priya@example.org"
