"""Absolute links. ``SITE_URL`` is their only source: a request's Host header never reaches a mail."""

from django.conf import settings


def site_url(path: str) -> str:
    """The public address of a path of this site, such as ``site_url(reverse("home"))``."""
    return f"{settings.SITE_URL}{path}"
