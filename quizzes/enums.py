from django.db.models import TextChoices


class AttemptState(TextChoices):
    IN_PROGRESS = "in_progress", "In progress"
    SUBMITTED = "submitted", "Handed in"
