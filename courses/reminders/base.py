"""What kinds of mail about an assignment share."""

import dataclasses
import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.urls import reverse

from courses.calendar.due import calendar_of
from courses.links import answer_links
from courses.models import Assignment, Enrollment
from courses.queries.calendar import due_dates
from courses.queries.replies import pausing
from courses.queries.status import paused
from courses.queries.training import next_step, unit_rows
from courses.reminders.duties import duty_for
from courses.reminders.moments import FOREVER, Duty, Moment
from lms.lib import dates, numbers
from lms.outbox import kinds
from lms.outbox.models import Message, Occasion
from lms.people.links import site_url
from lms.people.models import User

ASK = "Ask your training coordinator how to renew it."
RENEW = "You can renew it now."
USED_UP = "All attempts at one of its quizzes are used: please talk with your supervisor, who can open another one."
TOO_LATE = "It came too late to be news; other reminders say it."
PAUSED = "The person is exempt or on leave."
_IN_KEY = re.compile(r":(\d{4}-\d\d-\d\d)(?::(\d+))?(?::r\d+)?$")
ANSWERED = "The person answered a reminder, and somebody decides first."


@dataclasses.dataclass(frozen=True)
class Due:
    """One reason to write that a reminder kind found. ``key`` is unique for the reason, for ever."""

    kind: str
    key: str
    recipient: User
    ref: str


class Reminder(kinds.Kind, ABC):
    """A kind that the planner asks what is due."""

    gathered = True

    @abstractmethod
    def due(self, at: dt.datetime) -> Iterable[Due]:
        """The reasons to write at this instant; said again and again while they are true, so the key must hold what makes them one."""


class CourseMail(kinds.Kind, ABC):
    """A mail to somebody about an assignment of theirs: the page that says why the assignment is theirs lists it."""

    @abstractmethod
    def refs(self, assignment: Assignment) -> list[str]:
        """The refs that the occasions about this assignment have. At most one query."""

    @abstractmethod
    def assignment(self, occasion: Occasion) -> Assignment | None:
        """What the occasion is about."""

    def why_url(self, occasion: Occasion) -> str:
        assignment = self.assignment(occasion)
        return reverse("why", args=[assignment.public_id]) if assignment is not None else ""


class AssignmentMail(CourseMail, ABC):
    """A mail about one assignment that is to do; ``ref`` is its public id."""

    gathered: ClassVar[bool] = True
    why_it_comes: ClassVar[str] = "{organization} requires this course of you"
    why_in_general: ClassVar[str] = "{organization} requires a course of you"

    @abstractmethod
    def stale(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        """Why this mail would not be true now; None if it is."""

    def assignment(self, occasion: Occasion) -> Assignment | None:
        rows = Assignment.objects.select_related("learner__site", "course", "enrollment__version", "rule")
        return rows.filter(public_id=occasion.ref).first()

    def refs(self, assignment: Assignment) -> list[str]:
        return [str(assignment.public_id)]

    def why_url(self, occasion: Occasion) -> str:
        return reverse("why", args=[occasion.ref])

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        assignment = self.assignment(occasion)
        if assignment is None or assignment.withdrawn_at is not None:
            return "The course is no longer assigned."
        return self.done(assignment, occasion) or _rest_of(assignment, at) or self.stale(assignment, occasion, at)

    def rests(self, occasion: Occasion, at: dt.datetime) -> bool:
        """During an exemption, a leave, or while an answer of the person waits."""
        assignment = self.assignment(occasion)
        return (
            assignment is not None and self.done(assignment, occasion) is None and _rest_of(assignment, at) is not None
        )

    def done(self, assignment: Assignment, occasion: Occasion) -> str | None:
        """Why there is nothing left to do; None while there is."""
        return self.fulfilled(assignment)

    @staticmethod
    def fulfilled(assignment: Assignment) -> str | None:
        """What fulfils it, in words; None while nothing does."""
        if assignment.enrollment is not None and assignment.enrollment.completed_at is not None:
            return "The course is complete."
        return "Learning elsewhere was accepted for this course." if assignment.satisfied_at is not None else None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        assignment = self.assignment(occasion)
        assert assignment is not None
        assert assignment.enrollment is not None
        enrollment, learner = assignment.enrollment, assignment.learner
        step = next_step(enrollment)
        waits = enrollment.awaits_sign_off_at is not None and enrollment.completed_at is None
        used_up = enrollment.attempts_used_at is not None and enrollment.completed_at is None
        minutes = sum(row.minutes_left for row in unit_rows(enrollment) if not row.done)
        days = (assignment.due_on - dates.local_date(at, learner.zone)).days
        return {
            "assignment": assignment,
            "course": enrollment.version,
            "learner": learner,
            "due_on": assignment.due_on,
            "zone": dates.zone_label(learner.zone),
            "days_left": days,
            "when": {0: "today", 1: "tomorrow"}.get(days, f"in {days} days"),
            "step": step,
            "minutes_left": minutes,
            "started": enrollment.started_at is not None,
            "waits": waits,
            "used_up": used_up,
            "left": _left(enrollment, minutes, waits=waits, used_up=used_up),
            "answers": answer_links(assignment),
            "why_url": site_url(reverse("why", args=[assignment.public_id])),
            "button_url": site_url(reverse("course", args=[enrollment.public_id])),
            "button_label": _button(enrollment, waits=waits, used_up=used_up),
        }

    def answers(self, occasion: Occasion) -> list[dict[str, str]]:
        """On leave, not my role, done elsewhere, blocked."""
        assignment = self.assignment(occasion)
        return answer_links(assignment) if assignment is not None else []

    @staticmethod
    def said_of(occasion: Occasion) -> tuple[str, int]:
        """The date that the occasion's key holds, as people write it, and the number of days behind it (0 without one). Raises ValueError
        for a key that holds none."""
        found = _IN_KEY.search(occasion.key)
        if found is None:
            raise ValueError(f"no date in the key {occasion.key}")
        return dates.long_date(dt.date.fromisoformat(found[1])), int(found[2] or 0)

    @staticmethod
    def days(number: int) -> str:
        """One day, Three days, 14 days"""
        return f"{numbers.in_words(number).capitalize()} day{'' if number == 1 else 's'}"

    @staticmethod
    def printed(day: dt.date, zone: str) -> str:
        return f"{dates.weekday_date(day)}, end of day ({zone})"


class DutyReminder(AssignmentMail, ABC):
    """A mail about one duty. It says when there is a reason as ``moments`` of a duty; the planner notes them, and just before sending the
    same moments are asked again. ``noted_when_made``: the action that makes the duty notes it, so its moments are those of a forecast's
    duties alone, and it is dropped when it is no news any more. ``dated``: the due date lies ahead and goes along as a calendar file."""

    dated: ClassVar[bool] = True
    noted_when_made: ClassVar[bool] = False

    @abstractmethod
    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        """The reasons of a duty whose first day is not after ``until``."""

    def news_until(self, noted_on: dt.date, due_on: dt.date) -> dt.date:
        """The last day on which a reason that is ``noted_when_made`` is still news."""
        return FOREVER

    def stale(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        """Why this mail would not be true now; None if it is."""
        today = dates.local_date(at, assignment.learner.zone)
        if self.noted_when_made:
            noted_on = dates.local_date(occasion.created_at, assignment.learner.zone)
            return None if today <= self.news_until(noted_on, assignment.due_on) else TOO_LATE
        duty = duty_for(assignment, at)
        if duty is None:
            return "Another date of the same course is the one that counts."
        own = occasion.key.partition(":r")[0]
        for moment in self.moments(duty, today):
            if moment.key == own and moment.holds(today):
                return None
        return "The date it is about has moved, or the days on which it was true are over."

    def attachments(self, message: Message) -> list[kinds.Attachment]:
        """The due dates of all occasions of the message that are about open assignments and lie ahead, in one file: the same from
        whichever of their kinds."""
        if not self.dated:
            return []
        refs = [occasion.ref for occasion in message.occasions.all() if _dated(occasion.kind)]
        dues = due_dates(Assignment.objects.open().filter(public_id__in=refs))
        if not dues:
            return []
        name = f"Due {dues[0].due_on}.ics" if len(dues) == 1 else "Due dates.ics"
        return [kinds.Attachment(name, calendar_of(dues), "text/calendar; method=PUBLISH")]


class EvidenceReminder(DutyReminder, ABC):
    """A mail about the end of what was completed: for the renewal that is open, or else for what is fulfilled and stands."""

    def done(self, assignment: Assignment, occasion: Occasion) -> str | None:
        """A renewal that is complete has nothing more to say of the evidence that it renewed; of its own it may."""
        if assignment.renews_until_on is None or _date_in(occasion) not in (None, assignment.renews_until_on):
            return None
        return self.fulfilled(assignment)

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        facts = super().context(occasion, at)
        assignment = facts["assignment"]
        duty = duty_for(assignment, at)
        renewal = self._renews(assignment)
        facts |= {
            "renewal": renewal,
            "today": dates.local_date(at, assignment.learner.zone),
            "ends_on": assignment.renews_until_on if renewal else duty.ends_on if duty else None,
            "what_to_do": (USED_UP if facts["used_up"] else RENEW) if renewal else ASK,
        }
        return facts if renewal else facts | {"button_label": "See the course"}

    def answers(self, occasion: Occasion) -> list[dict[str, str]]:
        """None about what is fulfilled: there is nothing to say no to."""
        assignment = self.assignment(occasion)
        return answer_links(assignment) if assignment is not None and self._renews(assignment) else []

    def _renews(self, assignment: Assignment) -> bool:
        """Whether it is a renewal that is still to do."""
        return assignment.renews_until_on is not None and self.fulfilled(assignment) is None


def _date_in(occasion: Occasion) -> dt.date | None:
    found = _IN_KEY.search(occasion.key)
    return dt.date.fromisoformat(found[1]) if found else None


def _rest_of(assignment: Assignment, at: dt.datetime) -> str | None:
    """Why nobody is written to about it for now."""
    mine = Assignment.objects.filter(pk=assignment.pk)
    if mine.filter(paused(at)).exists():
        return PAUSED
    return ANSWERED if mine.filter(pausing(at)).exists() else None


def newest_of(rows: QuerySet[Assignment]) -> Assignment | None:
    """Of several assignments that one enrollment fulfils the newest that was not withdrawn, if there is one."""
    return rows.order_by(F("withdrawn_at").asc(nulls_first=True), "-assigned_at", "-pk").first()


def _dated(slug: str) -> bool:
    return any(isinstance(kind, DutyReminder) and kind.dated for kind in kinds.all_kinds() if kind.slug == slug)


def _left(enrollment: Enrollment, minutes: int, *, waits: bool, used_up: bool) -> str:
    """What is left to do, in one sentence or two."""
    if waits:
        return "Only the practice is left, and somebody has to watch it: your course page says who can."
    if used_up:
        return (
            "All attempts at one of its quizzes are used, so you cannot finish it by yourself just now. Please talk with your "
            "supervisor, who can open another attempt."
        )
    return f"It takes about {minutes} minutes{' from where you stopped' if enrollment.started_at else ''}."


def _button(enrollment: Enrollment, *, waits: bool, used_up: bool) -> str:
    if waits:
        return "See who can watch you"
    if used_up:
        return "See how it stands"
    return "Go on where you stopped" if enrollment.started_at else "Start the course"
