"""``manage.py rebuild_status``: makes the status spans anew from the record. ``--check`` only compares."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.actions import spans
from lms.lib import clock, doorbell


class Command(BaseCommand):
    help = (
        "Makes the status spans anew from the record. With --check, changes nothing and says where they differ from it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; exit 1 when something differs")
        parser.add_argument(
            "--if-needed", action="store_true", help="do nothing when they were made by this reading of the record"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            if options["if_needed"] and spans.up_to_date():
                return
            with doorbell.silent():
                number = spans.rebuild_all(at=clock.now())
            self.stdout.write(f"{number} spans were made from the record.")
            return
        people = wrong = 0
        for subject in spans.subjects():
            people += 1
            for sentence in spans.differences(subject):
                wrong += 1
                self.stdout.write(sentence)
        if wrong:
            raise CommandError(f"{wrong} differences. Run 'manage.py rebuild_status' to make the spans anew.")
        self.stdout.write(f"The spans of {people} records are what the records say.")
