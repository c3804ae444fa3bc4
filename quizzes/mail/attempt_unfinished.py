"""A quiz was begun and left. To the learner: the answers are kept, and here it goes on."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from courses.models import Assignment, UnitProgress
from courses.queries.replies import pausing
from courses.queries.status import paused
from courses.reminders.base import CourseMail, Due, Reminder, newest_of
from courses.requirements.dating import later
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Occasion
from lms.people.links import site_url
from quizzes.enums import AttemptState
from quizzes.models import Attempt, Response

QUIET_DAYS = 2  # local days since the last answer
TRUE_FOR = 13  # days after the first day on which it may be said
NOT_ITS_TIME = "The person went on since, or the days on which it was true are over."


class AttemptUnfinished(CourseMail, Reminder):
    """``ref`` is the attempt's public id; the key holds the day of the last answer too, so that a reason that was dropped because the
    person went on can come back. It is said once an attempt. A quiz with a time limit hands itself in, so it never comes about one."""

    slug = "attempt_unfinished"
    label = "A quiz is not finished"
    optional = True
    why_it_comes = "you began a quiz of {organization} and have not handed it in"

    def due(self, at: dt.datetime) -> Iterable[Due]:
        """Two queries, however many attempts there are."""
        near = (at - dt.timedelta(days=QUIET_DAYS + TRUE_FOR + 2), at - dt.timedelta(days=QUIET_DAYS - 1))
        rows = _speaking(at).filter(last_at__range=near, enrollment__learner__email__isnull=False)
        found = [attempt for attempt in rows.order_by("pk") if _its_time(attempt, at)]
        said = self._said(found)
        return [
            Due(self.slug, f"{self.slug}:{attempt.public_id}:{_last_day(attempt)}", attempt.enrollment.learner, ref)
            for attempt in found
            if (ref := str(attempt.public_id)) not in said
        ]

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        attempt = _attempts().get(public_id=occasion.ref)
        if attempt.state != AttemptState.IN_PROGRESS:
            return "The quiz was handed in since."
        if not _speaking(at).filter(pk=attempt.pk).exists():
            return "The course is complete, not assigned any more, or reminders about it rest."
        return None if _its_time(attempt, at) else NOT_ITS_TIME

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        attempt = _attempts().get(public_id=occasion.ref)
        return {
            "course": attempt.enrollment.version,
            "unit": attempt.unit,
            "answered": attempt.responses.filter(answered=True).count(),
            "questions": attempt.responses.count(),
            "last_on": _last_day(attempt),
            "why_url": site_url(self.why_url(occasion)),
            "button_url": site_url(reverse("quiz", args=[attempt.enrollment.public_id, attempt.unit.slug])),
            "button_label": "Go on with the quiz",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        began = f"You began the quiz of “{facts['unit'].title}” ({facts['course'].title})"
        if not facts["answered"]:
            return f"{began} and can go on where you stopped."
        questions = "1 question" if facts["questions"] == 1 else f"{facts['questions']} questions"
        return f"{began} and answered {facts['answered']} of {questions}. Your answers are kept."

    def refs(self, assignment: Assignment) -> list[str]:
        ids = Attempt.objects.filter(enrollment=assignment.enrollment_id).values_list("public_id", flat=True)
        return [str(public_id) for public_id in ids]

    def assignment(self, occasion: Occasion) -> Assignment | None:
        return newest_of(Assignment.objects.filter(enrollment__attempts__public_id=occasion.ref))

    def reason(self, occasion: Occasion) -> str:
        return "Two days without an answer in a quiz that is not handed in."

    def _said(self, attempts: list[Attempt]) -> set[str]:
        """The refs of those about which a reason waits or was sent."""
        rows = Occasion.objects.filter(kind=self.slug, ref__in=[str(attempt.public_id) for attempt in attempts])
        waiting_or_sent = Q(message__isnull=True) | ~Q(message__state=MessageState.SUPPRESSED)
        return set(rows.filter(waiting_or_sent, dropped_at__isnull=True).values_list("ref", flat=True))


def _attempts() -> QuerySet[Any]:
    """With ``last_at``: when the last answer was saved, or the start."""
    saved = Response.objects.filter(attempt=OuterRef("pk"), saved_at__isnull=False).order_by("-saved_at")
    rows = Attempt.objects.select_related("enrollment__learner__site", "enrollment__version", "unit")
    return rows.annotate(last_at=Coalesce(Subquery(saved.values("saved_at")[:1]), "started_at"))


def _speaking(at: dt.datetime) -> QuerySet[Any]:
    """Attempts that are open without a time limit, of people who are there and have still to do it."""
    asked = Assignment.objects.open().filter(enrollment=OuterRef("enrollment"), ended_at__isnull=True)
    done = UnitProgress.objects.filter(
        enrollment=OuterRef("enrollment"), unit=OuterRef("unit"), completed_at__isnull=False
    )
    return _attempts().filter(
        Exists(asked.exclude(paused(at)).exclude(pausing(at))),
        ~Exists(done),
        state=AttemptState.IN_PROGRESS,
        deadline_at__isnull=True,
        enrollment__completed_at__isnull=True,
        enrollment__learner__is_active=True,
    )


def _last_day(attempt: Any) -> dt.date:
    return dates.local_date(attempt.last_at, attempt.enrollment.learner.zone)


def _its_time(attempt: Attempt, at: dt.datetime) -> bool:
    first = later(_last_day(attempt), QUIET_DAYS)
    return first <= dates.local_date(at, attempt.enrollment.learner.zone) <= later(first, TRUE_FOR)


kinds.register(AttemptUnfinished())
