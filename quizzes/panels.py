"""What quizzes add to the coordinator's page of a person."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from lms.people.models import User
from quizzes.queries.grants import accommodation_of, used_up
from quizzes.rules import factor_in_words


def rules_of(request: HttpRequest, person: User) -> SafeString:
    """The person's own quiz rules, and the quizzes whose attempts are used. Nobody decides about themselves."""
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
