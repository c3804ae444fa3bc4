"""A supervisor's first page, and what is done from it: nudge, extend, exempt."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.access import assignment_for_supervisor
from courses.actions import deciding
from courses.charts import bars, line
from courses.forms.today import ExemptForm, ExtendForm
from courses.models import Assignment
from courses.queries.today import CourseCount, Today, exemption_days, extension_days, today_of
from courses.queries.trend import DAYS, Point
from lms.lib import clock, dates, numbers
from lms.people.access import Action, allowed, signed_in, supervisor_required
from lms.people.forms.fields import put_errors
from lms.people.queries.teams import people_below
from lms.people.views.base import sent, status_of

SERIES = (
    bars.Series("bar-done", "Complete"),
    bars.Series("bar-due", "Due"),
    bars.Series("bar-soon", "Expiring"),
    bars.Series("bar-late", "Overdue or expired"),
)
WIDE, NARROW = 960, 340
ways = require_http_methods(["GET", "HEAD", "POST"])


@supervisor_required
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    viewer = signed_in(request)
    found = today_of(viewer, people_below(viewer), clock.now())
    points = [(dates.local_date(point.at, viewer.zone), point.percent) for point in found.trend]
    context = {
        "found": found,
        "heading": heading(found.number),
        "sentence": sentence(found.trend),
        "team": team_name(found),
        "series": SERIES,
        "bars": bars.draw([(row.title, _numbers(row)) for row in found.courses], SERIES),
        "lines": (("d-none d-md-block", line.draw(points, WIDE)), ("d-md-none", line.draw(points, NARROW))),
        "trend_heading": trend_heading(found.trend, viewer.zone),
        "trend_label": trend_label(points),
        "points": [(day, point) for (day, _), point in zip(points, found.trend, strict=True)],
        "zone": viewer.zone,
        "day": dates.local_date(found.at, viewer.zone),
    }
    return render(request, "courses/today.html", context)


def _numbers(row: CourseCount) -> tuple[int, int, int, int]:
    return row.complete, row.due, row.expiring, row.late


def heading(number: int) -> str:
    if not number:
        return "Nothing needs you today"
    return f"{numbers.in_words(number).capitalize()} thing{'' if number == 1 else 's'} need{'s' if number == 1 else ''} you today"


def team_name(found: Today) -> str:
    """The team, two teams, or "Your teams"; with the number of people."""
    name = " and ".join(found.teams) if 0 < len(found.teams) < 3 else "Your teams"
    return f"{name}, {found.people} {'person' if found.people == 1 else 'people'}"


def sentence(points: tuple[Point, ...]) -> str:
    """How many people hold everything, and how that compares with a week ago. Empty without people or without anything asked."""
    now, before = points[-1], points[-2]
    if not now.people or not now.asked:
        return ""
    if now.people == 1:
        return f"Your one person {'holds' if now.whole else 'does not hold'} everything they need."
    if now.whole == now.people:
        text = f"All {now.people} of your people hold everything they need."
    elif not now.whole:
        text = f"None of your {now.people} people holds everything they need."
    else:
        text = f"{now.whole} of your {now.people} people hold{'s' if now.whole == 1 else ''} everything they need."
    more = now.whole - before.whole
    if not before.asked:
        return text
    if not more:
        return f"{text} That is as many as last week."
    return f"{text} That is {numbers.in_words(abs(more))} {'more' if more > 0 else 'fewer'} than last week."


def trend_heading(points: tuple[Point, ...], zone: str) -> str:
    known = [point for point in points if point.percent is not None]
    if not known:
        return f"Last {DAYS} days"
    first, last = known[0], known[-1]
    begin = f"Last {DAYS} days" if first is points[0] else f"Since {dates.long_date(dates.local_date(first.at, zone))}"
    if first.percent == last.percent:
        return f"{begin}: {last.percent}% complete"
    return f"{begin}: from {first.percent}% to {last.percent}% complete"


def trend_label(points: Sequence[tuple[dt.date, int | None]]) -> str:
    """The line in words: first, last, lowest, highest. Empty when there is none."""
    known = [(day, percent) for day, percent in points if percent is not None]
    if not known:
        return ""
    values = [percent for _, percent in known]
    (begin, first), (end, last) = known[0], known[-1]
    return (
        f"Share of required courses complete, by week: {first} percent on {dates.long_date(begin)}, {last} percent on "
        f"{dates.long_date(end)}, lowest {min(values)}, highest {max(values)}."
    )


@allowed(Action.NUDGE)
@require_POST
def nudge(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Writes one mail in the viewer's name. A second press, or somebody else's on the same day, writes none and says so."""
    viewer = signed_in(request)
    found = assignment_for_supervisor(viewer, assignment, Action.NUDGE)
    learner = found.learner
    try:
        done = deciding.nudge(found, by=viewer, at=clock.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if done is not None:
            messages.success(
                request,
                f"A mail asks {learner.name} to take the time for {found.course.title}. It goes out in their mail hours.",
            )
        else:
            messages.info(request, f"{learner.name} was nudged today already. One a day is enough.")
    return redirect("today")


@allowed(Action.EXTEND)
@ways
def extend(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Gives more time, with a reason."""
    viewer = signed_in(request)
    found = assignment_for_supervisor(viewer, assignment, Action.EXTEND)
    learner, now = found.learner, clock.now()
    days = extension_days(found.due_on, dates.local_date(now, learner.zone))
    form = ExtendForm(sent(request), latest=days.latest, initial={"due_on": days.start})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            done = deciding.extend(found, data["due_on"], reason=data["reason"], by=viewer, at=now)
        except ValidationError as error:
            put_errors(form, error)
        else:
            day = dates.long_date(data["due_on"])
            if done:
                messages.success(request, f"{learner.name} has until {day} for {found.course.title}.")
            else:
                messages.info(request, f"{found.course.title} is due on {day} already, so nothing was changed.")
            return redirect("today")
    return _page(request, "extend", found, form)


@allowed(Action.EXEMPT)
@ways
def exempt(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Lets somebody be without a course until a day, with a reason; who does it approves it."""
    viewer = signed_in(request)
    found = assignment_for_supervisor(viewer, assignment, Action.EXEMPT)
    learner, now = found.learner, clock.now()
    days = exemption_days(dates.local_date(now, learner.zone))
    form = ExemptForm(sent(request), latest=days.latest, initial={"ends_on": days.start})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = deciding.exempt(found, data["ends_on"], reason=data["reason"], by=viewer, at=now)
        except ValidationError as error:
            put_errors(form, error)
        else:
            if row is not None:
                day = dates.long_date(data["ends_on"])
                messages.success(request, f"{learner.name} is exempt from {found.course.title} until {day}.")
            else:
                messages.info(
                    request, f"{learner.name} is exempt from {found.course.title} already, so nothing was changed."
                )
            return redirect("today")
    return _page(request, "exempt", found, form)


def _page(request: HttpRequest, way: str, assignment: Assignment, form: Any) -> HttpResponse:
    context = {
        "assignment": assignment,
        "person": assignment.learner,
        "course": assignment.course,
        "zone": assignment.learner.zone,
        "form": form,
    }
    return render(request, f"courses/today/{way}.html", context, status=status_of(form))
