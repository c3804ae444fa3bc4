"""Reading one person's record event by event. One handler a kind of event; a kind that says nothing about status or place stands in
``IRRELEVANT`` (a test holds that every kind is in one of the two).

What an event changes counts from the instant at which it took effect, with three exceptions, which are corrections of the past: an
exception counts from its first day, learning elsewhere from the day on which it was completed, and a certificate that was revoked
counts as if it had never been issued.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from courses.queries.status import Facts, Span
from courses.spans.history import History
from lms.lib import dates
from lms.record.enums import EventKind

VERSION = 1  # of what the handlers make of the record; another one makes ``make run`` rebuild the spans
DAY = dt.timedelta(days=1)
ALWAYS = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True)
class Told:
    """One event, as the replay reads it."""

    seq: int
    kind: str
    effective_at: dt.datetime
    recorded_at: dt.datetime
    said: dict[str, Any]


class Run(History):
    """An enrollment: started_at, completed_at, awaits_sign_off_at, attempts_used_at, expires_on, expires_at, revoked_at. ``key`` is its public id, or empty
    while no event has named it."""

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self.key = key


class Duty(History):
    """An assignment: opens, due, valid_until and renews_until (each ``_on`` and ``_at``), withdrawn_at, satisfied_at, ended_at."""

    def __init__(self, key: str, course: str, since: dt.datetime, run: Run, accepted: str = "") -> None:
        super().__init__()
        self.key, self.course, self.since, self.run, self.accepted = key, course, since, run, accepted


@dataclasses.dataclass
class Rest:
    """An exception of the person. ``course`` is empty when it touches all. ``ended``: it was ended early, so no change of zone moves it."""

    kind: str
    course: str
    starts_on: dt.date
    ends_on: dt.date | None
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    ended: bool = False


class Replay:
    """``duties`` by the assignment's public id. After ``read``, ``touched`` holds the duties that the event may have changed, and ``moved`` whether it changed the place.
    ``unread`` are the numbers of events that cannot be understood."""

    def __init__(self) -> None:
        self.zone = "UTC"
        self.duties: dict[str, Duty] = {}
        self.runs: dict[str, Run] = {}
        self.open_runs: dict[str, Run] = {}
        self.rests: dict[str, Rest] = {}
        self.place = History()
        self.touched: dict[str, Duty] = {}
        self.moved = False
        self.unread: list[int] = []

    def read_again(self, told: Told) -> None:
        """Reads an event that is part of the record already: one that cannot be understood is passed over, so that a line that somebody
        spoiled does not stop everything that the person does from then on."""
        try:
            self.read(told)
        except (KeyError, ValueError, TypeError, AttributeError):
            self.touched, self.moved = {}, False
            self.unread.append(told.seq)

    def read(self, told: Told) -> None:
        """Reads one event. Raises what a payload raises that is not as its kind writes it."""
        self.touched, self.moved = {}, False
        handler = HANDLERS.get(EventKind(told.kind))
        if handler is not None:
            handler(self, told.said, told.effective_at)

    def facts_at(self, duty: Duty, instant: dt.datetime) -> Facts:
        """What decides the duty's status at an instant, with everything that has been read."""
        return Facts(
            **{name: duty.at(name, instant) for name in DUTY_FACTS},
            **{name: duty.run.at(name, instant) for name in RUN_FACTS},
            # revoked: the completion counts no more, not even for the time before
            revoked_at=duty.run.at("completed_at", instant) if duty.run.last("revoked_at") else None,
            exempt=self._rests(duty, "exemption"),
            leave=self._rests(duty, "leave"),
        )

    def _rests(self, duty: Duty, kind: str) -> tuple[Span, ...]:
        return tuple(
            Span(rest.starts_at, rest.ends_at)
            for rest in self.rests.values()
            if rest.kind == kind and rest.course in ("", duty.course)
        )

    # --- what handlers use ----------------------------------------------------------------------------------------------------
    def touch(self, duties: Iterable[Duty]) -> None:
        self.touched.update((duty.key, duty) for duty in duties)

    def duty_of(self, said: dict[str, Any]) -> Duty | None:
        """The duty that the event names, which is touched; None for one that the record does not know."""
        duty = self.duties.get(str(said.get("assignment", "")))
        if duty is not None:
            self.touch([duty])
        return duty

    def run_of(self, said: dict[str, Any]) -> Run:
        """The run that the event names; its duties are touched. Events of older systems did not say which run a duty has: it is the
        one that was open then, and whose name came with a later event."""
        key, course = str(said["enrollment"]), str(said["course"])
        run = self.runs.get(key)
        if run is None:
            open_run = self.open_runs.get(course)
            run = open_run if open_run is not None and not open_run.key else Run()
            run.key = key
            self.runs[key] = run
            self.open_runs.setdefault(course, run)
        self.touch(duty for duty in self.duties.values() if duty.run is run)
        return run

    def open_run(self, course: str, key: str) -> Run:
        if key:
            return self.run_of({"enrollment": key, "course": course})
        return self.open_runs.setdefault(course, Run())

    def first_instant(self, day: dt.date) -> dt.datetime:
        return dates.end_of_day(day - DAY, self.zone)

    def last_instant(self, day: dt.date | None) -> dt.datetime | None:
        return dates.end_of_day(day, self.zone) if day else None


DUTY_FACTS = ("opens_at", "due_at", "withdrawn_at", "satisfied_at", "valid_until_at", "renews_until_at", "ended_at")
RUN_FACTS = ("started_at", "completed_at", "awaits_sign_off_at", "attempts_used_at", "expires_at")


def _day(text: Any) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


# --- duties ---------------------------------------------------------------------------------------------------------------------
def _assigned(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    """Made with its days; ``held`` says that a run of before, or learning from elsewhere, fulfils it from the beginning."""
    replay.zone = said["zone"]
    held = str(said.get("held", ""))
    accepted = held if held in replay.rests else ""
    if held and not accepted:
        run = replay.run_of({"enrollment": held, "course": said["course"]})
    else:
        run = replay.open_run(said["course"], str(said.get("enrollment", "")))
    duty = Duty(said["assignment"], said["course"], at, run, accepted)
    opens_on, due_on = dt.date.fromisoformat(said["opens_on"]), dt.date.fromisoformat(said["due_on"])
    until, renews = _day(said.get("valid_until")), _day(said.get("renews_until"))
    duty.tell(
        at,
        opens_on=opens_on,
        opens_at=replay.first_instant(opens_on),
        due_on=due_on,
        due_at=replay.last_instant(due_on),
        valid_until_on=until,
        valid_until_at=replay.last_instant(until),
        renews_until_on=renews,
        renews_until_at=replay.last_instant(renews),
        satisfied_at=at if accepted else None,
    )
    replay.duties[duty.key] = duty
    replay.touched = {duty.key: duty}


def _moved(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    """Another due date, or the same in another zone, in which it opens too."""
    duty = replay.duty_of(said)
    if duty is None:
        return
    replay.zone = said["zone"]
    due_on, opens_on = dt.date.fromisoformat(said["to"]), duty.last("opens_on")
    opens_at = dates.end_of_day(opens_on - DAY, said["zone"])
    duty.tell(at, due_on=due_on, due_at=dates.end_of_day(due_on, said["zone"]), opens_at=opens_at)


def _withdrawn(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    duty = replay.duty_of(said)
    if duty is not None:
        duty.tell(at, withdrawn_at=at)


def _ended(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    duty = replay.duty_of(said)
    if duty is not None:
        duty.tell(at, ended_at=at)


def _resumed(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    duty = replay.duty_of(said)
    if duty is not None:
        duty.tell(at, ended_at=None)


def _satisfied(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    """Learning elsewhere counts from the day on which it was completed, although it was accepted later."""
    duty = replay.duty_of(said)
    if duty is None:
        return
    duty.accepted = said["exception"]
    learned_at = min(at, replay.first_instant(dt.date.fromisoformat(said["starts_on"])))
    until = _day(said.get("valid_until"))
    duty.tell(
        max(duty.since, learned_at),
        satisfied_at=learned_at,
        valid_until_on=until,
        valid_until_at=replay.last_instant(until),
    )
    duty.tell(at, satisfied_at=at)


def _noted(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    """What an older system did not write into its events."""
    duty = replay.duty_of(said)
    if duty is None:
        return
    renews = _day(said.get("renews_until"))
    if renews is not None:
        duty.tell(at, renews_until_on=renews, renews_until_at=replay.last_instant(renews))
    if said.get("attempts_used_at"):
        used = dt.datetime.fromisoformat(said["attempts_used_at"])
        duty.run.tell(used, attempts_used_at=used)
        replay.touch(other for other in replay.duties.values() if other.run is duty.run)


# --- runs -----------------------------------------------------------------------------------------------------------------------
def _started(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.run_of(said).tell(at, started_at=at)


def _completed(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    run = replay.run_of(said)
    run.tell(at, completed_at=at)
    if replay.open_runs.get(said["course"]) is run:
        del replay.open_runs[said["course"]]


def _sign_off_awaited(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.run_of(said).tell(at, awaits_sign_off_at=at)


def _attempts_used(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.run_of(said).tell(at, attempts_used_at=at)


def _attempts_restored(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.run_of(said).tell(at, attempts_used_at=None)


def _certified(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    """Issued, or issued again with the dates that it had."""
    ends = _day(said.get("expires_on"))
    zone = str(said.get("zone") or replay.zone)
    replay.run_of(said).tell(at, expires_on=ends, expires_at=dates.end_of_day(ends, zone) if ends else None)


def _revoked(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.run_of(said).tell(ALWAYS, revoked_at=at)


# --- exceptions -----------------------------------------------------------------------------------------------------------------
def _granted(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.zone = str(said.get("zone") or replay.zone)
    starts_on, ends_on = dt.date.fromisoformat(said["starts_on"]), _day(said.get("ends_on"))
    replay.rests[said["exception"]] = Rest(
        said["kind"], said["course"], starts_on, ends_on, replay.first_instant(starts_on), replay.last_instant(ends_on)
    )
    replay.touch(replay.duties.values())


def _exception_ended(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    rest = replay.rests.get(said["exception"])
    if rest is None:
        return
    rest.ends_at, rest.ended = max(at, rest.starts_at), True
    rest.ends_on = _day(said.get("ends_on"))
    for duty in replay.duties.values():
        if duty.accepted == said["exception"]:
            duty.tell(at, valid_until_on=rest.ends_on, valid_until_at=rest.ends_at)
    replay.touch(replay.duties.values())


# --- the person -----------------------------------------------------------------------------------------------------------------
def _added(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.zone = said["zone"]
    replay.place.tell(at, site=said["site"], active=True)
    replay.moved = True


def _changed(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    """Another site, or another zone: then the days of exceptions that are not over begin and end elsewhere."""
    if "site" in said:
        replay.place.tell(at, site=said["site"]["to"])
        replay.moved = True
    zone = said.get("zone", {}).get("to")
    if zone is None or zone == replay.zone:
        return
    replay.zone = zone
    for rest in replay.rests.values():
        if not rest.ended and (rest.ends_at is None or rest.ends_at > at):
            rest.starts_at = replay.first_instant(rest.starts_on)
            rest.ends_at = replay.last_instant(rest.ends_on)
    replay.touch(replay.duties.values())


def _deactivated(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.place.tell(at, active=False)
    replay.moved = True


def _reactivated(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.place.tell(at, active=True)
    replay.moved = True


def _team_joined(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.place.tell(at, team=said["team"])
    replay.moved = True


def _team_left(replay: Replay, said: dict[str, Any], at: dt.datetime) -> None:
    replay.place.tell(at, team=None)
    replay.moved = True


HANDLERS: dict[EventKind, Callable[[Replay, dict[str, Any], dt.datetime], None]] = {
    EventKind.PERSON_ADDED: _added,
    EventKind.PERSON_CHANGED: _changed,
    EventKind.PERSON_DEACTIVATED: _deactivated,
    EventKind.PERSON_REACTIVATED: _reactivated,
    EventKind.TEAM_JOINED: _team_joined,
    EventKind.TEAM_LEFT: _team_left,
    EventKind.COURSE_ASSIGNED: _assigned,
    EventKind.ASSIGNMENT_WITHDRAWN: _withdrawn,
    EventKind.ASSIGNMENT_MOVED: _moved,
    EventKind.ASSIGNMENT_ENDED: _ended,
    EventKind.ASSIGNMENT_RESUMED: _resumed,
    EventKind.ASSIGNMENT_SATISFIED: _satisfied,
    EventKind.ASSIGNMENT_NOTED: _noted,
    EventKind.EXCEPTION_GRANTED: _granted,
    EventKind.EXCEPTION_ENDED: _exception_ended,
    EventKind.COURSE_STARTED: _started,
    EventKind.COURSE_COMPLETED: _completed,
    EventKind.SIGN_OFF_AWAITED: _sign_off_awaited,
    EventKind.ATTEMPTS_USED: _attempts_used,
    EventKind.ATTEMPTS_RESTORED: _attempts_restored,
    EventKind.CERTIFICATE_ISSUED: _certified,
    EventKind.CERTIFICATE_REISSUED: _certified,
    EventKind.CERTIFICATE_REVOKED: _revoked,
}
