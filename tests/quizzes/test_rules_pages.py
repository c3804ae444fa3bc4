"""The pages about other rules: who may open them, what they say, and what supervisors and records never show."""

import re
from typing import Any

import pytest
from django.test import Client

from courses.models import Enrollment
from lms.lib import clock
from lms.people.models import Supervision, Team, User
from quizzes.models import Accommodation, Attempt, ExtraAttempt
from tests import factories
from tests.courses.pages import client_of
from tests.quizzes import timed
from tests.quizzes.timed import DAY, HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def learner(team: Team) -> User:
    return factories.make_user("Maya Quist", team=team)


@pytest.fixture
def boss(team: Team) -> User:
    return factories.make_supervisor(team, name="Ines Boss")


@pytest.fixture
def desk() -> User:
    return factories.make_coordinator()


@pytest.fixture
def stuck(learner: User) -> Enrollment:
    now = clock.now()
    enrollment = timed.enroll(now - 9 * DAY, learner)
    timed.use_up(enrollment, now - 2 * HOUR)
    return enrollment


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def address(enrollment: Enrollment, unit: str = "unit-1") -> str:
    return f"/team/people/{enrollment.learner.public_id}/attempts/{enrollment.public_id}/{unit}/"


class TestAnotherAttempt:
    def test_it_is_reached_from_team_record_and_person(self, stuck: Enrollment, boss: User, desk: User) -> None:
        team = client_of(boss).get("/team/").content.decode()
        record = f"/team/people/{stuck.learner.public_id}/"
        assert f'href="{record}#courses"' in team
        assert f'href="{address(stuck)}"' in client_of(boss).get(record).content.decode()
        assert f'href="{address(stuck)}"' in client_of(desk).get(record).content.decode()
        person = client_of(desk).get(f"/coordinator/people/{stuck.learner.public_id}/").content.decode()
        assert f'href="{address(stuck)}"' in person

    @pytest.mark.parametrize("who", ["boss", "desk"])
    def test_supervisor_and_coordinator_open_one(
        self, stuck: Enrollment, who: str, request: pytest.FixtureRequest
    ) -> None:
        client = client_of(request.getfixturevalue(who))
        page = text(client.get(address(stuck)))
        assert "Open another attempt for Maya Quist ?" in page
        assert "Attempts used 3" in page
        for _ in range(2):  # a double click
            answer = client.post(address(stuck), {"reason": "We talked about part two"}, follow=True)
            assert answer.status_code == 200
        extra = ExtraAttempt.objects.get()
        assert (extra.reason, extra.opened_by) == (
            "We talked about part two",
            request.getfixturevalue(who).subject,
        )
        assert "none was opened now" in text(answer)
        assert "needs no other attempt now" in text(client.get(address(stuck)))

    def test_the_learner_reads_it_before_the_start_and_in_the_record(self, stuck: Enrollment, boss: User) -> None:
        learner = client_of(stuck.learner)
        quiz = f"/courses/{stuck.public_id}/units/unit-1/quiz/"
        assert "All 3 attempts are used" in text(learner.get(quiz))
        client_of(boss).post(address(stuck), {"reason": "We talked about part two"})
        page = text(learner.get(quiz))
        assert "Another attempt was opened for you" in page
        assert "You have 1 of 4 attempts left" in page
        assert "Another attempt opened" in text(learner.get("/record/"))
        assert "We talked about part two" in text(learner.get("/record/"))
        learner.post(quiz)
        question = text(learner.get(f"/attempts/{Attempt.objects.get(number=4).public_id}/questions/1/"))
        assert "Attempt 4 of 4" in question

    @pytest.mark.parametrize("reason", ["", "   "])
    def test_without_a_reason_the_page_comes_back(self, stuck: Enrollment, boss: User, reason: str) -> None:
        answer = client_of(boss).post(address(stuck), {"reason": reason})
        assert answer.status_code == 422
        assert not ExtraAttempt.objects.exists()

    def test_everybody_else_finds_nothing(self, stuck: Enrollment, boss: User) -> None:
        other = factories.make_supervisor(factories.make_team("Westside"), name="Other Boss")
        colleague = factories.make_user(team=stuck.learner.team)
        for user in (other, colleague, stuck.learner, factories.make_user()):
            client = client_of(user)
            assert client.get(address(stuck)).status_code == 404
            assert client.post(address(stuck), {"reason": "x"}).status_code == 404
        Supervision.objects.filter(supervisor=boss).update(ended_at=clock.now())
        assert client_of(boss).post(address(stuck), {"reason": "x"}).status_code == 404
        assert Client().get(address(stuck))["Location"].startswith("/account/login/")
        assert not ExtraAttempt.objects.exists()

    def test_nobody_helps_themselves(self, team: Team, boss: User) -> None:
        now = clock.now()
        for user in (boss, factories.make_coordinator(team=team)):
            mine = timed.enroll(now - 9 * DAY, user)
            timed.use_up(mine, now - HOUR)
            client = client_of(user)
            assert client.post(address(mine), {"reason": "x"}).status_code == 404
            assert address(mine) not in client.get(f"/team/people/{user.public_id}/").content.decode()
        assert not ExtraAttempt.objects.exists()

    def test_ids_that_do_not_belong_together_are_nothing(self, stuck: Enrollment, desk: User, boss: User) -> None:
        other = timed.enroll(clock.now(), factories.make_user())
        mixed = f"/team/people/{stuck.learner.public_id}/attempts/{other.public_id}/unit-1/"
        for user in (desk, boss):
            assert client_of(user).get(mixed).status_code == 404
            assert client_of(user).get(address(stuck, "unit-9")).status_code == 404

    def test_what_is_posted_beside_the_reason_changes_nothing(self, stuck: Enrollment, boss: User) -> None:
        forged = {"reason": "Fine", "opened_at": "2020-01-01", "opened_by": str(stuck.learner.subject), "count": "9"}
        client_of(boss).post(address(stuck), forged)
        extra = ExtraAttempt.objects.get()
        assert extra.opened_by == boss.subject
        assert clock.now() - extra.opened_at < HOUR


class TestQuizRules:
    def url(self, person: User) -> str:
        return f"/coordinator/people/{person.public_id}/quiz-rules/"

    def test_the_coordinator_sets_changes_and_ends_them(self, learner: User, desk: User) -> None:
        client = client_of(desk)
        person = f"/coordinator/people/{learner.public_id}/"
        assert "The usual time and attempts." in text(client.get(person))
        assert f'href="{self.url(learner)}"' in client.get(person).content.decode()
        answer = client.post(self.url(learner), {"time_factor": "1.5", "extra_attempts": "2"}, follow=True)
        assert "one and a half times the usual time, and 2 extra attempts" in text(answer)
        row = Accommodation.objects.get(ended_at=None)
        assert (str(row.time_factor), row.extra_attempts, row.made_by) == ("1.50", 2, desk.subject)
        assert "One and a half times the usual time" in text(client.get(self.url(learner)))
        client.post(self.url(learner), {"usual": "yes"})
        assert not Accommodation.objects.filter(ended_at=None).exists()
        again = client.post(self.url(learner), {"time_factor": "1", "extra_attempts": "0"}, follow=True)
        assert "nothing was changed" in text(again)

    @pytest.mark.parametrize(
        "data",
        [
            {"time_factor": "0.5", "extra_attempts": "0"},
            {"time_factor": "NaN", "extra_attempts": "0"},
            {"time_factor": "100", "extra_attempts": "0"},
            {"time_factor": "1.5", "extra_attempts": "-1"},
            {"time_factor": "1.5", "extra_attempts": "51"},
            {"time_factor": "1.5", "extra_attempts": "2.5"},
            {"time_factor": "", "extra_attempts": ""},
            {},
        ],
    )
    def test_what_cannot_be_comes_back(self, learner: User, desk: User, data: dict[str, str]) -> None:
        assert client_of(desk).post(self.url(learner), data).status_code == 422
        assert not Accommodation.objects.exists()

    def test_it_is_the_coordinators_alone(self, learner: User, boss: User, desk: User) -> None:
        data = {"time_factor": "2", "extra_attempts": "2"}
        for user in (learner, boss, factories.make_user()):
            assert client_of(user).get(self.url(learner)).status_code == 404
            assert client_of(user).post(self.url(learner), data).status_code == 404
        assert client_of(desk).post(self.url(desk), data).status_code == 404, "nobody does it for themselves"
        assert Client().get(self.url(learner))["Location"].startswith("/account/login/")
        assert not Accommodation.objects.exists()

    def test_no_place_asks_or_keeps_why(self, learner: User, desk: User) -> None:
        html = client_of(desk).get(self.url(learner)).content.decode()
        form = html[html.index("<form method=") :]
        assert set(re.findall(r'name="(\w+)"', form)) == {"csrfmiddlewaretoken", "time_factor", "extra_attempts"}
        assert not {"reason", "note", "why"} & {f.name for f in Accommodation._meta.get_fields()}

    def test_supervisors_and_records_never_show_them(self, learner: User, boss: User, desk: User) -> None:
        """Byte for byte the same pages before and after, but for the form tokens."""
        now = clock.now()
        enrollment = timed.enroll(now - 9 * DAY, learner)
        timed.fail(enrollment, now - 2 * DAY)
        record = f"/team/people/{learner.public_id}/"
        looks = [(client_of(boss), "/team/"), (client_of(boss), record), (client_of(learner), "/record/")]
        looks += [(client_of(boss), "/team/export.csv"), (client_of(desk), record)]

        def pages() -> list[str]:
            return [_plain(client.get(url)) for client, url in looks]

        pages()  # from here on it is noted that they looked
        before = pages()
        client_of(desk).post(self.url(learner), {"time_factor": "2", "extra_attempts": "2"})
        assert Accommodation.objects.exists()
        assert pages() == before
        mine = client_of(learner)
        quiz = text(mine.get(f"/courses/{enrollment.public_id}/units/unit-1/quiz/"))
        assert "You have 4 of 5 attempts left" in quiz
        assert "You have 1 hour 30 minutes" in quiz
        for word in ("accommodation", "factor", "extra attempt", "usual"):
            assert word not in quiz.lower()


def _plain(response: Any) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", body.decode())


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_of_a_person_with_used_up_quizzes(
    learner: User, boss: User, desk: User, number: int, django_assert_num_queries: Any
) -> None:
    now = clock.now()
    for n in range(number):
        course = timed.make_course(now - 9 * DAY, slug=f"course-{n}", title=f"Course {n}")
        timed.use_up(factories.make_enrollment(learner, course, at=now - 9 * DAY), now - HOUR)
    theirs, central = client_of(boss), client_of(desk)
    unit = Enrollment.objects.latest("pk").version.units.get()
    theirs.get(f"/team/people/{learner.public_id}/")  # from here on it is noted that they looked
    central.get(f"/coordinator/people/{learner.public_id}/")
    theirs.get(address(Enrollment.objects.latest("pk"), unit.slug))
    with django_assert_num_queries(25):
        assert theirs.get(f"/team/people/{learner.public_id}/").content.count(b"All attempts are used") == number
    with django_assert_num_queries(35):
        central.get(f"/coordinator/people/{learner.public_id}/")
    with django_assert_num_queries(19):
        theirs.get(address(Enrollment.objects.latest("pk"), unit.slug))
