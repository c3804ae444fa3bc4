"""The editor of a requirement, and exceptions for one person."""

import calendar
import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q

from courses.actions.requiring import Wording
from courses.enums import DueKind, ExceptionKind, RenewalKind, Supervising
from courses.forms.courses import DateInput, PlainForm
from courses.models import Course, CoursePath, Requirement, RequirementVersion
from courses.queries.duties import audience_of
from courses.requirements.audience import folded
from courses.requirements.facts import Audience, Due, Renewal
from lms.people.enums import Category
from lms.people.models import Site, Team, User

DATE = {"invalid": "Give the date as year-month-day, for example 2026-12-09."}
NUMBER = {
    "invalid": "Give a whole number.",
    "min_value": "Give a number from 0.",
    "max_value": "This number is too large. Give a smaller one.",
}
NAMES_HELP = "One person a line, by email address or full name. They are meant whatever stands above."


class Boxes(forms.MultipleChoiceField):
    """Check boxes, none of which has to be checked."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, label: str, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(label=label, choices=choices, required=False, **kwargs)


class PeopleField(forms.CharField):
    """People typed one a line. Cleans to a frozenset of their keys, or says whom it did not find."""

    widget = forms.Textarea(attrs={"rows": 3})

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label=label, required=False, max_length=20_000, **kwargs)

    def clean(self, value: Any) -> Any:
        lines = list(dict.fromkeys(line.strip() for line in super().clean(value).splitlines() if line.strip()))
        found, wrong = set(), []
        for line in lines:
            rows = list(
                User.objects.filter(Q(email__iexact=line) | Q(name__iexact=line)).values_list("pk", flat=True)[:2]
            )
            if len(rows) == 1:
                found.add(rows[0])
            elif rows:
                wrong.append(f"More than one person is called {line}. Give the email address instead.")
            else:
                wrong.append(f"There is nobody called {line}. Check the spelling, or give the email address.")
        if wrong:
            raise forms.ValidationError(wrong[:10])
        return frozenset(found)


class RequirementForm(PlainForm):
    """One version of a rule. ``wording()`` is what the actions take."""

    name = forms.CharField(
        max_length=120,
        label="Name",
        help_text="For example: Stigma reduction, yearly.",
        error_messages={"required": "Give the requirement a name."},
    )
    what = forms.ChoiceField(label="Course or path", error_messages={"required": "Choose a course or a path."})
    reason = forms.CharField(
        max_length=200,
        label="Why it is asked",
        help_text="Everybody who has it to do can read this. For example: The state asks it of everybody who meets clients.",
        error_messages={"required": "Say why. People are shown it."},
    )
    categories = Boxes("Category", Category.choices)
    job_roles = Boxes("Job role")
    sites = Boxes("Site")
    teams = Boxes("Team", help_text="A team means everybody in it and in the teams below it.")
    supervising = forms.ChoiceField(label="Supervisors", choices=Supervising.choices, required=False)
    people = PeopleField("People by name", help_text=NAMES_HELP)
    without_job_roles = Boxes("Leave out these job roles")
    without_teams = Boxes("Leave out these teams and the teams below them")
    without_people = PeopleField(
        "Leave out these people", help_text="One person a line, by email address or full name."
    )
    due_kind = forms.ChoiceField(label="Due", choices=DueKind.choices, initial=DueKind.AFTER_ASSIGNMENT)
    due_days = forms.IntegerField(
        label="Number of days", min_value=0, max_value=9999, required=False, initial=30, error_messages=NUMBER,
        help_text="For the choices that count days.",
    )  # fmt: skip
    due_on = forms.DateField(
        label="Due date", widget=DateInput(), required=False, error_messages=DATE, help_text="For a fixed date."
    )
    grace_days = forms.IntegerField(
        label="Grace in days", min_value=0, max_value=9999, required=False, initial=14, error_messages=NUMBER,
        help_text="Nobody gets fewer days than this, and a renewal may come this much after the old one ran out.",
    )  # fmt: skip
    renewal_kind = forms.ChoiceField(label="Renewed", choices=RenewalKind.choices, initial=RenewalKind.NEVER)
    renewal_months = forms.IntegerField(
        label="Number of months", min_value=0, max_value=999, required=False, initial=12, error_messages=NUMBER,
        help_text="For a renewal some months after completion.",
    )  # fmt: skip
    renewal_month = forms.TypedChoiceField(
        label="Month", choices=[(n, calendar.month_name[n]) for n in range(1, 13)], coerce=int, required=False,
        help_text="For the same day every year.",
    )  # fmt: skip
    renewal_day = forms.IntegerField(
        label="Day of the month", min_value=0, max_value=99, required=False, initial=1, error_messages=NUMBER
    )
    window_days = forms.IntegerField(
        label="Days in which it may be renewed early", min_value=0, max_value=9999, required=False, initial=60,
        error_messages=NUMBER, help_text="Who renews within these days before the end loses no time.",
    )  # fmt: skip
    active_from = forms.DateField(
        label="First day", widget=DateInput(), error_messages={**DATE, "required": "Choose the first day."}
    )
    active_until = forms.DateField(
        label="Last day", widget=DateInput(), required=False, error_messages=DATE, help_text="Empty: it has no end."
    )

    def __init__(self, *args: Any, requirement: Requirement | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        roles: dict[str, str] = {}
        for role in (
            User.objects.exclude(job_role="").order_by("job_role").values_list("job_role", flat=True).distinct()
        ):
            roles.setdefault(folded(role), role)
        for stored in (self.initial.get("job_roles", ()), self.initial.get("without_job_roles", ())):
            for role in stored:
                roles.setdefault(folded(role), role)
        choices = [(role, role) for role in roles.values()]
        fields["job_roles"].choices = fields["without_job_roles"].choices = choices
        fields["sites"].choices = [(str(s.pk), s.name) for s in Site.objects.filter(active=True)]
        teams = [
            (str(t.pk), f"{t.name} ({t.site.name})") for t in Team.objects.filter(active=True).select_related("site")
        ]
        fields["teams"].choices = fields["without_teams"].choices = teams
        if requirement is None:
            courses = [(f"course:{c.pk}", c.title) for c in Course.objects.filter(current__isnull=False)]
            paths = [(f"path:{p.pk}", p.title) for p in CoursePath.objects.filter(retired_at__isnull=True)]
            fields["what"].choices = [("", "Choose a course or a path"), ("Courses", courses), ("Paths", paths)]
        else:
            del fields["what"]

    def chosen(self) -> Course | CoursePath:
        """The course or path that was chosen."""
        kind, _, key = self.cleaned_data["what"].partition(":")
        model: Any = Course if kind == "course" else CoursePath
        found: Course | CoursePath = model.objects.get(pk=int(key))
        return found

    def wording(self) -> Wording:
        data = self.cleaned_data
        due_kind, renewal_kind = data["due_kind"], data["renewal_kind"]
        yearly = renewal_kind == RenewalKind.FIXED
        counts = due_kind not in (DueKind.FIXED, DueKind.FIRST_SHIFT)
        return Wording(
            audience=Audience(
                categories=frozenset(data["categories"]),
                job_roles=frozenset(data["job_roles"]),
                sites=frozenset(int(key) for key in data["sites"]),
                teams=frozenset(int(key) for key in data["teams"]),
                supervising=data["supervising"],
                people=data["people"],
                without_job_roles=frozenset(data["without_job_roles"]),
                without_teams=frozenset(int(key) for key in data["without_teams"]),
                without_people=data["without_people"],
            ),
            due=Due(
                due_kind, data["due_days"] or 0 if counts else 0, data["due_on"] if due_kind == DueKind.FIXED else None
            ),
            renewal=Renewal(
                renewal_kind,
                data["renewal_months"] or 0 if renewal_kind == RenewalKind.MONTHS else 0,
                data["renewal_month"] or 0 if yearly else 0,
                data["renewal_day"] or 0 if yearly else 0,
                data["window_days"] or 0 if renewal_kind != RenewalKind.NEVER else 0,
            ),
            active_from=data["active_from"],
            grace=data["grace_days"] or 0,
            active_until=data["active_until"],
        )


def initial_of(version: RequirementVersion) -> dict[str, Any]:
    """The editor's values for a version."""
    audience = audience_of(version.audience)
    people = dict(User.objects.filter(pk__in=audience.people | audience.without_people).values_list("pk", "name"))
    emails = dict(User.objects.filter(pk__in=people, email__isnull=False).values_list("pk", "email"))

    def lines(keys: frozenset[int]) -> str:
        return "\n".join(sorted(emails.get(key) or people.get(key, "") for key in keys))

    return {
        "name": version.requirement.name,
        "reason": version.requirement.reason,
        "categories": sorted(audience.categories),
        "job_roles": sorted(audience.job_roles),
        "sites": [str(key) for key in audience.sites],
        "teams": [str(key) for key in audience.teams],
        "supervising": audience.supervising,
        "people": lines(audience.people),
        "without_job_roles": sorted(audience.without_job_roles),
        "without_teams": [str(key) for key in audience.without_teams],
        "without_people": lines(audience.without_people),
        "due_kind": version.due_kind,
        "due_days": version.due_days,
        "due_on": version.due_on,
        "grace_days": version.grace_days,
        "renewal_kind": version.renewal_kind,
        "renewal_months": version.renewal_months or 12,
        "renewal_month": version.renewal_month or 1,
        "renewal_day": version.renewal_day or 1,
        "window_days": version.window_days or (60 if version.renewal_kind == RenewalKind.NEVER else 0),
        "active_from": version.active_from,
        "active_until": version.active_until,
    }


class ExceptionForm(PlainForm):
    """An exception for one person. ``kind`` decides which fields it has."""

    course = forms.ModelChoiceField(Course.objects.none(), required=False, empty_label="Every course")
    starts_on = forms.DateField(label="First day", widget=DateInput(), error_messages=DATE)
    ends_on = forms.DateField(label="Last day", widget=DateInput(), required=False, error_messages=DATE)
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="It stays in the record, and the person and their supervisors can read it. No health details, please.",
        error_messages={"required": "Say why. The reason stays in the record."},
    )
    evidence = forms.CharField(
        max_length=300, required=False, label="What you saw", help_text="A short note, and where it is kept."
    )

    def __init__(self, *args: Any, kind: ExceptionKind, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["course"].queryset = Course.objects.filter(current__isnull=False)
        fields["starts_on"].initial = today
        fields["ends_on"].help_text = "Empty: nobody knows yet, or it has no end."
        if kind == ExceptionKind.LEAVE:
            del fields["course"]
            fields["ends_on"].label = "Last day away"
            fields["ends_on"].help_text = "Empty: nobody knows yet. Due dates move when the person is back."
        elif kind == ExceptionKind.PRIOR_LEARNING:
            fields["course"].required, fields["course"].empty_label = True, "Choose a course"
            fields["course"].error_messages["required"] = "Choose the course that was learned elsewhere."
            fields["starts_on"].label, fields["starts_on"].initial = "Completed on", None
            fields["ends_on"].label, fields["ends_on"].help_text = "Valid to", "Empty: it does not run out."
            fields["evidence"].required = True
            fields["evidence"].error_messages["required"] = (
                "Say what you saw, for example: certificate of the county, seen on paper."
            )
