"""The coordinator's page on what is taught: measured from the content folder, for coordinators only."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests import factories
from tests.courses.authoring.smalltree import UNIT, SmallTree
from tests.courses.pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def content(tmp_path: Path, settings: Any) -> SmallTree:
    factories.make_organization()
    settings.CONTENT_DIR = tmp_path / "content"
    return SmallTree(tmp_path / "content")


def test_facts_stand_beside_the_words_that_teach_them(content: SmallTree) -> None:
    desk = client_of(factories.make_coordinator())
    page = desk.get(reverse("coverage")).content.decode()
    assert page.count("<h1") == 1
    assert "E-001. Seven in ten doors are open." in page
    assert "Seven in ten, or 70 percent, are open (The book, 2020)." in page
    assert "<b>100.0 %</b>" in page
    assert "What is taught</" in page, "the desk links to it"
    assert "1 left out on purpose" in page
    assert "errors" in page, "the quiz of the small tree cannot be read, and the page says so"
    content.replace(UNIT, "::: fact E-002\nA greeting helps.\n:::\n", "")
    assert "Taught nowhere" in desk.get(reverse("coverage")).content.decode(), "a changed file is measured anew"


def test_without_the_folder_a_sentence_says_so(content: SmallTree, settings: Any, tmp_path: Path) -> None:
    settings.CONTENT_DIR = tmp_path / "gone"
    answer = client_of(factories.make_coordinator()).get(reverse("coverage"))
    assert answer.status_code == 200
    assert "The content folder is not here" in answer.content.decode()


def test_only_coordinators_may_look(content: SmallTree) -> None:
    assert client_of(factories.make_user("Maya Okafor")).get(reverse("coverage")).status_code == 404
    assert client_of(factories.make_coordinator()).post(reverse("coverage")).status_code == 405
