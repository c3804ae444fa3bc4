"""What courses add to the coordinator's pages."""

import datetime as dt

from django.db.models import Count
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from courses.enums import BatchState, FileState
from courses.models import AssessorQualification, Batch, Certificate, DutyException
from courses.queries.editions import undecided_courses
from courses.queries.practices import practice_of
from courses.queries.replies import waiting
from courses.queries.requirements import first_of_each_person, undated
from courses.queries.sign_offs import all_waiting, sign_offs_of
from courses.queries.site_words import current_words, slots_in_use, standing_waivers
from courses.queries.training import training_of
from lms.lib import clock
from lms.people.models import User
from lms.people.tasks_list import Waiting


def courses_of(request: HttpRequest, person: User) -> SafeString:
    """The person's courses, with assign, move and withdraw."""
    training = training_of(person, clock.now())
    rows = [*training.todo, *training.paused, *training.later, *training.done]
    return render_to_string(
        "courses/panel.html", {"person": person, "rows": rows, "zone": person.zone}, request=request
    )


def exceptions_of(request: HttpRequest, person: User) -> SafeString:
    """The person's exceptions, with how to grant and end one."""
    now = clock.now()
    rows = list(DutyException.objects.filter(learner=person).select_related("course"))
    approvers = (
        {str(s): n for s, n in User.objects.filter(is_coordinator=True).values_list("subject", "name")} if rows else {}
    )
    context = {
        "person": person,
        "rows": [(row, row.ends_at is None or row.ends_at > now, approvers.get(row.approved_by, "")) for row in rows],
    }
    return render_to_string("courses/requirements/exceptions_panel.html", context, request=request)


def practice_panel(request: HttpRequest, person: User) -> SafeString | str:
    """What was observed of the person, and of which practices they are an assessor; nothing where no edition ever asked for one."""
    lines = sign_offs_of(person)
    given = list(AssessorQualification.objects.filter(person=person).select_related("course__current", "site"))
    today = clock.now()
    shown = [(row, _title(row), row.ended_at is None and row.ends_on >= today.date()) for row in given]
    context = {"person": person, "lines": lines, "given": shown}
    return render_to_string("courses/sign_offs/panel.html", context, request=request)


def _title(row: AssessorQualification) -> str:
    practice = practice_of(row.course.current, row.practice) if row.course.current else None
    return practice.title if practice else row.practice


def unwatched(at: dt.datetime) -> Waiting:
    count = sum(not row.assessors for row in all_waiting(at))
    return Waiting("Practices that wait for a sign-off, and nobody may give it", reverse("all_sign_offs"), count)


def open_replies(at: dt.datetime) -> Waiting:
    return Waiting("Answers to reminders that wait for a supervisor", reverse("replies"), waiting().count())


def without_dates(at: dt.datetime) -> Waiting:
    count = len(first_of_each_person(undated(at)))
    return Waiting(
        "People to whom a requirement applies, but a date of theirs is missing", reverse("requirements"), count
    )


def empty_slots(at: dt.datetime) -> Waiting:
    slots = slots_in_use()
    empty = len(set(slots) - set(current_words(slots)) - set(standing_waivers(slots)))
    return Waiting("Places in courses that wait for your site's own words", reverse("site_words"), empty)


def dead_certificates(at: dt.datetime) -> Waiting:
    count = Certificate.objects.filter(state=FileState.DEAD).aggregate(n=Count("pk"))["n"]
    return Waiting("Certificates whose file could not be made", f"{reverse('certificates')}?show=waiting", count)


def undecided_editions(at: dt.datetime) -> Waiting:
    words = "Changed courses where you decide whether people take them again"
    return Waiting(words, reverse("desk_courses"), len(undecided_courses()))


def stopped_batches(at: dt.datetime) -> Waiting:
    count = Batch.objects.filter(state=BatchState.STOPPED).count()
    return Waiting("Batches that stopped before everybody had their turn", reverse("batches"), count)
