"""Forms of the coordinator's pages about courses."""

import datetime as dt
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms

from courses.models import Course
from lms.lib import dates


class PlainForm(forms.Form):
    """A crispy form whose tag and buttons stand in the template."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class AssignForm(PlainForm):
    course = forms.ModelChoiceField(Course.objects.none(), empty_label="Choose a course")
    due_on = forms.DateField(
        label="Due date",
        widget=DateInput(),
        error_messages={"invalid": "Give the date as year-month-day, for example 2026-12-09."},
    )
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="The person sees this. For example: Onboarding, or Asked for by the site lead.",
    )

    def __init__(self, *args: Any, zone: str, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        courses = self.fields["course"]
        assert isinstance(courses, forms.ModelChoiceField)
        courses.queryset = Course.objects.filter(current__isnull=False)
        self.fields["due_on"].help_text = f"Counts to the end of that day, {dates.zone_label(zone)}."

    def clean_due_on(self) -> dt.date:
        due_on: dt.date = self.cleaned_data["due_on"]
        if due_on < self.today:
            raise forms.ValidationError("This day is over. Choose today or a later day.")
        if due_on > self.today + dt.timedelta(days=366 * 5):
            raise forms.ValidationError("This day is more than five years away. Choose an earlier day.")
        return due_on


class MoveDueDateForm(PlainForm):
    due_on = forms.DateField(
        label="New due date",
        widget=DateInput(),
        error_messages={"invalid": "Give the date as year-month-day, for example 2026-12-09."},
    )
    reason = forms.CharField(max_length=200, label="Why", help_text="It stays in the record.")

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    clean_due_on = AssignForm.clean_due_on


class ReasonForm(PlainForm):
    reason = forms.CharField(max_length=200, label="Why", help_text="It stays in the record.")


class SiteWordsForm(PlainForm):
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=2000,
        required=False,
        label="What your site says here",
        help_text="Plain text; line breaks are kept. Learners see it inside the unit. No names of clients.",
    )
