"""Starting, reading, completing. ``finish_if_done`` is the only judge of completion."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.db import connections, transaction

from courses.actions import learning
from courses.actions.publishing import publish
from courses.actions.site_words import enter_words
from courses.models import Certificate, Enrollment, ShownSiteWords, UnitProgress
from lms.outbox.models import Message, Occasion
from lms.record import queries as record
from quizzes.actions.storing import store_quiz
from tests import factories

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
FIVE = learning.Passed(points=Decimal(5), out_of=5)


@pytest.fixture
def enrollment(at: dt.datetime) -> Enrollment:
    return factories.make_enrollment(course=factories.make_course(units=2, at=at), at=at)


def kinds_of(enrollment: Enrollment) -> list[str]:
    return [e.kind for e in record.events_of(enrollment.learner.subject)]


def complete(enrollment: Enrollment, position: int, at: dt.datetime) -> Certificate | None:
    with transaction.atomic():
        return learning.complete_unit(enrollment, enrollment.version.units.get(position=position), FIVE, at=at)


def test_opening_a_unit_starts_the_course_once(enrollment: Enrollment, at: dt.datetime) -> None:
    unit = enrollment.version.units.get(position=1)
    learning.open_unit(enrollment, unit, at=at)
    learning.open_unit(Enrollment.objects.get(), unit, at=at + HOUR)
    enrollment.refresh_from_db()
    assert enrollment.started_at == at
    assert UnitProgress.objects.get().opened_at == at
    assert kinds_of(enrollment).count("course.started") == 1


def test_reading_is_noted_once(enrollment: Enrollment, at: dt.datetime) -> None:
    unit = enrollment.version.units.get(position=1)
    learning.mark_read(enrollment, unit, at=at)
    learning.mark_read(enrollment, unit, at=at + HOUR)
    assert UnitProgress.objects.get().read_at == at
    assert kinds_of(enrollment).count("unit.left_for_quiz") == 1


def test_a_place_is_kept_and_an_unknown_one_ignored(enrollment: Enrollment, at: dt.datetime) -> None:
    unit = enrollment.version.units.get(position=1)
    learning.remember_place(enrollment, unit, "no-such-section", at=at)
    assert not UnitProgress.objects.exists()
    learning.remember_place(enrollment, unit, "section-second-part", at=at)
    learning.remember_place(enrollment, unit, "<script>", at=at)
    assert UnitProgress.objects.get().place == "section-second-part"


def test_site_words_that_a_page_shows_are_noted_each_version_once(enrollment: Enrollment, at: dt.datetime) -> None:
    unit = enrollment.version.units.get(position=1)
    learning.open_unit(enrollment, unit, at=at)
    assert not ShownSiteWords.objects.exists(), "nothing was entered yet"
    first = enter_words("privacy", "Ask Ines.", by=enrollment.learner.subject, at=at)
    enter_words("overdose", "Not in this unit.", by=enrollment.learner.subject, at=at)
    learning.open_unit(enrollment, unit, at=at)
    learning.open_unit(enrollment, unit, at=at + HOUR)
    second = enter_words("privacy", "Ask Omar.", by=enrollment.learner.subject, at=at + HOUR)
    learning.open_unit(enrollment, unit, at=at + 2 * HOUR)
    shown = ShownSiteWords.objects.order_by("first_shown_at")
    assert [(s.words, s.first_shown_at) for s in shown] == [(first, at), (second, at + 2 * HOUR)]
    assert kinds_of(enrollment).count("site_words.shown") == 2


class TestCompletion:
    def test_one_unit_of_two_is_not_the_course(self, enrollment: Enrollment, at: dt.datetime) -> None:
        assert complete(enrollment, 2, at) is None
        enrollment.refresh_from_db()
        assert enrollment.completed_at is None
        assert not Certificate.objects.exists()
        assert "course.completed" not in kinds_of(enrollment)

    def test_the_last_unit_completes_with_everything_in_one_transaction(
        self, enrollment: Enrollment, at: dt.datetime
    ) -> None:
        complete(enrollment, 2, at)
        certificate = complete(enrollment, 1, at + HOUR)
        assert certificate is not None
        enrollment.refresh_from_db()
        assert enrollment.completed_at == at + HOUR
        assert kinds_of(enrollment)[-2:] == ["course.completed", "certificate.issued"]
        message = Message.objects.get(kind="certificate_ready")
        assert message.state == "waiting"
        assert Occasion.objects.get(kind="certificate_ready").key == f"certificate_ready:{certificate.public_id}"
        assert list(record.faults(enrollment.learner.subject)) == []

    def test_twice_is_once(self, enrollment: Enrollment, at: dt.datetime) -> None:
        complete(enrollment, 1, at)
        assert complete(enrollment, 2, at) is not None
        stale = Enrollment.objects.get()
        assert complete(stale, 2, at + HOUR) is None
        with transaction.atomic():
            assert learning.finish_if_done(stale, at=at + HOUR) is None
        assert Certificate.objects.count() == 1
        assert UnitProgress.objects.get(unit__position=2).completed_at == at

    def test_reading_everything_is_no_pass(self, enrollment: Enrollment, at: dt.datetime) -> None:
        for unit in enrollment.version.units.all():
            learning.mark_read(enrollment, unit, at=at)
        with transaction.atomic():
            assert learning.finish_if_done(enrollment, at=at) is None
        assert not Certificate.objects.exists()

    def test_units_of_another_enrollment_do_not_count(self, enrollment: Enrollment, at: dt.datetime) -> None:
        other = factories.make_enrollment(course=enrollment.course, at=at)
        complete(other, 1, at)
        assert complete(enrollment, 2, at) is None

    def test_units_of_another_edition_do_not_count(self, enrollment: Enrollment, at: dt.datetime) -> None:
        old = enrollment.version.units.get(position=1)
        new = publish(factories.compiled_course(units=2, pool=10), at=at, store_quiz=store_quiz).version
        enrollment.refresh_from_db()
        assert enrollment.version == new
        with transaction.atomic():
            assert learning.complete_unit(enrollment, old, FIVE, at=at) is None
        assert complete(enrollment, 2, at) is None, "one unit of the new edition is still missing"
        assert complete(enrollment, 1, at) is not None

    def test_a_page_of_an_edition_that_was_left_starts_nothing(self, enrollment: Enrollment, at: dt.datetime) -> None:
        old = enrollment.version.units.get(position=1)
        publish(factories.compiled_course(units=2, pool=10), at=at, store_quiz=store_quiz)
        learning.open_unit(enrollment, old, at=at)
        enrollment.refresh_from_db()
        assert enrollment.started_at is None
        assert not UnitProgress.objects.exists()

    def test_a_course_without_units_is_never_done(self, enrollment: Enrollment, at: dt.datetime) -> None:
        empty = factories.make_course(factories.compiled_course("empty", units=0), at=at)
        bare = factories.make_enrollment(course=empty, at=at)
        with transaction.atomic():
            assert learning.finish_if_done(bare, at=at) is None


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_the_last_two_units_at_once_complete_the_course_once(at: dt.datetime) -> None:
    """Without one lock for both, each would see the other's unit as open and nobody would complete."""
    for _ in range(4):
        enrollment = factories.make_enrollment(factories.make_user(), factories.make_course(units=2, at=at), at=at)
        start = threading.Barrier(2)
        found: list[object] = []

        def run(
            position: int,
            pk: int = enrollment.pk,
            barrier: threading.Barrier = start,
            found: list[object] = found,
        ) -> None:
            try:
                mine = Enrollment.objects.select_related("version", "course", "learner").get(pk=pk)
                barrier.wait(20)
                found.append(complete(mine, position, at))
            except BaseException as error:
                found.append(error)
            finally:
                connections.close_all()

        workers = [threading.Thread(target=run, args=(n,)) for n in (1, 2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert sorted(type(f).__name__ for f in found) == ["Certificate", "NoneType"]
        enrollment.refresh_from_db()
        assert enrollment.completed_at == at
    assert Certificate.objects.count() == 4
