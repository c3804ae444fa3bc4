"""A roster from the file to its undoing: what the preview says is what happens, and undoing restores."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError

from lms.outbox.models import Message
from lms.people.actions import people, roster_work, rosters
from lms.people.enums import RosterRowState, RosterState
from lms.people.models import RosterImport, RosterRow, Supervision, Team, User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from lms.record.queries import faults
from tests import factories
from tests.people.roster.conftest import Office, effects, everybody, row_of, words
from tests.people.roster.files import HEAD, csv_bytes

pytestmark = pytest.mark.both_db


def person(office: Office, **changes: Any) -> User:
    defaults = {
        "name": "Maya Okafor",
        "email": "maya@example.org",
        "employee_number": "E1",
        "team": office.day,
        "job_role": "Aide",
    }
    return factories.make_user(**{**defaults, **changes})


def line(**said: str) -> list[str]:
    known = {
        "number": "E1", "name": "Maya Okafor", "email": "maya@example.org", "site": "Eastgate House", "team": "Day team", "role": "Aide",
        "category": "staff", "hired": "", "status": "active",
    }  # fmt: skip
    return list({**known, **said}.values())


def test_a_new_person(office: Office) -> None:
    made = office.check(csv_bytes([line(hired="2026-03-09")]))
    assert effects(made) == ["new"]
    assert words(made) == ["New in Day team at Eastgate House."]
    assert not User.objects.filter(name="Maya Okafor").exists(), "the preview changes nobody"
    office.run(office.confirm(made, invite=True))
    found = User.objects.get(email="maya@example.org")
    assert (found.name, found.employee_number, found.team, found.job_role, found.category, found.hire_date) == (
        "Maya Okafor", "E1", office.day, "Aide", "staff", dt.date(2026, 3, 9),
    )  # fmt: skip
    assert not found.has_usable_password()
    assert Message.objects.get().recipient == found, "invited"
    events = list(TrainingEvent.objects.filter(subject=found.subject).order_by("seq"))
    assert [event.kind for event in events] == [EventKind.PERSON_ADDED, EventKind.TEAM_JOINED, EventKind.PERSON_INVITED]
    assert all(event.actor == str(office.coordinator.subject) for event in events)
    assert str(made.public_id) in events[0].payload
    assert (row_of(made).state, row_of(made).outcome) == ("done", "Added and invited.")
    assert TrainingEvent.objects.filter(subject=office.coordinator.subject, kind=EventKind.ROSTER_IMPORTED).count() == 1
    made.refresh_from_db()
    assert (made.state, made.table) == ("settled", None), "what was uploaded is not kept longer than needed"


def test_a_second_time_changes_nobody(office: Office) -> None:
    data = csv_bytes([line(hired="2026-03-09"), line(number="E2", name="Bo Ray", email="bo@example.org")])
    office.imported(data)
    again = office.check(data)
    assert effects(again) == ["same", "same"]
    with pytest.raises(ValidationError, match="nothing to do"):
        office.confirm(again)


def test_without_invitation_no_mail(office: Office) -> None:
    office.imported(csv_bytes([line()]))
    assert not Message.objects.exists()


def test_a_change_and_its_undoing(office: Office) -> None:
    user = person(office, hire_date=dt.date(2025, 1, 2))
    before = everybody()
    made = office.check(csv_bytes([line(role="Nurse", category="volunteer", hired="2026-03-09")]))
    assert effects(made) == ["changed"]
    assert words(made) == [
        "Job role: Nurse instead of Aide. Category: Volunteer instead of Staff. Hire date: March 9, 2026 instead of January 2, 2025."
    ]
    office.run(office.confirm(made))
    user.refresh_from_db()
    assert (user.job_role, user.category, user.hire_date) == ("Nurse", "volunteer", dt.date(2026, 3, 9))
    office.undone(made)
    assert everybody() == before
    assert row_of(made).state == RosterRowState.UNDONE


def test_a_move_to_another_site(office: Office) -> None:
    user = person(office)
    before = everybody()
    made = office.check(csv_bytes([line(site="westside", team="night team")]))
    assert effects(made) == ["moved"]
    assert words(made) == ["Moves to Night team at Westside, from Day team at Eastgate House."]
    office.run(office.confirm(made))
    user.refresh_from_db()
    assert (user.site, user.team) == (office.west, office.night)
    kinds = list(TrainingEvent.objects.filter(subject=user.subject).order_by("seq").values_list("kind", flat=True))
    assert kinds == [EventKind.TEAM_LEFT, EventKind.TEAM_JOINED, EventKind.PERSON_CHANGED]
    office.undone(made)
    assert everybody() == before


def test_a_move_without_a_team_leaves_the_team(office: Office) -> None:
    user = person(office)
    made = office.imported(csv_bytes([line(site="Westside", team="")]))
    user.refresh_from_db()
    assert (words(made), user.team) == (["Moves to Westside, without a team, from Day team at Eastgate House."], None)


def test_empty_cells_change_nothing(office: Office) -> None:
    person(office, hire_date=dt.date(2025, 1, 2))
    made = office.check(csv_bytes([["E1", "", "", "", "", "", "", "", ""]]))
    assert effects(made) == ["same"]


def test_a_new_address_is_found_by_number(office: Office) -> None:
    user = person(office)
    office.imported(csv_bytes([line(email="maya.o@example.org")]))
    user.refresh_from_db()
    assert user.email == "maya.o@example.org"


def test_a_number_comes_to_whoever_is_found_by_address(office: Office) -> None:
    user = person(office, employee_number=None)
    made = office.imported(csv_bytes([line(number="E77", email="MAYA@Example.org")]))
    user.refresh_from_db()
    assert (words(made), user.employee_number) == (["Employee number: E77."], "E77")


def test_who_leaves(office: Office) -> None:
    user = person(office)
    Supervision.objects.create(team=office.day, supervisor=user, started_at=office.at)
    for n in range(5):
        factories.make_user(f"Stays {n}")
    before = everybody()
    made = office.check(csv_bytes([line(status="terminated", team="gone", site="nowhere")]))
    assert words(made) == ["Leaves. The account is closed, the record stays. Supervises Day team: that ends."]
    office.run(office.confirm(made))
    user.refresh_from_db()
    assert (user.is_active, user.supervisions.filter(ended_at=None).exists()) == (False, False)
    office.undone(made)
    user.refresh_from_db()
    assert (user.is_active, user.supervisions.filter(ended_at=None).count()) == (True, 1)
    assert everybody() == before


def test_who_comes_back(office: Office) -> None:
    user = person(office)
    people.deactivate(user, "left", by=office.coordinator.subject, at=office.at)
    before = everybody()
    made = office.imported(csv_bytes([line(role="Nurse")]))
    user.refresh_from_db()
    assert (effects(made), user.is_active, user.job_role) == (["back"], True, "Nurse")
    office.undone(made)
    assert everybody() == before


def test_undoing_deactivates_who_was_added_and_never_deletes(office: Office) -> None:
    made = office.imported(csv_bytes([line(), line(number="E2", name="Bo Ray", email="bo@example.org")]))
    joined = User.objects.get(email="bo@example.org")
    User.objects.filter(pk=joined.pk).update(joined_at=office.at)
    office.undone(made)
    maya = User.objects.get(email="maya@example.org")
    joined.refresh_from_db()
    assert (maya.is_active, joined.is_active) == (False, True)
    assert [row.state for row in made.rows.order_by("position")] == ["undone", "kept"]
    assert "Has joined since then" in row_of(made, 2).outcome
    assert not rosters.undo(made, by=office.coordinator, at=office.at), "once"
    back = office.check(csv_bytes([line()]))
    assert effects(back) == ["back"], "the same file after undoing opens the account again"


def test_undoing_keeps_what_changed_since(office: Office) -> None:
    user = person(office)
    made = office.imported(csv_bytes([line(role="Nurse", site="Westside", team="Night team")]))
    people.change_person(user, job_role="Lead nurse", by=office.coordinator.subject, at=office.at)
    office.undone(made)
    user.refresh_from_db()
    assert (user.job_role, user.team) == ("Lead nurse", office.day)
    assert row_of(made).outcome == "Job role changed since then and stays; the rest is undone."


def test_undoing_in_the_middle(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line(number=f"E{n}", name=f"Person {n}", email=f"p{n}@example.org") for n in range(1, 8)]
    made = office.confirm(office.check(csv_bytes(rows)))
    monkeypatch.setattr(roster_work, "TURNS", 3)
    die_after(monkeypatch, 4)
    with pytest.raises(OperationalError):
        roster_work.work(made.pk, at=office.at)
    monkeypatch.undo()
    assert User.objects.filter(email__startswith="p").exclude(pk=office.coordinator.pk).count() == 4
    office.undone(made)
    states = [row.state for row in made.rows.order_by("position")]
    assert states == ["undone"] * 4 + ["skipped"] * 3
    assert not User.objects.filter(is_active=True, name__startswith="Person").exists()


def die_after(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The database goes away in the middle of a turn, after so many turns were committed."""
    left = [number]
    real = people.add_person

    def failing(**said: Any) -> User:
        found = real(**said)
        if not left[0]:
            raise OperationalError("gone")
        left[0] -= 1
        return found

    monkeypatch.setattr(people, "add_person", failing)


def test_what_dies_in_the_middle_goes_on_and_nobody_comes_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line(number=f"E{n}", name=f"Person {n}", email=f"p{n}@example.org") for n in range(1, 8)]
    made = office.confirm(office.check(csv_bytes(rows)))
    die_after(monkeypatch, 2)
    with pytest.raises(OperationalError):
        roster_work.work(made.pk, at=office.at)
    monkeypatch.undo()
    assert User.objects.filter(name__startswith="Person").count() == 2, "the third was rolled back as a whole"
    later = office.at + dt.timedelta(seconds=100)  # the lease is over
    assert rosters.sweep(at=later) == 1
    roster_work.work(made.pk, at=later)
    assert User.objects.filter(name__startswith="Person").count() == 7
    assert {row.state for row in made.rows.all()} == {"done"}
    assert not any(list(faults(user.subject)) for user in User.objects.all())


def test_a_checking_that_dies_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line(number=f"E{n}", name=f"Person {n}", email=f"p{n}@example.org") for n in range(1, 10)]
    monkeypatch.setattr(roster_work, "LAID_OUT", 4)
    monkeypatch.setattr(roster_work, "JUDGED", 2)
    made = office.take(csv_bytes(rows))
    rosters.choose_columns(made, {"number": 0, "name": 1, "email": 2, "site": 3}, rosters.Options(), at=office.at)
    for step in range(1, 40):  # a slice without time does nothing but hand back; a part at a time
        token_work(made, office.at + dt.timedelta(seconds=200 * step))
        made.refresh_from_db()
        if made.state == RosterState.SETTLED:
            break
    assert step > 5
    assert effects(made) == ["new"] * 9
    assert [row.line for row in made.rows.order_by("position")] == list(range(2, 11))


def token_work(made: RosterImport, at: dt.datetime) -> None:
    """One part of the work, after which the process is gone with its lease."""
    rows = RosterImport.objects.filter(pk=made.pk)
    token = roster_work.leases.claim(rows, ready="queued", claimed="claimed", lease=dt.timedelta(seconds=90), at=at)
    if token is not None:
        roster_work._Checking(rows.get(), token, at).part(until=at + dt.timedelta(seconds=30))


def test_what_changed_since_the_preview_is_left_out(office: Office) -> None:
    user = person(office)
    made = office.confirm(office.check(csv_bytes([line(role="Nurse")])))
    people.change_person(user, job_role="Cook", by=office.coordinator.subject, at=office.at)
    office.run(made)
    user.refresh_from_db()
    assert (user.job_role, row_of(made).state) == ("Cook", "skipped")
    assert row_of(made).outcome.startswith(
        "Changed since the preview, so nothing was done. Now it would be: Job role: Nurse instead of Cook"
    )


def test_a_stale_preview_is_not_confirmed(office: Office) -> None:
    made = office.check(csv_bytes([line()]))
    with pytest.raises(ValidationError, match="preview has changed"):
        office.confirm(made, seen="2026-01-01")
    assert not rosters.undo(made, by=office.coordinator, at=office.at), "nothing was done"
    office.confirm(made)
    assert office.confirm(made).confirmed_at == office.at, "a second press is the same import"
    assert TrainingEvent.objects.filter(kind=EventKind.ROSTER_IMPORTED).count() == 1
    with pytest.raises(ValidationError, match="was imported meanwhile"):
        rosters.choose_columns(made, {"email": 2}, rosters.Options(), at=office.at)
    assert not rosters.throw_away(made)


def test_nothing_until_all_is_right(office: Office) -> None:
    made = office.check(csv_bytes([line(), line(number="", email="")]))
    assert effects(made) == ["new", "error"]
    with pytest.raises(ValidationError, match="1 line has an error, so nothing is imported"):
        office.confirm(made, mode="all")
    made.refresh_from_db()
    assert made.confirmed_at is None
    office.run(office.confirm(made))
    assert [row.state for row in made.rows.order_by("position")] == ["done", "skipped"]


def test_who_is_missing_leaves_only_when_asked(office: Office) -> None:
    stays, gone = person(office), person(office, name="Bo Ray", email="bo@example.org", employee_number=None)
    factories.make_user("No mail", email=None, employee_number=None, site=office.east)
    other = factories.make_coordinator(name="Other", site=office.west)
    for n in range(20):
        factories.make_user(f"Filler {n}", email=f"f{n}@example.org", is_active=n < 12, site=office.east)
    data = csv_bytes(
        [line(), *(line(number="", name="", team="", role="", email=f"f{n}@example.org") for n in range(12))]
    )
    assert "leaves" not in effects(office.check(data))
    made = office.check(data, absent=True)
    leaving = [row.user for row in made.rows.filter(effect="leaves").order_by("position")]
    assert [user.name for user in leaving if user] == ["Bo Ray", "No mail"]
    office.run(office.confirm(made))
    for user in (gone, stays, other):
        user.refresh_from_db()
    assert (gone.is_active, stays.is_active, other.is_active) == (False, True, True)
    office.undone(made)
    gone.refresh_from_db()
    assert gone.is_active


def test_nobody_is_missing_while_a_line_has_an_error(office: Office) -> None:
    person(office)
    made = office.check(csv_bytes([line(number="E9", email="not an address")]), absent=True)
    assert effects(made) == ["error"]


def test_many_who_leave_need_their_number(office: Office) -> None:
    for n in range(3):
        factories.make_user(f"Leaver {n}", email=f"l{n}@example.org", site=office.east)
    made = office.check(csv_bytes([line(number="", email=f"l{n}@example.org", status="left") for n in range(3)]))
    for typed in (None, 2):
        with pytest.raises(ValidationError, match="Type 3"):
            office.confirm(made, typed=typed)
    office.run(office.confirm(made, typed=3))
    assert User.objects.filter(is_active=True).count() == 1


def test_no_roster_closes_or_opens_a_coordinators_account(office: Office) -> None:
    made = office.check(csv_bytes([line(number="", email="priya@example.org", status="left")]))
    assert effects(made) == ["error"]
    other = factories.make_coordinator(name="Other", email="other@example.org", employee_number="C1", site=office.east)
    mail = office.check(csv_bytes([line(number="C1", email="evil@example.org", name="", team="")]))
    assert (effects(mail), "does not change the address" in words(mail)[0]) == (["error"], True)
    people.deactivate(other, "left", by=office.coordinator.subject, at=office.at)
    back = office.check(csv_bytes([line(number="C1", email="", name="", team="")]))
    assert (effects(back), "Reactivate them on their own page" in words(back)[0]) == (["error"], True)


def test_new_teams(office: Office) -> None:
    rows = [line(team="Kitchen"), line(number="E2", name="Bo Ray", email="bo@example.org", team="kitchen")]
    assert effects(office.check(csv_bytes(rows))) == ["error", "error"]
    made = office.check(csv_bytes(rows), new_teams=True)
    assert words(made)[0] == "New in Kitchen at Eastgate House. The team Kitchen is added at Eastgate House."
    assert not Team.objects.filter(name="Kitchen").exists()
    office.run(office.confirm(made))
    assert [row.state for row in made.rows.order_by("position")] == ["done", "done"]
    assert Team.objects.get(name__iexact="kitchen").people.count() == 2


def test_names_may_stay(office: Office) -> None:
    person(office)
    assert effects(office.check(csv_bytes([line(name="MAYA OKAFOR")]), rename=False)) == ["same"]
    assert effects(office.check(csv_bytes([line(name="MAYA OKAFOR")]))) == ["changed"]


def test_first_and_last_name_and_last_first(office: Office) -> None:
    head = ["Emp ID", "First Name", "Last Name", "Work Email", "Location"]
    made = office.check(csv_bytes([["7", "Zoë", "van Dam", "z@example.org", "Eastgate House"]], head=head))
    assert row_of(made).name == "Zoë van Dam"
    turned = office.check(csv_bytes([line(name="van Dam, Zoë")]), names="last_first")
    assert row_of(turned).name == "Zoë van Dam"
    assert row_of(office.check(csv_bytes([line(name="King, Jr.")]))).name == "King, Jr."


def test_what_nobody_confirms_is_thrown_away(office: Office) -> None:
    old, done = office.check(csv_bytes([line()])), office.imported(csv_bytes([line()]))
    rosters.sweep(at=office.at + dt.timedelta(days=15))
    assert list(RosterImport.objects.all()) == [done]
    assert not RosterRow.objects.filter(roster=old.pk).exists()


def test_what_stood_in_the_lines_is_emptied_after_90_days_and_can_still_be_undone(office: Office) -> None:
    made = office.imported(csv_bytes([line()]))
    rosters.sweep(at=office.at + dt.timedelta(days=89))
    assert row_of(made).cells != []
    later = office.at + dt.timedelta(days=91)
    rosters.sweep(at=later)
    assert row_of(made).cells == []
    user = User.objects.get(email="maya@example.org")
    made.refresh_from_db()
    assert rosters.undo(made, by=office.coordinator, at=later)
    roster_work.work(made.pk, at=later)
    user.refresh_from_db()
    assert not user.is_active
    assert rosters.sweep(at=later) == 0


def test_phone_numbers(office: Office) -> None:
    head = [*HEAD, "Mobile phone"]
    made = office.imported(csv_bytes([[*line(), "+1 (303) 555-0119"]], head=head))
    user = User.objects.get(email="maya@example.org")
    assert user.phone == "+1 (303) 555-0119"
    changed = office.check(csv_bytes([[*line(), "'555-0120"]], head=head))
    assert words(changed) == ["Phone: 555-0120 instead of +1 (303) 555-0119."]
    for wrong in ("=cmd|'/C calc'!A0", "ask the desk", "+"):
        refused = row_of(office.check(csv_bytes([[*line(), wrong]], head=head)))
        assert refused.effect == "error"
        assert "Write a phone number with its digits" in refused.words
    office.undone(made)
    user.refresh_from_db()
    assert not user.is_active


def test_a_person_can_be_forgotten(office: Office) -> None:
    made = office.imported(csv_bytes([line()]))
    user = User.objects.get(email="maya@example.org")
    assert rosters.forget(user) == 1
    kept = str(RosterRow.objects.filter(roster=made).values().get())
    assert "Maya" not in kept
    assert "maya" not in kept


def test_a_roster_that_never_gets_on_stops(office: Office) -> None:
    made = office.confirm(office.check(csv_bytes([line()])))
    RosterImport.objects.filter(pk=made.pk).update(tries=8)
    office.run(made)
    assert made.state == RosterState.STOPPED
    assert rosters.go_on(made, at=office.at)
    assert office.run(made).state == RosterState.SETTLED
    assert HEAD[0] == made.head[0]
