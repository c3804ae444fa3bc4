from django.db import models


class Pulse(models.Model):
    """One round trip beat -> broker -> worker -> database: when beat last asked, and when a worker last answered."""

    name = models.CharField(max_length=40, unique=True)
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
