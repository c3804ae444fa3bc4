"""Forms of a person about themselves."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from lms.lib import names
from lms.outbox.kinds import Kind
from lms.people.enums import Theme
from lms.people.forms.fields import OwnZoneField, WorkingDaysField
from lms.people.models import User, validate_printable

SYSTEM_LOOK = "system"


class ThemeForm(forms.Form):
    """How pages look. The stored word for "as my device is set" is empty, which a form would take for no answer."""

    theme = forms.ChoiceField(
        label="How pages look",
        widget=forms.RadioSelect,
        choices=[(value or SYSTEM_LOOK, label) for value, label in Theme.choices],
        error_messages={"required": "Choose one."},
    )

    def chosen(self) -> str:
        theme = self.cleaned_data["theme"]
        return "" if theme == SYSTEM_LOOK else theme


class DetailsForm(forms.Form):
    """What a person may change about themselves."""

    name = forms.CharField(
        label="Name as printed",
        max_length=120,
        help_text="As it should stand on your next certificates. Those that you have keep the name they were printed with; your coordinator can reissue them.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Type your name as it should be printed on certificates."},
    )
    own_zone = OwnZoneField(
        label="Time zone",
        help_text="Your days and due dates end at midnight in this zone. An open due date stays the same day.",
    )

    def clean_name(self) -> str:
        name = names.one_line(self.cleaned_data["name"])
        validate_printable(name)
        return name


class WorkingDaysForm(forms.Form):
    """On which days a person gets mail that can wait."""

    working_days = WorkingDaysField(
        help_text="Mail about your training comes only on these days, between 8 am and 6 pm, and never more than one mail a day.",
    )


class MailKindsForm(forms.Form):
    """Which of the optional kinds of mail a person gets. A box that is not ticked switches its kind off."""

    kinds = forms.MultipleChoiceField(
        label="Mail that you can switch off", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, optional: list[Kind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kinds"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(kind.slug, kind.label) for kind in optional]


class InvitationForm(forms.Form):
    """Choosing the first password. It is typed once and can be shown by the browser; a second field catches slips."""

    password = forms.CharField(
        label="Choose a password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Choose a password."},
    )
    again = forms.CharField(
        label="The same password again",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Type the password again."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"].help_text = (
            "At least 12 characters. A few words in a row are easy to remember and hard to guess. "
            "It may not hold your name or be a common password."
        )

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("password") and found.get("again") and found["password"] != found["again"]:
            self.add_error("again", ValidationError("The two passwords differ. Type the same one in both fields."))
        return found
