"""Storing the paths of the content folder."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from courses.authoring.compiled import CompiledPath
from courses.models import CoursePath


def store_paths(compiled: Iterable[CompiledPath], *, at: dt.datetime) -> list[tuple[str, str]]:
    """Makes the stored paths those of the content, in one transaction: new ones are added, changed ones follow, gone ones are retired.

    Returns (slug, "added", "changed" or "retired") for what changed; the same content again changes nothing. Nothing is deleted, and
    nothing is assigned to anybody.
    """
    done: list[tuple[str, str]] = []
    with transaction.atomic():
        stored = {path.slug: path for path in CoursePath.objects.all()}
        for position, path in enumerate(compiled, start=1):
            facts = {
                "title": path.title,
                "audience": path.audience,
                "position": position,
                "courses": list(path.courses),
                "retired_at": None,
            }
            known = stored.pop(path.slug, None)
            if known is None:
                CoursePath.objects.create(slug=path.slug, **facts)
                done.append((path.slug, "added"))
            elif any(getattr(known, name) != value for name, value in facts.items()):
                CoursePath.objects.filter(pk=known.pk).update(**facts)
                done.append((path.slug, "changed"))
        for gone in stored.values():
            if gone.retired_at is None:
                CoursePath.objects.filter(pk=gone.pk).update(retired_at=at)
                done.append((gone.slug, "retired"))
    return done
