"""Statuses and states of courses. The words are what learners and supervisors read."""

from django.db.models import TextChoices


class Status(TextChoices):
    """The status of an assignment, computed from dates by ``courses.queries.status``; never stored."""

    OPENS_LATER = "opens_later", "Opens later"
    NOT_STARTED = "not_started", "Not started"
    IN_PROGRESS = "in_progress", "In progress"
    ATTEMPTS_USED = "attempts_used", "Attempts used"
    SIGN_OFF_WAITING = "sign_off_waiting", "Sign-off waiting"
    OVERDUE = "overdue", "Overdue"
    COMPLETE = "complete", "Complete"
    EXPIRING = "expiring", "Expiring"
    EXPIRED = "expired", "Expired"
    EXEMPT = "exempt", "Exempt"
    ON_LEAVE = "on_leave", "On leave"
    NOT_REQUIRED = "not_required", "Not required"


#: What a supervisor should look at first has the lowest number.
ATTENTION = {
    Status.EXPIRED: 0,
    Status.OVERDUE: 1,
    Status.ATTEMPTS_USED: 2,
    Status.SIGN_OFF_WAITING: 3,
    Status.EXPIRING: 4,
    Status.NOT_STARTED: 5,
    Status.IN_PROGRESS: 6,
    Status.OPENS_LATER: 7,
    Status.ON_LEAVE: 8,
    Status.EXEMPT: 9,
    Status.COMPLETE: 10,
    Status.NOT_REQUIRED: 11,
}


class Known(TextChoices):
    """Of which knowledge a past day is shown."""

    THEN = "then", "As it was known on that day"
    NOW = "now", "As we know today about that day, corrections included"


class Rhythm(TextChoices):
    """How often somebody is sent a link to a view that they keep."""

    NEVER = "", "Never"
    WEEKLY = "weekly", "Every week, on my first working day"
    MONTHLY = "monthly", "Every month, on my first working day"


class FileState(TextChoices):
    """The state of a certificate's file."""

    QUEUED = "queued", "Being made"
    CLAIMED = "claimed", "Being drawn"
    STORED = "stored", "Stored"
    DEAD = "dead", "Could not be made"
    ERASED = "erased", "Removed with the identity of its holder"


class ReviewRole(TextChoices):
    """The role in which a person reviewed a course."""

    CLINICIAN = "clinician", "Clinician"
    COUNSEL = "counsel", "Counsel (lawyer)"
    LIVED_EXPERIENCE = "lived_experience", "Person with lived experience"
    EDUCATOR = "educator", "Trainer or educator"
    EDITOR = "editor", "Editor"


class Decision(TextChoices):
    """What one row of approval says."""

    APPROVED = "approved", "Approved"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ChangeKind(TextChoices):
    """What a new edition changed for those who hold an older one."""

    MINOR = "minor", "Minor"
    MATERIAL = "material", "Material"


class EditionChoice(TextChoices):
    """What a material change asks of those who hold an older edition."""

    ASK = "ask", "They are asked to take it again"
    LEAVE = "leave", "It is left as it is"


class ReviewState(TextChoices):
    """The state of a version, computed by ``courses.queries.review``; never stored."""

    PENDING = "pending", "Pending review"
    ACCEPTED = "accepted", "Accepted without approval"
    APPROVED = "approved", "Approved"


class DueKind(TextChoices):
    """From which day a requirement's due date counts."""

    AFTER_HIRE = "after_hire", "Days after the hire date"
    AFTER_ASSIGNMENT = "after_assignment", "Days after it is assigned"
    AFTER_JOINING = "after_joining", "Days after the person joins the group"
    FIXED = "fixed", "A fixed date"
    FIRST_SHIFT = "first_shift", "Before the first shift"


class RenewalKind(TextChoices):
    """When a completion under a requirement runs out."""

    NEVER = "never", "Never"
    MONTHS = "months", "Some months after completion"
    ANNIVERSARY = "anniversary", "On the anniversary of the hire date"
    FIXED = "fixed", "On the same day every year"


class Supervising(TextChoices):
    """Whether an audience asks for supervisors."""

    ANY = "", "Supervisors and others"
    YES = "yes", "Only supervisors"
    NO = "no", "Everybody but supervisors"


class ExceptionKind(TextChoices):
    """Why a rule does not run its usual course for one person."""

    EXEMPTION = "exemption", "Exemption"
    LEAVE = "leave", "Leave of absence"
    PRIOR_LEARNING = "prior_learning", "Learned elsewhere"


class Answer(TextChoices):
    """What a person can answer to a reminder with one tap. The labels are the person's own words."""

    ON_LEAVE = "on_leave", "I am on leave"
    NOT_MY_ROLE = "not_my_role", "This is not my role any more"
    DONE_ELSEWHERE = "done_elsewhere", "I did this elsewhere"
    BLOCKED = "blocked", "Something blocks me"

    @property
    def told(self) -> str:
        """The same in the words of somebody who tells it of a person: "Maya says that they are on leave"."""
        return {
            Answer.ON_LEAVE: "says that they are on leave",
            Answer.NOT_MY_ROLE: "says that this is not their role any more",
            Answer.DONE_ELSEWHERE: "says that they did this elsewhere",
            Answer.BLOCKED: "says that something blocks them",
        }[self]


#: what stands in ``Assignment.why["moved"]`` when the end of a leave or an exemption moved the date; True when a person did
MOVED_BY_EXCEPTION = "by exception"


class Outcome(TextChoices):
    """What was done about an answer."""

    LEAVE = "leave", "A leave was recorded"
    EXEMPTION = "exemption", "An exemption was granted"
    ACCEPTED = "accepted", "What was learned elsewhere was accepted"
    MOVED = "moved", "The due date was moved"
    REMIND_AGAIN = "remind_again", "Reminders go on"
    WITHDRAWN = "withdrawn", "Taken back"


class Observed(TextChoices):
    """What somebody saw who observed a practice."""

    PASSED = "passed", "Passed"
    NOT_YET = "not_yet", "Not yet"


class BatchKind(TextChoices):
    """What a batch does for each of its people."""

    ASSIGN = "assign", "Assign a course"
    EXEMPT = "exempt", "Exempt from a course"
    EXTEND = "extend", "Move due dates"
    REOPEN = "reopen", "Ask to take a changed course again"


class BatchState(TextChoices):
    """Whether a batch wants work, as ``lms.outbox.work`` moves it. Whether that is doing or undoing, its ``undone_at`` says."""

    QUEUED = "queued", "Waits for the worker"
    CLAIMED = "claimed", "Being worked on"
    SETTLED = "settled", "Finished"
    STOPPED = "stopped", "Stopped"


class RowState(TextChoices):
    """What became of a batch for one person."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Left out"
    FAILED = "failed", "Not done"
    UNDONE = "undone", "Undone"
    KEPT = "kept", "Not undone"
