"""Every unit of the real courses, shown from the database alone."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from courses.models import Course, Enrollment, Unit
from tests import factories
from tests.courses.pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrollments() -> list[Enrollment]:
    factories.make_organization()
    call_command("load_courses", verbosity=0)
    learner = factories.make_user("Maya Okafor")
    courses = list(Course.objects.order_by("slug"))
    assert len(courses) >= 2
    return [factories.make_enrollment(learner, course) for course in courses]


def test_every_unit_can_be_read_after_the_content_folder_is_gone(
    enrollments: list[Enrollment], settings: Any, tmp_path: Any
) -> None:
    settings.CONTENT_DIR = tmp_path / "gone"
    client = client_of(enrollments[0].learner)
    seen = 0
    for enrollment in enrollments:
        assert client.get(reverse("course", args=[enrollment.public_id])).status_code == 200
        for unit in enrollment.version.units.all():
            answer = client.get(reverse("unit", args=[enrollment.public_id, unit.slug]))
            assert answer.status_code == 200
            _check(unit, answer.content.decode())
            seen += 1
    assert seen >= 5


def _check(unit: Unit, page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "an id stands twice"
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids, f"a link leads nowhere: #{target}"
    for name in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page):
        assert set(name.split()) <= set(ids)
    assert page.count("<h1") == 1
    assert "style=" not in page
    for section in unit.sections:
        assert f'id="{section["id"]}"' in page
    for secret in [unit.author_id, *unit.facts, *(objective["id"] for objective in unit.objectives)]:
        assert secret not in page, "an author's id reached the browser"
    for block in unit.blocks:
        if block["type"] == "practice":
            assert block["stem_html"] in page
            for option in block["options"]:
                assert option["feedback_html"] not in page
        if block["type"] == "pair":
            assert block["misconception"] not in page


def test_each_practice_question_answers_each_choice(enrollments: list[Enrollment]) -> None:
    client = client_of(enrollments[0].learner)
    tried = 0
    for enrollment in enrollments:
        for unit in enrollment.version.units.all():
            for block in (b for b in unit.blocks if b["type"] == "practice"):
                for position, option in enumerate(block["options"]):
                    url = reverse("practice", args=[enrollment.public_id, unit.slug, block["number"]])
                    page = client.post(url, {"choice": str(position)}).content.decode()
                    assert option["feedback_html"] in page
                    others = [o["feedback_html"] for o in block["options"] if o is not option]
                    assert not any(other in page for other in others)
                    tried += 1
    assert tried >= 20
