"""Forms of quizzes. The form that asks a question belongs to its kind (``quizzes.kinds.form``)."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms

from courses.forms.courses import DateInput, PlainForm
from courses.models import Course
from lms.lib import names
from lms.lib.identifiers import signs_of_a_person
from quizzes import kinds
from quizzes.enums import Confidence
from quizzes.models import Question
from quizzes.queries.effects import Draft
from quizzes.queries.packs import MOST_DAYS, MOST_PEOPLE
from quizzes.rules import FACTORS, factor_in_words

MEND, VOID = "mend", "void"
WAYS = [(MEND, "Mend the key"), (VOID, "Void the question: it no longer counts against anybody")]


class CorrectForm(PlainForm):
    """``way``, the key fields of the question's kind, the reason, and how many corrections the person had in view."""

    way = forms.ChoiceField(
        choices=WAYS,
        widget=forms.RadioSelect,
        initial=MEND,
        label="What should happen?",
        error_messages={"required": "Choose whether to mend the key or to void the question."},
    )
    reason = forms.CharField(
        max_length=300,
        label="Why",
        help_text="Learners whose result rises read this, and so do their supervisors. Name nobody.",
        error_messages={"required": "Say why the question is corrected. Learners whose result changes read it."},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, question: Question, stored: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.stored = kinds.get(question.kind), stored
        self.key_fields = self.kind.key_fields(stored)
        self.fields = {"way": self.fields["way"], **self.key_fields, **{n: self.fields[n] for n in ("reason", "seen")}}
        voiding = self.is_bound and self.data.get("way") == VOID
        for field in self.key_fields.values():
            field.required = not voiding
        if not self.key_fields:
            way = self.fields["way"]
            assert isinstance(way, forms.ChoiceField)
            way.choices, way.initial = [one for one in WAYS if one[0] == VOID], VOID

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("way") == VOID:
            for name in self.key_fields:
                self.errors.pop(name, None)
            self.draft = Draft(None)
        elif not self.errors:
            self.draft = Draft(self.kind.read_key(self.stored, cleaned))
        return cleaned


class QuizRulesForm(PlainForm):
    """How much time, and how many attempts more, one person has in every quiz. It does not ask why."""

    time_factor = forms.TypedChoiceField(
        label="Time for a quiz with a time limit",
        coerce=Decimal,
        help_text="Twice the time is 60 minutes where others have 30. Quizzes without a time limit stay without one.",
    )
    extra_attempts = forms.IntegerField(
        label="Extra attempts at every quiz",
        min_value=0,
        max_value=50,
        help_text="A whole number from 0 to 50. They come on top of the attempts that the course gives everybody.",
    )

    def __init__(self, *args: Any, time_factor: Decimal, extra_attempts: int, **kwargs: Any) -> None:
        now = f"{time_factor.normalize():f}"
        initial = {"time_factor": now, "extra_attempts": extra_attempts}
        super().__init__(*args, initial=initial, **kwargs)
        field = self.fields["time_factor"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = list({**FACTORS, now: factor_in_words(time_factor)}.items())


class ConfidenceForm(forms.Form):
    """How sure a learner is of an answer, if they like to say."""

    confidence = forms.ChoiceField(
        label="How sure are you?",
        choices=Confidence.choices,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one of sure, fairly sure or guessing, or leave it open."},
    )

    @property
    def said(self) -> str | None:
        """The word that was sent; None when none was, so that what was said before stays."""
        return self.cleaned_data["confidence"] or None


class LongText(forms.CharField):
    """Several lines of text. A line break counts as one sign, as it does in the browser that counts along."""

    def __init__(self, *, rows: int, max_length: int, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str | None:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class DisputeForm(PlainForm):
    """Why a question is wrong. ``signs`` is what in the text may tell who a patient is; the writer is asked about it once."""

    reason = LongText(
        rows=5,
        max_length=600,
        label="What is wrong with it?",
        help_text="For example: two answers are right, the key differs from the unit, or the words can be read in two ways. "
        "Leave out everything about patients and clients: no names, dates, places or numbers.",
        error_messages={
            "required": "Say in a sentence what is wrong with the question.",
            "max_length": "Use 600 characters or fewer.",
        },
    )

    @property
    def signs(self) -> list[str]:
        return signs_of_a_person(self.cleaned_data.get("reason", ""))


class KeepForm(PlainForm):
    """The answer to those who disputed a question that stays as it is."""

    answer = LongText(
        rows=5,
        max_length=600,
        label="Your answer to those who disputed it",
        help_text="They read it in a mail and beside their result. Say why the question is right as it stands, and thank them. No names.",
        error_messages={
            "required": "Write what those who disputed the question are told.",
            "max_length": "Use 600 characters or fewer.",
        },
    )


class CoursesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.title)


class PackForm(PlainForm):
    """What a surveyor pack holds, besides the people whom the filters give. ``size`` makes it a sample."""

    size = forms.IntegerField(
        label="Only a random sample of",
        required=False,
        min_value=1,
        max_value=MOST_PEOPLE,
        help_text="Number of people. Empty: everybody who fits.",
        error_messages={
            "invalid": "Give a whole number of people.",
            "min_value": "Give a number of people from 1.",
            "max_value": f"A pack has room for {MOST_PEOPLE} people.",
        },
    )
    seed = forms.CharField(
        label="Seed of the sample",
        required=False,
        max_length=40,
        help_text="The same seed draws the same people again. Let the surveyor name one if they like.",
    )
    course = CoursesField(
        Course.objects.none(),
        to_field_name="slug",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Courses",
        help_text="None ticked: all courses.",
        error_messages={"invalid_choice": "One of these courses is not there."},
    )
    as_of = forms.DateField(
        label="As of the end of",
        widget=DateInput(),
        error_messages={
            "invalid": "Give the date as year-month-day, for example 2026-12-09.",
            "required": "Give the day as of which the pack speaks.",
        },
    )
    with_key = forms.BooleanField(
        label="Show which quiz answers are right",
        required=False,
        help_text="For a surveyor who reviews the questions. Leave it off if the pack might reach learners.",
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        course = self.fields["course"]
        assert isinstance(course, CoursesField)
        course.queryset = Course.objects.filter(versions__isnull=False).distinct()

    def clean_as_of(self) -> dt.date:
        as_of: dt.date = self.cleaned_data["as_of"]
        if as_of > self.today:
            raise forms.ValidationError("This day is still to come. Choose today or an earlier day.")
        return as_of

    def clean_seed(self) -> str:
        return names.one_line(self.cleaned_data["seed"])

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("size") and not self.cleaned_data.get("seed"):
            self.add_error("seed", "A sample needs a seed. Any word or number will do.")
        return self.cleaned_data


class PackReasonForm(PlainForm):
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="It stays in the record and on the first page of the pack. For example: State survey, December 2026.",
        error_messages={"required": "Say why. The reason stays in the record."},
    )


class SurveyLinkForm(PlainForm):
    """Whom a link is for and how long it lasts."""

    made_for = forms.CharField(
        max_length=120,
        label="Who gets the link",
        help_text="The name of the surveyor, or of the office. Each look is noted under it.",
        error_messages={"required": "Say who gets this link, for example the surveyor's name."},
    )
    days = forms.IntegerField(
        label="Days until it ends",
        min_value=1,
        max_value=MOST_DAYS,
        initial=7,
        error_messages={
            "required": f"Give a number of days from 1 to {MOST_DAYS}.",
            "invalid": f"Give a number of days from 1 to {MOST_DAYS}.",
            "min_value": f"Give a number of days from 1 to {MOST_DAYS}.",
            "max_value": f"Give a number of days from 1 to {MOST_DAYS}.",
        },
    )
