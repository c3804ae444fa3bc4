"""The private calendar of one person."""

from django.conf import settings
from django.db import models


class CalendarFeed(models.Model):
    """Made when the person asks for an address. The address is signed over ``nonce``, so that a new nonce ends the old address."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="calendar_feed")
    nonce = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"calendar of {self.user_id}"
