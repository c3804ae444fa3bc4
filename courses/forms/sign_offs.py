"""What an assessor writes down, and the coordinator's form that names one."""

import datetime as dt
from typing import Any

from django import forms

from courses.enums import Observed
from courses.forms.courses import REASON_HELP, DateInput, PlainForm
from courses.forms.replies import LONG
from courses.models import Course
from courses.queries.practices import Practice
from lms.lib import dates
from lms.lib.identifiers import signs_of_a_person
from lms.people.models import Site

DATE = {"invalid": "Give the date as year-month-day, for example 2026-12-09."}
NO_PATIENTS = "Nothing about patients or clients, please."


class Ticks(forms.TypedMultipleChoiceField):
    """Boxes of which none may be ticked: that is an answer too."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class ChecklistForm(PlainForm):
    """One observation. ``signs`` is what in the free texts may tell who a patient is; the writer is asked about it once."""

    items = Ticks(
        label="What you saw",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick only what you saw with your own eyes.",
        error_messages={"invalid_choice": "The checklist has changed. Open this page again."},
    )
    outcome = forms.ChoiceField(
        label="Result",
        choices=[
            (Observed.PASSED, "Passed: every item was seen"),
            (Observed.NOT_YET, "Not yet: practice again"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a result."},
    )
    work_on = forms.CharField(
        required=False,
        max_length=300,
        label="What to work on",
        help_text=f"Only for “Not yet”. The person reads it. {NO_PATIENTS}",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    observed_on = forms.DateField(label="Day", widget=DateInput(), error_messages=DATE)
    place = forms.CharField(
        max_length=80,
        label="Place",
        help_text="For example: training room.",
        error_messages={"required": "Say where it was, for example: training room."},
    )
    note = forms.CharField(
        required=False,
        max_length=300,
        label="Note",
        help_text=f"The person and their supervisors can read it. {NO_PATIENTS}",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, practice: Practice, today: dt.date, place: str, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["items"].choices = list(enumerate(practice.checklist))
        fields["observed_on"].initial = today
        fields["observed_on"].help_text = f"The day on which you saw it, {dates.zone_label(zone)}."
        fields["place"].initial = place

    @property
    def signs(self) -> list[str]:
        texts = (self.cleaned_data.get(name, "") for name in ("work_on", "place", "note"))
        return list(dict.fromkeys(sign for text in texts for sign in signs_of_a_person(text)))


class AssessorForm(PlainForm):
    """Names an assessor. ``practice`` is chosen as "course slug:practice id"."""

    practice = forms.ChoiceField(label="Practice", error_messages={"required": "Choose a practice."})
    site = forms.ModelChoiceField(Site.objects.none(), required=False, label="For people of", empty_label="Every site")
    starts_on = forms.DateField(label="First day", widget=DateInput(), error_messages=DATE)
    ends_on = forms.DateField(
        label="Last day",
        widget=DateInput(),
        error_messages=DATE,
        help_text="For example the last day of their trainer’s certificate. After it they can sign off nothing.",
    )
    reason = forms.CharField(
        max_length=200,
        label="What qualifies the person",
        help_text=REASON_HELP,
        error_messages={"required": "Say what qualifies the person. It stays in the record.", **LONG},
    )

    def __init__(self, *args: Any, practices: list[tuple[Course, Practice]], today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.practices = {f"{course.slug}:{practice.id}": (course, practice) for course, practice in practices}
        fields: Any = self.fields
        fields["practice"].choices = [
            (key, f"{practice.title} ({course.title})") for key, (course, practice) in self.practices.items()
        ]
        fields["site"].queryset = Site.objects.filter(active=True)
        fields["starts_on"].initial = today

    @property
    def chosen(self) -> tuple[Course, Practice]:
        return self.practices[self.cleaned_data["practice"]]
