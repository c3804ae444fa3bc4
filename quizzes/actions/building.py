"""Putting a pack together. Run by Celery, some seconds at a time; whatever a crash loses, the sweep finds by looking at rows.

First each person's part is written into a folder of the pack, person by person; then the proofs, seal by seal; then what all share;
then the folder becomes one ZIP that is hashed and stored. ``done`` and the files that are there say where to go on, so a part that was
written is not written again, and a part that was lost is.
"""

import datetime as dt
import json
import logging
import os
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction

from lms.lib import canonical, clock
from lms.outbox import work as leases
from lms.people.models import Organization, User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes.actions import packwriting as writing
from quizzes.actions.packing import BUILD, delete_files, folder_of_work, remove_leftovers
from quizzes.enums import PackState
from quizzes.models import Pack, PackPerson
from quizzes.packs import archive
from quizzes.queries import evidence

log = logging.getLogger(__name__)
SLICE = dt.timedelta(seconds=25)  # then the worker takes up what else waits; a task may take 60 seconds
MANIFEST = "manifest.json"


class _Lost(Exception):
    """The lease is somebody else's: change nothing more."""


class _Enough(Exception):
    """The slice is over: the rest is for the next claim."""


def build(pack_pk: int, *, at: dt.datetime) -> bool:
    """Works on one pack if it wants work now. True if this call stored the file."""
    rows = Pack.objects.filter(pk=pack_pk)
    lease = dt.timedelta(seconds=settings.PACK_LEASE_SECONDS)
    token = leases.claim(rows, ready=PackState.QUEUED, claimed=PackState.CLAIMED, lease=lease, at=at)
    if token is None:
        return False
    pack = rows.get()
    if pack.tries > leases.MAX_TRIES:
        leases.move(rows, token, state=PackState.DEAD, last_error=pack.last_error or "The worker died each time.")
        log.error("pack %s could not be made after %d tries", pack_pk, leases.MAX_TRIES)
        return False
    try:
        return _Building(pack, token, at).run()
    except _Lost:
        if rows.filter(state=PackState.REMOVED).exists():  # taken back meanwhile, since somebody in it was erased
            delete_files(pack)
        return False
    except _Enough:
        now = clock.now()
        with transaction.atomic():  # a slice that got on is no failed try
            if leases.move(rows, token, state=PackState.QUEUED, tries=0, next_try_at=now, lease_until=None):
                leases.ring_after_commit(BUILD, pack_pk)
        return False
    except Exception as error:  # the row must say why, and the next try must come
        log.warning("pack %s: try %d failed: %r", pack_pk, pack.tries, error)
        dead = pack.tries >= leases.MAX_TRIES
        leases.move(
            rows,
            token,
            state=PackState.DEAD if dead else PackState.QUEUED,
            next_try_at=at + leases.backoff(pack.tries),
            last_error=f"{error.__class__.__name__}: {error}"[:300],
        )
        return False


class _Building:
    def __init__(self, pack: Pack, token: uuid.UUID, at: dt.datetime) -> None:
        self.pack, self.token, self.until_slice = pack, token, at + SLICE
        self.rows = Pack.objects.filter(pk=pack.pk)
        self.folder = folder_of_work(pack)
        self.organization = Organization.objects.get()
        self.people = list(
            PackPerson.objects.filter(pack=pack).select_related("person__site", "person__team").order_by("position")
        )

    def run(self) -> bool:
        self._people()
        ends = self._proofs()
        self._pause()
        writing.shared(self.pack, self.people, self.organization, self.folder)
        self._pause()
        self._manifest(ends)
        return self._store()

    def _step(self, **changes: object) -> None:
        """Holds on to the lease, or gives up when it is lost."""
        until = clock.now() + dt.timedelta(seconds=settings.PACK_LEASE_SECONDS)
        if not leases.move(self.rows, self.token, lease_until=until, next_try_at=until, **changes):
            raise _Lost

    def _pause(self) -> None:
        self._step()
        if clock.now() >= self.until_slice:
            raise _Enough

    def _people(self) -> None:
        """Each person whose part is not there, in their order."""
        for one in self.people:
            part = self.folder / "people" / one.folder
            if one.position <= self.pack.done and (part / "transcript.pdf").is_file():
                continue
            writing.person(self.pack, one, self.organization, part)
            self.pack.done = max(self.pack.done, one.position)
            self._step(done=self.pack.done)
            self._pause()

    def _proofs(self) -> int:
        """The proof of every event, one file a seal, and of the ends. Returns the number of the seal of the ends, 0 without one."""
        until_seq = {one.person.subject: writing.events_in(self.folder / "people" / one.folder) for one in self.people}
        for seal in evidence.seals_with(until_seq):
            path = self.folder / "proofs" / f"seal-{seal.number:05d}.jsonl"
            if not path.is_file():
                writing.lines(path, evidence.event_proof_lines(seal, until_seq))
                self._pause()
        last = evidence.seal_of_the_ends(until_seq)
        ends = evidence.end_lines(last, set(until_seq)) if last is not None else ()
        writing.lines(self.folder / "proofs" / "ends.jsonl", ends)
        return last.number if last else 0

    def _manifest(self, ends: int) -> None:
        (self.folder / MANIFEST).unlink(missing_ok=True)
        people = []
        for one in self.people:
            part = self.folder / "people" / one.folder
            transcript = json.loads((part / "transcript.json").read_text(encoding="utf-8"))
            people.append(
                {
                    "folder": one.folder,
                    "subject": str(one.person.subject),
                    "name": transcript["name"],
                    "events": writing.events_in(part),
                }
            )
        manifest = {
            "format": "lms-pack-1",
            "pack": str(self.pack.public_id),
            "organization": self.organization.name,
            "as_of": self.pack.as_of.isoformat(),
            "made_at": self.pack.made_at.astimezone(dt.UTC).isoformat(),
            "sampled": bool(self.pack.seed),
            "ends_seal": ends,
            "people": people,
            "files": {name: archive.digest(path) for name, path in archive.files_of(self.folder)},
        }
        manifest["self"] = canonical.sha256(manifest)
        archive.store(self.folder / MANIFEST, (canonical.dumps(manifest) + "\n").encode())

    def _store(self) -> bool:
        """One ZIP, written under a temporary name, synced, renamed; then the row, the event, and the folder goes."""
        target = Path(settings.PACK_DIR) / f"{self.pack.public_id}.zip"
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                archive.write(self.folder, file, top=writing.top_of(self.pack), at=self.pack.made_at)
                file.flush()
                os.fsync(file.fileno())
            found = archive.digest(temporary)
            self._step()
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        at = clock.now()
        with transaction.atomic():
            asker = User.objects.get(subject=self.pack.made_by)
            record.hold(asker.subject)
            won = leases.move(
                self.rows,
                self.token,
                state=PackState.STORED,
                file=target.name,
                sha256=found["sha256"],
                size=found["size"],
                stored_at=at,
                last_error="",
                lease_token=None,
                lease_until=None,
            )
            if won:
                payload = {"pack": str(self.pack.public_id), "sha256": found["sha256"]}
                record.append(asker.subject, EventKind.PACK_FILED, payload, at=at, by=record.SYSTEM)
        if not won:
            raise _Lost
        remove_leftovers(self.pack)
        return True


def sweep(*, at: dt.datetime) -> int:
    """Rings for the packs that want work, so that a long one does not keep the sweep. Returns how many."""
    pks = list(
        leases.due(Pack.objects.all(), ready=PackState.QUEUED, claimed=PackState.CLAIMED, at=at).values_list(
            "pk", flat=True
        )[:20]
    )
    for pk in pks:
        leases.ring_after_commit(BUILD, pk)
    return len(pks)
