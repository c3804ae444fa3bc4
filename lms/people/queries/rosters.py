"""What a roster does: one judgement for the preview of thousands of lines and for the turn of one."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower

from lms.lib import dates
from lms.people.enums import Category, RosterEffect, RosterState
from lms.people.models import RosterImport, RosterRow, Supervision, User
from lms.people.queries.placing import Place, Places
from lms.people.roster import cells
from lms.people.roster.cells import Options, Reading

MANY = 5  # one part in so many may leave without a second look
LABELS = {
    "employee_number": "Employee number",
    "email": "Email",
    "name": "Name",
    "job_role": "Job role",
    "phone": "Phone",
    "category": "Category",
    "hire_date": "Hire date",
    "first_shift_on": "First shift",
}
COORDINATOR_LEAVES = "This is a training coordinator. A roster closes no account of a coordinator: deactivate them on their own page, or take the line out."
COORDINATOR_BACK = (
    "This is a coordinator whose account is closed. Reactivate them on their own page, or take the line out."
)
COORDINATOR_MAIL = "This is a training coordinator. A roster does not change the address a coordinator signs in with: change it on their own page."


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a line does now. ``changes`` are the fields that ``change_person`` or ``add_person`` gets, but for the place, which
    ``place`` says if it changes or the person is new. ``words`` tell it to a person, errors with what to do."""

    effect: RosterEffect
    words: str
    user: User | None = None
    name: str = ""
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    place: Place | None = None

    @property
    def plan(self) -> dict[str, Any]:
        """The same as plain facts: two verdicts with one plan do the same. Old values stand in it too, so that what somebody changed meanwhile
        makes another plan."""
        found: dict[str, Any] = {"effect": str(self.effect), "user": str(self.user.subject) if self.user else ""}
        if self.effect in (RosterEffect.ERROR, RosterEffect.SAME):
            return found
        old = self.user if self.effect != RosterEffect.NEW else None
        found["set"] = {
            field: [_plain(getattr(old, field)) if old else "", _plain(new)] for field, new in self.changes.items()
        }
        if self.place is not None:
            was = [old.site.name, old.team.name if old.team else ""] if old else []
            found["place"] = [was, [self.place.site.name, self.place.team_name]]
        return found


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def options_of(roster: RosterImport) -> Options:
    known = {field.name for field in dataclasses.fields(Options)}
    return Options(**{name: value for name, value in roster.options.items() if name in known})


class Judge:
    """Judges lines of one roster. Sites and teams are read once; make a new one when they may have changed."""

    def __init__(self, roster: RosterImport, at: dt.datetime, zone: str) -> None:
        self.roster = roster
        self.options = options_of(roster)
        self.today = dates.local_date(at, zone)
        self.places = Places()

    def judge(self, rows: Sequence[RosterRow]) -> list[Verdict]:
        """What each line would do now, in their order. At most four queries, however many lines there are."""
        people = _people(rows)
        others = _others(self.roster, rows, people)
        leaving = [row for row in rows if row.line is None]
        absent = {row.user_id: user for row, user in zip(leaving, _absent(leaving), strict=True)} if leaving else {}
        found = [
            self._absent(absent[row.user_id]) if row.line is None else self._one(row, people, others) for row in rows
        ]
        closing = [v.user.pk for v in found if v.effect == RosterEffect.LEAVES and v.user]
        if closing:
            teams = _supervised(closing)
            found = [_with_supervised(verdict, teams) for verdict in found]
        return found

    def _absent(self, user: User) -> Verdict:
        if not user.is_active:
            return Verdict(RosterEffect.SAME, "Is deactivated already.", user, user.name)
        if user.is_coordinator:
            return Verdict(RosterEffect.ERROR, COORDINATOR_LEAVES, user, user.name)
        return Verdict(
            RosterEffect.LEAVES, "Is not in the file. The account is closed, the record stays.", user, user.name
        )

    def _one(self, row: RosterRow, people: "_People", others: "_Others") -> Verdict:
        said = cells.read(row.cells, self.roster.mapping, self.options, width=len(self.roster.head), today=self.today)
        problems = list(said.problems)
        user = people.match(row, problems)
        name = said.name or (user.name if user else "")
        if not row.email and not row.number and not problems:
            problems.append(
                "This line has neither an email address nor an employee number, so the person would not be found again. Add one of them."
            )
        if lines := others.about(row, user):
            problems.append(f"Line {_lines(lines)} is about the same person. Leave one of them in the file.")
        if problems:  # all that is wrong is told at once
            wrong = self.places.of(said, user, self.options) if said.site or said.team else ""
            problems += [wrong] if wrong and isinstance(wrong, str) else []
            return Verdict(RosterEffect.ERROR, " ".join(problems), user, name)
        if said.leaves:
            return _leaves(user, name)
        place = self.places.of(said, user, self.options)
        if isinstance(place, str):
            problems.append(place)
        return self._stays(said, user, name, place, people, problems)

    def _stays(
        self, said: Reading, user: User | None, name: str, place: Place | str, people: "_People", problems: list[str]
    ) -> Verdict:
        facts = cells.facts(said)
        if user is None:
            if not said.name:
                problems.append("A new person needs a name. Add it, or choose the column with the names.")
            if problems or isinstance(place, str):
                return Verdict(RosterEffect.ERROR, " ".join(problems), None, name)
            words = [f"New in {place.words}." if place.team_name else f"New at {place.words}."]
            words += [_new_team(place)] if place.new_team else []
            words += [] if said.email else ["Without an email address they get no mail and cannot sign in yet."]
            return Verdict(RosterEffect.NEW, " ".join(words), None, name, facts, place)
        if not self.options.rename:
            facts.pop("name", None)
        changes = {field: new for field, new in facts.items() if not _alike(field, getattr(user, field), new)}
        if user.is_coordinator and not user.is_active:
            problems.append(COORDINATOR_BACK)
        if "email" in changes:
            owner = people.by_email.get(said.email)
            if owner is not None and owner.pk != user.pk:
                problems.append(
                    f"The address {said.email} is {owner.name}’s. Correct the address or the employee number."
                )
            elif user.is_coordinator:
                problems.append(COORDINATOR_MAIL)
        if problems or isinstance(place, str):
            return Verdict(RosterEffect.ERROR, " ".join(problems), user, name)
        moves = (place.site.pk, place.team.pk if place.team else None) != (user.site_id, user.team_id) or bool(
            place.new_team
        )
        words = [] if user.is_active else ["The account is opened again."]
        if moves:
            words.append(f"Moves to {place.words}, from {Place(user.site, user.team).words}.")
            words += [_new_team(place)] if place.new_team else []
        words += [_change(user, field, new) for field, new in changes.items()]
        if not user.is_active:
            effect = RosterEffect.BACK
        elif moves:
            effect = RosterEffect.MOVED
        elif changes:
            effect = RosterEffect.CHANGED
        else:
            return Verdict(RosterEffect.SAME, "All is as the file says.", user, user.name)
        return Verdict(effect, " ".join(words), user, name, changes, place if moves else None)


def _leaves(user: User | None, name: str) -> Verdict:
    if user is None:
        return Verdict(RosterEffect.SAME, "Leaves, and is not in the system. There is nothing to close.", None, name)
    if not user.is_active:
        return Verdict(RosterEffect.SAME, "Leaves, and is deactivated already.", user, user.name)
    if user.is_coordinator:
        return Verdict(RosterEffect.ERROR, COORDINATOR_LEAVES, user, user.name)
    return Verdict(RosterEffect.LEAVES, "Leaves. The account is closed, the record stays.", user, user.name)


def _with_supervised(verdict: Verdict, teams: dict[int, list[str]]) -> Verdict:
    mine = teams.get(verdict.user.pk, []) if verdict.user and verdict.effect == RosterEffect.LEAVES else []
    return (
        dataclasses.replace(verdict, words=f"{verdict.words} Supervises {', '.join(mine)}: that ends.")
        if mine
        else verdict
    )


def _supervised(users: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = Supervision.objects.filter(supervisor__in=users, ended_at=None).order_by("team__name")
    for user, team in rows.values_list("supervisor", "team__name"):
        found.setdefault(user, []).append(team)
    return found


def _new_team(place: Place) -> str:
    return f"The team {place.new_team} is added at {place.site.name}."


def _alike(field: str, old: Any, new: Any) -> bool:
    if field == "employee_number":
        return str(old or "").lower() == str(new).lower()
    return bool(old == new)


def _change(user: User, field: str, new: Any) -> str:
    old = getattr(user, field)
    said = f"{LABELS[field]}: {_said(field, new)}"
    return f"{said} instead of {_said(field, old)}." if old else f"{said}."


def _said(field: str, value: Any) -> str:
    if isinstance(value, dt.date):
        return dates.long_date(value)
    return str(Category(value).label) if field == "category" else str(value)


def _lines(lines: Iterable[int]) -> str:
    found = sorted(set(lines))
    return ", ".join(str(line) for line in found[:5]) + (" and more" if len(found) > 5 else "")


@dataclasses.dataclass(frozen=True)
class _People:
    """Whom some lines may be about, by lower-case address and number."""

    by_email: dict[str, User]
    by_number: dict[str, User]

    def match(self, row: RosterRow, problems: list[str]) -> User | None:
        """The person of a line, by number first, then by address; what contradicts goes to ``problems``."""
        number = self.by_number.get(row.number) if row.number else None
        email = self.by_email.get(row.email) if row.email else None
        if number and email and number.pk != email.pk:
            problems.append(
                f"The employee number is {number.name}’s, the address is {email.name}’s. Correct one of the two."
            )
        elif email and not number and row.number and email.employee_number:
            problems.append(
                f"The address is {email.name}’s, whose employee number here is {email.employee_number}. Correct the number in the file, or on the person’s page."
            )
        return number or email


def _people(rows: Sequence[RosterRow]) -> _People:
    emails = {row.email for row in rows if row.email}
    numbers = {row.number for row in rows if row.number}
    found = (
        User.objects.annotate(number=Lower("employee_number"))
        .filter(Q(email__in=emails) | Q(number__in=numbers))
        .select_related("site", "team")
    )
    people = list(found)
    return _People(
        {user.email: user for user in people if user.email},
        {user.employee_number.lower(): user for user in people if user.employee_number},
    )


@dataclasses.dataclass(frozen=True)
class _Others:
    """Which lines of the file carry which address and number."""

    by_email: dict[str, set[int]]
    by_number: dict[str, set[int]]

    def about(self, row: RosterRow, user: User | None) -> set[int]:
        """The other lines that are about the person of this one: by what it says, or by what is known of the person."""
        found: set[int] = set()
        for email in {row.email, user.email if user else ""} - {"", None}:
            found |= self.by_email.get(str(email), set())
        for number in {row.number, (user.employee_number or "").lower() if user else ""} - {""}:
            found |= self.by_number.get(number, set())
        return found - {row.line or 0}


def _others(roster: RosterImport, rows: Sequence[RosterRow], people: _People) -> _Others:
    users = {user.pk: user for user in [*people.by_email.values(), *people.by_number.values()]}.values()
    emails = {row.email for row in rows} | {user.email or "" for user in users}
    numbers = {row.number for row in rows} | {(user.employee_number or "").lower() for user in users}
    found = _Others({}, {})
    lines = RosterRow.objects.filter(roster=roster, line__isnull=False)
    for email, number, line in (
        lines.filter(Q(email__in=emails - {""}) | Q(number__in=numbers - {""}))
        .order_by()
        .values_list("email", "number", "line")
    ):
        assert line is not None
        if email:
            found.by_email.setdefault(email, set()).add(line)
        if number:
            found.by_number.setdefault(number, set()).add(line)
    return found


def _absent(rows: Sequence[RosterRow]) -> list[User]:
    found = User.objects.select_related("site", "team").in_bulk([row.user_id for row in rows if row.user_id])
    return [found[row.user_id] for row in rows if row.user_id]


def missing_people(roster: RosterImport) -> Any:
    """The active people whom no line of the file is about, but for coordinators. By name."""
    lines = RosterRow.objects.filter(roster=roster, line__isnull=False).order_by()
    here = lines.filter(email=OuterRef("email")) | lines.filter(number=Lower(OuterRef("employee_number")))
    return User.objects.filter(~Exists(here), is_active=True, is_coordinator=False).order_by("name", "pk")


def counts_of(roster: RosterImport) -> dict[str, int]:
    """How many lines have which effect. One query."""
    rows = RosterRow.objects.filter(roster=roster).order_by().values_list("effect")
    return dict(rows.annotate(number=Count("pk")))


def needs_number(roster: RosterImport, counts: dict[str, int]) -> int:
    """How many people leave, if they are so many that somebody shall type the number: more than a fifth of all active people. Else 0."""
    leaving = counts.get(RosterEffect.LEAVES, 0)
    if not leaving:
        return 0
    return leaving if leaving * MANY > User.objects.filter(is_active=True).count() else 0


def stopped_rosters() -> int:
    """How many rosters stopped before every line had its turn. One query."""
    return RosterImport.objects.filter(state=RosterState.STOPPED).count()
