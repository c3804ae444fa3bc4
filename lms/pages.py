"""Every page of the project with its action in the matrix, read from the addresses."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from lms.people.access import action_of
from lms.people.permissions import SIGN_IN_PAGES, WITHOUT_SIGN_IN, Action


@dataclasses.dataclass(frozen=True)
class Page:
    """One address. ``name`` is what ``reverse`` takes; ``action`` is None for a page without a sign-in and for those of allauth."""

    name: str
    route: str
    view: Callable[..., Any]
    parameters: tuple[str, ...]
    action: Action | None


def pages() -> list[Page]:
    """All pages, in the order of the addresses."""

    def walk(patterns: list[Any], before: str, space: str) -> Iterator[Page]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, before + str(pattern.pattern), inner)
            elif isinstance(pattern, URLPattern):
                yield Page(
                    f"{space}{pattern.name}",
                    "/" + before + str(pattern.pattern),
                    pattern.callback,
                    tuple(pattern.pattern.converters) or tuple(pattern.pattern.regex.groupindex),
                    action_of(pattern.callback),
                )

    return list(walk(get_resolver().url_patterns, "", ""))


def opens_without_sign_in(page: Page) -> bool:
    return page.name in WITHOUT_SIGN_IN or page.name.startswith(SIGN_IN_PAGES)


def untied() -> list[str]:
    """What is wrong with pages and the matrix, as sentences that say what to do."""
    found = []
    for page in pages():
        if page.action is None and not opens_without_sign_in(page):
            found.append(
                f"{page.name} ({page.route}) names no action: put @allowed(Action.…) of lms.people.access as the outermost decorator "
                "over its view, with an action of MATRIX in lms/people/permissions.py (add one if none fits), and give its objects to "
                "tests/test_roles.py. A page for everybody without a sign-in stands in WITHOUT_SIGN_IN there, with the reason."
            )
        if page.action is not None and page.name in WITHOUT_SIGN_IN:
            found.append(f"{page.name} stands in WITHOUT_SIGN_IN and names the action {page.action}: take one away.")
    names = {page.name for page in pages()}
    found += [
        f"{name} stands in WITHOUT_SIGN_IN, and there is no such page: take it away."
        for name in WITHOUT_SIGN_IN
        if name not in names
    ]
    return found
