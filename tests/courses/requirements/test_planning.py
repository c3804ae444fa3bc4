"""Who is meant, what is wrong with a rule, and the steps that follow."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.enums import DueKind, RenewalKind, Supervising
from courses.requirements.audience import includes
from courses.requirements.checking import findings
from courses.requirements.facts import Audience, Due, Duty, Holding, Person, Renewal, Rule
from courses.requirements.planning import Act, step
from courses.requirements.wording import Names, rule_sentence

D = dt.date
TODAY = D(2026, 11, 23)
STAFF = Audience(categories=frozenset({"staff"}))
ANN = Person(1, "Ann Lee", hire_date=D(2026, 11, 1), site=1, teams=frozenset({5, 4}), job_role="Night nurse")
RULE = Rule(7, 1, STAFF, ("c",), Due(DueKind.AFTER_HIRE, 30), active_from=D(2026, 1, 1))
YEARLY = dataclasses.replace(RULE, renewal=Renewal(RenewalKind.MONTHS, 12, window=60))


def duty(**changes: Any) -> Duty:
    facts = {
        "key": 1, "cycle": 1, "assigned_on": D(2026, 11, 1), "joined_on": D(2026, 11, 1), "due_on": D(2026, 12, 1),
        "rule": 1, "used_hire_date": ANN.hire_date,
    }  # fmt: skip
    return Duty(**{**facts, **changes})


@pytest.mark.parametrize(
    ("audience", "meant"),
    [
        (STAFF, True),
        (Audience(categories=frozenset({"volunteer"})), False),
        (Audience(job_roles=frozenset({" night  NURSE "})), True),
        (Audience(job_roles=frozenset({"Driver"})), False),
        (Audience(teams=frozenset({4})), True),
        (Audience(teams=frozenset({9})), False),
        (Audience(teams=frozenset({9}), sites=frozenset({1})), True),
        (Audience(categories=frozenset({"staff"}), sites=frozenset({2})), False),
        (Audience(supervising=Supervising.YES), False),
        (Audience(supervising=Supervising.NO), True),
        (Audience(people=frozenset({1})), True),
        (Audience(categories=frozenset({"volunteer"}), people=frozenset({1})), True),
        (Audience(people=frozenset({1}), without_people=frozenset({1})), False),
        (dataclasses.replace(STAFF, without_teams=frozenset({4})), False),
        (dataclasses.replace(STAFF, without_job_roles=frozenset({"NIGHT nurse"})), False),
        (Audience(), False),
    ],
)
def test_who_is_meant(audience: Audience, meant: bool) -> None:
    assert includes(audience, ANN) is meant
    assert not includes(audience, dataclasses.replace(ANN, active=False))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"audience": Audience()}, "categories", "means nobody yet"),
        (
            {"audience": Audience(people=frozenset({1}), without_people=frozenset({1}))},
            "without_people",
            "Everybody named",
        ),
        ({"audience": Audience(teams=frozenset({1}), without_teams=frozenset({1}))}, "without_teams", "left out"),
        ({"courses": ()}, "what", "at least one published course"),
        ({"due": Due(DueKind.FIXED)}, "due_on", "Choose the day"),
        ({"due": Due(DueKind.FIXED, on=D(2025, 1, 1))}, "due_on", "before the rule begins"),
        ({"due": Due(DueKind.AFTER_HIRE, 9999)}, "due_days", "from 0 to 730"),
        ({"renewal": Renewal(RenewalKind.MONTHS, 0)}, "renewal_months", "from 1 to 120"),
        ({"renewal": Renewal(RenewalKind.MONTHS, 1, window=28)}, "window_days", "never close"),
        ({"renewal": Renewal(RenewalKind.FIXED, month=2, day=30)}, "renewal_day", "no such day"),
        ({"active_until": D(2025, 12, 31)}, "active_until", "The last day is before the first day"),
        ({"grace": -1}, "grace_days", "from 0"),
        ({"active_from": D(2099, 1, 1)}, "active_from", "Check the year"),
    ],
)
def test_what_is_wrong_is_said_where_it_can_be_mended(changes: dict[str, Any], field: str, words: str) -> None:
    (found,) = findings(dataclasses.replace(RULE, **changes), today=TODAY)
    assert found.field == field
    assert words in found.sentence


def test_a_path_that_comes_back_to_a_course_is_refused() -> None:
    (found,) = findings(RULE, today=TODAY, path_courses=["a", "b", "a"])
    assert (found.field, "comes back" in found.sentence) == ("what", True)
    assert findings(RULE, today=TODAY, path_courses=["a", "b"]) == []


def test_steps_of_a_first_cycle() -> None:
    first = step(RULE, ANN, "c", duty=None, holding=None, today=TODAY)
    assert (first.act, first.due_on, first.joined_on) == (Act.OPEN, D(2026, 12, 7), TODAY)
    undated = step(RULE, dataclasses.replace(ANN, hire_date=None), "c", duty=None, holding=None, today=TODAY)
    assert undated.act == Act.PROBLEM
    assert undated.because.startswith("Ann Lee has no hire date")
    held = step(RULE, ANN, "c", duty=None, holding=Holding(3, D(2026, 3, 1), D(2027, 3, 1)), today=TODAY)
    assert (held.act, held.until) == (Act.HOLD, D(2027, 3, 1))
    assert step(YEARLY, ANN, "c", duty=None, holding=Holding(3, D(2025, 3, 1)), today=TODAY).act == Act.OPEN, (
        "older than the rule allows"
    )
    stranger = dataclasses.replace(ANN, category="volunteer")
    assert step(RULE, stranger, "c", duty=None, holding=None, today=TODAY).act == Act.NOTHING
    later = dataclasses.replace(RULE, active_from=D(2026, 12, 1))
    assert step(later, ANN, "c", duty=None, holding=None, today=TODAY).act == Act.NOTHING


def test_what_is_held_for_the_rest_of_a_window_is_renewed_at_once() -> None:
    ends = D(2027, 1, 10)
    found = step(YEARLY, ANN, "c", duty=None, holding=Holding(3, D(2026, 1, 10), ends), today=TODAY)
    assert (found.act, found.ran_out, found.due_on) == (Act.RENEW, ends, D(2027, 1, 24))
    before = step(YEARLY, ANN, "c", duty=None, holding=Holding(3, D(2026, 1, 10), ends), today=D(2026, 11, 10))
    assert (before.act, before.until) == (Act.HOLD, ends)


def test_who_leaves_the_audience_loses_what_is_open_and_keeps_what_is_done() -> None:
    volunteer = dataclasses.replace(ANN, category="volunteer")
    assert step(RULE, volunteer, "c", duty=duty(), holding=None, today=TODAY).act == Act.CLOSE
    done = duty(done_on=D(2026, 11, 10))
    assert step(RULE, volunteer, "c", duty=done, holding=None, today=TODAY).act == Act.END
    ended = dataclasses.replace(done, ended=True)
    assert step(RULE, volunteer, "c", duty=ended, holding=None, today=TODAY).act == Act.NOTHING
    assert step(RULE, ANN, "c", duty=ended, holding=None, today=TODAY).act == Act.RESUME


def test_an_open_duty_follows_a_newer_rule_and_corrected_facts() -> None:
    open_ = duty()
    assert step(RULE, ANN, "c", duty=open_, holding=None, today=TODAY).act == Act.KEEP
    shorter = dataclasses.replace(RULE, number=2, due=Due(DueKind.AFTER_HIRE, 20))
    moved = step(shorter, ANN, "c", duty=open_, holding=None, today=TODAY)
    assert (moved.act, moved.due_on) == (Act.MOVE, D(2026, 12, 1)), "nobody loses days they need"
    longer = dataclasses.replace(RULE, number=2, due=Due(DueKind.AFTER_HIRE, 60))
    assert step(longer, ANN, "c", duty=open_, holding=None, today=TODAY).due_on == D(2026, 12, 31)
    corrected = dataclasses.replace(ANN, hire_date=D(2026, 11, 20))
    assert step(RULE, corrected, "c", duty=open_, holding=None, today=TODAY).due_on == D(2026, 12, 20)
    by_hand = dataclasses.replace(open_, moved=True)
    follows = step(longer, ANN, "c", duty=by_hand, holding=None, today=TODAY)
    assert (follows.act, follows.due_on) == (Act.FOLLOW, open_.due_on), "the date stays, the rule is the new one"
    assert step(RULE, corrected, "c", duty=by_hand, holding=None, today=TODAY).act == Act.KEEP


def test_the_next_cycle_opens_on_the_first_day_of_the_window() -> None:
    done = duty(done_on=D(2026, 1, 20), valid_until=D(2027, 1, 22))
    before = D(2026, 11, 22)
    assert step(YEARLY, ANN, "c", duty=done, holding=None, today=before).act == Act.KEEP
    found = step(YEARLY, ANN, "c", duty=done, holding=None, today=TODAY)
    assert (found.act, found.ran_out, found.due_on) == (Act.RENEW, D(2027, 1, 22), D(2027, 2, 5))
    newer = Holding(9, D(2026, 11, 1), D(2027, 11, 1))
    assert step(YEARLY, ANN, "c", duty=done, holding=newer, today=TODAY).act == Act.HOLD
    assert (
        step(RULE, ANN, "c", duty=dataclasses.replace(done, revoked=True), holding=None, today=before).act == Act.RENEW
    )


some_days = st.dates(min_value=D(2020, 1, 1), max_value=D(2030, 12, 31))
duties = st.none() | st.builds(
    Duty, key=st.just(1), cycle=st.just(1), assigned_on=some_days, joined_on=some_days, due_on=some_days,
    rule=st.integers(1, 2), done_on=st.none() | some_days, valid_until=st.none() | some_days, revoked=st.booleans(),
    moved=st.booleans(), ended=st.booleans(), used_hire_date=st.none() | some_days,
)  # fmt: skip
people = st.builds(
    Person, key=st.just(1), name=st.just("Ann"), category=st.sampled_from(["staff", "volunteer"]), active=st.booleans(),
    hire_date=st.none() | some_days,
)  # fmt: skip
holdings = st.none() | st.builds(Holding, key=st.just(3), completed_on=some_days, valid_until=st.none() | some_days)


@given(duty=duties, person=people, holding=holdings, today=some_days, number=st.integers(1, 2))
def test_every_step_can_be_carried_out(
    duty: Duty | None, person: Person, holding: Holding | None, today: dt.date, number: int
) -> None:
    rule = dataclasses.replace(YEARLY, number=number, active_from=D(2020, 1, 1))
    found = step(rule, person, "c", duty=duty, holding=holding, today=today)
    meant = includes(rule.audience, person)
    if found.act in (Act.OPEN, Act.RENEW):
        assert meant
        assert found.due_on is not None
        assert found.due_on >= today
    if found.act == Act.HOLD:
        assert holding is not None
        assert found.until is None or found.until >= today
    if found.act in (Act.CLOSE, Act.MOVE):
        assert duty is not None
        assert duty.open
    if found.act == Act.PROBLEM:
        assert found.because
    if not meant:
        assert found.act in (Act.NOTHING, Act.CLOSE, Act.END)


@given(duty=duties, holding=holdings, today=some_days)
def test_what_was_carried_out_is_kept(duty: Duty | None, holding: Holding | None, today: dt.date) -> None:
    """The duty that a step makes asks for no other step on the same day."""
    rule = dataclasses.replace(YEARLY, active_from=D(2020, 1, 1))
    found = step(rule, ANN, "c", duty=duty, holding=holding, today=today)
    if found.act not in (Act.OPEN, Act.RENEW, Act.HOLD):
        return
    made = Duty(
        key=2, cycle=2, assigned_on=today, joined_on=found.joined_on or today, due_on=found.due_on or today, rule=1,
        done_on=found.holding.completed_on if found.holding else None, valid_until=found.until,
        renewal=found.ran_out is not None, used_hire_date=ANN.hire_date,
    )  # fmt: skip
    assert step(rule, ANN, "c", duty=made, holding=holding, today=today).act == Act.KEEP


def test_a_rule_in_words() -> None:
    audience = Audience(
        categories=frozenset({"volunteer"}), sites=frozenset({1}), teams=frozenset({4}), without_people=frozenset({2})
    )
    rule = dataclasses.replace(YEARLY, audience=audience, due=Due(DueKind.AFTER_ASSIGNMENT, 21))
    names = Names({1: "Eastgate House"}, {4: "Garden"}, {2: "Bo Chen"})
    assert rule_sentence(rule, "Stigma reduction", names) == (
        "All volunteers at Eastgate House or Garden and teams below, except Bo Chen must hold Stigma reduction within 21 days after "
        "it is assigned and renew it every 12 months."
    )
