"""What a rule asks of one person for one course on one day, as steps. The same steps are shown before a rule is switched on and
carried out when it is, so a preview cannot say something else than what happens."""

import dataclasses
import datetime as dt
import enum

from courses.requirements.audience import includes
from courses.requirements.dating import Dated, first_due, renewal_due, valid_until, window_opens
from courses.requirements.facts import Duty, Holding, Person, Rule
from lms.lib import dates


class Act(enum.StrEnum):
    OPEN = "open"
    RENEW = "renew"
    HOLD = "hold"
    KEEP = "keep"
    MOVE = "move"
    FOLLOW = "follow"
    CLOSE = "close"
    END = "end"
    RESUME = "resume"
    PROBLEM = "problem"
    NOTHING = "nothing"


@dataclasses.dataclass(frozen=True)
class Step:
    """One answer. ``because`` is a sentence for people; ``holding`` is the evidence that counts; ``ran_out`` the end of the evidence
    that a renewal follows, None when it was revoked; ``until`` the end of what is held, under this rule."""

    act: Act
    person: Person
    course: str
    because: str = ""
    duty: Duty | None = None
    due_on: dt.date | None = None
    joined_on: dt.date | None = None
    holding: Holding | None = None
    until: dt.date | None = None
    ran_out: dt.date | None = None

    @property
    def changes(self) -> bool:
        """Whether carrying it out writes anything."""
        return self.act not in (Act.KEEP, Act.NOTHING, Act.PROBLEM)


def step(
    rule: Rule, person: Person, course: str, *, duty: Duty | None, holding: Holding | None, today: dt.date
) -> Step:
    """What is to be done. ``duty``: the newest one of this requirement, person and course that is not withdrawn; ``holding``: the
    best evidence of the course that counts today.

    In this order: whoever is not meant loses what is open (what is fulfilled stays, and is asked no more); an open duty follows the
    rule's newer version and corrected facts, its date only where nobody chose it and it is not a renewal; whoever holds the course, and not only for the rest of a
    window of renewal, gets no work; the others get a first cycle, or the next one from the first day of its window.
    """

    def answer(act: Act, because: str = "", **more: object) -> Step:
        return Step(act, person, course, because=because, duty=duty, **more)  # type: ignore[arg-type]

    meant = rule.runs_on(today) and course in rule.courses and includes(rule.audience, person)
    if not meant:
        if duty is None or duty.ended:
            return answer(Act.NOTHING)
        return answer(Act.CLOSE if duty.open else Act.END, why_not(rule, person, course, today))
    if duty is not None and duty.ended:
        return answer(Act.RESUME, "It is asked again.")
    if duty is not None and duty.open:
        return _open_duty(rule, person, course, duty, today)
    if duty is None:
        held = _held(rule, person, holding, today)
        if held is not None:
            if held.until is not None and today >= window_opens(rule.renewal, held.until):
                dated = renewal_due(rule, ran_out=held.until, assigned_on=today)
                return answer(Act.RENEW, dated.because, due_on=dated.on, joined_on=today, ran_out=held.until)
            return answer(Act.HOLD, held.because, holding=holding, until=held.until, joined_on=today, due_on=today)
        dated = first_due(rule, person, joined_on=today, assigned_on=today)
        if dated.on is None:
            return answer(Act.PROBLEM, dated.because, joined_on=today)
        return answer(Act.OPEN, dated.because, due_on=dated.on, joined_on=today)
    return _done_duty(rule, person, course, duty, holding, today)


@dataclasses.dataclass(frozen=True)
class _Held:
    until: dt.date | None
    because: str


def _held(rule: Rule, person: Person, holding: Holding | None, today: dt.date) -> _Held | None:
    """Whether the evidence counts under this rule today: neither run out by itself nor older than the rule allows."""
    if holding is None:
        return None
    by_rule = valid_until(rule.renewal, completed_on=holding.completed_on, hire_date=person.hire_date)
    ends = [day for day in (holding.valid_until, by_rule) if day is not None]
    until = min(ends) if ends else None
    if until is not None and until < today:
        return None
    return _Held(until, f"holds it {valid_words(until)}")


def _open_duty(rule: Rule, person: Person, course: str, duty: Duty, today: dt.date) -> Step:
    same = (duty.dated or duty.rule) == rule.number and (duty.used_hire_date, duty.used_first_shift_on) == (
        person.hire_date,
        person.first_shift_on,
    )
    stays = duty.moved or duty.renewal or duty.reopened
    if same or stays:
        act = Act.KEEP if duty.rule == rule.number else Act.FOLLOW
        return Step(act, person, course, duty=duty, due_on=duty.due_on, joined_on=duty.joined_on)
    dated: Dated = first_due(rule, person, joined_on=duty.joined_on, assigned_on=duty.assigned_on)
    if dated.on is None:
        return Step(Act.PROBLEM, person, course, dated.because, duty=duty, due_on=duty.due_on)
    due_on = dated.on
    if due_on < duty.due_on:  # sooner than was said: the grace counts from today
        floor = first_due(rule, person, joined_on=duty.joined_on, assigned_on=today).on
        due_on = min(duty.due_on, max(due_on, floor or due_on))
    return Step(Act.MOVE, person, course, dated.because, duty=duty, due_on=due_on, joined_on=duty.joined_on)


def _done_duty(rule: Rule, person: Person, course: str, duty: Duty, holding: Holding | None, today: dt.date) -> Step:
    ends = duty.valid_until
    lost = duty.revoked or (ends is not None and today >= window_opens(rule.renewal, ends))
    if not lost:
        return Step(Act.KEEP, person, course, duty=duty, due_on=duty.due_on, until=ends, joined_on=duty.joined_on)
    if holding is not None and holding.completed_on > (duty.done_on or dt.date.min):
        held = _held(rule, person, holding, today)
        if held is not None and (held.until is None or today < window_opens(rule.renewal, held.until)):
            return Step(
                Act.HOLD, person, course, held.because, duty=duty, holding=holding, until=held.until,
                joined_on=duty.joined_on, due_on=today,
            )  # fmt: skip
    if duty.revoked or ends is None:
        dated = renewal_due(rule, ran_out=today, assigned_on=today)
        because = "the certificate was revoked, so it has to be earned again"
        return Step(Act.RENEW, person, course, because, duty=duty, due_on=dated.on, joined_on=duty.joined_on)
    dated = renewal_due(rule, ran_out=ends, assigned_on=today)
    return Step(
        Act.RENEW, person, course, dated.because, duty=duty, due_on=dated.on, joined_on=duty.joined_on, ran_out=ends
    )


def why_not(rule: Rule, person: Person, course: str, today: dt.date) -> str:
    """Why a duty is not asked any more, in words that stand in the record."""
    if not person.active:
        return "The person left or was deactivated."
    if not rule.runs_on(today):
        return "The requirement has ended."
    if course not in rule.courses:
        return "The requirement no longer asks for this course."
    return "The requirement no longer applies to this person's role, team or site."


def valid_words(until: dt.date | None) -> str:
    return "and it does not run out" if until is None or until == dt.date.max else f"to {dates.long_date(until)}"
