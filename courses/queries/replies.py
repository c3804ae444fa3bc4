"""Answers to reminders: which reminders rest because of them, and what waits for whom."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from courses.enums import Answer, Outcome
from courses.links import answer_links_here
from courses.models import Assignment, Reply
from courses.models.reply import OPEN_DUTY
from lms.people.models import User

WAYS = {
    Outcome.LEAVE: "Record a leave",
    Outcome.EXEMPTION: "Exempt",
    Outcome.ACCEPTED: "Accept what was done elsewhere",
    Outcome.MOVED: "Move the due date",
    Outcome.REMIND_AGAIN: "Remind again",
}
FITTING = {
    Answer.ON_LEAVE: Outcome.LEAVE,
    Answer.NOT_MY_ROLE: Outcome.EXEMPTION,
    Answer.DONE_ELSEWHERE: Outcome.ACCEPTED,
    Answer.BLOCKED: Outcome.MOVED,
}


def pausing(at: dt.datetime) -> Q:
    """Assignments whose reminders rest at the instant, because somebody has to answer the learner first: an open answer about the same
    course, or "I am on leave" about any. Twin of ``pauses``."""
    open_then = Reply.objects.filter(
        Q(settled_at__isnull=True) | Q(settled_at__gt=at), said_at__lte=at, learner=OuterRef("learner")
    )
    touching = Q(answer=Answer.ON_LEAVE) | (Q(assignment__course=OuterRef("course")) & OPEN_DUTY)
    return Q(Exists(open_then.filter(touching)))


def pauses(reply: Reply, assignment: Assignment, at: dt.datetime) -> bool:
    """The same in memory, for one answer and one assignment."""
    if reply.learner_id != assignment.learner_id or reply.said_at > at:
        return False
    if reply.settled_at is not None and reply.settled_at <= at:
        return False
    if reply.answer == Answer.ON_LEAVE:
        return True
    about = reply.assignment
    done = about.satisfied_at is not None or (
        about.enrollment is not None and about.enrollment.completed_at is not None
    )
    return about.course_id == assignment.course_id and about.withdrawn_at is None and not done


def waiting() -> QuerySet[Reply]:
    """Every answer that waits for somebody, oldest first, with what a list shows of it."""
    return Reply.objects.waiting().select_related("learner__site", "learner__team", "assignment__course")


def waiting_of(people: QuerySet[User], viewer: User) -> QuerySet[Reply]:
    """Those of the people whom the viewer supervises, never the viewer's own."""
    return waiting().filter(learner__in=people).exclude(learner=viewer)


def own_answers(assignment: Assignment) -> dict[str, Any]:
    """For a page of the learner: their open answer about the assignment, and the links of the answers while it is open. One query."""
    open_now = assignment.withdrawn_at is None and assignment.satisfied_at is None
    if not open_now or (assignment.enrollment is not None and assignment.enrollment.completed_at is not None):
        return {}
    mine = Reply.objects.open().filter(assignment=assignment).first()
    links = answer_links_here(assignment)
    return {
        "answer_links": links,
        "own_reply": mine,
        "own_reply_url": next(
            (link["url"] for link in links if mine and link["label"] == mine.get_answer_display()), ""
        ),
    }


@dataclasses.dataclass(frozen=True)
class Way:
    label: str
    url: str


@dataclasses.dataclass(frozen=True)
class Task:
    """One answer that waits: the way to deal with it that fits what was said, and the others."""

    reply: Reply
    first: Way
    others: tuple[Way, ...]


def task_rows(replies: Iterable[Reply]) -> list[Task]:
    return [task_of(reply) for reply in replies]


def task_of(reply: Reply) -> Task:
    fitting = FITTING[Answer(reply.answer)]
    return Task(reply, _way(reply, fitting), tuple(_way(reply, way) for way in WAYS if way != fitting))


def _way(reply: Reply, way: Outcome) -> Way:
    return Way(WAYS[way], reverse("settle_reply", args=[reply.public_id, way.value]))
