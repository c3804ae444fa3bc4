"""Keeping views of people and courses. A matter of one's own desk, so nothing of it stands in the record."""

from django.core.exceptions import ValidationError

from courses.models import SavedView
from lms.people.models import User

MOST_VIEWS = 20


def save_view(owner: User, *, name: str, query: str) -> SavedView:
    """Keeps the query string under the name. Raises ValidationError when the name is taken, or when there are too many views."""
    view = SavedView(owner=owner, name=name, query=query)
    if SavedView.objects.filter(owner=owner).count() >= MOST_VIEWS:
        raise ValidationError(f"You have {MOST_VIEWS} saved views, which is the most. Delete one first.")
    view.full_clean()
    view.save(force_insert=True)
    return view


def change_view(view: SavedView, *, name: str, mailed: str) -> SavedView:
    """Another name, or how often a link to it is mailed to its owner."""
    view.name, view.mailed = name, mailed
    view.full_clean()
    view.save(update_fields=["name", "mailed"])
    return view


def delete_view(view: SavedView) -> None:
    view.delete()
