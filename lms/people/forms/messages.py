"""Forms of the message pages."""

import uuid
from typing import Any

from django import forms

from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.queries import OPEN_FILTER, PERSON_FILTER
from lms.people.forms.fields import PublicIdField
from lms.people.models import User

SEND, RETRY, DISCARD = "send", "retry", "discard"
MOST_AT_ONCE = 100


class MessageFilterForm(forms.Form):
    """The filter bar of the message list. A value that makes no sense filters nothing."""

    show = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "Every state"),
            (PERSON_FILTER, "Needs a decision"),
            (OPEN_FILTER, "On its way"),
            *MessageState.choices,
        ],
    )
    kind = forms.ChoiceField(label="Kind", required=False)
    person = PublicIdField(User.objects.order_by("name", "pk"), required=False, empty_label="Everybody")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [("", "Every kind"), *((found.slug, found.label) for found in kinds.all_kinds())]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select"

    def filters(self) -> tuple[str, str, uuid.UUID | None]:
        """State (or family), kind and the recipient's public id."""
        self.is_valid()
        person = self.cleaned_data.get("person")
        return (
            self.cleaned_data.get("show") or "",
            self.cleaned_data.get("kind") or "",
            person.public_id if person else None,
        )


class DecisionForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=200,
        help_text="A few words, without names. They stay with the message.",
        error_messages={"required": "Say in a few words why."},
    )


class ChosenMessagesField(forms.Field):
    """The public ids of the chosen messages, without double ones. What is no id is refused."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[uuid.UUID]:
        try:
            chosen = [uuid.UUID(text) for text in super().clean(value)]
        except ValueError:
            raise forms.ValidationError("Choose from the list.") from None
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(f"Choose at most {MOST_AT_ONCE} messages at once.")
        return list(dict.fromkeys(chosen))


class SeveralForm(DecisionForm):
    """One decision about several messages; the button that was used says which."""

    message = ChosenMessagesField(label="Messages", error_messages={"required": "Choose at least one message."})
    decision = forms.ChoiceField(
        choices=[(RETRY, "Try again"), (DISCARD, "Do not send")],
        widget=forms.HiddenInput,
        error_messages={"required": "Choose what to do.", "invalid_choice": "Choose what to do."},
    )


class SurgeForm(DecisionForm):
    """The word about held messages; the button that was used says which."""

    decision = forms.ChoiceField(
        choices=[(SEND, "Send them"), (DISCARD, "Do not send")],
        widget=forms.HiddenInput,
        error_messages={"required": "Choose what to do.", "invalid_choice": "Choose what to do."},
    )
