"""What a supervisor fills in to give more time or to exempt."""

import datetime as dt
from typing import Any

from django import forms

from courses.forms.courses import REASON_HELP, DateInput, PlainForm
from courses.forms.requirements import DATE
from lms.lib import dates

WHY = {"required": "Say why. The reason stays in the record."}


class ExtendForm(PlainForm):
    """``latest``: the last day that may be chosen; whether it may be is asked again by the action."""

    due_on = forms.DateField(
        label="New due date", widget=DateInput(), error_messages={**DATE, "required": "Choose the new due date."}
    )
    reason = forms.CharField(max_length=200, label="Why", help_text=REASON_HELP, error_messages=WHY)

    def __init__(self, *args: Any, latest: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_on"].help_text = f"At the latest {dates.long_date(latest)}."


class ExemptForm(PlainForm):
    ends_on = forms.DateField(
        label="Last day", widget=DateInput(), error_messages={**DATE, "required": "Choose the last day."}
    )
    reason = forms.CharField(max_length=200, label="Why", help_text=REASON_HELP, error_messages=WHY)

    def __init__(self, *args: Any, latest: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_on"].help_text = f"At the latest {dates.long_date(latest)}."
