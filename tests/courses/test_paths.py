"""Paths: content that is stored by load_courses, retired when it is gone, never deleted, and assigns nothing."""

import datetime as dt
import io
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from courses.actions.paths import store_paths
from courses.authoring.compiled import CompiledPath
from courses.models import Assignment, Course, CoursePath
from courses.queries.catalog import path_rows
from tests import factories
from tests.conftest import CONTENT

pytestmark = pytest.mark.django_db
VOLUNTEER = CompiledPath("volunteer", "Volunteer", "volunteer", ["second", "first"])
STAFF = CompiledPath("onboarding", "New staff onboarding", "staff", ["first"])


def stored() -> list[tuple[str, list[str], bool]]:
    return [(path.slug, path.courses, path.retired_at is not None) for path in CoursePath.objects.all()]


def test_paths_follow_the_content(at: dt.datetime) -> None:
    assert store_paths([VOLUNTEER, STAFF], at=at) == [("volunteer", "added"), ("onboarding", "added")]
    assert store_paths([VOLUNTEER, STAFF], at=at) == []
    longer = CompiledPath("volunteer", "Volunteer", "volunteer", ["second", "first", "third"])
    assert store_paths([longer, STAFF], at=at) == [("volunteer", "changed")]
    assert store_paths([STAFF], at=at) == [("onboarding", "changed"), ("volunteer", "retired")]
    assert store_paths([STAFF], at=at) == []
    gone = CoursePath.objects.get(slug="volunteer")
    assert gone.retired_at == at
    assert store_paths([longer, STAFF], at=at) == [("volunteer", "changed"), ("onboarding", "changed")]
    assert stored() == [("volunteer", ["second", "first", "third"], False), ("onboarding", ["first"], False)]
    assert CoursePath.objects.get(slug="volunteer").pk == gone.pk


def test_a_path_lists_its_courses_in_order_and_assigns_nothing(at: dt.datetime) -> None:
    factories.make_user()
    for slug in ("first", "second"):
        factories.make_course(factories.compiled_course(slug, title=slug.title()), at=at)
    store_paths([VOLUNTEER, STAFF], at=at)
    store_paths([VOLUNTEER], at=at)
    rows = path_rows(list(Course.objects.all()))
    assert [(row.path.title, [course.title for course in row.courses]) for row in rows] == [
        ("Volunteer", ["Second", "First"])
    ]
    assert not Assignment.objects.exists()


def test_load_courses_stores_them(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    for shared in CONTENT.glob("*.yaml"):
        shutil.copy(shared, content / shared.name)
    shutil.copytree(CONTENT / "role-and-privacy", content / "role-and-privacy")
    paths = content / "paths.yaml"
    paths.write_text("- {slug: first-day, title: First day, audience: volunteer, courses: [role-and-privacy]}\n")
    assert "path first-day: added" in loaded(content)
    assert stored() == [("first-day", ["role-and-privacy"], False)]
    assert loaded(content) == ""
    paths.write_text(paths.read_text() + "- {slug: late, title: Late, audience: staff, courses: [nothing-there]}\n")
    with pytest.raises(CommandError, match="Nothing was loaded: 1 errors"):
        loaded(content)
    assert stored() == [("first-day", ["role-and-privacy"], False)]
    paths.unlink()
    assert loaded(content).strip() == "path first-day: retired"
    assert stored() == [("first-day", ["role-and-privacy"], True)]


def loaded(folder: Path) -> str:
    out = io.StringIO()
    call_command("load_courses", str(folder), stdout=out, stderr=out)
    return out.getvalue()
