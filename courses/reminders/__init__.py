"""Mail about courses: one file a kind, registered by being imported here; the planner asks each reminder kind what is due."""

from courses.reminders import (
    assigned,
    certificate_ready,
    due_soon,
    escalation,
    expired,
    expires,
    nudge,
    overdue,
    renewal_opens,
    reply_given,
    sign_off_not_yet,
    sign_off_waits,
    team_digest,
    view_ready,
)

__all__ = [
    "assigned",
    "certificate_ready",
    "due_soon",
    "escalation",
    "expired",
    "expires",
    "nudge",
    "overdue",
    "renewal_opens",
    "reply_given",
    "sign_off_not_yet",
    "sign_off_waits",
    "team_digest",
    "view_ready",
]
