from django.db import models


class Pulse(models.Model):
    """One thing that must happen again and again. ``asked_at`` is when it was last tried, ``answered_at`` when it last went well.

    ``work``: beat asked, and a worker answered (the round trip beat -> broker -> worker -> database). ``mail``: the mail line was
    tried, and took it; ``problem`` holds what it said when the last try failed. ``plan`` and the like: a planner ran to its end.
    """

    name = models.CharField(max_length=40, unique=True)
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.name
