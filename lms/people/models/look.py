"""Who opened a page about whom."""

from django.conf import settings
from django.db import models

from lms.people.permissions import Role


class Look(models.Model):
    """Somebody opened a page. With a person: it showed something of theirs, and they can read that it was opened. Without one: a page
    that an auditor read. ``role``: in which role it was open to the viewer; ``action``: what the page is for, in the matrix."""

    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="looks_taken")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="looks", null=True, blank=True
    )
    role = models.CharField(max_length=16, choices=Role.choices)
    action = models.CharField(max_length=40)
    path = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["person", "-at"], name="people_look_person"),
            models.Index(fields=["viewer", "-at"], name="people_look_viewer"),
            models.Index(fields=["-at"], name="people_look_at"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) | ~models.Q(person=models.F("viewer")),
                name="people_look_at_somebody_else",
            )
        ]

    def __str__(self) -> str:
        return f"{self.viewer} opened {self.path}"
