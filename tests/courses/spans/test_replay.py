"""The pure part: pieces of time, held beside ``status_of`` at instants drawn by chance."""

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.queries.status import status_of
from courses.spans.book import book, read_all
from courses.spans.history import History
from courses.spans.irrelevant import IRRELEVANT
from courses.spans.pieces import Piece, Place, differ, places, timeline
from courses.spans.replay import HANDLERS, Replay, Told
from lms.record.enums import EventKind

START = dt.datetime(2026, 1, 1, 12, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ZONES = ("America/Denver", "Pacific/Auckland", "Europe/London")
COURSES = ("basics", "privacy")


def test_every_kind_of_event_is_read_or_said_to_be_irrelevant() -> None:
    assert set(HANDLERS) | IRRELEVANT == set(EventKind), (
        "Add the new kind to HANDLERS in courses/spans/replay.py or to IRRELEVANT in irrelevant.py"
    )
    assert not set(HANDLERS) & IRRELEVANT


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=20), st.integers(-1, 21))
def test_a_history_is_the_last_word_up_to_an_instant(told: list[tuple[int, int]], asked: int) -> None:
    history = History()
    for day, value in told:
        history.tell(START + day * DAY, value=value)
    fit = [(day, place, value) for place, (day, value) in enumerate(told) if day <= asked]
    assert history.at("value", START + asked * DAY) == (max(fit)[2] if fit else None)


@st.composite
def records(draw: st.DrawFn) -> list[Told]:
    """What could stand in the record of one person: in the order in which it was recorded, some of it late."""
    at = START
    told: list[Told] = []
    duties: list[tuple[str, str]] = []
    open_runs: dict[str, str] = {}
    rests: list[tuple[str, str, str, dt.date]] = []
    zone = draw(st.sampled_from(ZONES))

    def add(kind: EventKind, said: dict[str, Any], late: dt.timedelta = dt.timedelta()) -> None:
        told.append(Told(len(told) + 1, str(kind), at - late, at, said))

    add(EventKind.PERSON_ADDED, {"site": 1, "zone": zone})
    for _ in range(draw(st.integers(1, 25))):
        at += draw(st.integers(0, 40)) * DAY / 2 + dt.timedelta(seconds=draw(st.integers(0, 40000)))
        today = at.date()
        course = draw(st.sampled_from(COURSES))
        what = draw(st.sampled_from(["assign", "move", "start", "complete", "rest", "end", "revoke", "withdraw", "done", "zone", "used", "given", "over", "again", "elsewhere", "place"]))  # fmt: skip
        key = draw(st.sampled_from(duties)) if duties else None
        run = open_runs.get(course)
        late = draw(st.sampled_from([dt.timedelta(), dt.timedelta(minutes=7), 3 * DAY]))
        if what == "assign":
            renews = draw(st.one_of(st.none(), st.integers(-5, 60)))
            run = open_runs.setdefault(course, str(uuid.UUID(int=1000 + len(told))))
            duties.append((str(uuid.UUID(int=len(told))), course))
            opens = draw(st.integers(0, 10))
            add(EventKind.COURSE_ASSIGNED, {
                "assignment": duties[-1][0], "course": course, "zone": zone, "opens_on": str(today + opens * DAY),
                "due_on": str(today + (opens + draw(st.integers(0, 30))) * DAY),
                "renews_until": str(today + renews * DAY) if renews is not None else "",
                **({"enrollment": run} if draw(st.booleans()) else {}),
            })  # fmt: skip
        elif what == "move" and key:
            add(
                EventKind.ASSIGNMENT_MOVED,
                {"assignment": key[0], "to": str(today + draw(st.integers(-20, 60)) * DAY), "zone": zone},
            )
        elif what in ("withdraw", "over", "again") and key:
            kinds = {
                "withdraw": EventKind.ASSIGNMENT_WITHDRAWN,
                "over": EventKind.ASSIGNMENT_ENDED,
                "again": EventKind.ASSIGNMENT_RESUMED,
            }
            add(kinds[what], {"assignment": key[0]})
        elif what in ("start", "used", "given", "complete") and run:
            kinds = {
                "start": EventKind.COURSE_STARTED,
                "used": EventKind.ATTEMPTS_USED,
                "given": EventKind.ATTEMPTS_RESTORED,
                "complete": EventKind.COURSE_COMPLETED,
            }
            add(kinds[what], {"enrollment": run, "course": course}, late)
            if what == "complete":
                lasts = draw(st.one_of(st.none(), st.integers(1, 200)))
                ends = str(today + lasts * DAY) if lasts else ""
                add(
                    EventKind.CERTIFICATE_ISSUED,
                    {"enrollment": run, "course": course, "expires_on": ends, "zone": zone},
                    late,
                )
                open_runs.pop(course)
                if draw(st.integers(0, 3)) == 0:
                    at += 20 * DAY
                    add(EventKind.CERTIFICATE_REVOKED, {"enrollment": run, "course": course})
        elif what == "rest":
            kind = draw(st.sampled_from(["leave", "exemption"]))
            first = today + draw(st.integers(-20, 20)) * DAY
            rests.append((str(uuid.UUID(int=5000 + len(told))), kind, "" if kind == "leave" else course, first))
            add(
                EventKind.EXCEPTION_GRANTED,
                {
                    "exception": rests[-1][0],
                    "kind": kind,
                    "course": rests[-1][2],
                    "zone": zone,
                    "starts_on": str(first),
                    "ends_on": str(first + draw(st.integers(0, 40)) * DAY) if draw(st.booleans()) else "",
                },
            )
        elif what == "end" and rests:
            one = draw(st.sampled_from(rests))
            add(EventKind.EXCEPTION_ENDED, {"exception": one[0], "ends_on": str(max(today, one[3]))})
        elif what == "elsewhere" and key:
            add(
                EventKind.ASSIGNMENT_SATISFIED,
                {
                    "assignment": key[0],
                    "exception": "e",
                    "starts_on": str(today - draw(st.integers(0, 50)) * DAY),
                    "valid_until": draw(st.sampled_from(["", str(today + 30 * DAY)])),
                },
            )
        elif what == "zone":
            old, zone = zone, draw(st.sampled_from(ZONES))
            add(EventKind.PERSON_CHANGED, {"zone": {"from": old, "to": zone}, "site": {"from": 1, "to": 2}})
        elif what == "place":
            add(
                draw(st.sampled_from([EventKind.TEAM_JOINED, EventKind.TEAM_LEFT])),
                {"team": draw(st.sampled_from("ab"))},
                late,
            )
    return told


def piece_at(pieces: Any, instant: dt.datetime) -> Piece | None:
    found = [p for p in pieces if p.valid_from <= instant and (p.valid_to is None or instant < p.valid_to)]
    assert len(found) < 2
    return found[0] if found else None


@given(records(), st.lists(st.integers(-30 * 86400, 900 * 86400), min_size=1, max_size=10))
@settings(max_examples=300, deadline=None)
def test_a_piece_says_what_status_of_says_at_any_instant(told: list[Told], seconds: list[int]) -> None:
    replay = Replay()
    read_all(replay, told)
    assert replay.unread == []
    for duty in replay.duties.values():
        pieces = timeline(replay, duty)
        assert pieces[0].valid_from == duty.since
        assert pieces[-1].valid_to is None
        assert all(one.valid_to == other.valid_from for one, other in itertools.pairwise(pieces))
        assert all(one.what != other.what for one, other in itertools.pairwise(pieces))
        edges = [
            edge for piece in pieces for edge in (piece.valid_from, piece.valid_from - dt.timedelta(microseconds=1))
        ]
        for instant in [START + dt.timedelta(seconds=n) for n in seconds] + edges:
            piece = piece_at(pieces, instant)
            if instant < duty.since:
                assert piece is None
                continue
            assert piece is not None
            facts = replay.facts_at(duty, instant)
            assert piece.what.status == status_of(facts, instant)
            assert piece.what.due_on == duty.at("due_on", instant)
            done = facts.completed_at is not None and facts.completed_at <= instant
            assert piece.what.completed_at == (facts.completed_at if done else None)
    for one, other in zip(places(replay), places(replay)[1:], strict=False):
        assert one.valid_to == other.valid_from


@given(records(), st.data())
@settings(max_examples=150, deadline=None)
def test_what_was_known_is_what_the_record_said_then(told: list[Told], data: st.DataObject) -> None:
    """Of all entries, those known at an instant are the timelines of a record that had ended at that instant."""
    number = data.draw(st.integers(1, len(told)))
    known_at = max(one.recorded_at for one in told[:number])
    entries = book(told)
    before = Replay()
    read_all(before, [one for one in told if one.recorded_at <= known_at])
    for duty in before.duties.values():
        found = {e.piece for e in entries if e.key == duty.key and e.recorded_from <= known_at and (e.recorded_to is None or known_at < e.recorded_to)}  # fmt: skip
        assert found == set(timeline(before, duty))


@given(records())
@settings(max_examples=100, deadline=None)
def test_entries_of_one_assignment_never_overlap(told: list[Told]) -> None:
    entries = book(told)
    for entry in entries:
        assert entry.recorded_to is None or entry.recorded_from < entry.recorded_to
        assert entry.piece.valid_to is None or entry.piece.valid_from < entry.piece.valid_to
        for other in entries:
            if other is not entry and other.key == entry.key:
                apart = _apart(entry.recorded_from, entry.recorded_to, other.recorded_from, other.recorded_to)
                assert apart or _apart(
                    entry.piece.valid_from, entry.piece.valid_to, other.piece.valid_from, other.piece.valid_to
                )


def _apart(one: dt.datetime, one_end: dt.datetime | None, other: dt.datetime, other_end: dt.datetime | None) -> bool:
    return (one_end is not None and one_end <= other) or (other_end is not None and other_end <= one)


def test_a_line_that_cannot_be_read_is_passed_over_when_it_is_old_only() -> None:
    bad = Told(1, "course.started", START, START, {"n": 1})
    replay = Replay()
    replay.read_again(bad)
    assert replay.unread == [1]
    with pytest.raises(KeyError):
        replay.read(bad)


def test_differ() -> None:
    one, two = Piece(START, None, Place(1, "a", True)), Piece(START + DAY, None, Place(1, "b", True))
    assert differ([one], [one, two]) == (set(), [two])
    assert differ([one, two], [two]) == ({one}, [])
