"""Forms of the coordinator's pages about courses."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms

from courses.enums import ReviewRole
from courses.models import Course
from lms.lib import dates

REASON_HELP = "It stays in the record, and supervisors can read it. No health or personal details, please."


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


class CourseField(forms.ModelChoiceField):
    """``marks`` says by primary key what stands behind a title, such as "not approved"."""

    marks: Mapping[int, str] = {}

    def label_from_instance(self, obj: Any) -> str:
        mark = self.marks.get(obj.pk, "")
        return f"{obj.title} ({mark})" if mark else str(obj.title)


class AssignForm(PlainForm):
    course = CourseField(Course.objects.none(), empty_label="Choose a course")
    due_on = forms.DateField(
        label="Due date",
        widget=DateInput(),
        error_messages={"invalid": "Give the date as year-month-day, for example 2026-12-09."},
    )
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="The person and their supervisors see this. For example: Onboarding, or Asked for by the site lead.",
    )

    def __init__(self, *args: Any, zone: str, today: dt.date, marks: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        courses = self.fields["course"]
        assert isinstance(courses, CourseField)
        courses.queryset = Course.objects.filter(current__isnull=False)
        courses.marks = marks
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
    reason = forms.CharField(max_length=200, label="Why", help_text=REASON_HELP)

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    clean_due_on = AssignForm.clean_due_on


class ReasonForm(PlainForm):
    reason = forms.CharField(max_length=200, label="Why", help_text=REASON_HELP)


class SiteWordsForm(PlainForm):
    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=2000,
        required=False,
        label="What your site says here",
        help_text="Plain text; line breaks are kept. Learners see it inside the unit. No names of clients.",
    )


class ApproveForm(PlainForm):
    role = forms.ChoiceField(
        choices=[("", "Choose your role"), *ReviewRole.choices],
        label="You review as",
        help_text="The role in which you can judge this course. It stands beside your name.",
    )
    note = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=500,
        required=False,
        label="Note",
        help_text="What you looked at, and what to watch at the next review. It stays in the record.",
    )
    read = forms.BooleanField(
        label="I have read every unit and every question of this edition",
        error_messages={"required": "Read the units and the questions first, then check this box."},
    )
