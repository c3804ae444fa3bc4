"""One course of a learner: its units as steps, the rules of its quizzes, when it is due."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.access import enrollment_for
from courses.actions.issuing import expiry_of
from courses.models import Certificate, DutyException
from courses.queries.assigner import assigner_name
from courses.queries.replies import own_answers
from courses.queries.sign_offs import steps_of
from courses.queries.status import status_of
from courses.queries.training import facts_of, next_step_of, unit_rows
from lms.lib import clock, dates
from lms.people.access import Action, allowed, signed_in


@allowed(Action.LEARN)
@require_safe
def course(request: HttpRequest, enrollment: uuid.UUID) -> HttpResponse:
    mine = enrollment_for(signed_in(request), enrollment)
    units = unit_rows(mine)
    certificate = Certificate.objects.filter(enrollment=mine, superseded_at__isnull=True).first()
    assignment = mine.assignments.filter(withdrawn_at__isnull=True).order_by("-cycle", "due_at", "pk").first()
    exceptions = DutyException.objects.filter(learner=mine.learner)
    now = clock.now()
    context = {
        "enrollment": mine,
        "version": mine.version,
        "units": units,
        "done": sum(row.done for row in units),
        "minutes_left": sum(row.minutes_left for row in units if not row.done),
        "step": next_step_of(units),
        "certificate": certificate,
        "assignment": assignment,
        "assigner": assigner_name(assignment),
        "status": status_of(facts_of(assignment, mine, certificate, exceptions), now) if assignment else None,
        "counts_to": expiry_of(mine, dates.local_date(now, mine.learner.zone)),
        "zone": mine.learner.zone,
        "practices": steps_of(mine, now),
        **(own_answers(assignment) if assignment else {}),
    }
    return render(request, "courses/course.html", context)
