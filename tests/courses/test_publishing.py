"""Publishing a course and loading the content folder."""

import dataclasses
import datetime as dt
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from courses.actions.publishing import follow_current, publish
from courses.models import Course, CourseVersion, Unit
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from quizzes.actions import attempts
from quizzes.actions.storing import store_quiz
from quizzes.models import Question, Quiz
from tests import factories
from tests.conftest import CONTENT

pytestmark = pytest.mark.django_db


def rows() -> tuple[int, int, int, int, int]:
    return tuple(model.objects.count() for model in (Course, CourseVersion, Unit, Quiz, Question))  # type: ignore[return-value]


@pytest.mark.both_db
def test_the_same_content_publishes_nothing_new(at: dt.datetime) -> None:
    compiled = factories.compiled_course()
    first = publish(compiled, at=at, store_quiz=store_quiz)
    before = rows()
    second = publish(factories.compiled_course(), at=at + dt.timedelta(days=1), store_quiz=store_quiz)
    assert (first.new, second.new) == (True, False)
    assert second.version == first.version
    assert rows() == before


@pytest.mark.both_db
def test_other_content_is_a_new_edition_and_the_old_one_stays(at: dt.datetime) -> None:
    first = publish(factories.compiled_course(), at=at, store_quiz=store_quiz).version
    second = publish(factories.compiled_course(pool=10), at=at, store_quiz=store_quiz)
    assert second.new
    assert second.version.number == 2
    assert first.units.get().quiz.questions.count() == 9
    assert second.version.units.get().quiz.questions.count() == 10
    assert Course.objects.get().current == second.version


def test_notes_about_changes_are_no_new_edition(at: dt.datetime) -> None:
    publish(factories.compiled_course(), at=at, store_quiz=store_quiz)
    note = [{"date": "2026-11-01", "kind": "minor", "note": "A comma."}]
    assert not publish(factories.compiled_course(changes=note), at=at, store_quiz=store_quiz).new


def _change(note: str, kind: str = "material", date: str = "2026-11-22") -> dict[str, str]:
    return {"date": date, "kind": kind, "note": note}


def test_an_edition_is_material_if_its_author_says_so_anew(at: dt.datetime) -> None:
    def published(pool: int, *changes: dict[str, str]) -> tuple[str, str]:
        compiled = factories.compiled_course(pool=pool, changes=list(changes))
        version = publish(compiled, at=at, store_quiz=store_quiz).version
        return version.change, version.change_note

    first, second = _change("First edition."), _change("Two minutes, not three.", date="2026-12-01")
    assert published(9, first) == ("minor", ""), "nobody holds anything older"
    assert published(10, first) == ("minor", "")
    assert published(11, first, _change("A comma.", "minor")) == ("minor", "")
    assert published(12, first, second) == ("material", "Two minutes, not three.")
    assert published(13, first, second) == ("minor", ""), "what an edition before said is not said again"
    reworded = _change("Give it after two minutes, not three.", date="2026-12-01")
    assert published(14, first, reworded) == ("minor", ""), "the old line, better written"
    third, fourth = _change("One.", date="2026-12-01"), _change("Two.", date="2026-12-02")
    assert published(15, first, reworded, third, fourth) == ("material", "One. Two.")


def test_going_back_to_earlier_content_makes_the_earlier_edition_current(at: dt.datetime) -> None:
    first = publish(factories.compiled_course(), at=at, store_quiz=store_quiz).version
    publish(factories.compiled_course(pool=10, title="Another title"), at=at, store_quiz=store_quiz)
    back = publish(factories.compiled_course(), at=at, store_quiz=store_quiz)
    course = Course.objects.get()
    assert (back.new, course.current, course.title) == (False, first, "Test course")
    assert course.versions.count() == 2


@pytest.mark.both_db
def test_who_has_started_keeps_the_edition_and_who_has_not_moves(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    old = course.current
    waiting = factories.make_enrollment(course=course, at=at)
    reading = factories.make_enrollment(course=course, at=at)
    done = factories.make_enrollment(course=course, at=at)
    attempt = attempts.start(reading, reading.version.units.get(), at=at)
    factories.pass_unit(done, at=at)
    new = publish(factories.compiled_course(pool=10), at=at, store_quiz=store_quiz).version
    for enrollment in (waiting, reading, done):
        enrollment.refresh_from_db()
    assert waiting.version == new
    assert reading.version == old
    assert done.version == old
    moved = TrainingEvent.objects.get(kind=EventKind.EDITION_MOVED)
    assert moved.subject == waiting.learner.subject
    assert old is not None
    assert tuple(json.loads(moved.payload)[name] for name in ("from", "edition")) == (
        old.content_hash,
        new.content_hash,
    )
    publish(factories.compiled_course(pool=10), at=at, store_quiz=store_quiz)
    assert TrainingEvent.objects.filter(kind=EventKind.EDITION_MOVED).count() == 1
    factories.answer_all(attempt, at=at)
    assert attempts.submit(attempt, at=at).certificate is not None, "the old edition is graded as it was"


def test_beat_moves_those_beyond_the_limit_and_nobody_twice(at: dt.datetime, settings: Any) -> None:
    waiting = [factories.make_enrollment(course=factories.make_course(at=at), at=at) for _ in range(3)]
    settings.PRODUCTION = True  # where the new edition has to be approved first
    new = publish(factories.compiled_course(pool=10), at=at, store_quiz=store_quiz).version
    assert follow_current(at=at) == 0
    settings.PRODUCTION = False
    assert [follow_current(at=at, limit=2) for _ in range(3)] == [2, 1, 0]
    for enrollment in waiting:
        enrollment.refresh_from_db()
        assert enrollment.version == new


def test_a_failed_store_publishes_nothing(at: dt.datetime) -> None:
    def fails(unit: Unit, compiled: dict[str, object]) -> None:
        raise RuntimeError("the quiz cannot be stored")

    with pytest.raises(RuntimeError):
        publish(factories.compiled_course(), at=at, store_quiz=fails)
    assert rows() == (0, 0, 0, 0, 0)


def test_versions_store_all_they_need(at: dt.datetime) -> None:
    compiled = factories.compiled_course(units=2)
    version = publish(compiled, at=at, store_quiz=store_quiz).version
    assert [u.position for u in version.units.all()] == [1, 2]
    for unit, source in zip(version.units.all(), compiled.units, strict=True):
        assert (unit.title, unit.blocks, unit.sections) == (source.title, source.blocks, source.sections)
        assert source.quiz is not None
        assert [q.stored for q in unit.quiz.questions.all()] == source.quiz["questions"]
    assert version.content_hash == dataclasses.replace(compiled).content_hash()


class TestLoadCourses:
    def test_twice_changes_nothing(self) -> None:
        out = io.StringIO()
        call_command("load_courses", stdout=out)
        before = rows()
        assert "stigma-reduction: edition 1 published" in out.getvalue()
        assert "role-and-privacy: edition 1 published" in out.getvalue()
        again = io.StringIO()
        call_command("load_courses", stdout=again)
        assert again.getvalue() == ""
        assert rows() == before
        assert before[0] >= 2

    def test_an_error_in_one_course_loads_none(self, tmp_path: Path) -> None:
        shutil.copytree(CONTENT, tmp_path / "content")
        quiz = tmp_path / "content" / "stigma-reduction" / "01-what-stigma-is.quiz.yaml"
        quiz.write_text(quiz.read_text() + "\n  - broken: [\n")
        with pytest.raises(CommandError, match="Nothing was loaded"):
            call_command("load_courses", str(tmp_path / "content"), stderr=io.StringIO())
        assert rows() == (0, 0, 0, 0, 0)

    def test_a_missing_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="There is no content folder"):
            call_command("load_courses", str(tmp_path / "nothing"))

    def test_before_the_tables_are_there_it_says_what_to_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection.introspection, "table_names", list)
        with pytest.raises(CommandError, match="make run"):
            call_command("load_courses")

    def test_an_edited_unit_is_a_new_edition_of_its_course_alone(self, tmp_path: Path) -> None:
        shutil.copytree(CONTENT, tmp_path / "content")
        call_command("load_courses", str(tmp_path / "content"), stdout=io.StringIO())
        course = tmp_path / "content" / "role-and-privacy" / "course.yaml"
        text = course.read_text()
        lines = [f"{line.rstrip()}" for line in text.splitlines()]
        title = next(i for i, line in enumerate(lines) if line.startswith("title:"))
        lines[title] = "title: Your role and privacy, again"
        course.write_text("\n".join(lines) + "\n")
        out = io.StringIO()
        call_command("load_courses", str(tmp_path / "content"), stdout=out)
        assert out.getvalue().strip() == "role-and-privacy: edition 2 published"
        assert Course.objects.get(slug="role-and-privacy").title == "Your role and privacy, again"
