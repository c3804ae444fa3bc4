"""The coordinator's first page: what does not work, and what waits."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from lms.lib import clock
from lms.outbox.queries import PERSON_FILTER, held, needs_a_person
from lms.people import tasks_list
from lms.people.access import Action, allowed
from lms.people.alarms import alarms
from lms.people.enums import PersonState
from lms.people.queries.people import counts_by_state
from lms.people.queries.rosters import stopped_rosters
from lms.people.queries.teams import without_supervisor
from lms.people.tasks_list import Waiting
from lms.people.views.base import desk_page


@allowed(Action.RUN_TRAINING)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    counts = counts_by_state(at)
    people = reverse("people:people")
    own = [
        Waiting(
            "Messages that need a decision: they were refused, gave up or may not have arrived",
            f"{reverse('people:messages')}?show={PERSON_FILTER}",
            needs_a_person().count(),
        ),
        Waiting("Held mails that wait for your word: far more than usual", reverse("people:messages"), held()),
        Waiting(
            "Invitations that ran out before they were used", f"{people}?state=ran_out", counts[PersonState.RAN_OUT]
        ),
        Waiting("People who are not invited yet", f"{people}?state=not_invited", counts[PersonState.NOT_INVITED]),
        Waiting("People who cannot be reached by mail", f"{people}?state=no_mail", counts[PersonState.NO_MAIL]),
        Waiting("Rosters that stopped before every line had its turn", reverse("people:rosters"), stopped_rosters()),
        Waiting("Teams without a supervisor", reverse("people:teams"), without_supervisor()),
    ]
    return desk_page(
        request,
        "people/overview.html",
        {
            "at": at,
            "alarms": alarms(at),
            "tasks": [task for task in own if task.number] + tasks_list.waiting(at),
            "active": counts[PersonState.ACTIVE],
            "invited": counts[PersonState.INVITED],
            "accounts": sum(counts.values()) - counts[PersonState.DEACTIVATED],
        },
    )
