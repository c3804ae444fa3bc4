"""What a batch shall do for the people chosen."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms

from courses.enums import BatchKind
from courses.forms.courses import CourseField, DateInput, PlainForm, ReasonForm
from courses.models import Course, CourseVersion
from courses.queries.orders import Order

DATE = {"invalid": "Give the date as year-month-day, for example 2026-12-09."}
NUMBER = {"invalid": "Give a whole number.", "min_value": "Give a number of days from 1."}


class OrderForm(PlainForm):
    """``kind`` decides which fields it has. ``order()`` is what the preview and the action take; why it is done is asked beside the
    preview, so that no reason stands in an address."""

    course = CourseField(
        Course.objects.none(), empty_label="Choose a course", error_messages={"required": "Choose a course."}
    )
    due_on = forms.DateField(label="Due date", widget=DateInput(), required=False, error_messages=DATE)
    days = forms.IntegerField(label="Or a number of days", required=False, min_value=1, error_messages=NUMBER)
    starts_on = forms.DateField(
        label="First day", widget=DateInput(), error_messages={**DATE, "required": "Give the first day."}
    )
    ends_on = forms.DateField(
        label="Last day", widget=DateInput(), required=False, error_messages=DATE, help_text="Empty: it has no end."
    )

    def __init__(self, *args: Any, kind: BatchKind, today: dt.date, marks: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.today = kind, today
        fields: Any = self.fields
        fields["course"].queryset = Course.objects.filter(current__isnull=False).select_related("current")
        if kind == BatchKind.ASSIGN:
            fields["course"].marks = marks
            fields["due_on"].help_text = "Counts to the end of that day where each person works."
            fields["days"].help_text = "Counted from today."
        elif kind == BatchKind.EXTEND:
            fields["due_on"].label = "New due date"
            fields["due_on"].help_text = "Nobody's date becomes earlier."
            fields["days"].help_text = "Added to the due date that each person has now."
        else:
            fields["starts_on"].initial = today
        for name in ("due_on", "days") if kind == BatchKind.EXEMPT else ("starts_on", "ends_on"):
            del fields[name]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            for field, sentence in self.order().faults(self.today).items():
                self.add_error(field, sentence)
        return self.cleaned_data

    def order(self) -> Order:
        data = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return Order(self.kind, **data)


class AgainForm(PlainForm):
    """Until when those who hold an older edition take a changed course again."""

    due_on = forms.DateField(label="Due date", widget=DateInput(), required=False, error_messages=DATE)
    days = forms.IntegerField(label="Or a number of days", required=False, min_value=1, error_messages=NUMBER)

    def __init__(self, *args: Any, edition: CourseVersion, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.edition, self.today = edition, today
        self.fields["due_on"].help_text = "Counts to the end of that day where each person works."
        self.fields["days"].help_text = "Counted from today."

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            for field, sentence in self.order().faults(self.today).items():
                self.add_error(field if field in self.fields else None, sentence)
        return self.cleaned_data

    def order(self) -> Order:
        data = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return Order(BatchKind.REOPEN, self.edition.course, edition=self.edition, **data)


class BatchReasonForm(ReasonForm):
    """Why it is done, or undone, for all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "reason"
        ].help_text = "It stays in the record. The people and their supervisors can read it. No health or personal details, please."
