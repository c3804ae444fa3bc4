"""An adversary who may write every table and has lifted the triggers: without the key, with it, with and without old copies.

Each act is tried against a record with sealed and unsealed events. "Found" means that ``verifying.faults`` says something; where it can
be known, that it names the subject and the event. The last class asserts the honest limits: what is not found.
"""

import dataclasses
import datetime as dt
import io
import json
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings

from lms.lib import canonical
from lms.record import actions, merkle, sealfile, sealing
from lms.record.chain import HOUSE, event_hash, event_leaf, head_leaf, head_mac, seal_hash
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, RecordHead, Seal, SealedRun, TrainingEvent
from lms.record.runs import events_of_runs, sealed_ends
from lms.record.verifying import Tally, faults
from tests.lifting import lift

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]

DAY = dt.date(2026, 11, 23)
PEOPLE = [uuid.UUID(int=n) for n in (21, 22, 23)]
ANN, BEN, CARA = PEOPLE
GUESS = "a key that somebody made up " * 3


def write(subject: uuid.UUID, n: int, at: dt.datetime) -> None:
    with transaction.atomic():
        shown = actions.snapshot(subject, {"name": f"Person {subject.int}"}, at=at)
        for _ in range(n):
            actions.append(subject, EventKind.QUIZ_SUBMITTED, {"identity": shown.hash, "right": n}, at=at, by=subject)


@pytest.fixture(autouse=True)
def _record(at: dt.datetime) -> None:
    """Two sealed days, the first also exported, and a young end: Ann 2+2+2 events, Ben 3+0+1, Cara 0+2+3, who wrote last."""
    write(ANN, 2, at)
    write(BEN, 3, at)
    assert sealing.seal(DAY, at=at)
    write(CARA, 2, at)
    write(ANN, 2, at)
    assert sealing.seal(DAY + dt.timedelta(days=1), at=at)
    write(ANN, 2, at)
    write(BEN, 1, at)
    write(CARA, 3, at)
    assert list(faults()) == []
    lift()


@pytest.fixture
def kept(_record: None, at: dt.datetime) -> list[sealfile.ExportedSeal]:
    """The exported file: both seals."""
    return sealfile.read(sealfile.write(Seal.objects.all(), organization="A", at=at))


def event(subject: uuid.UUID, seq: int) -> TrainingEvent:
    return TrainingEvent.objects.get(subject=subject, seq=seq)


def chain(subject: uuid.UUID) -> list[TrainingEvent]:
    return list(TrainingEvent.objects.filter(subject=subject).order_by("seq"))


@dataclasses.dataclass
class Hand:
    """Whoever tampers. ``remake`` makes chain and head anew, as well as they can with the key they use."""

    key: str

    def remake(self, *subjects: uuid.UUID) -> None:
        """Renumbers and hashes the chains in the order in which they were written, then follows with everything that names a changed
        event, until nothing changes any more; then the heads."""
        with override_settings(RECORD_KEY=self.key):
            for subject in subjects:
                rows = chain(subject)
                for place, row in enumerate(rows, 1):
                    if row.seq != place:
                        TrainingEvent.objects.filter(pk=row.pk).update(seq=place)
            self._hash_anew()
            for subject in subjects:
                end = TrainingEvent.objects.filter(subject=subject).order_by("-seq").first()
                if end is None:
                    RecordHead.objects.filter(pk=subject).delete()
            for head in RecordHead.objects.all():
                end = chain(head.subject)[-1]
                mac = head_mac(head.subject, end.seq, end.hash)
                RecordHead.objects.filter(pk=head.subject).update(seq=end.seq, hash=end.hash, mac=mac)

    def _hash_anew(self) -> None:
        before: TrainingEvent | None = None
        ends: dict[uuid.UUID, str] = {}
        order = list(TrainingEvent.objects.order_by("pk").values_list("subject", flat=True))
        chains = {subject: iter(chain(subject)) for subject in order}
        for subject in order:
            row = next(chains[subject])
            row.prev = ends.get(row.subject, "")
            row.after_subject = before.subject if before else None
            row.after_seq = before.seq if before else None
            row.after_hash = before.hash if before else ""
            row.hash = event_hash(row)
            TrainingEvent.objects.filter(pk=row.pk).update(
                **{name: getattr(row, name) for name in ("prev", "after_subject", "after_seq", "after_hash", "hash")}
            )
            ends[row.subject], before = row.hash, row

    def seal_anew(self) -> None:
        """Makes every seal over what is there now, and the events of the house that name them."""
        with override_settings(RECORD_KEY=self.key):
            prev = ""
            for seal in Seal.objects.all():
                for run in list(seal.runs.all()):
                    there = TrainingEvent.objects.filter(subject=run.subject, seq__range=(run.first, run.last))
                    if not there.exists():
                        SealedRun.objects.filter(pk=run.pk).delete()
                    else:
                        SealedRun.objects.filter(pk=run.pk).update(last=max(there.values_list("seq", flat=True)))
                leaves = [event_leaf(row) for row in events_of_runs(seal.runs.order_by("subject"))]
                ends = [head_leaf(*end) for end in sealed_ends(seal)]
                seal.size, seal.root = len(leaves), merkle.root(leaves).hex()
                seal.heads, seal.heads_root, seal.prev = len(ends), merkle.root(ends).hex(), prev
                seal.hash = prev = seal_hash(seal)
                seal.save()
                payload = canonical.dumps({"seal": seal.number, "hash": seal.hash})
                TrainingEvent.objects.filter(subject=HOUSE, seq=seal.number).update(payload=payload)
                self.remake(HOUSE)


def say(payload: dict[str, Any], row: TrainingEvent) -> str:
    return canonical.dumps({**json.loads(row.payload), **payload})


def flip(subject: uuid.UUID, seq: int) -> None:
    row = event(subject, seq)
    TrainingEvent.objects.filter(pk=row.pk).update(payload=say({"right": 10}, row))


def delete(subject: uuid.UUID, seq: int) -> None:
    event(subject, seq).delete()


def swap(subject: uuid.UUID, seq: int) -> None:
    """With the event before, or with the one after if it is the first."""
    one, two = event(subject, seq), event(subject, seq - 1 if seq > 1 else 2)
    TrainingEvent.objects.filter(pk=one.pk).update(payload=say({"right": 8}, two))
    TrainingEvent.objects.filter(pk=two.pk).update(payload=say({"right": 9}, one))


def cut(subject: uuid.UUID, seq: int) -> None:
    TrainingEvent.objects.filter(subject=subject, seq__gte=seq).delete()


def insert(subject: uuid.UUID, seq: int) -> None:
    """An event more, which looks as if it had been written before this one."""
    row = event(subject, seq)
    for later in TrainingEvent.objects.filter(subject=subject, seq__gte=seq).order_by("-seq"):
        TrainingEvent.objects.filter(pk=later.pk).update(seq=later.seq + 1)
    row.pk, row.kind = None, EventKind.COURSE_COMPLETED
    row.save(force_insert=True)


def move(subject: uuid.UUID, seq: int) -> None:
    """The event goes to the end of somebody else's chain."""
    other = BEN if subject != BEN else ANN
    TrainingEvent.objects.filter(pk=event(subject, seq).pk).update(subject=other, seq=len(chain(other)) + 1)


def backdate(subject: uuid.UUID, seq: int) -> None:
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    TrainingEvent.objects.filter(pk=event(subject, seq).pk).update(effective_at=long_ago, recorded_at=long_ago)


def wipe(subject: uuid.UUID, seq: int) -> None:
    """The whole person, with everything that the record has of them."""
    TrainingEvent.objects.filter(subject=subject).delete()
    RecordHead.objects.filter(pk=subject).delete()
    IdentitySnapshot.objects.filter(subject=subject).delete()


ACTS: list[Callable[[uuid.UUID, int], None]] = [flip, delete, swap, cut, insert, move, backdate, wipe]
ALL_PLACES = [(ANN, n) for n in range(1, 7)] + [(BEN, n) for n in range(1, 5)] + [(CARA, n) for n in range(1, 6)]
#: sealed, and so in the exported file
OLD = [(ANN, 1), (ANN, 3), (ANN, 4), (BEN, 1), (BEN, 3), (CARA, 2)]
YOUNG = [(ANN, 5), (ANN, 6), (BEN, 4), (CARA, 3), (CARA, 5)]
acts = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)


@acts
class TestWithoutTheKey:
    @pytest.mark.parametrize(("subject", "seq"), ALL_PLACES, ids=lambda value: str(getattr(value, "int", value)))
    def test_a_bare_act_is_found(self, act: Callable[..., None], subject: uuid.UUID, seq: int) -> None:
        act(subject, seq)
        assert list(faults())

    @pytest.mark.parametrize(
        ("subject", "seq"), OLD[::2] + YOUNG[::2], ids=lambda value: str(getattr(value, "int", value))
    )
    def test_chain_and_head_made_anew_with_another_key_are_found(
        self, act: Callable[..., None], subject: uuid.UUID, seq: int
    ) -> None:
        act(subject, seq)
        Hand(GUESS).remake(*PEOPLE)
        Hand(GUESS).seal_anew()
        assert list(faults())


class TestNamesWhoAndWhat:
    @pytest.mark.parametrize(("subject", "seq"), ALL_PLACES)
    def test_a_changed_event(self, subject: uuid.UUID, seq: int) -> None:
        flip(subject, seq)
        assert f"event {seq} of {subject} was changed" in list(faults())

    @pytest.mark.parametrize(("subject", "seq"), ALL_PLACES)
    def test_a_removed_event(self, subject: uuid.UUID, seq: int) -> None:
        last = seq == len(chain(subject))
        delete(subject, seq)
        found = "\n".join(faults())
        assert f"event {seq} of {subject} is missing" in found or (
            last and f"record of {subject} does not end" in found
        )

    def test_a_cut_end_with_an_old_copy_of_the_head(self) -> None:
        """The head as it was after event 4, code and all, was copied at that time. What others wrote later tells of the lost events."""
        old = event(ANN, 4)
        cut(ANN, 5)
        RecordHead.objects.filter(pk=ANN).update(seq=4, hash=old.hash, mac=head_mac(ANN, 4, old.hash))
        assert list(faults()) == [f"event 6 of {ANN} is missing, after which event 4 of {BEN} was written"]

    def test_a_cut_end_that_was_sealed(self) -> None:
        """The same before the seal: the seal names what it held, even when everything younger is gone as well."""
        for subject, seq in ((ANN, 3), (BEN, 4), (CARA, 1), (HOUSE, 2)):
            cut(subject, seq)
        for subject, seq in ((ANN, 2), (BEN, 3), (HOUSE, 1)):
            old = event(subject, seq)
            RecordHead.objects.filter(pk=subject).update(seq=seq, hash=old.hash, mac=head_mac(subject, seq, old.hash))
        wipe(CARA, 1)
        found = list(faults())
        assert "seal 2 of November 24, 2026 was made over 5 events, and 1 of them are there" in found
        for subject, seq in ((ANN, 3), (ANN, 4), (CARA, 1), (CARA, 2)):
            assert f"event {seq} of {subject} is missing, which seal 2 of November 24, 2026 holds" in found

    def test_a_whole_person(self) -> None:
        wipe(CARA, 1)
        found = list(faults())
        assert any(f"of {CARA} is missing" in sentence for sentence in found)
        SealedRun.objects.filter(subject=CARA).delete()
        assert "seal 2 of November 24, 2026 was made over 5 events, and 3 of them are there" in list(faults())

    def test_a_whole_person_whose_identity_was_left(self) -> None:
        TrainingEvent.objects.filter(subject=CARA).delete()
        RecordHead.objects.filter(pk=CARA).delete()
        assert f"the record of {CARA} is missing: only the identity of the person is there" in list(faults())

    def test_a_person_without_a_head(self) -> None:
        RecordHead.objects.filter(pk=BEN).delete()
        assert list(faults()) == [f"the record of {BEN} does not end where its head says"]


class TestIdentities:
    def test_another_name(self) -> None:
        row = IdentitySnapshot.objects.get(subject=ANN)
        IdentitySnapshot.objects.filter(pk=row.pk).update(fields={"name": "Somebody else"})
        assert list(faults()) == [f"an identity of {ANN} was changed ({row.hash[:8]})"]

    def test_another_name_with_its_hash(self) -> None:
        row = IdentitySnapshot.objects.get(subject=ANN)
        fields = {"name": "Somebody else"}
        IdentitySnapshot.objects.filter(pk=row.pk).update(fields=fields, hash=canonical.sha256([row.salt, fields]))
        assert list(faults()) == [f"the identity that event 1 of {ANN} names is missing"]

    def test_removed(self) -> None:
        IdentitySnapshot.objects.filter(subject=ANN).delete()
        assert list(faults()) == [f"the identity that event 1 of {ANN} names is missing"]

    def test_given_to_somebody_else(self) -> None:
        IdentitySnapshot.objects.filter(subject=ANN).update(subject=CARA)
        assert list(faults()) == [f"the identity that event 1 of {ANN} names was given to {CARA}"]

    def test_emptied_without_an_erasure(self, at: dt.datetime) -> None:
        row = IdentitySnapshot.objects.get(subject=ANN)
        actions.empty_snapshots(ANN, at=at)
        assert list(faults()) == [f"an identity of {ANN} was emptied without an erasure ({row.hash[:8]})"]

    def test_an_erasure_is_no_fault(self, at: dt.datetime) -> None:
        with transaction.atomic():
            actions.hold(ANN)
            actions.empty_snapshots(ANN, at=at)
            actions.append(ANN, EventKind.PERSON_ERASED, {"reason": "asked"}, at=at, by=BEN)
        tally = Tally()
        assert list(faults(tally)) == []
        assert (tally.snapshots, tally.erased) == (3, 1)


class TestSeals:
    @pytest.mark.parametrize(
        "change",
        [
            {"root": "0" * 64},
            {"size": 4},
            {"heads_root": "0" * 64},
            {"heads": 9},
            {"prev": "0" * 64},
            {"hash": "0" * 64},
            {"day": dt.date(2026, 11, 30)},
            {"at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
            {"number": 7},
        ],
        ids=lambda change: next(iter(change)),
    )
    @pytest.mark.parametrize("number", [1, 2])
    def test_a_changed_seal(self, number: int, change: dict[str, Any]) -> None:
        Seal.objects.filter(number=number).update(**change)
        assert any(sentence.startswith("seal ") for sentence in faults())

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_removed_seal(self, number: int) -> None:
        SealedRun.objects.filter(seal__number=number).delete()
        Seal.objects.filter(number=number).delete()
        assert f"seal {number} is missing" in list(faults())

    def test_changed_runs(self) -> None:
        run = SealedRun.objects.get(subject=BEN)
        SealedRun.objects.filter(pk=run.pk).update(last=2)
        assert any("seal 1 of November 23, 2026" in sentence for sentence in faults())

    def test_a_seal_made_with_another_key(self, at: dt.datetime) -> None:
        with override_settings(RECORD_KEY=GUESS):
            sealing.seal(DAY + dt.timedelta(days=5), at=at)
        assert "seal 3 of November 28, 2026 was changed" in list(faults())


@acts
class TestWithTheKey:
    """Chain, heads and seals are made anew with the true key. The exported file finds it for what it holds, and nothing else does."""

    @pytest.mark.parametrize(("subject", "seq"), OLD, ids=lambda value: str(getattr(value, "int", value)))
    def test_before_the_last_exported_seal_it_is_found(
        self,
        act: Callable[..., None],
        subject: uuid.UUID,
        seq: int,
        kept: list[sealfile.ExportedSeal],
        settings: Any,
    ) -> None:
        act(subject, seq)
        hand = Hand(settings.RECORD_KEY)
        hand.remake(*PEOPLE)
        hand.seal_anew()
        assert any("is not the one in the exported file" in sentence for sentence in faults(exported=kept))

    @pytest.mark.parametrize(
        ("subject", "seq"), OLD[:3] + YOUNG[::2], ids=lambda value: str(getattr(value, "int", value))
    )
    def test_only_the_chains_anew_is_found_by_the_seals(
        self, act: Callable[..., None], subject: uuid.UUID, seq: int, settings: Any
    ) -> None:
        """Who forgets the seals is found without any file, if a sealed event was touched."""
        touched = act is wipe or (subject, seq) in OLD
        act(subject, seq)
        Hand(settings.RECORD_KEY).remake(*PEOPLE)
        found = [sentence for sentence in faults() if "seal" in sentence]
        assert found or not touched


class TestHonestLimits:
    """What is not found, and is said not to be."""

    @pytest.mark.parametrize("act", [flip, delete, swap, cut, insert, backdate])
    @pytest.mark.parametrize(("subject", "seq"), YOUNG, ids=lambda value: str(getattr(value, "int", value)))
    def test_with_the_key_and_younger_than_the_last_seal(
        self,
        act: Callable[[uuid.UUID, int], None],
        subject: uuid.UUID,
        seq: int,
        kept: list[sealfile.ExportedSeal],
        settings: Any,
    ) -> None:
        if act is swap and (subject, seq) in {(ANN, 5), (BEN, 4), (CARA, 3)}:
            seq += 1 if subject != BEN else 0
            if subject == BEN:
                return  # its neighbor is sealed
        act(subject, seq)
        Hand(settings.RECORD_KEY).remake(*PEOPLE)
        assert list(faults(exported=kept)) == []

    def test_with_the_key_and_without_a_file(self, settings: Any) -> None:
        flip(ANN, 1)
        hand = Hand(settings.RECORD_KEY)
        hand.remake(*PEOPLE)
        hand.seal_anew()
        assert list(faults()) == []

    def test_an_older_copy_of_everything(self, kept: list[sealfile.ExportedSeal], at: dt.datetime) -> None:
        """No key is needed to put yesterday's database back. Only a seal that was exported since then shows it."""
        copy: dict[Any, list[Any]] = {
            model: list(model.objects.values()) for model in (Seal, SealedRun, TrainingEvent, RecordHead)
        }
        write(ANN, 3, at)
        assert sealing.seal(DAY + dt.timedelta(days=2), at=at)
        younger = sealfile.read(sealfile.write(Seal.objects.all(), organization="A", at=at))
        for model in reversed(copy):
            model.objects.all().delete()
        for model, rows in copy.items():
            model.objects.bulk_create([model(**row) for row in rows])
        assert list(faults(exported=kept)) == []
        assert list(faults(exported=younger)) == [
            "seal 3 of November 25, 2026 is in the exported file and not in the record"
        ]


@pytest.mark.parametrize("seed", range(12))
def test_many_random_acts_without_the_key(seed: int, kept: list[sealfile.ExportedSeal]) -> None:
    """A change and up to three more acts, chains left as they are or made anew with a made-up key. Never nothing."""
    hand = random.Random(seed)
    flip(*hand.choice(ALL_PLACES))
    for _ in range(hand.randint(0, 3)):
        subject = hand.choice([s for s in PEOPLE if len(chain(s)) > 1])
        seqs = [row.seq for row in chain(subject)]
        act, seq = hand.choice(ACTS), hand.choice(seqs)
        if act is not swap or seqs == list(range(1, len(seqs) + 1)):
            act(subject, seq)
        if not any(len(chain(s)) > 1 for s in PEOPLE):
            break
    if hand.random() < 0.5:
        Hand(GUESS).remake(*PEOPLE)
    assert list(faults(exported=kept))


def test_a_column_that_holds_nonsense_does_not_end_the_search() -> None:
    """SQLite takes text anywhere. What cannot even be read is a fault like others, and the other parts are still read."""
    TrainingEvent.objects.filter(subject=HOUSE).update(payload="not JSON")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE record_trainingevent SET recorded_at = 'nonsense' WHERE seq = 2")
        assert "a part of the record cannot be read" in "\n".join(faults())
    Seal.objects.filter(number=1).update(hash="0" * 64)
    found = list(faults())
    assert "seal 1 of November 23, 2026 was changed" in found
    assert any("cannot be read" in sentence for sentence in found)


class TestTheCommand:
    def run(self, *arguments: str) -> str:
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("migrate", verbosity=0, interactive=False)
            call_command("verify_record", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            return f"{err.getvalue()}{out.getvalue()}{error}"
        return f"{err.getvalue()}{out.getvalue()}"

    def test_everything_fits(self) -> None:
        text = self.run()
        assert "17 events of 4 records, 3 identities (0 erased), 2 seals." in text
        assert "Everything fits. The last seal is number 2 of November 24, 2026." in text
        assert "older copy of the whole database" in text
        assert "To rule that out up to the last exported seal, give its file" in text

    def test_with_a_file(self, tmp_path: Path, at: dt.datetime) -> None:
        file = tmp_path / "seals.json"
        file.write_text(sealfile.write(Seal.objects.all(), organization="A", at=at))
        text = self.run("--seals", str(file))
        assert "cannot have changed anything before the last seal of this file (November 24, 2026)" in text
        lift()
        flip(ANN, 1)
        text = self.run("--seals", str(file))
        assert f"Event 1 of {ANN} was changed." in text
        assert "The record does not fit: 2 faults." in text

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / "seals.json"
        assert "cannot be read" in self.run("--seals", str(file))
        file.write_text("{}")
        assert "is not a file of exported seals" in self.run("--seals", str(file))

    def test_a_missing_trigger(self) -> None:
        lift()
        with pytest.raises(CommandError, match="faults"):
            call_command("verify_record", stdout=io.StringIO(), stderr=io.StringIO())

    def test_many_faults_are_counted_and_not_all_printed(self) -> None:
        lift()
        TrainingEvent.objects.update(actor="x")
        text = self.run("--most", "3")
        assert text.count("was changed.") == 3
        assert "faults" in text
