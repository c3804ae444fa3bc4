"""The pages of observed practice, and its mail."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.enums import Observed
from courses.models import AssessorQualification, Certificate, Course, Enrollment, SignOff
from courses.reminders.planner import plan
from lms.lib import clock, dates
from lms.outbox.models import Message, Occasion
from lms.people.models import Team, User
from tests import factories
from tests.courses.pages import all_rows, client_of
from tests.letters import gather_and_deliver, letter

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def doors() -> Course:
    return factories.make_practice_course()


@pytest.fixture
def run(team: Team, doors: Course) -> Enrollment:
    return factories.make_enrollment(factories.make_user("Maya Okafor", team=team), doors)


@pytest.fixture
def trainer(doors: Course) -> User:
    person = factories.make_user("Tomas Ortega", job_role="Trainer", email="tomas@example.org")
    factories.make_assessor(person, doors)
    return person


def words(answer: Any) -> str:
    text = re.sub(r"<(script|style).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def page_of(run: Enrollment) -> str:
    return reverse("record_sign_off", args=[run.public_id, "opening"])


def filled(run: Enrollment, **changes: Any) -> dict[str, Any]:
    today = dates.local_date(clock.now(), run.learner.zone)
    usual = {"items": [0, 1, 2], "outcome": "passed", "observed_on": today.isoformat(), "place": "Hall", "note": ""}
    return {**usual, **changes}


# --- the learner ---


def test_the_learner_reads_what_is_watched_for_and_by_whom(run: Enrollment, trainer: User) -> None:
    mine = client_of(run.learner)
    course = reverse("course", args=[run.public_id])
    page = words(mine.get(course))
    assert "Opening a door" in page
    assert "What is watched for: 3 items Knocks. Opens the door. Says hello." in page
    assert "Who can watch you Tomas Ortega , Trainer" in page
    assert "One thing is left" not in page
    factories.pass_unit(run)
    assert "One thing is left: somebody watches your practice" in words(mine.get(course))
    assert "Sign-off waiting" in words(mine.get(course))
    training = words(mine.get(reverse("my_training")))
    assert "Somebody watches your practice" in training
    assert "See who can watch you" in training
    factories.observe(run, trainer, outcome=Observed.NOT_YET, items=[0], work_on="The handle")
    assert "What to work on: The handle" in words(mine.get(course))
    factories.observe(run, trainer)
    page = words(mine.get(course))
    assert "Tomas Ortega saw all 3 items" in page
    assert "Who can watch you" not in page
    assert "Observed practice" in words(mine.get(reverse("my_record")))


def test_without_an_assessor_the_page_says_whom_to_ask(run: Enrollment) -> None:
    assert "Nobody is named for you yet" in words(client_of(run.learner).get(reverse("course", args=[run.public_id])))


def test_the_result_of_the_last_quiz_says_what_is_left(run: Enrollment, trainer: User) -> None:
    attempt = factories.pass_unit(run).attempt
    page = words(client_of(run.learner).get(reverse("result", args=[attempt.public_id])))
    assert "Every unit is done. One thing is left: somebody watches your practice." in page


# --- the assessor ---


def test_the_list_and_the_checklist(run: Enrollment, trainer: User) -> None:
    client = client_of(trainer)
    assert "Nobody waits for a sign-off" in words(client.get(reverse("sign_offs")))
    assert "May practice already" in words(client.get(reverse("sign_offs")))
    factories.pass_unit(run)
    page = client.get(reverse("sign_offs"))
    assert "1 person waits for your sign-off" in words(page)
    assert page_of(run) in page.content.decode()
    assert '<span class="count">1<span class="visually-hidden"> waiting</span></span>' in page.content.decode()
    form = client.get(page_of(run)).content.decode()
    assert len(re.findall(r'<input type="checkbox" class="form-check-input" name="items"', form)) == 3
    assert run.learner.site.name in form
    answer = client.post(page_of(run), filled(run), follow=True)
    assert "The course is complete, and the certificate is on its way." in words(answer)
    assert "What you wrote down Maya Okafor : Opening a door Passed" in words(answer)
    assert Certificate.objects.count() == 1
    again = client.get(page_of(run), follow=True)
    assert "Opening a door was signed off by Tomas Ortega" in words(again)
    assert client.post(page_of(run), filled(run)).status_code == 422
    assert SignOff.objects.count() == 1


def test_what_is_missing_comes_back_with_what_was_written(run: Enrollment, trainer: User) -> None:
    client = client_of(trainer)
    for wrong, says in (
        ({"items": [0]}, "2 items are not ticked."),
        ({"outcome": "not_yet", "items": [0]}, "Say what to work on."),
        ({"outcome": ""}, "Choose a result."),
        ({"place": " "}, "Say where it was"),
        ({"observed_on": "tomorrow"}, "Give the date as year-month-day"),
        ({"observed_on": "2099-01-01"}, "This day is still to come."),
        ({"items": [7]}, "The checklist has changed."),
    ):
        answer = client.post(page_of(run), filled(run, note="Well done", **wrong))
        assert answer.status_code == 422
        assert says in words(answer)
        assert "Well done" in answer.content.decode()
    assert not SignOff.objects.exists()


def test_a_note_about_a_patient_comes_back_once(run: Enrollment, trainer: User) -> None:
    client = client_of(trainer)
    note = {"note": "Practiced on the case of MRN 4711, born 3/4/1980"}
    answer = client.post(page_of(run), filled(run, **note))
    assert answer.status_code == 422
    assert "Does this hold something about a patient?" in words(answer)
    assert not SignOff.objects.exists()
    client.post(page_of(run), filled(run, checked="yes", **note))
    assert SignOff.objects.get().note == note["note"]


def test_a_supervisor_without_a_certificate_sees_who_can(run: Enrollment, trainer: User, team: Team) -> None:
    client = client_of(factories.make_supervisor(team))
    factories.pass_unit(run)
    page = words(client.get(reverse("sign_offs")))
    assert "1 person waits for a sign-off" in page
    assert "Can watch: Tomas Ortega ." in page
    assert "Open the checklist" not in page
    page = words(client.get(page_of(run)))
    assert "You cannot sign this off" in page
    assert "Store what I saw" not in page
    assert client.post(page_of(run), filled(run)).status_code == 422
    assert not SignOff.objects.exists()


def test_others_find_nothing(run: Enrollment, trainer: User, doors: Course) -> None:
    foreign = client_of(factories.make_supervisor(factories.make_team("Night")))
    for client in (client_of(run.learner), client_of(factories.make_user()), foreign):
        assert client.get(page_of(run)).status_code == 404
        assert client.post(page_of(run), filled(run)).status_code == 404
    assert client_of(factories.make_user()).get(reverse("sign_offs")).status_code == 404
    assert client_of(trainer).get(page_of(run).replace("opening", "closing")).status_code == 404
    own = factories.make_enrollment(trainer, doors)
    assert client_of(trainer).get(page_of(own)).status_code == 404
    assert Client().get(page_of(run)).status_code == 302
    AssessorQualification.objects.update(ends_on=clock.now().date() - 30 * DAY, starts_on=clock.now().date() - 40 * DAY)
    assert client_of(trainer).get(page_of(run)).status_code == 404


def test_lately_over_may_still_write_down_what_was_seen(run: Enrollment, trainer: User) -> None:
    today = dates.local_date(clock.now(), run.learner.zone)
    Enrollment.objects.filter(pk=run.pk).update(opened_at=clock.now() - 9 * DAY)
    AssessorQualification.objects.update(starts_on=today - 9 * DAY, ends_on=today - 2 * DAY)
    client = client_of(trainer)
    assert "Your time as an assessor is over" in words(client.get(page_of(run)))
    assert "not qualified" in words(client.post(page_of(run), filled(run)))
    client.post(page_of(run), filled(run, observed_on=(today - 3 * DAY).isoformat()))
    assert SignOff.objects.count() == 1


# --- the coordinator ---


def test_the_coordinator_names_and_ends_an_assessor(run: Enrollment, doors: Course) -> None:
    desk = factories.make_coordinator()
    client, person = client_of(desk), factories.make_user("Hana Sato")
    factories.pass_unit(run)
    overview = words(client.get(reverse("people:overview")))
    assert "Practices that wait for a sign-off, and nobody may give it" in overview
    today = dates.local_date(clock.now(), person.zone)
    data = {
        "practice": "doors:opening",
        "site": "",
        "starts_on": str(today),
        "ends_on": str(today - DAY),
        "reason": "Nurse",
    }
    address = reverse("name_assessor", args=[person.public_id])
    answer = client.post(address, data)
    assert answer.status_code == 422
    assert "The last day is before the first day." in words(answer)
    answer = client.post(address, {**data, "ends_on": str(today + 90 * DAY)}, follow=True)
    assert "Hana Sato may sign off Opening a door." in words(answer)
    row = AssessorQualification.objects.get()
    assert "As an assessor" in words(answer)
    assert "nobody may give it" not in words(client.get(reverse("people:overview")))
    assert "Hana Sato" in words(client.get(reverse("all_sign_offs")))
    end = reverse("end_assessor", args=[row.public_id])
    assert client_of(person).get(end).status_code == 404
    assert client.post(end, {"reason": ""}).status_code == 422
    assert "What they signed off before stays." in words(client.post(end, {"reason": "Moved away"}, follow=True))
    assert client_of(person).get(reverse("sign_offs")).status_code == 404


def test_the_coordinator_strikes_out_and_is_told_about_the_certificate(run: Enrollment, trainer: User) -> None:
    client = client_of(factories.make_coordinator())
    factories.pass_unit(run)
    row = factories.observe(run, trainer, note="<b hostile>").sign_off
    address = reverse("strike_out", args=[row.public_id])
    page = client.get(address)
    assert "you decide about that next" in words(page)
    assert "<b hostile>" not in page.content.decode()
    for other in (trainer, run.learner):
        assert client_of(other).get(address).status_code == 404
    answer = client.post(address, {"reason": "Not seen at all"}, follow=True)
    certificate = Certificate.objects.get()
    assert f"Certificate {certificate.number} still counts: decide whether to revoke it." in words(answer)
    assert reverse("revoke", args=[certificate.public_id]) in answer.content.decode()
    assert "because: Not seen at all" in words(answer)
    assert "It was struck out before" in words(client.post(address, {"reason": "Again"}, follow=True))
    record = words(client.get(reverse("person_record", args=[run.learner.public_id])))
    assert "Struck out" in record
    assert "because: Not seen at all" in record


def test_looking_changes_nothing(run: Enrollment, trainer: User) -> None:
    factories.pass_unit(run)
    row = factories.observe(run, trainer, outcome=Observed.NOT_YET, items=[], work_on="All").sign_off
    desk, tom, mine = (client_of(person) for person in (factories.make_coordinator(), trainer, run.learner))
    for client in (desk, tom, mine):
        client.get(reverse("my_training"))
    before = all_rows()
    for client, address in (
        (tom, reverse("sign_offs")),
        (tom, page_of(run)),
        (desk, reverse("all_sign_offs")),
        (desk, reverse("strike_out", args=[row.public_id])),
        (mine, reverse("course", args=[run.public_id])),
    ):
        assert client.get(address).status_code == 200
    assert all_rows() == before


# --- mail ---


def test_the_profile_lists_the_mail_of_those_whom_it_can_reach(run: Enrollment, trainer: User, team: Team) -> None:
    def listed(person: User) -> str:
        return words(client_of(person).get(reverse("people:profile")))

    waits, not_yet = "People wait for your sign-off", "A practice was observed: not yet"
    assert (waits in listed(run.learner), not_yet in listed(run.learner)) == (False, True)
    for person in (trainer, factories.make_supervisor(team)):
        assert (waits in listed(person), not_yet in listed(person)) == (True, False)
    somebody = listed(factories.make_user())
    assert waits not in somebody
    assert not_yet not in somebody


def test_assessors_get_one_mail_about_all_who_wait(team: Team, doors: Course, at: dt.datetime) -> None:
    trainer = factories.make_user("Tomas Ortega", email="tomas@example.org")
    factories.make_assessor(trainer, doors, at=at)
    for name in ("Maya Okafor", "Noah Stern"):
        learner = factories.make_user(name, team=team, email=None)
        factories.pass_unit(factories.make_enrollment(learner, doors, at=at), at=at)
    plan(at=at)
    plan(at=at)
    assert Occasion.objects.filter(kind="sign_off_waits", recipient=trainer).count() == 1
    gather_and_deliver(at)
    message = Message.objects.get(recipient=trainer)
    assert message.subject == "Two people wait for your sign-off"
    assert "- Maya Okafor: Opening a door" in message.body_text
    plan(at=at + 3 * DAY)
    assert Occasion.objects.filter(kind="sign_off_waits").count() == 1, "nobody new"
    plan(at=at + 8 * DAY)
    assert Occasion.objects.filter(kind="sign_off_waits").count() == 2, "a week later they still wait"
    for run in Enrollment.objects.filter(course=doors):
        factories.observe(run, trainer, at=at + 8 * DAY)
    gather_and_deliver(at + 8 * DAY)
    assert Message.objects.filter(recipient=trainer, kind="sign_off_waits").count() == 1
    assert Occasion.objects.filter(kind="sign_off_waits", dropped_at__isnull=False).count() == 1


def test_not_yet_is_mailed_without_what_to_work_on(run: Enrollment, trainer: User) -> None:
    now = clock.now()
    factories.observe(run, trainer, at=now, outcome=Observed.NOT_YET, items=[0], work_on="The handle")
    message = letter(Occasion.objects.get(recipient=run.learner, kind="sign_off_not_yet"), now)
    assert message.subject == "Opening a door: not yet, and what to work on"
    assert "handle" not in message.body_text + message.body_html
    assert reverse("course", args=[run.public_id]) in message.body_text


def test_a_reminder_says_that_only_the_practice_is_left(run: Enrollment, trainer: User) -> None:
    now = clock.now()
    factories.pass_unit(run, at=now)
    then = now + 20 * DAY
    plan(at=then)
    body = letter(Occasion.objects.get(recipient=run.learner, kind="overdue"), then).body_text
    assert "Only the practice is left, and somebody has to watch it" in body
    assert "See who can watch you" in body
    assert "minutes" not in body
