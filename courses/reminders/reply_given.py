"""Somebody answered a reminder, and waits. To those who can do something about it; Today has the same as a task."""

import datetime as dt
from typing import Any

from django.urls import reverse

from courses.models import Reply
from courses.reminders.helping import helpers_home
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people import roles
from lms.people.links import site_url
from lms.people.models import User
from lms.people.queries.teams import supervisors_of


class ReplyGiven(kinds.Kind):
    """``ref`` is the reply's public id. What the person added in their own words stands on the page only, behind the sign-in."""

    slug = "reply_given"
    label = "Somebody answered a reminder"
    why_it_comes = "you supervise the person whom it is about, or coordinate training at {organization}"
    why_in_general = "you supervise people, or coordinate training at {organization}"
    gathered = True
    urgent = False

    def home(self, recipient: User) -> kinds.Home:
        return helpers_home(recipient)

    def concerns(self, recipient: User) -> bool:
        return roles.is_coordinator(recipient) or roles.is_supervisor(recipient)

    def reply(self, occasion: Occasion) -> Reply | None:
        rows = Reply.objects.select_related("learner__team", "learner__site", "assignment__course")
        return rows.filter(public_id=occasion.ref).first()

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        reply = self.reply(occasion)
        assert reply is not None
        return f"{reply.learner.name} {reply.told} ({reply.assignment.course.title})."

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        reply = self.reply(occasion)
        if reply is None or not Reply.objects.waiting().filter(pk=reply.pk).exists():
            return "It was dealt with since."
        recipient = occasion.recipient
        if recipient.is_coordinator or recipient in supervisors_of(reply.learner):
            return None
        return "The recipient no longer supervises this person."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        reply = self.reply(occasion)
        assert reply is not None
        return {
            "reply": reply,
            "person": reply.learner,
            "course": reply.assignment.course,
            "button_url": site_url(tasks_path(occasion.recipient, reply)),
            "button_label": "See what to do",
        }


def tasks_path(recipient: User, reply: Reply) -> str:
    """Where the recipient finds the task: Today, or the coordinator's list for somebody outside their teams."""
    if recipient in supervisors_of(reply.learner):
        return reverse("today") + "#answer"
    return reverse("replies")


kinds.register(ReplyGiven())
