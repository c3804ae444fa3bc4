"""What a site has to say in a ``protocol`` slot of a unit. Versioned: a change is a new row."""

from django.conf import settings
from django.db import models

from courses.models.enrollment import Enrollment


class SiteWords(models.Model):
    slot = models.SlugField(max_length=40)
    number = models.PositiveIntegerField()
    text = models.TextField(max_length=2000)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=40)

    class Meta:
        ordering = ["slot", "number"]
        verbose_name_plural = "site words"
        constraints = [models.UniqueConstraint(fields=["slot", "number"], name="courses_site_words_number_once")]

    def __str__(self) -> str:
        return f"{self.slot} {self.number}"


class SlotWaiver(models.Model):
    """A coordinator lets a slot stay empty, and says why. It can be ended; the row stays."""

    slot = models.SlugField(max_length=40)
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=40, blank=True)
    ended_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["slot", "at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"],
                condition=models.Q(ended_at__isnull=True),
                name="courses_slot_waived_once",
                violation_error_message="This place is waived already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_slot_waiver_reason",
                violation_error_message="Say why this place may stay empty.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slot} waived"


class ShownSiteWords(models.Model):
    """Which words an enrollment was shown, and when first."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="shown_words")
    words = models.ForeignKey(SiteWords, on_delete=models.PROTECT, related_name="+")
    first_shown_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrollment", "words"], name="courses_shown_words_once")]

    def __str__(self) -> str:
        return f"{self.words_id} shown to {self.enrollment_id}"
