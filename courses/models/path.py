"""An ordered list of courses for one audience."""

from django.db import models


class CoursePath(models.Model):
    """Content, written by ``load_courses``. ``courses`` holds course slugs in order. A path that is gone from the content is retired,
    never deleted, and comes back when the content has it again."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=160)
    audience = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField()
    courses = models.JSONField(default=list)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title
