"""The first command on an empty production database."""

import argparse
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, OperationalError, ProgrammingError, transaction

from lms.lib import clock, dates, names
from lms.people.actions import invitations
from lms.people.actions.organization import add_site
from lms.people.actions.people import add_person
from lms.people.models import Organization, User
from lms.record.actions import SYSTEM

NOT_EMPTY = "This database already has an organization or people, so nothing was changed."


class Command(BaseCommand):
    help = (
        "Makes the organization, its first site and its first training coordinator in an empty database, and prints a one-use link "
        "by which the coordinator sets a password. No mail is sent. Everything else is done in the browser."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="the organization's name, as printed on certificates")
        parser.add_argument("--short-name", default="", help="a short name for the top of pages; the name if not given")
        parser.add_argument("--zone", required=True, help="its time zone, such as America/Denver")
        parser.add_argument("--site", default="", help="the name of the first site; the short name if not given")
        parser.add_argument("--coordinator-name", required=True)
        parser.add_argument("--coordinator-email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            link, expires_at = self._start(options)
        except ValidationError as error:
            raise CommandError("\n".join(["Nothing was changed.", *_sentences(error)])) from error
        except IntegrityError as error:  # another run of this command was faster
            raise CommandError(NOT_EMPTY) from error
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(f"The database is not ready ({error}). Run `manage.py migrate` first.") from error
        until = dates.long_date(dates.local_date(expires_at, options["zone"]))
        self.stdout.write(
            f"{options['name']} is set up. This link is for {options['coordinator_name']} alone, works once,"
        )
        self.stdout.write(f"and ends on {until}. Open it in a browser and choose a password:\n")
        self.stdout.write(link)

    def _start(self, options: dict[str, Any]) -> tuple[str, Any]:
        at = clock.now()
        name = names.one_line(options["name"])
        short_name = names.one_line(options["short_name"]) or name[:40].rstrip()
        with transaction.atomic():
            if Organization.objects.exists() or User.objects.exists():
                raise CommandError(NOT_EMPTY)
            organization = Organization(name=name, short_name=short_name, zone=options["zone"], created_at=at)
            organization.full_clean()
            organization.save()
            site = add_site(name=options["site"] or short_name, zone=options["zone"])
            user = add_person(
                name=options["coordinator_name"],
                email=options["coordinator_email"],
                site=site,
                is_coordinator=True,
                by=SYSTEM,
                at=at,
            )
            if not user.email:
                raise ValidationError(
                    {"coordinator_email": "Give the coordinator's email address: it is used to sign in."}
                )
            invitation = invitations.invite(user, by=SYSTEM, at=at, announce=False)
            return invitations.open_link(invitation, at), invitation.expires_at


def _sentences(error: ValidationError) -> list[str]:
    """One line an error, each with the argument it is about where that is known."""
    if not hasattr(error, "error_dict"):
        return list(error.messages)
    return [
        f"{field.replace('_', ' ')}: {sentence}" for field, found in error.message_dict.items() for sentence in found
    ]
