"""What the tests of pages share: clients, and a picture of every row."""

from typing import Any

from django.apps import apps
from django.test import Client

from courses.actions import learning
from courses.models import Assignment, Certificate, Enrollment
from lms.lib import clock
from lms.people.models import Look, User
from tests import factories

OURS = ("people", "record", "outbox", "courses", "quizzes")


def client_of(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def all_rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of ours, but who opened which page."""
    models = [model for label in OURS for model in apps.get_app_config(label).get_models() if model is not Look]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def finish(assignment: Assignment, *, at: Any = None) -> Certificate:
    """Passes every quiz of the assignment's enrollment."""
    enrollment = enrollment_of(assignment)
    for unit in enrollment.version.units.all():
        factories.pass_unit(enrollment, unit.position, at=at)
    return Certificate.objects.get(enrollment=enrollment)


def enrollment_of(assignment: Assignment) -> Enrollment:
    assert assignment.enrollment is not None
    return assignment.enrollment


def stop_at(enrollment: Enrollment, position: int, section: int) -> None:
    """The learner stopped at a section (from 0) of a unit (from 1)."""
    unit = enrollment.version.units.get(position=position)
    learning.remember_place(enrollment, unit, unit.sections[section]["id"], at=clock.now())
