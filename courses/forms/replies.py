"""What a learner adds to an answer, and what a supervisor says when reminders go on."""

from django import forms

from courses.forms.courses import PlainForm
from lms.lib.identifiers import signs_of_a_person

LONG = {"max_length": "Use 200 characters or fewer."}


class AnswerForm(PlainForm):
    """``signs`` is what in the note may tell who a patient is; the writer is asked about it once."""

    note = forms.CharField(
        required=False,
        max_length=200,
        label="Add a few words",
        help_text="For example: back on January 4. Nothing about patients or clients, and no health details, please.",
        error_messages=LONG,
    )

    @property
    def signs(self) -> list[str]:
        return signs_of_a_person(self.cleaned_data.get("note", ""))


class GoOnForm(PlainForm):
    note = forms.CharField(
        required=False,
        max_length=200,
        label="A few words to the person",
        help_text="They read it under “Why?”. For example: I talked with the site lead, you have an hour on Friday.",
        error_messages=LONG,
    )
