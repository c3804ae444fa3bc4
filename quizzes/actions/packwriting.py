"""The files of a pack: each person's part, and what all of them share."""

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from lms.lib import canonical, csvsafe, dates
from lms.outbox import kinds as mail_kinds
from lms.people.models import Organization, User
from lms.record import sealfile
from lms.record.models import Seal
from quizzes.actions import packcourses
from quizzes.models import Pack, PackPerson
from quizzes.packs import archive, naming, transcript
from quizzes.queries import evidence
from quizzes.queries.packs import whom_of
from quizzes.queries.transcripts import as_of_words, exceptions_of, reminders_of, transcript_of

_HERE = Path(__file__).resolve().parent.parent / "packs"
CHECKER = _HERE / "check.py"
STYLE = _HERE / "pack.css"
INCLUDED, MISSING, DIFFERS = "included", "missing", "differs"


def top_of(pack: Pack) -> str:
    """The folder that the ZIP unpacks into."""
    return f"surveyor-pack-{pack.as_of.isoformat()}-{pack.public_id.hex[:8]}"


def lines(path: Path, rows: Iterable[str]) -> None:
    """A file of lines, whole or not at all, written as the rows come."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        for row in rows:
            file.write(row + "\n")
    temporary.replace(path)


def events_in(part: Path) -> int:
    """How many events of the person are in the pack."""
    with (part / "record.jsonl").open("rb") as file:
        return sum(1 for _ in file)


def person(pack: Pack, one: PackPerson, organization: Organization, part: Path) -> None:
    """One person's part; its transcript comes last, so that a part with a transcript is whole."""
    shutil.rmtree(part, ignore_errors=True)
    found = transcript_of(
        one.person, until=pack.until, as_of=pack.as_of, courses=pack.courses, organization=organization
    )
    for course in found["courses"]:
        for certificate in course["certificates"]:
            _certificate(certificate, part)
    lines(part / "record.jsonl", evidence.record_lines(one.person.subject, until=pack.until))
    lines(part / "identity.jsonl", evidence.identity_lines(one.person.subject, until=pack.until))
    archive.store(part / "transcript.json", (canonical.dumps(found) + "\n").encode())
    packcourses.render(part / "index.html", "person.html", {"t": found, "root": "../../"})
    archive.store(part / "transcript.pdf", transcript.draw(found, at=pack.made_at, paper=organization.paper))


def _certificate(facts: dict[str, Any], part: Path) -> None:
    """Copies the stored file, and says so in the facts; a file that is not there or is not the stored one is named as that."""
    source = Path(settings.CERTIFICATE_DIR) / facts["stored_as"] if facts["stored_as"] else None
    del facts["stored_as"]
    facts["file"], facts["file_state"] = "", MISSING
    if source is None or not source.is_file():
        return
    name = f"certificates/{naming.slug(facts['number'], 'certificate')}-{facts['public_id'][:8]}.pdf"
    target = part / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    facts["file"] = name
    facts["file_state"] = INCLUDED if archive.digest(target)["sha256"] == facts["sha256"] else DIFFERS


def shared(pack: Pack, people: Sequence[PackPerson], organization: Organization, folder: Path) -> None:
    """Courses as taught, tables, seals, the checker and the index. Written anew each time; it is quick."""
    rows = [_summary(one, folder / "people" / one.folder) for one in people]
    editions = packcourses.write(pack, [one.person for one in people], folder)
    _table(folder / "reminders.csv", REMINDER_HEAD, _reminders(pack, people))
    _table(folder / "exceptions.csv", EXCEPTION_HEAD, _exceptions(pack, people))
    seals = Seal.objects.order_by("number")
    archive.store(
        folder / "seals.json", sealfile.write(seals, organization=organization.name, at=pack.made_at).encode()
    )
    if pack.seed:
        sample = {"seed": pack.seed, "size": pack.total, "population": pack.population}
        archive.store(folder / "sample.json", (canonical.dumps(sample) + "\n").encode())
    archive.store(folder / "people.json", (canonical.dumps(rows) + "\n").encode())
    archive.store(folder / "check.py", CHECKER.read_bytes())
    archive.store(folder / "pack.css", STYLE.read_bytes())
    context = {
        "pack": pack,
        "organization": organization,
        "people": rows,
        "editions": editions,
        "whom": whom_of(pack),
        "as_of": dates.long_date(pack.as_of),
        "told_to": as_of_words(pack.as_of, pack.until, pack.zone),
        "made_at": f"{dates.long_date(dates.local_date(pack.made_at, pack.zone))}, "
        f"{dates.time_of_day(pack.made_at, pack.zone)} ({dates.zone_label(pack.zone)})",
        "seals": seals.count(),
        "root": "",
    }
    packcourses.render(folder / "index.html", "index.html", context)


def _summary(one: PackPerson, part: Path) -> dict[str, Any]:
    """What the index says of a person."""
    found = json.loads((part / "transcript.json").read_text(encoding="utf-8"))
    counts: dict[str, int] = {}
    for course in found["courses"]:
        counts[course["status_word"]] = counts.get(course["status_word"], 0) + 1
    words = ", ".join(f"{number} {word.lower()}" for word, number in counts.items())
    return {
        "folder": one.folder,
        "name": found["name"],
        "job_role": found["person"]["job_role"],
        "place": found["person"]["place"],
        "summary": words or "nothing was asked",
        "certificates": sum(len(course["certificates"]) for course in found["courses"]),
    }


REMINDER_HEAD = ("Person", "Id in the record", "Sent (UTC)", "Sent (local day)", "Kind", "Course")
EXCEPTION_HEAD = (
    "Person", "Id in the record", "Kind", "Course", "First day", "Last day", "Reason", "Evidence", "Approved (UTC)", "Approved by (id)",
    "Ended early because",
)  # fmt: skip


def _table(path: Path, head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(csvsafe.lines([head]))
        file.writelines(csvsafe.lines(rows))


def _reminders(pack: Pack, people: Iterable[PackPerson]) -> Iterator[Sequence[object]]:
    for one in people:
        for mail in reminders_of(one.person, until=pack.until, courses=pack.courses):
            yield (
                one.person.name,
                one.person.subject,
                _utc(mail.sent_at),
                dates.local_date(mail.sent_at, one.person.zone),
                mail_kinds.label(mail.kind),
                mail.course_title,
            )


def _exceptions(pack: Pack, people: Sequence[PackPerson]) -> Iterator[Sequence[object]]:
    order: list[User] = [one.person for one in people]
    for row in exceptions_of(order, until=pack.until, courses=pack.courses):
        yield (
            row.learner.name,
            row.learner.subject,
            row.get_kind_display(),
            row.course.title if row.course else "every course",
            row.starts_on,
            row.ends_on or "",
            row.reason,
            row.evidence,
            _utc(row.approved_at),
            row.approved_by,
            row.ended_reason,
        )


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
