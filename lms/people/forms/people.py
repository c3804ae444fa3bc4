"""Forms about a person."""

import json
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict

from lms.lib import names
from lms.people.actions.people import CHANGEABLE
from lms.people.enums import Category, DeactivationReason, ErasureReason, PersonState
from lms.people.forms.fields import TeamField, WorkingDaysField, sites_to_offer, teams_to_offer
from lms.people.models import MONDAY_TO_FRIDAY, Site, Team, User
from lms.people.permissions import GRANTS, Action
from lms.people.queries.people import EVERYBODY, job_roles
from lms.people.roles import may

UNSEEN = object()


class PersonForm(forms.ModelForm):
    """What the viewer may change about a person: everything for the coordinator, address and roles for an administrator. Only roles
    that the matrix lets the viewer grant to this person are there, and those of their own that they may give up. ``values()`` is what
    the actions take: of a person who is there already only what differs from what the form showed, so that what somebody else has
    changed since then stays."""

    shown = forms.CharField(widget=forms.HiddenInput, required=False)
    team = TeamField(help_text="Teams stand under their site. The team must be at the person's site.")
    working_days = WorkingDaysField(
        initial=MONDAY_TO_FRIDAY,
        help_text="Mail about training comes only on these days. Invitations, new passwords and certificates come at once.",
    )

    class Meta:
        model = User
        fields = [
            "name",
            "latin_name",
            "email",
            "employee_number",
            "phone",
            "hire_date",
            "first_shift_on",
            "category",
            "job_role",
            "site",
            "team",
            "own_zone",
            "working_days",
            "is_coordinator",
            "is_auditor",
            "is_administrator",
        ]
        widgets = {
            "hire_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "first_shift_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        labels = {
            "is_coordinator": "Training coordinator",
            "is_auditor": "Auditor",
            "is_administrator": "Administrator",
        }
        help_texts = {
            "name": "As it is printed on certificates.",
            "latin_name": "Only for a name in another script: the same name spelled in Latin letters.",
            "email": "They sign in with it. Without an address they get no mail and cannot sign in yet.",
            "employee_number": "As personnel knows them. A roster finds them by it.",
            "phone": "So that a supervisor can call. It stands on pages of their supervisors and the coordinator only.",
            "hire_date": "Some due dates count from this day.",
            "first_shift_on": "Some courses are due before this day.",
            "job_role": "For example Night support worker.",
            "site": "The site's time zone decides when a day ends for this person, unless they have one of their own.",
            "is_coordinator": "May see and change everything on these pages, for everybody.",
            "is_auditor": "May read everybody's records and change nothing. Each page they read is noted.",
            "is_administrator": "Looks after the system: health, post room, roles and sign-in. Sees no training results.",
        }
        error_messages = {
            "name": {"required": "Type the name as it should be printed on certificates."},
            "site": {
                "required": "Choose the site where this person works.",
                "invalid_choice": "Choose a site from the list.",
            },
            "hire_date": {"invalid": "Give the day as month, day and year, for example 03/02/2026."},
            "first_shift_on": {"invalid": "Give the day as month, day and year, for example 03/02/2026."},
            "email": {"invalid": "This is not one complete email address, for example maya@example.org."},
        }

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = self.instance.pk is not None
        self._keep_what_is_allowed(viewer, self.instance if saved else None)
        if saved:
            here = [field for field in CHANGEABLE if field in self.fields]
            self.initial["shown"] = json.dumps({field: _plain(getattr(self.instance, field)) for field in here})
        else:
            del self.fields["shown"]
        if "site" not in self.fields:
            return
        sites = self.fields["site"]
        assert isinstance(sites, forms.ModelChoiceField)
        sites.queryset = sites_to_offer(keep=self.instance.site if saved else None)
        sites.empty_label = "Choose a site"
        if not saved and len(only := list(sites.queryset[:2])) == 1:
            self.initial.setdefault("site", only[0].pk)
        team = self.fields["team"]
        assert isinstance(team, TeamField)
        team.offer(teams_to_offer(keep=self.instance.team if saved else None))
        if saved and self.instance.team is not None:
            self.initial["team"] = self.instance.team.public_id
        self.fields["category"].choices = Category.choices  # type: ignore[attr-defined]
        for field in ("name", "latin_name", "email", "employee_number", "phone"):
            self.fields[field].widget.attrs["autocomplete"] = "off"

    def _keep_what_is_allowed(self, viewer: User, person: User | None) -> None:
        whole = may(viewer, Action.CHANGE_PERSON, person)
        for field in list(self.fields):
            action = GRANTS.get(field)
            if action is None:
                keep = whole or field in ("email", "shown")
            elif person is not None and person.pk == viewer.pk:
                keep = bool(getattr(person, field))
                self.fields[field].help_text = "Untick it to give this role up. Only somebody else can give it back."
            else:
                keep = may(viewer, action, person)
            if not keep:
                del self.fields[field]

    def clean_name(self) -> str:
        return names.one_line(self.cleaned_data["name"])

    def clean_email(self) -> str | None:
        email = (self.cleaned_data["email"] or "").strip().lower() or None
        if email:
            owner = User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).first()
            if owner is not None:
                state = "" if owner.is_active else " (deactivated)"
                raise ValidationError(
                    f"{owner.name}{state} already has this email address. Each person needs one of their own."
                )
        return email

    def clean_employee_number(self) -> str | None:
        number = names.one_line(self.cleaned_data["employee_number"] or "") or None
        if number:
            owner = User.objects.filter(employee_number__iexact=number).exclude(pk=self.instance.pk).first()
            if owner is not None:
                raise ValidationError(
                    f"{owner.name} already has this employee number. Each person has one of their own."
                )
        return number

    def clean_shown(self) -> dict[str, Any]:
        """What the fields showed when the page was made; nothing when that is not to be read."""
        try:
            shown = json.loads(self.cleaned_data["shown"] or "{}")
        except ValueError:
            shown = {}
        return shown if isinstance(shown, dict) else {}

    def values(self) -> dict[str, Any]:
        shown = self.cleaned_data.get("shown") or {}
        return {
            field: self.cleaned_data[field]
            for field in CHANGEABLE
            if field in self.fields
            and (not shown or shown.get(field, UNSEEN) not in (UNSEEN, _plain(self.cleaned_data[field])))
        }


def _plain(value: Any) -> str:
    """A value as it can be compared after a page."""
    return str(value.pk) if isinstance(value, Model) else "" if value is None else str(value)


class NewPersonForm(PersonForm):
    invite_now = forms.BooleanField(
        label="Send the invitation by mail now",
        required=False,
        initial=True,
        help_text="You can also do it later, from the person's page.",
    )


class PeopleFilterForm(forms.Form):
    """The filter bar of the people list. A value that makes no sense filters nothing."""

    q = forms.CharField(label="Find a person", required=False, max_length=100)
    site = forms.ModelChoiceField(Site.objects.all(), required=False, empty_label="Every site")
    team = TeamField(label="Team and those below it", empty_label="Every team")
    category = forms.ChoiceField(label="Category", required=False, choices=[("", "Every category"), *Category.choices])
    job_role = forms.ChoiceField(label="Job role", required=False)
    state = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "All but deactivated"), *PersonState.choices, (EVERYBODY, "Everybody, deactivated too")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, TeamField)
        team.offer(list(Team.objects.select_related("site").order_by("site__name", "name")))
        roles = self.fields["job_role"]
        assert isinstance(roles, forms.ChoiceField)
        roles.choices = [("", "Every job role"), *((role, role) for role in job_roles())]
        self.fields["q"].widget = forms.TextInput(attrs={"type": "search", "class": "form-control"})
        for name in ("site", "team", "category", "job_role", "state"):
            self.fields[name].widget.attrs["class"] = "form-select"

    def filters(self) -> dict[str, Any]:
        """Keyword arguments of ``queries.people.people_for_page``; plain values, which JSON can hold."""
        self.is_valid()
        found = self.cleaned_data
        site, team = found.get("site"), found.get("team")
        return {
            "search": found.get("q") or "",
            "site_id": site.pk if site else None,
            "team_id": team.pk if team else None,
            "category": found.get("category") or "",
            "job_role": found.get("job_role") or "",
            "state": found.get("state") or "",
        }

    def kept(self) -> str:
        """The query string of what was chosen, for the addresses of other pages about the same people."""
        self.is_valid()
        return urlencode(
            [(name, value) for name in self.fields if name in self.cleaned_data and (value := self.data.get(name))]
        )


class DeactivationForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why",
        choices=DeactivationReason.choices,
        widget=forms.RadioSelect,
        help_text="The reason stands in the person's record.",
        error_messages={"required": "Choose a reason."},
    )


class ErasureForm(forms.Form):
    """Asks for the name once more, so that nobody is erased by a slip of the hand."""

    reason = forms.ChoiceField(
        label="Why",
        choices=ErasureReason.choices,
        widget=forms.RadioSelect,
        help_text="The reason stands in the record, without the name.",
        error_messages={"required": "Choose a reason."},
    )
    name = forms.CharField(
        label="The person's name, to confirm",
        max_length=120,
        help_text="Write it as it stands above.",
        error_messages={"required": "Write the name to confirm."},
    )

    def __init__(self, data: QueryDict | None, *, person: User) -> None:
        super().__init__(data)
        self._person = person

    def clean_name(self) -> str:
        name = names.one_line(self.cleaned_data["name"])
        if name.casefold() != self._person.name.casefold():
            raise forms.ValidationError("This is not the name of the person on this page. Nothing was erased.")
        return name
