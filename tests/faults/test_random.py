"""The randomized run: rounds of actions and faults of chance in one house, then calm, then invariants 11 to 20.

``LMS_FAULT_ROUNDS=300`` (or ``make faults ROUNDS=300``) tries longer; it prints rounds, faults and violations. A violation names the
seed: with ``LMS_FAULT_SEED`` set to it the same actions and faults are drawn again.
"""

import datetime as dt
from collections.abc import Callable

import pytest

from tests.faults import making
from tests.faults.calm import settle
from tests.faults.harness import SEED, House, chances
from tests.faults.invariants import broken
from tests.faults.storm import Storm

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

BEGIN = dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC)  # a Wednesday, in the daytime of America


def test_whatever_happens_nothing_is_lost_doubled_or_wrong(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    house.set_clock(BEGIN)
    storm = Storm(house, making.course())
    violations: list[str] = []
    number = 0
    for number, chance in enumerate(chances(), 1):
        first = len(storm.people)
        what = [storm.act] * chance.randint(2, 4) + [storm.strike] * chance.randint(1, 3)
        chance.shuffle(what)
        for step in what:
            step(chance)
        storm.calm()
        try:
            settle(house)
        except AssertionError as error:
            storm.wrong.append(f"15: {error}")
        found = storm.wrong + storm.sent_all_the_same() + broken(storm.people[first:], house.mail)
        storm.wrong = []
        violations += [f"round {number}: {said}" for said in found]
        if violations and len(violations) > 20:
            break
    violations += [f"in the end: {said}" for said in broken(storm.people, house.mail)]
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(storm.faults.items()))
    record_property(
        "randomized run",
        f"rounds {number}, people {len(storm.people)}, faults {storm.faults.total()} ({kinds}), violations {len(violations)}",
    )
    assert violations == [], f"LMS_FAULT_SEED={SEED}"
