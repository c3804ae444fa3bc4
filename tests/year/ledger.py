"""What the training record alone says about every assignment: read event by event, without looking at any other table."""

import dataclasses
import datetime as dt
import json

from lms.record.models import TrainingEvent


@dataclasses.dataclass
class Told:
    """One assignment as the record tells it."""

    subject: str
    course: str
    zone: str
    opens_on: dt.date
    due_on: dt.date
    held: str = ""
    enrollment: str = ""
    withdrawn_at: dt.datetime | None = None
    satisfied_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    valid_until: dt.date | None = None
    renews_until: dt.date | None = None


@dataclasses.dataclass
class Run:
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    expires_on: dt.date | None = None


class Ledger:
    """``assignments`` by public id, ``runs`` by the enrollment's public id."""

    def __init__(self) -> None:
        self.assignments: dict[str, Told] = {}
        self.runs: dict[str, Run] = {}
        self.rests: dict[tuple[str, str], tuple[str, dt.date, dt.date | None, dt.datetime | None]] = {}
        for event in TrainingEvent.objects.order_by("subject", "seq").iterator():
            self._read(str(event.subject), event.kind, json.loads(event.payload), event.effective_at)

    def _read(self, subject: str, kind: str, said: dict[str, str], at: dt.datetime) -> None:
        mine = self.assignments.get(str(said.get("assignment", "")))
        if kind == "course.assigned":
            self.assignments[said["assignment"]] = Told(
                subject, said["course"], said["zone"], _day(said["opens_on"]), _day(said["due_on"]),
                held=said.get("held", ""), enrollment=said.get("held", ""), valid_until=_maybe(said.get("valid_until")),
            )  # fmt: skip
        elif kind == "assignment.moved" and mine:
            mine.due_on, mine.zone = _day(said["to"]), said["zone"]
        elif kind == "assignment.withdrawn" and mine:
            mine.withdrawn_at = at
        elif kind == "assignment.ended" and mine:
            mine.ended_at = at
        elif kind == "assignment.resumed" and mine:
            mine.ended_at = None
        elif kind == "assignment.satisfied" and mine:
            mine.satisfied_at = at
        elif kind == "course.started":
            self.runs.setdefault(said["enrollment"], Run()).started_at = at
        elif kind == "course.completed":
            self.runs.setdefault(said["enrollment"], Run()).completed_at = at
            for told in self.assignments.values():
                if (told.subject, told.course) == (subject, said["course"]) and not told.enrollment:
                    told.enrollment = said["enrollment"]
        elif kind == "certificate.issued":
            self.runs[said["enrollment"]].expires_on = _maybe(said["expires_on"])


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _maybe(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
