"""How far a supervisor may go alone; more is the coordinator's to give."""

import datetime as dt

EXTEND_DAYS = 30
EXEMPT_DAYS = 90


def latest_extension(due_on: dt.date, today: dt.date) -> dt.date:
    """The latest day to which a due date may be moved: so many days beyond it, or beyond today if that is later."""
    return max(due_on, today) + dt.timedelta(days=EXTEND_DAYS)


def latest_exemption(today: dt.date) -> dt.date:
    """The latest last day of an exemption that begins today."""
    return today + dt.timedelta(days=EXEMPT_DAYS)
