"""Status spans follow the record: a little with each event, or all of one person anew."""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet

from courses.models import Assignment, Enrollment, PlaceSpan, SpanBook, StatusSpan
from courses.spans.book import PLACE, Entry, book, changes, known_from, read_all
from courses.spans.pieces import Piece, Place, Standing, differ
from courses.spans.replay import HANDLERS, VERSION, Replay, Told
from lms.people.actions.identity import snapshot_of
from lms.people.models import Team, User
from lms.record import actions as record
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from lms.record.models import RecordHead, TrainingEvent

KINDS = tuple(HANDLERS)
PORTION = 500
STANDING = tuple(field.name for field in dataclasses.fields(Standing))
TIMES = ("valid_from", "valid_to", "recorded_from", "recorded_to", "seq")


def follow(event: TrainingEvent) -> None:
    """Called inside the transaction of each event that may change a status or a place.

    Reads the person's record up to the event, and holds the timelines that it may have changed beside the spans that hold now: what
    is not so any more is closed at the instant at which the event was recorded, what is new begins then. What an older span says of
    before stays, which is how a later reader knows what was known. A record that is nobody's, and an assignment that has no row, are left out.
    """
    learner = User.objects.filter(subject=event.subject).values_list("pk", flat=True).first()
    if learner is None:
        return
    replay = Replay()
    read_all(replay, told_of(event.subject, before=event.seq))
    replay.read(_told(event.seq, event.kind, event.effective_at, event.recorded_at, event.payload))
    for key, pieces in changes(replay).items():
        if key == PLACE:
            rows: QuerySet[Any] = PlaceSpan.objects.filter(learner=learner)
        else:
            rows = StatusSpan.objects.filter(assignment__public_id=key)
        _bring(key, rows.filter(recorded_to__isnull=True), pieces, event)


def _bring(key: str, current: QuerySet[Any], pieces: Sequence[Piece[Any]], event: TrainingEvent) -> None:
    names = _names(current)
    known = {_piece(row, names): row for row in current}
    gone, new = differ(known, pieces)
    known_at = known_from(event.recorded_at, [row.recorded_from for row in known.values()])
    at_once = [known[piece].pk for piece in gone if known[piece].recorded_from >= known_at]
    if at_once:  # never known to anybody
        current.model.objects.filter(pk__in=at_once).delete()
    closed = [known[piece].pk for piece in gone if known[piece].recorded_from < known_at]
    if closed:
        current.model.objects.filter(pk__in=closed).update(recorded_to=known_at)
    if new:
        entries = [Entry(key, piece, event.seq, known_at) for piece in new]
        _insert(event.subject, entries)


def told_of(subject: uuid.UUID, *, before: int | None = None) -> Iterator[Told]:
    """The events of a record that say something about status or place, in their order, all or those before a number."""
    events = TrainingEvent.objects.filter(subject=subject, kind__in=KINDS)
    if before is not None:
        events = events.filter(seq__lt=before)
    for row in events.order_by("seq").values_list("seq", "kind", "effective_at", "recorded_at", "payload"):
        yield _told(*row)


def _told(seq: int, kind: str, effective_at: dt.datetime, recorded_at: dt.datetime, payload: str) -> Told:
    return Told(seq, kind, effective_at, recorded_at, json.loads(payload))


class _Keys:
    """The rows that spans of one person point at, by what the record calls them."""

    def __init__(self, subject: uuid.UUID, entries: Iterable[Entry]) -> None:
        wanted = list(entries)
        duties = {entry.key for entry in wanted if entry.key != PLACE}
        whats = [entry.piece.what for entry in wanted]
        teams = {what.team for what in whats if isinstance(what, Place) and what.team}
        mine = Assignment.objects.filter(public_id__in=duties)
        self.duties: Mapping[str, tuple[int, int, int, int]] = {
            str(key): (pk, learner, course, cycle)
            for key, pk, learner, course, cycle in mine.values_list("public_id", "pk", "learner", "course", "cycle")
        } if duties else {}  # fmt: skip
        self.teams = {
            str(key): pk for key, pk in Team.objects.filter(public_id__in=teams).values_list("public_id", "pk")
        } if teams else {}  # fmt: skip
        places = any(entry.key == PLACE for entry in wanted)
        self.learner = User.objects.filter(subject=subject).values_list("pk", flat=True).first() if places else None

    def row(self, entry: Entry) -> StatusSpan | PlaceSpan | None:
        """None for what the record tells of a row that is not there."""
        times = {
            "valid_from": entry.piece.valid_from,
            "valid_to": entry.piece.valid_to,
            "recorded_from": entry.recorded_from,
            "recorded_to": entry.recorded_to,
            "seq": entry.seq,
        }
        what = entry.piece.what
        if isinstance(what, Place):
            if self.learner is None:
                return None
            team = self.teams.get(what.team) if what.team else None
            return PlaceSpan(learner_id=self.learner, site_id=what.site, team_id=team, active=what.active, **times)
        keys = self.duties.get(entry.key)
        if keys is None:
            return None
        pk, learner, course, cycle = keys
        shown = {name: getattr(what, name) for name in STANDING}
        return StatusSpan(assignment_id=pk, learner_id=learner, course_id=course, cycle=cycle, **shown, **times)


def _rows(subject: uuid.UUID, entries: Sequence[Entry]) -> tuple[list[StatusSpan], list[PlaceSpan]]:
    keys = _Keys(subject, entries)
    rows = [row for entry in entries if (row := keys.row(entry)) is not None]
    return [row for row in rows if isinstance(row, StatusSpan)], [row for row in rows if isinstance(row, PlaceSpan)]


def _insert(subject: uuid.UUID, entries: Sequence[Entry]) -> None:
    statuses, places = _rows(subject, entries)
    StatusSpan.objects.bulk_create(statuses, batch_size=200)
    PlaceSpan.objects.bulk_create(places, batch_size=200)


def _names(rows: QuerySet[Any]) -> dict[int, str]:
    """The public ids of the teams that places name, by key."""
    if rows.model is not PlaceSpan:
        return {}
    return {pk: str(key) for pk, key in Team.objects.filter(pk__in=rows.values("team")).values_list("pk", "public_id")}


def _piece(row: Any, teams: Mapping[int, str]) -> Piece[Any]:
    what: Standing | Place
    if isinstance(row, PlaceSpan):
        what = Place(row.site_id, teams.get(row.team_id) if row.team_id else None, row.active)
    else:
        what = Standing(**{name: getattr(row, name) for name in STANDING})
    return Piece(row.valid_from, row.valid_to, what)


def rebuild(subject: uuid.UUID) -> int:
    """Makes all spans of one person anew from the whole record, in one transaction; returns how many there are."""
    with transaction.atomic():
        record.hold(subject)
        statuses, places = _rows(subject, book(told_of(subject)))
        StatusSpan.objects.filter(learner__subject=subject).delete()
        PlaceSpan.objects.filter(learner__subject=subject).delete()
        StatusSpan.objects.bulk_create(statuses, batch_size=200)
        PlaceSpan.objects.bulk_create(places, batch_size=200)
    return len(statuses) + len(places)


def rebuild_all(*, at: dt.datetime) -> int:
    """The same for everybody, one after another, after noting what older events left out; returns how many spans there are."""
    note_what_older_events_left_out(at=at)
    number = sum(rebuild(subject) for subject in subjects())
    SpanBook.objects.update_or_create(only=True, defaults={"version": VERSION, "rebuilt_at": at})
    return number


def subjects() -> Iterator[uuid.UUID]:
    """Everybody who has a record, in the order in which heads are taken; a few hundred at a time, so that no cursor stays open."""
    rows = RecordHead.objects.order_by("subject").values_list("subject", flat=True)
    some = list(rows[:PORTION])
    while some:
        yield from some
        some = list(rows.filter(subject__gt=some[-1])[:PORTION])


def up_to_date() -> bool:
    """Whether the spans were made by this reading of the record."""
    return SpanBook.objects.filter(version=VERSION).exists()


def note_what_older_events_left_out(*, at: dt.datetime) -> int:
    """Writes ASSIGNMENT_NOTED for assignments whose events were written before they named the end that a renewal follows, or that
    attempts were used; returns how many. It says from when that was so, and is recorded now: nobody claims that the record knew."""
    done = 0
    renewals = Assignment.objects.filter(renews_until_on__isnull=False)
    used = Assignment.objects.filter(enrollment__attempts_used_at__isnull=False, withdrawn_at__isnull=True)
    learners = User.objects.filter(pk__in=renewals.values("learner")) | User.objects.filter(
        pk__in=used.values("learner")
    )
    wanting = set(learners.values_list("subject", flat=True))
    for subject in (subject for subject in subjects() if subject in wanting):
        user = User.objects.select_related("site", "team").get(subject=subject)
        with transaction.atomic():
            record.hold(user.subject)
            replay = Replay()
            read_all(replay, told_of(user.subject))
            mine = Assignment.objects.filter(learner=user).select_related("enrollment")
            for row in mine.order_by("pk"):
                missing = _missing(row, replay)
                if missing:
                    payload = {"assignment": str(row.public_id), "identity": snapshot_of(user, at=at).hash, **missing}
                    event = record.append(
                        user.subject, EventKind.ASSIGNMENT_NOTED, payload, at=row.assigned_at, by=SYSTEM
                    )
                    replay.read(_told(event.seq, event.kind, event.effective_at, event.recorded_at, event.payload))
                    done += 1
    return done


def _missing(row: Assignment, replay: Replay) -> dict[str, str]:
    duty = replay.duties.get(str(row.public_id))
    if duty is None:
        return {}
    found = {}
    if row.renews_until_on is not None and duty.last("renews_until_on") is None:
        found["renews_until"] = str(row.renews_until_on)
    run: Enrollment | None = row.enrollment
    if run is not None and run.attempts_used_at is not None and duty.run.last("attempts_used_at") is None:
        found["attempts_used_at"] = run.attempts_used_at.isoformat()
    return found


def differences(subject: uuid.UUID) -> Iterator[str]:
    """What the spans of one person hold that the record does not say, and the other way round, one sentence each."""
    replay = Replay()
    read_all(replay, told_of(subject))
    yield from (f"Event {seq} of {subject} cannot be read." for seq in replay.unread)
    entries = book(told_of(subject))
    keys = _Keys(subject, entries)
    for missing in sorted({entry.key for entry in entries if entry.key != PLACE} - set(keys.duties)):
        yield f"The record of {subject} tells of assignment {missing}, which is not there."
    expected = [row for entry in entries if (row := keys.row(entry)) is not None]
    stored: list[Model] = [
        *StatusSpan.objects.filter(learner__subject=subject).order_by("pk"),
        *PlaceSpan.objects.filter(learner__subject=subject).order_by("pk"),
    ]
    said, held = {_values(row) for row in expected}, {_values(row) for row in stored}
    yield from (f"The record of {subject} says what no span holds: {_words(one)}." for one in _sorted(said - held))
    yield from (
        f"A span of {subject} holds what the record does not say: {_words(one)}." for one in _sorted(held - said)
    )
    if len(stored) != len(held):
        yield f"The same span of {subject} is stored twice."


def _values(row: Any) -> tuple[Any, ...]:
    names = (
        ("site_id", "team_id", "active")
        if isinstance(row, PlaceSpan)
        else ("assignment_id", "course_id", "cycle", *STANDING)
    )
    return (type(row).__name__, row.learner_id, *(getattr(row, name) for name in (*names, *TIMES)))


def _sorted(found: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(found, key=str)


def _words(values: tuple[Any, ...]) -> str:
    kind, _, *facts = values
    valid_from, valid_to, recorded_from, recorded_to, seq = facts[-5:]
    what = (
        f"assignment {facts[0]} {facts[3]}, due {facts[5]}"
        if kind == "StatusSpan"
        else f"site {facts[0]}, team {facts[1]}"
    )
    return (
        f"{what}, from {valid_from} to {valid_to or 'no end'}, known from {recorded_from} to {recorded_to or 'now'}"
        f" (event {seq})"
    )
