"""What stands in a pack, and what does not."""

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
import uuid
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction

from courses.actions import assigning, observing
from courses.models import Assignment, Certificate
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.actions import identity, people
from lms.people.actions.erasing import erase_identity
from lms.people.enums import ErasureReason
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from quizzes.actions import attempts, building, granting, packing
from quizzes.enums import PackState
from quizzes.models import Pack, PackPerson, Response
from quizzes.packs.naming import folder_of, sample_of, slug
from quizzes.queries.packs import MOST_PEOPLE, choose
from quizzes.queries.record import course_lines
from tests import factories
from tests.quizzes.packs.making import NOW, START, checked, leave, make_pack, sealed, trained, unzipped

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def transcript(top: Path, name: str) -> dict[str, Any]:
    (found,) = top.glob(f"people/*{name}*/transcript.json")
    return json.loads(found.read_text())


def texts_of(top: Path) -> dict[str, str]:
    """Every file of the pack as text; a PDF with its words."""
    found = {}
    for path in sorted(top.rglob("*")):
        if path.is_file():
            words = words_of_pdf(path) if path.suffix == ".pdf" else path.read_text("utf-8-sig")
            found[path.relative_to(top).as_posix()] = words
    return found


def words_of_pdf(path: Path) -> str:
    pypdf = pytest.importorskip("pypdf")
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def test_the_pack_says_what_the_page_of_the_person_says(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    ana = trained("Ana Sol", fails=1)
    leave(ana, by=by, at=NOW - 2 * DAY)
    top = unzipped(make_pack(by), tmp_path / "out")
    said = transcript(top, "ana")
    lines = course_lines(ana, NOW)
    assert [(c["slug"], c["status"]) for c in said["courses"]] == [
        (line.assignment.course.slug, line.status.value) for line in lines
    ]
    assert [(a["number"], a["minutes"], a["result"].split(",")[0]) for a in said["courses"][0]["attempts"]] == [
        (a.attempt.number, str(a.minutes), f"{a.attempt.score} of {a.attempt.out_of}") for a in lines[0].attempts
    ]
    assert [c["number"] for c in said["courses"][0]["certificates"]] == [c.number for c in lines[0].certificates]
    assert [e["kind"] for e in said["exceptions"]] == ["Leave of absence"]
    page = next(top.glob("people/*ana*/index.html")).read_text()
    pdf = words_of_pdf(next(top.glob("people/*ana*/transcript.pdf")))
    for words in (
        "Test course",
        "Complete",
        "3 of 3",
        "AR-2026-000001",
        "November 4, 2028",
        "Find the right person: 0 of 3",
    ):
        assert words in page
        assert words in pdf.replace("\n", " ")


def test_the_certificate_is_the_stored_file(tmp_path: Path) -> None:
    trained("Ana Sol")
    row = Certificate.objects.get()
    top = unzipped(make_pack(factories.make_coordinator()), tmp_path / "out")
    (copy,) = top.glob("people/*ana*/certificates/*.pdf")
    assert copy.read_bytes() == (Path(settings.CERTIFICATE_DIR) / row.file).read_bytes()
    assert transcript(top, "ana")["courses"][0]["certificates"][0]["file_state"] == "included"


@pytest.mark.parametrize("how", ["gone", "other"])
def test_a_certificate_whose_file_is_gone_or_another_is_said(tmp_path: Path, how: str) -> None:
    trained("Ana Sol")
    path = Path(settings.CERTIFICATE_DIR) / Certificate.objects.get().file
    path.unlink() if how == "gone" else path.write_bytes(b"%PDF-another")
    top = unzipped(make_pack(factories.make_coordinator()), tmp_path / "out")
    page = next(top.glob("people/*ana*/index.html")).read_text()
    assert ("Its file is not there." if how == "gone" else "Its file is not the one that was stored.") in page


def test_no_option_that_a_person_chose_is_anywhere(tmp_path: Path) -> None:
    """The chosen position, its time and its confidence: sentinels that no file may hold; and the texts of options only where the pool is."""
    by = factories.make_coordinator()
    trained("Ana Sol", fails=1)
    for number, response in enumerate(Response.objects.order_by("pk")):
        Response.objects.filter(pk=response.pk).update(
            answer={"choice": 987_650 + number}, receipt=f"RCPT{number:06d}", confidence="guessing", seconds=76_543
        )
    texts = texts_of(unzipped(make_pack(by), tmp_path / "out"))
    for name, text in texts.items():
        assert not [word for word in ("98765", "RCPT0", "76543", "guessing") if word in text], name
        if not name.startswith("courses/"):
            assert not [word for word in ('"choice"', '"answer"') if word in text], name
            assert "Give some advice" not in text, name
    assert any("Give some advice" in text for text in texts.values())


@pytest.mark.parametrize("with_key", [False, True])
def test_the_key_is_there_only_when_asked_for(tmp_path: Path, with_key: bool) -> None:
    trained("Ana Sol")
    top = unzipped(make_pack(factories.make_coordinator(), with_key=with_key), tmp_path / "out")
    page = next(top.glob("courses/*/questions-01.html")).read_text()
    assert "What do you do?" in page
    for option in ("Listen, and find the right person for 1.", "Give some advice on 1."):
        assert option in page
    assert ("Advice belongs to others." in page) is with_key
    if not with_key:
        assert "is-best" not in page
        ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
        assert len(ids) == len(set(ids))


def test_nobody_else_is_named(tmp_path: Path) -> None:
    """Somebody of the same team with the same course, and the colleague who approved: only ids of theirs."""
    team = factories.make_team()
    by = factories.make_coordinator(name="Zenobia Quartermain")
    course = factories.make_course()
    ana = trained("Ana Sol", course=course, team=team)
    trained("Bartholomew Nobody", course=course, team=team, fails=1)
    leave(ana, by=by)
    sealed(dt.date(2026, 11, 20), NOW - 2 * DAY)
    top = unzipped(make_pack(by, filters={"search": "Ana Sol"}), tmp_path / "out")
    for name, text in texts_of(top).items():
        assert "Bartholomew" not in text, name
        assert "Zenobia" not in text, name
    assert checked(top)[0] == 0


def test_what_is_private_shows_its_place_alone(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    ana = trained("Ana Sol")
    with time_machine.travel(NOW - DAY, tick=False):
        granting.set_accommodation(ana, time_factor=Decimal("1.5"), extra_attempts=0, by=by.subject, at=NOW - DAY)
    sealed(dt.date(2026, 11, 22), NOW - dt.timedelta(hours=2))
    top = unzipped(make_pack(by), tmp_path / "out")
    rows = [json.loads(line) for line in next(top.glob("people/*ana*/record.jsonl")).read_text().splitlines()]
    (hidden,) = [row for row in rows if "leaf" in row]
    assert set(hidden) == {"subject", "seq", "prev", "hash", "leaf", "withheld"}
    assert not [name for name, text in texts_of(top).items() if "time_factor" in text or "accommodation" in text]
    code, words = checked(top)
    assert code == 0, words
    assert "1 event withheld" in words


@pytest.mark.both_db
def test_what_came_later_is_not_in_the_pack_of_an_earlier_day(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    failed, passed = START + DAY, START + 2 * DAY
    with time_machine.travel(START, tick=False):
        enrollment = factories.make_enrollment(factories.make_user("Ana Sol"), at=START)
    with time_machine.travel(failed, tick=False):
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=failed)
        factories.answer_all(attempt, right=False, at=failed)
        attempts.submit(attempt, at=failed)
    sealed(dt.date(2026, 11, 3), dt.datetime(2026, 11, 4, 8, tzinfo=dt.UTC))
    with time_machine.travel(passed, tick=False):
        factories.pass_unit(enrollment, at=passed)
    sealed(dt.date(2026, 11, 20), NOW - 2 * DAY)
    top = unzipped(make_pack(by, as_of=dt.date(2026, 11, 3)), tmp_path / "out")
    said = transcript(top, "ana")["courses"][0]
    assert said["status"] == "in_progress"
    assert len(said["attempts"]) == 1
    assert said["certificates"] == []
    assert "certificate.issued" not in next(top.glob("people/*ana*/record.jsonl")).read_text()
    code, words = checked(top)
    assert code == 0, words
    assert "as of 2026-11-03" in words


@pytest.mark.both_db
def test_a_past_day_is_told_as_it_was_known_then(tmp_path: Path) -> None:
    """Overdue on the day; the due date was moved and the course assigned once more to somebody later."""
    by = factories.make_coordinator()
    with time_machine.travel(START, tick=False):
        ana = factories.make_user("Ana Sol")
        with transaction.atomic():
            identity.write(ana, EventKind.PERSON_INVITED, at=START, by=record.SYSTEM)
        duty = factories.make_assignment(ana, at=START, due_in=7)
    with time_machine.travel(NOW - 2 * DAY, tick=False):
        assigning.move_due_date(duty, dt.date(2026, 12, 20), reason="Shifts", by=by.subject, at=NOW - 2 * DAY)
        factories.make_assignment(ana, factories.make_course(slug="later-course"), at=NOW - 2 * DAY)
    before = transcript(unzipped(make_pack(by, as_of=dt.date(2026, 11, 15)), tmp_path / "then"), "ana")
    (line,) = before["courses"]
    assert (line["status"], dict(line["facts"])["Due"]) == ("overdue", "November 9, 2026")
    after = transcript(unzipped(make_pack(by), tmp_path / "now"), "ana")
    assert {c["slug"]: c["status"] for c in after["courses"]} == {
        "test-course": "not_started",
        "later-course": "not_started",
    }


def test_observed_practice_is_told_with_its_outcome_and_no_name_of_the_assessor(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    watcher = factories.make_user("Zenobia Quartermain")
    with time_machine.travel(START, tick=False):
        course = factories.make_practice_course(at=START)
        factories.make_assessor(watcher, course, at=START)
    ana = trained("Ana Sol", course=course)
    run = ana.enrollments.get()
    for days, outcome in ((2, "not_yet"), (3, "passed")):
        when = START + days * DAY
        more = {"outcome": outcome, "items": [0], "work_on": "The greeting"} if outcome == "not_yet" else {}
        with time_machine.travel(when, tick=False):
            last = factories.observe(run, watcher, at=when, note="Quietly done", **more).sign_off
    struck = NOW - 3 * DAY
    with time_machine.travel(struck, tick=False):
        observing.strike_out(last, reason="The wrong person", by=by, at=struck)
    only = {"search": "Ana Sol"}
    top = unzipped(make_pack(by, filters=only), tmp_path / "out")
    (told,) = transcript(top, "ana")["courses"]
    assert [words.split(",")[0] for words in told["sign_offs"]] == ["Opening a door: not yet", "Opening a door: passed"]
    assert "1 of 3 steps seen" in told["sign_offs"][0]
    assert told["sign_offs"][1].endswith("3 of 3 steps seen. Struck out on November 20, 2026: The wrong person")
    texts = texts_of(top)
    for ending in ("transcript.pdf", "index.html"):
        (page,) = [text for name, text in texts.items() if name.startswith("people/") and name.endswith(ending)]
        assert "Observed practice: Opening a door: passed" in " ".join(page.replace("<bdi>", "").split())
    for name, text in texts.items():
        assert "Zenobia" not in text, name
        assert "Quietly done" not in text, name
    earlier = transcript(unzipped(make_pack(by, filters=only, as_of=dt.date(2026, 11, 4)), tmp_path / "then"), "ana")
    assert [len(line["sign_offs"]) for line in earlier["courses"]] == [1]


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\evil",
        "/absolute",
        "C:\\x",
        "a/../../b",
        "عائشة الحسن",
        "מרים לוי",
        "नेहा शर्मा",
        "Zoë 'Q' <b>&",
        "...",
    ],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    trained(name, latin_name="")
    pack = make_pack(factories.make_coordinator())
    with zipfile.ZipFile(Path(settings.PACK_DIR) / pack.file) as archive:
        for entry in archive.namelist():
            assert entry.startswith("surveyor-pack-2026-11-23-")
            assert ".." not in entry
            assert "\\" not in entry
            assert entry.isascii()
    top = unzipped(pack, tmp_path / "out")
    assert checked(top)[0] == 0
    assert name in [one["name"] for one in json.loads((top / "manifest.json").read_text())["people"]]
    assert len(list(top.glob("people/*/transcript.pdf"))) == 2


def test_names_of_folders() -> None:
    subject = User().subject
    assert folder_of(7, "María López", "", subject) == f"007-maria-lopez-{subject.hex[:8]}"
    assert folder_of(7, "日本", "", subject) == f"007-person-{subject.hex[:8]}"
    assert slug("-" * 50 + "a" * 99, "x") == "a" * 40


def test_cells_are_defused(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    ana = trained("=cmd|' /C calc'!A0")
    leave(ana, by=by, reason="@SUM(1)")
    top = unzipped(make_pack(by), tmp_path / "out")
    rows = list(csv.reader((top / "exceptions.csv").read_text("utf-8-sig").splitlines()))
    assert rows[1][0].startswith("'=cmd")
    assert rows[1][6] == "'@SUM(1)"


def test_reminders_are_the_persons_own_and_sent_by_then(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    ana = trained("Ana Sol")
    bo = trained("Bo Li", course=Assignment.objects.get().course)
    own, other = Assignment.objects.get(learner=ana), Assignment.objects.get(learner=bo)

    def mail(
        to: User, ref: object, sent_at: dt.datetime, state: str = MessageState.SENT, kind: str = "due_soon"
    ) -> None:
        message = Message.objects.create(
            recipient=to, kind=kind, state=state, created_at=sent_at, next_try_at=sent_at, sent_at=sent_at,
            message_id=f"<{Message.objects.count()}@example.org>", subject="SECRET SUBJECT", body_text="SECRET BODY",
        )  # fmt: skip
        Occasion.objects.create(
            key=f"{kind}:{Occasion.objects.count()}",
            kind=kind,
            recipient=to,
            ref=str(ref),
            message=message,
            created_at=sent_at,
        )

    mail(ana, own.public_id, NOW - 3 * DAY)
    mail(ana, own.public_id, NOW + 3 * DAY)
    mail(ana, own.public_id, NOW - 2 * DAY, MessageState.SUPPRESSED)
    mail(ana, other.public_id, NOW - 2 * DAY)
    mail(ana, "x", NOW - 2 * DAY, kind="password_reset")
    top = unzipped(make_pack(by, filters={"search": "Ana"}), tmp_path / "out")
    assert [(r["kind"], r["course"]) for r in transcript(top, "ana")["reminders"]] == [("Due soon", "Test course")]
    rows = list(csv.reader((top / "reminders.csv").read_text("utf-8-sig").splitlines()))
    assert [row[3] for row in rows[1:]] == ["2026-11-20"]
    assert not [name for name, text in texts_of(top).items() if "SECRET" in text]


def test_chosen_courses_alone(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    one, two = factories.make_course(slug="first-course"), factories.make_course(slug="second-course")
    ana = trained("Ana Sol", course=one)
    with time_machine.travel(START, tick=False):
        factories.make_enrollment(ana, two, at=START)
    top = unzipped(make_pack(by, courses=["second-course"]), tmp_path / "out")
    assert [c["slug"] for c in transcript(top, "ana")["courses"]] == ["second-course"]
    assert [path.name for path in (top / "courses").iterdir()] == ["second-course-1"]


def test_the_pages_need_nothing_from_elsewhere(tmp_path: Path) -> None:
    trained("Ana Sol")
    top = unzipped(make_pack(factories.make_coordinator(), with_key=True), tmp_path / "out")
    for path in top.rglob("*.html"):
        text = path.read_text()
        assert "<script" not in text
        assert "/static/" not in text
        for part in [*text.split('href="')[1:], *text.split('src="')[1:]]:
            target = part.split('"')[0].partition("#")[0]
            if target and not target.startswith(("http:", "https:")):
                assert (path.parent / target).exists(), (path, target)


def test_the_transcript_is_tagged_and_accessible(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    trained("Ana Sol", fails=1)
    top = unzipped(make_pack(factories.make_coordinator()), tmp_path / "out")
    path = next(top.glob("people/*ana*/transcript.pdf"))
    root: Any = pypdf.PdfReader(path).trailer["/Root"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    meta = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in meta
    assert "Training transcript: Ana Sol" in meta


@pytest.mark.both_db
class TestSample:
    def test_the_same_seed_draws_the_same_people_in_any_order(self) -> None:
        people = [factories.make_user(f"Person {n:02}") for n in range(30)]
        at = NOW
        first = choose({}, at, sample=7, seed="blue heron")
        again = choose({}, at, sample=7, seed="blue heron")
        assert [p.pk for p in first.people] == [p.pk for p in again.people]
        assert len(first.people) == 7
        assert len(first.population) == 30
        subjects = [person.subject for person in people]
        assert sample_of("blue heron", subjects, 7) == sample_of("blue heron", subjects[::-1], 7)
        assert {p.pk for p in choose({}, at, sample=7, seed="x").people} != {p.pk for p in first.people}

    def test_the_pack_lets_anybody_draw_it_again(self, tmp_path: Path) -> None:
        for n in range(6):
            factories.make_user(f"Person {n}")
        pack = make_pack(factories.make_coordinator(), sample=3, seed="lottery 12")
        assert (pack.total, len(pack.population)) == (3, 7)
        top = unzipped(pack, tmp_path / "out")
        code, words = checked(top)
        assert code == 0, words
        assert "lottery 12" in (top / "index.html").read_text()
        sample = json.loads((top / "sample.json").read_text())
        everybody = [one.subject for one in User.objects.all()]
        drawn = set(sample_of("lottery 12", everybody, 3))
        seeds = (f"lottery {number}" for number in range(13, 99))  # one of 35 draws the same three
        other = next(seed for seed in seeds if set(sample_of(seed, everybody, 3)) != drawn)
        (top / "sample.json").write_text(json.dumps({**sample, "seed": other}))
        assert "not those that the seed draws" in checked(top)[1]

    def test_a_sample_larger_than_all_is_all(self) -> None:
        factories.make_user()
        assert len(choose({}, NOW, sample=9, seed="s").people) == 1


@pytest.mark.both_db
class TestMaking:
    def test_it_stands_in_the_record_of_who_asked_with_the_hash_of_the_file(self) -> None:
        by = factories.make_coordinator()
        trained("Ana Sol")
        pack = make_pack(by)
        made, filed = TrainingEvent.objects.filter(subject=by.subject, kind__startswith="pack.").order_by("seq")
        assert json.loads(made.payload)["reason"] == "Yearly survey"
        assert (filed.kind, json.loads(filed.payload)["sha256"]) == (EventKind.PACK_FILED, pack.sha256)

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"reason": "  "}, "Say why"),
            ({"as_of": dt.date(2026, 11, 24)}, "still to come"),
        ],
    )
    def test_refusals(self, changes: dict[str, Any], sentence: str) -> None:
        by = factories.make_coordinator()
        given = {"as_of": NOW.date(), "reason": "Survey", "by": by, "at": NOW, **changes}
        with pytest.raises(ValidationError, match=sentence):
            packing.make(choose({}, NOW), **given)
        assert not Pack.objects.exists()

    def test_nobody_and_too_many_are_refused(self) -> None:
        by = factories.make_coordinator()
        with pytest.raises(ValidationError, match="Nobody"):
            packing.make(choose({"search": "zzz"}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
        site = factories.make_site()
        User.objects.bulk_create([User(name=f"P {n}", site=site) for n in range(MOST_PEOPLE + 5)])
        chosen = choose({}, NOW)
        assert chosen.too_many
        assert chosen.out_of == MOST_PEOPLE + 6
        with pytest.raises(ValidationError, match="room for 500"):
            packing.make(chosen, as_of=NOW.date(), reason="x", by=by, at=NOW)

    def test_the_same_key_twice_is_one_pack(self) -> None:
        by, key = factories.make_coordinator(), uuid.uuid4()
        chosen = choose({}, NOW)
        one = packing.make(chosen, as_of=NOW.date(), reason="x", by=by, at=NOW, key=key)
        assert packing.make(chosen, as_of=NOW.date(), reason="x", by=by, at=NOW, key=key) == one
        assert Pack.objects.count() == 1


@pytest.mark.both_db
class TestWork:
    def test_it_goes_on_where_it_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Slices of no length: one person at a time, then the proofs, then the rest; nothing is written twice."""
        by = factories.make_coordinator()
        for n in range(4):
            factories.make_user(f"Person {n}")
        monkeypatch.setattr(building, "SLICE", dt.timedelta(seconds=-1))
        with time_machine.travel(NOW, tick=False):
            pack = packing.make(choose({}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
            seen = []
            for _ in range(4):
                assert building.build(pack.pk, at=NOW) is False
                pack.refresh_from_db()
                seen.append((pack.state, pack.done, pack.tries))
            assert seen == [(PackState.QUEUED, n, 0) for n in (1, 2, 3, 4)]
            monkeypatch.setattr(building, "SLICE", dt.timedelta(seconds=25))
            assert building.build(pack.pk, at=NOW) is True
            assert building.build(pack.pk, at=NOW) is False
        assert not packing.folder_of_work(pack).exists()

    def test_whoever_lost_the_lease_stores_nothing(self) -> None:
        by = factories.make_coordinator()
        with time_machine.travel(NOW, tick=False):
            pack = packing.make(choose({}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
            Pack.objects.filter(pk=pack.pk).update(
                state=PackState.CLAIMED, lease_until=NOW + DAY, next_try_at=NOW + DAY
            )
            assert building.build(pack.pk, at=NOW) is False
            # the worker died: its lease ends, somebody else goes on
            assert building.build(pack.pk, at=NOW + 2 * DAY) is True

    def test_a_part_that_was_lost_is_written_again(self, tmp_path: Path) -> None:
        by = factories.make_coordinator()
        factories.make_user("Ana Sol")
        with time_machine.travel(NOW, tick=False):
            pack = packing.make(choose({}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
            Pack.objects.filter(pk=pack.pk).update(done=2)
            shutil.rmtree(packing.folder_of_work(pack), ignore_errors=True)
            assert building.build(pack.pk, at=NOW) is True
        pack.refresh_from_db()
        assert checked(unzipped(pack, tmp_path / "out"))[0] == 0

    def test_what_a_killed_worker_left_is_not_in_the_pack_and_goes(self, tmp_path: Path) -> None:
        by = factories.make_coordinator()
        with time_machine.travel(NOW, tick=False):
            pack = packing.make(choose({}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
            work = packing.folder_of_work(pack)
            (work / "courses").mkdir(parents=True)
            (work / "courses" / ".unit-01.html.4711").write_text("half")
            (work.parent / f".{pack.public_id}.zip.4711").write_text("half")
            assert building.build(pack.pk, at=NOW) is True
        pack.refresh_from_db()
        assert [path.name for path in work.parent.iterdir()] == [pack.file]
        top = unzipped(pack, tmp_path / "out")
        assert not list(top.rglob(".*"))
        assert checked(top)[0] == 0

    def test_a_failure_is_kept_in_words_and_tried_again_until_it_is_dead(self, settings: Any, tmp_path: Path) -> None:
        by = factories.make_coordinator()
        (tmp_path / "file").write_text("no folder")
        settings.PACK_DIR = tmp_path / "file"
        at = NOW
        pack = packing.make(choose({}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
        for _ in range(8):
            with time_machine.travel(at, tick=False):
                assert building.build(pack.pk, at=at) is False
            at += dt.timedelta(hours=8)
        pack.refresh_from_db()
        assert pack.state == PackState.DEAD
        assert "NotADirectory" in pack.last_error
        settings.PACK_DIR = tmp_path / "packs"
        assert packing.again(pack, at=at)
        with time_machine.travel(at, tick=False):
            assert building.build(pack.pk, at=at) is True

    def test_old_files_go_and_rows_stay(self, settings: Any) -> None:
        by = factories.make_coordinator()
        pack = make_pack(by)
        path = Path(settings.PACK_DIR) / pack.file
        assert packing.remove_old(at=pack.keep_until - dt.timedelta(seconds=1)) == 0
        assert path.is_file()
        assert packing.remove_old(at=pack.keep_until) == 1
        assert packing.remove_old(at=pack.keep_until) == 0
        assert not path.exists()
        pack.refresh_from_db()
        assert (pack.state, bool(pack.sha256), PackPerson.objects.filter(pack=pack).count()) == (
            PackState.REMOVED,
            True,
            1,
        )


@pytest.mark.both_db
class TestErased:
    def test_a_pack_of_somebody_who_is_erased_loses_its_file_and_the_name(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        by = factories.make_coordinator()
        ana = trained("Ana Sol")
        pack = make_pack(by, filters={"search": "Ana Sol"})
        path = Path(settings.PACK_DIR) / pack.file
        people.deactivate(ana, reason="left", by=by.subject, at=NOW)
        with django_capture_on_commit_callbacks(execute=True):
            erase_identity(ana, reason=ErasureReason.values[0], by=by.subject, at=NOW)
        assert not path.exists()
        packing.remove_old(at=NOW + DAY)
        pack.refresh_from_db()
        assert (pack.state, pack.filters) == (PackState.REMOVED, {"search": ""})
        assert pack.removed_at == NOW + DAY
        assert pack.people.get().folder == f"001-person-{ana.subject.hex[:8]}"

    def test_one_that_is_being_made_is_taken_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Between two slices, and in the middle of one: nothing of the person is left on disk."""
        by = factories.make_coordinator()
        ana = trained("Ana Sol")
        people.deactivate(ana, reason="left", by=by.subject, at=NOW)
        with time_machine.travel(NOW, tick=False):
            pack = packing.make(choose({"state": "everybody"}, NOW), as_of=NOW.date(), reason="x", by=by, at=NOW)
            whole = building.writing.shared

            def erase_meanwhile(*args: Any) -> None:
                erase_identity(ana, reason=ErasureReason.values[0], by=by.subject, at=NOW)
                whole(*args)

            monkeypatch.setattr(building.writing, "shared", erase_meanwhile)
            assert building.build(pack.pk, at=NOW) is False
        pack.refresh_from_db()
        assert pack.state == PackState.REMOVED
        assert not list(Path(settings.PACK_DIR).iterdir())
        assert building.build(pack.pk, at=NOW + 9 * DAY) is False

    def test_who_was_erased_before_has_no_name_in_a_new_pack(self, tmp_path: Path) -> None:
        by = factories.make_coordinator()
        ana = trained("Ana Sol")
        with time_machine.travel(NOW - 4 * DAY, tick=False):
            people.deactivate(ana, reason="left", by=by.subject, at=NOW - 4 * DAY)
        sealed(dt.date(2026, 11, 20), NOW - 2 * DAY)
        with time_machine.travel(NOW - DAY, tick=False):
            erase_identity(ana, reason=ErasureReason.values[0], by=by.subject, at=NOW - DAY)
        top = unzipped(make_pack(by, filters={"state": "everybody"}), tmp_path / "out")
        assert not [name for name, text in texts_of(top).items() if "Ana" in text or "Sol" in text]
        code, words = checked(top)
        assert code == 0, words


class TestVerifyPack:
    def test_the_stored_file_is_known_and_another_is_not(self, tmp_path: Path) -> None:
        pack = make_pack(factories.make_coordinator())
        path = Path(settings.PACK_DIR) / pack.file
        said = io.StringIO()
        call_command("verify_pack", str(path), stdout=said)
        assert "was made here" in said.getvalue()
        other = tmp_path / "other.zip"
        other.write_bytes(path.read_bytes() + b"x")
        with pytest.raises(CommandError, match="No pack of this system"):
            call_command("verify_pack", str(other), stdout=said)
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("verify_pack", str(tmp_path / "none.zip"), stdout=said)

    def test_a_row_that_was_changed_does_not_vouch_for_a_file(self, tmp_path: Path) -> None:
        """Who writes the database without the key puts the hash of a forged file into the row; the event does not say so."""
        pack = make_pack(factories.make_coordinator())
        forged = tmp_path / "forged.zip"
        forged.write_bytes(b"PK forged")
        Pack.objects.filter(pk=pack.pk).update(sha256=hashlib.sha256(b"PK forged").hexdigest())
        with pytest.raises(CommandError, match="record does not say so"):
            call_command("verify_pack", str(forged))


def test_attempts_in_progress_are_not_told(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    with time_machine.travel(START, tick=False):
        enrollment = factories.make_enrollment(factories.make_user("Ana Sol"), at=START)
        attempts.start(enrollment, enrollment.version.units.get(), at=START)
    said = transcript(unzipped(make_pack(by), tmp_path / "out"), "ana")["courses"][0]
    assert said["attempts"] == []
