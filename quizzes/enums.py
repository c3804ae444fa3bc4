from django.db.models import TextChoices


class AttemptState(TextChoices):
    IN_PROGRESS = "in_progress", "In progress"
    SUBMITTED = "submitted", "Handed in"


class ClosedBy(TextChoices):
    """Who handed an attempt in: the learner, or the sweep after its time was over."""

    LEARNER = "learner", "Handed in"
    DEADLINE = "deadline", "Closed when the time was over"


class Counts(TextChoices):
    """Which attempt's result counts."""

    BEST = "best", "The best attempt counts"
    LAST = "last", "The last attempt counts"


class Confidence(TextChoices):
    """How sure a learner says they are of an answer. Empty when they did not say."""

    SURE = "sure", "Sure"
    FAIRLY = "fairly", "Fairly sure"
    GUESSING = "guessing", "Guessing"


class ReviewOutcome(TextChoices):
    """How the review of a question ended."""

    KEPT = "kept", "The question stays as it is"
    MENDED = "mended", "The key was mended"
    VOIDED = "voided", "The question was voided"


class PackState(TextChoices):
    """The state of a surveyor pack's file."""

    QUEUED = "queued", "Being made"
    CLAIMED = "claimed", "Being put together"
    STORED = "stored", "Ready"
    DEAD = "dead", "Could not be made"
    REMOVED = "removed", "File deleted"


class SurveyPart(TextChoices):
    """What somebody looked at through a surveyor's link."""

    INDEX = "index", "The list of people"
    PERSON = "person", "One person's transcript"
    FILE = "file", "Downloaded the pack"
    REFUSED = "refused", "Tried after the link had ended"
