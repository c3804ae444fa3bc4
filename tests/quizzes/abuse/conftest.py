"""What every case begins with: a learner, somebody else, and an open attempt with a question of each kind and a time limit."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from lms.lib import clock
from lms.people.models import User
from quizzes.actions import attempts
from quizzes.models import Attempt, Response
from quizzes.views.attempt import PACE
from tests import factories
from tests.quizzes import sittings

LIMIT = 30


@pytest.fixture(autouse=True)
def _a_calm_pace() -> None:
    PACE.forget()


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist")


@pytest.fixture
def mine(client: Client, learner: User) -> Client:
    client.force_login(learner)
    return client


@pytest.fixture
def theirs() -> Client:
    """Somebody else, signed in."""
    other = Client()
    other.force_login(factories.make_user("Ravi Stone"))
    return other


def timed_course(**changes: Any) -> Any:
    compiled = sittings.course_of_all_kinds(**changes)
    compiled.units[0].quiz["rules"] = {"time_limit_minutes": LIMIT}
    return compiled


@pytest.fixture
def attempt(learner: User) -> Attempt:
    enrollment = factories.make_enrollment(learner, factories.make_course(timed_course()))
    return attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())


@pytest.fixture
def single(attempt: Attempt) -> Response:
    return sittings.response_of(attempt, "single_choice")


def every_row() -> dict[str, list[Any]]:
    """Everything that is stored, but who is signed in who opened which page, and who looked through a surveyor's link."""
    return {
        model._meta.label: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_models()
        if model._meta.label not in ("sessions.Session", "quizzes.SurveyView", "people.Look")
    }


def rows_of(attempt: Attempt) -> tuple[Any, list[Any]]:
    return Attempt.objects.values().get(pk=attempt.pk), list(attempt.responses.order_by("position").values())
