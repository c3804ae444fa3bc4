"""What quizzes add to the coordinator's pages."""

import datetime as dt

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from lms.people.models import User
from lms.people.permissions import Action
from lms.people.roles import may
from lms.people.tasks_list import Waiting
from quizzes.models import ItemReview
from quizzes.queries.grants import accommodation_of, used_up
from quizzes.rules import factor_in_words


def rules_of(request: HttpRequest, person: User) -> SafeString:
    """The person's own quiz rules, and the quizzes whose attempts are used, for those who may change the rules of somebody: whether
    somebody has more time is nobody else's to know. Nobody decides about themselves."""
    if not may(request.user, Action.CHANGE_QUIZ_RULES):
        return SafeString("")
    accommodation = accommodation_of(person)
    context = {
        "person": person,
        "accommodation": accommodation,
        "factor": factor_in_words(accommodation.time_factor).lower() if accommodation else "",
        "used_up": used_up(person),
        "zone": person.zone,
        "own": request.user == person,
    }
    return render_to_string("quizzes/panel.html", context, request=request)


def open_reviews(at: dt.datetime) -> Waiting:
    number = ItemReview.objects.filter(closed_at__isnull=True).count()
    return Waiting("Questions that wait for your review", reverse("item_reviews"), number)
