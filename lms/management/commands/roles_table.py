"""``manage.py roles_table``: who may do what, as docs/roles.md, made from the matrix and the addresses. Needs no database."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from lms.pages import Page, pages
from lms.people.permissions import (
    ANYBODY,
    MATRIX,
    OTHERS,
    OWN,
    SIGN_IN_PAGES,
    TEAM,
    WITHOUT_SIGN_IN,
    Action,
    Relation,
    Role,
)

HEAD = """# Who may do what

Written by `manage.py roles_table > docs/roles.md` from `lms/people/permissions.py`, which the checks ask too; a test compares this file
with what the command prints, and another walks every page with every role (`tests/test_roles.py`).

Everybody with an active account is a **learner**. Beside that somebody can be **supervisor** (of teams, and of all teams below them),
**training coordinator**, **auditor** (reads, changes nothing, each page read is noted) and **administrator** (looks after the system and
sign-in, sees no training results). One person can hold several roles, but an auditor is neither a supervisor nor a coordinator nor an
administrator. Whatever is not said here is refused, and looks as if it were not there (404).

- **own**: about oneself. **team**: about active people of one's own teams and those below. **others**: about everybody but oneself.
  **everybody**: about anybody at all, deactivated people too.
- Nobody gives a role to themselves. Anybody may give one up, but the last training coordinator.
- When somebody opens a page that shows something of another person, that person can read who it was ("noted").
"""
CELLS = {OWN: "own", TEAM: "team", TEAM | OWN: "own, team", OTHERS: "others", ANYBODY: "everybody"}


def document() -> str:
    return "\n".join([HEAD, *_table(), *_pages_of_actions(), *_open_pages()]) + "\n"


def _table() -> Iterable[str]:
    yield "## The matrix"
    yield ""
    yield f"| What | Changes something | Noted | {' | '.join(str(role.label) for role in Role)} |"
    yield "|---" * (3 + len(Role)) + "|"
    for action in Action:
        rule = MATRIX[action]
        cells = [_cell(rule.who.get(role)) for role in Role]
        yield f"| {rule.about} | {'yes' if rule.changes else ''} | {'yes' if rule.looks else ''} | {' | '.join(cells)} |"
    yield ""


def _cell(relations: frozenset[Relation] | None) -> str:
    return CELLS[relations] if relations else ""


def _pages_of_actions() -> Iterable[str]:
    yield "## The pages"
    yield ""
    by_action: dict[Action, list[Page]] = {}
    for page in pages():
        if page.action is not None:
            by_action.setdefault(page.action, []).append(page)
    for action in Action:
        if action in by_action:
            routes = ", ".join(f"`{page.route}`" for page in by_action[action])
            yield f"- {MATRIX[action].about}: {routes}"
    yield ""


def _open_pages() -> Iterable[str]:
    yield "## Pages without a sign-in"
    yield ""
    named = {page.name: page for page in pages()}
    for name, why in WITHOUT_SIGN_IN.items():
        yield f"- `{named[name].route}`: {why}"
    routes = ", ".join(f"`{page.route}`" for page in named.values() if page.name.startswith(SIGN_IN_PAGES))
    yield f"- Sign-in and passwords, which django-allauth serves and checks: {routes}"


class Command(BaseCommand):
    help = "Prints who may do what, as docs/roles.md: manage.py roles_table > docs/roles.md"
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(document(), ending="")
