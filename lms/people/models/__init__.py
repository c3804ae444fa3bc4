"""Tables of people."""

from lms.people.models.look import Look
from lms.people.models.people import (
    MONDAY_TO_FRIDAY,
    NO_DAY,
    Invitation,
    InvitationState,
    Organization,
    Site,
    Supervision,
    Team,
    User,
    UserManager,
    validate_own_zone,
    validate_phone,
    validate_printable,
    validate_working_days,
    validate_zone,
)
from lms.people.models.roster import RosterImport, RosterRow

__all__ = [
    "MONDAY_TO_FRIDAY",
    "NO_DAY",
    "Invitation",
    "InvitationState",
    "Look",
    "Organization",
    "RosterImport",
    "RosterRow",
    "Site",
    "Supervision",
    "Team",
    "User",
    "UserManager",
    "validate_own_zone",
    "validate_phone",
    "validate_printable",
    "validate_working_days",
    "validate_zone",
]
