"""Practice: open where it gives no key of an attempt away, feedback at once, nothing stored."""

import pytest
from django.test import Client

from courses.models import Enrollment
from tests import factories

pytestmark = pytest.mark.django_db


def door(enrollment: Enrollment) -> str:
    return f"/courses/{enrollment.public_id}/units/unit-1/quiz/practice/"


def test_smoke(client: Client) -> None:
    learner = factories.make_user()
    client.force_login(learner)
    enrollment = factories.make_enrollment(learner)
    page = client.get(door(enrollment), follow=True)
    assert page.status_code == 200
    where = page.redirect_chain[0][0]
    assert client.post(where, {}).status_code == 422
    answer = client.post(where, {"choice": "1"})
    assert "Next question" in answer.content.decode()
