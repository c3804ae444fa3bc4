"""The filter bar of people and courses, and the names of saved views."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from courses.enums import Rhythm, Status
from courses.forms.courses import DateInput, PlainForm
from courses.models import Course
from courses.queries.matrix import GROUP_WORDS, SORTS, Filters
from lms.people.enums import Category
from lms.people.models import Site, Team

SIZES = (25, 50, 100)
DATE = {"invalid": "That is no date. Write it as year-month-day, for example 2026-12-09."}
GONE = {"invalid_choice": "It is not there, or not yours to see."}
UNKNOWN = {"invalid_choice": "We do not know that."}


class MatrixForm(forms.Form):
    """Reads an address and never refuses it: a value that means nothing filters nothing, and ``ignored`` says so in a sentence.

    ``filters()`` is what the query takes, ``kept()`` the query string of what was understood. ``past``: the day and the knowledge of a past
    day, by name, which go with the filters.
    """

    search = forms.CharField(
        label="Find a person", required=False, max_length=80, error_messages={"max_length": "It is too long."}
    )
    team = forms.ChoiceField(label="Team", required=False, error_messages=GONE)
    status = forms.ChoiceField(label="Status", required=False, error_messages=UNKNOWN)
    sort = forms.ChoiceField(label="Sort", required=False, choices=list(SORTS.items()), error_messages=UNKNOWN)
    course = forms.ChoiceField(label="Course", required=False, error_messages=GONE)
    site = forms.ChoiceField(label="Site", required=False, error_messages=GONE)
    category = forms.ChoiceField(
        label="Category", required=False, choices=[("", "Every category"), *Category.choices], error_messages=UNKNOWN
    )
    job_role = forms.ChoiceField(label="Job role", required=False, error_messages=GONE)
    due_from = forms.DateField(label="Due from", required=False, widget=DateInput(), error_messages=DATE)
    due_to = forms.DateField(label="Due to", required=False, widget=DateInput(), error_messages=DATE)
    ends_from = forms.DateField(label="Runs out from", required=False, widget=DateInput(), error_messages=DATE)
    ends_to = forms.DateField(label="Runs out to", required=False, widget=DateInput(), error_messages=DATE)
    size = forms.ChoiceField(
        label="People on a page", required=False, choices=[(str(n), str(n)) for n in SIZES], error_messages=UNKNOWN
    )
    columns = forms.MultipleChoiceField(
        label="Courses shown", required=False, widget=forms.CheckboxSelectMultiple, error_messages=GONE
    )

    #: in the bar; the others stand behind "More filters"
    IN_BAR = ("search", "team", "status", "sort")

    def __init__(
        self,
        data: QueryDict,
        *,
        teams: Sequence[Team],
        sites: Iterable[Site],
        job_roles: Sequence[str],
        courses: Sequence[Course],
        whole: bool,
        past: Mapping[str, str] | None = None,
    ) -> None:
        self.ignored: list[str] = []
        self.past = dict(past or {})
        slugs = [course.slug for course in courses]
        super().__init__(self._known_columns(data, slugs))
        fields: Any = self.fields
        self.teams = teams
        fields["team"].choices = [("", "Every team" if whole else "All my teams"), *_under_sites(teams)]
        fields["site"].choices = [("", "Every site"), *((str(site.pk), site.name) for site in sites)]
        fields["status"].choices = [
            ("", "Every status"),
            *GROUP_WORDS.items(),
            *((status.value, status.label) for status in Status if status != Status.NOT_REQUIRED),
        ]
        fields["job_role"].choices = [("", "Every job role"), *((role, role) for role in job_roles)]
        titles = [(course.slug, course.title) for course in courses]
        fields["course"].choices = [("", "Every course"), *titles]
        fields["columns"].choices = titles
        self._read()
        self.shown = set(self.filters().columns or slugs)
        for name, field in fields.items():
            kind = "form-control" if isinstance(field, forms.CharField | forms.DateField) else "form-select"
            if name != "columns":
                field.widget.attrs["class"] = kind
        fields["search"].widget.input_type = "search"
        fields["search"].widget.attrs["autocomplete"] = "off"

    def _known_columns(self, data: QueryDict, slugs: Sequence[str]) -> QueryDict:
        """Of the columns those that there are; all of them is as good as none."""
        asked = data.getlist("columns")
        if not asked:
            return data
        known = [slug for slug in dict.fromkeys(asked) if slug in slugs]
        if len(known) < len(set(asked)):
            self.ignored.append("Courses shown: one of them is not there, or nobody here has it. It is left out.")
        data = data.copy()
        data.setlist("columns", [] if set(known) == set(slugs) else known)
        return data

    def _read(self) -> None:
        """Takes out what is wrong, with a sentence for each."""
        self.is_valid()
        for name, found in self.errors.items():
            self.ignored.append(f"{self.fields[name].label}: {found[0]} So it filters nothing.")
        for first, last in (("due_from", "due_to"), ("ends_from", "ends_to")):
            start, end = self.cleaned_data.get(first), self.cleaned_data.get(last)
            if start and end and start > end:
                label = self.fields[first].label
                self.ignored.append(f"{label}: the first day is after the last day. So these dates filter nothing.")
                del self.cleaned_data[first], self.cleaned_data[last]

    def filters(self) -> Filters:
        found = self.cleaned_data
        words = ("search", "category", "job_role", "course", "status")
        days = ("due_from", "due_to", "ends_from", "ends_to")
        plain: dict[str, Any] = {name: found.get(name) or "" for name in words} | {
            name: found.get(name) for name in days
        }
        return Filters(
            teams=below(found.get("team") or "", self.teams),
            site=int(found["site"]) if found.get("site") else None,
            sort=found.get("sort") or "attention",
            columns=tuple(found.get("columns") or ()),
            **plain,
        )

    @property
    def page_size(self) -> int:
        return int(self.cleaned_data.get("size") or SIZES[0])

    def kept(self, **changes: str) -> str:
        """The query string of what was understood, without the number of the page. ``changes`` replace, an empty one takes away."""
        return urlencode(self.pairs(**changes))

    def of_today(self, **changes: str) -> str:
        """The same without the past day."""
        return self.kept(**dict.fromkeys(self.past, ""), **changes)

    def pairs(self, **changes: str) -> list[tuple[str, str]]:
        found = [(name, changes.get(name, value)) for name, value in self.past.items()]
        pairs = [(name, value) for name, value in found if value]
        data: Any = self.data  # a QueryDict
        for name in self.fields:
            if name in changes:
                pairs += [(name, changes[name])] if changes[name] else []
            elif self.cleaned_data.get(name) and not self._is_default(name):
                values = data.getlist(name) if name == "columns" else [data.get(name, "").strip()]
                pairs += [(name, value) for value in values]
        return pairs

    def _is_default(self, name: str) -> bool:
        return self.cleaned_data[name] == {"sort": "attention", "size": str(SIZES[0])}.get(name)

    @property
    def more_open(self) -> bool:
        """Whether one of the filters behind "More filters" is in use."""
        return any(name not in self.IN_BAR and self.cleaned_data.get(name) for name in self.fields if name != "size")

    @property
    def bar(self) -> list[forms.BoundField]:
        return [self[name] for name in self.IN_BAR]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in (*self.IN_BAR, "columns")]


def _under_sites(teams: Sequence[Team]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for team in teams:
        groups.setdefault(team.site.name, []).append((str(team.public_id), team.name))
    return list(groups.items())


def below(public_id: str, teams: Sequence[Team]) -> tuple[int, ...]:
    """The keys of this team and of those of the teams that lie below it; none without a team."""
    found = {team.pk for team in teams if public_id and str(team.public_id) == public_id}
    while more := {team.pk for team in teams if team.parent_id in found} - found:
        found |= more
    return tuple(sorted(found))


class ViewNameForm(PlainForm):
    name = forms.CharField(
        label="Name of the view", max_length=40, error_messages={"required": "Give the view a name."}
    )


class ViewForm(ViewNameForm):
    mailed = forms.ChoiceField(
        label="Mail me a link to it",
        choices=Rhythm.choices,
        required=False,
        help_text="The mail holds no names. Behind the link, after signing in, are the page and its exports as they stand then.",
    )
