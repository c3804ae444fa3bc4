"""``manage.py demo``: fills an empty database with the demonstration organization."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from courses.models import Course
from lms.demo import making, sign_ins
from lms.lib import clock, doorbell
from lms.people.models import Organization, User


class Command(BaseCommand):
    help = "Fills an empty database with a made-up organization in every state a supervisor can meet. Refused in production mode."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demonstration is refused in production mode (LMS_ENV=production).")
        if User.objects.exists() or Organization.objects.exists():
            raise CommandError(
                "This database already holds people, so the demonstration was not added. It goes only into an empty one."
            )
        if not Course.objects.exists():
            raise CommandError("There are no courses yet. Run 'manage.py load_courses' first.")
        with doorbell.silent():
            making.make(clock.now())
        for role, email, password in sign_ins():
            self.stdout.write(f"{role}: {email} / {password}")
