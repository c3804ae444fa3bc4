"""The question kinds. One file in this package is one kind; it registers itself by existing.

A module with a name ``KIND`` is a kind. ``get(slug)`` gives it, ``all()`` gives every one, sorted by slug. A file that says
``KIND`` needs nothing else: rules, form, grading, its sample for the contract tests stand in it, and the common templates print it.
"""

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quizzes.kinds.base import Kind


@cache
def _registry() -> "dict[str, Kind]":
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__):
        kind = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if kind is None:
            continue
        if kind.slug in found:
            raise RuntimeError(f"Two question kinds share the slug {kind.slug!r}.")
        found[kind.slug] = kind
    return dict(sorted(found.items()))


def get(slug: str) -> "Kind":
    """The kind with this slug. Raises KeyError when there is none."""
    return _registry()[slug]


def all() -> "tuple[Kind, ...]":  # noqa: A001 - read as kinds.all()
    """Every kind, sorted by slug."""
    return tuple(_registry().values())
