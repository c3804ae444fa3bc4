"""Forms about the rules of quizzes."""

from decimal import Decimal
from typing import Any

from django import forms

from courses.forms import PlainForm
from quizzes.enums import Confidence
from quizzes.rules import FACTORS, factor_in_words


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
