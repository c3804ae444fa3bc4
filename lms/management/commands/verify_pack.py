"""``manage.py verify_pack FILE.zip``: whether a surveyor pack is one that this system made, unchanged."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.lib import dates
from lms.record.chain import event_hash
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from quizzes.models import Pack
from quizzes.packs import archive


class Command(BaseCommand):
    help = (
        "Compares the SHA-256 of a pack (the ZIP as downloaded) with what the training record says, under the record key. Changes "
        "nothing. Ends with 0 when the pack was made here and is unchanged, else with 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the ZIP of a pack, as it was downloaded")

    def handle(self, *args: Any, **options: Any) -> None:
        """The row names the pack; only an event whose signature is right vouches for it."""
        try:
            sha256 = archive.digest(Path(options["file"]))["sha256"]
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        pack = Pack.objects.defer("population").filter(sha256=sha256).first()
        if pack is None:
            raise CommandError(
                "No pack of this system has this fingerprint. It was changed, or made elsewhere. To see what was changed, unzip "
                "it and run its check.py."
            )
        events = TrainingEvent.objects.filter(subject=pack.made_by, kind=EventKind.PACK_FILED)
        wanted = {"pack": str(pack.public_id), "sha256": sha256}
        if not any(json.loads(event.payload) == wanted and event_hash(event) == event.hash for event in events):
            raise CommandError(
                "A row of this database names this file, but the record does not say so. Do not trust the file, and run "
                "'manage.py verify_record'."
            )
        made = dates.long_date(dates.local_date(pack.made_at, pack.zone))
        self.stdout.write(
            f"This pack was made here on {made} and is unchanged: {pack.total} people as of {dates.long_date(pack.as_of)}."
        )
