"""The requirements of the demonstration: one that holds, and one that the coordinator may look at before it is switched on."""

import datetime as dt

from courses.actions import requiring
from courses.enums import DueKind, RenewalKind, Supervising
from courses.models import Course
from courses.requirements.facts import Audience, Due, Renewal
from lms.people.models import User


def write(courses: dict[str, Course], coordinator: User, at: dt.datetime) -> None:
    """Skips a course that is not loaded."""
    if "role-and-privacy" in courses:
        holds = requiring.draft(
            name="Role and privacy, every year",
            what=courses["role-and-privacy"],
            reason="Whoever leads a team knows the rules of privacy by heart.",
            wording=requiring.Wording(
                audience=Audience(supervising=Supervising.YES),
                due=Due(DueKind.AFTER_JOINING, 30),
                renewal=Renewal(RenewalKind.MONTHS, 12, window=60),
                active_from=(at - dt.timedelta(days=3)).date(),
            ),
            by=coordinator.subject,
            at=at - dt.timedelta(days=3),
        )
        requiring.switch_on(holds, by=coordinator, at=at - dt.timedelta(days=2))
    if "stigma-reduction" in courses:
        requiring.draft(
            name="Stigma reduction for volunteers",
            what=courses["stigma-reduction"],
            reason="Volunteers are often the first people somebody meets here.",
            wording=requiring.Wording(
                audience=Audience(categories=frozenset({"volunteer"})),
                due=Due(DueKind.AFTER_ASSIGNMENT, 21),
                renewal=Renewal(RenewalKind.MONTHS, 24, window=60),
                active_from=at.date(),
            ),
            by=coordinator.subject,
            at=at - dt.timedelta(days=1),
        )
