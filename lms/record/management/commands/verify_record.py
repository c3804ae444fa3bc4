"""``manage.py verify_record [--seals FILE]``: reads the whole training record and says what does not fit."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from lms.lib import dates
from lms.record import guards, sealfile
from lms.record.queries import last_seal
from lms.record.verifying import Tally, faults

WITHOUT_KEY = (
    "Without the record key nobody can change, remove, swap, insert or cut anything unnoticed. Only an older copy of the whole "
    "database, put back in place, would still fit: compare with an exported file of seals to rule that out."
)
WITH_KEY_AND_FILE = (
    "Somebody who has the record key, too, cannot have changed anything before the last seal of this file ({day}). "
    "What is younger they could have made anew, and nothing here would show it."
)
WITH_KEY = (
    "Somebody who has the record key, too, could have made everything anew. To rule that out up to the last exported seal, "
    "give its file: manage.py verify_record --seals FILE"
)


class Command(BaseCommand):
    help = (
        "Reads every chain, head, identity and seal of the training record and prints one sentence for each fault. Changes nothing. "
        "Ends with 0 when there is none, with 1 when there are faults or the file of seals cannot be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seals", metavar="FILE", help="a file of exported seals that was kept elsewhere")
        parser.add_argument("--most", type=int, default=200, help="how many faults are printed (all are counted)")

    def handle(self, *args: Any, **options: Any) -> None:
        if "record_seal" not in connection.introspection.table_names():
            raise CommandError("The database is not prepared yet. Run 'make run' once, or 'manage.py migrate'.")
        exported = _read(options["seals"]) if options["seals"] else None
        tally = Tally()
        number = 0
        for number, sentence in enumerate(itertools.chain(_unguarded(), faults(tally, exported)), 1):
            if number <= options["most"]:
                self.stderr.write(f"{sentence[0].upper()}{sentence[1:]}.")
        self.stdout.write(
            f"{tally.events} events of {tally.subjects} records, {tally.snapshots} identities ({tally.erased} erased), "
            f"{tally.seals} {'seal' if tally.seals == 1 else 'seals'}."
        )
        if number:
            raise CommandError(
                f"The record does not fit: {number} faults. Change nothing, keep a copy of the database as it is, and "
                "see docs/operations.md, The training record."
            )
        seal = last_seal()
        sealed = (
            f"The last seal is number {seal.number} of {dates.long_date(seal.day)}."
            if seal
            else "There is no seal yet."
        )
        self.stdout.write(f"Everything fits. {sealed}")
        self.stdout.write(WITHOUT_KEY)
        self.stdout.write(WITH_KEY_AND_FILE.format(day=dates.long_date(exported[-1].date)) if exported else WITH_KEY)


def _unguarded() -> Iterator[str]:
    for guard in guards.missing(connection):
        yield (
            f"the database does not refuse {guard.what} on {guard.table}: its trigger is missing "
            "(manage.py migrate makes it again)"
        )


def _read(path: str) -> list[sealfile.ExportedSeal]:
    try:
        return sealfile.read(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The file {path} cannot be read: {error}.") from error
    except sealfile.SealFileError as error:
        raise CommandError(f"The file {path} is not a file of exported seals. {error}") from error
