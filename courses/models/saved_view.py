"""A view of people and courses that somebody keeps under a name."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from courses.enums import Rhythm
from lms.lib import names


class SavedView(models.Model):
    """Belongs to one person and is seen by nobody else. ``query`` is the query string of the page, without the number of the page: it holds
    filters, never people, so whoever opens it sees only whom they may see then. ``mailed``: how often the owner gets a link to it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40, validators=[names.validate_one_line])
    query = models.CharField(max_length=2000, blank=True)
    mailed = models.CharField(max_length=7, choices=Rhythm.choices, blank=True, default=Rhythm.NEVER)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("name"),
                name="courses_saved_view_name_once",
                violation_error_message="You already have a view of this name. Choose another name.",
            )
        ]

    def __str__(self) -> str:
        return self.name
