"""Forms of the roster pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms

from lms.people.actions.rosters import ALL, RIGHT
from lms.people.roster import cells, columns
from lms.people.roster.cells import Options


class _Plain(forms.Form):
    """A crispy form whose tag and buttons stand in the template."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


class UploadForm(_Plain):
    file = forms.FileField(
        label="File with the list of people",
        help_text="CSV or XLSX, up to 20 MB and 25,000 lines. The first line names the columns. The file itself is not kept.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "This file is empty. Save the list again, then upload it.",
            "invalid": "Choose a file.",
        },
    )


class ColumnsForm(_Plain):
    """Which column of the file holds what, and how its cells are meant. ``known`` is what was recognized or chosen before."""

    dates = forms.ChoiceField(
        label="How are dates written?",
        widget=forms.RadioSelect,
        choices=[
            (cells.ISO, "Year-month-day, such as 2026-03-09"),
            (cells.US, "Month/day/year, such as 03/09/2026. 2026-03-09 is read as well"),
        ],
        help_text="We never guess. Cells that a spreadsheet holds as dates are read right either way.",
        error_messages={"required": "Choose how dates are written."},
    )
    names = forms.ChoiceField(
        label="How are names written in one column?",
        widget=forms.RadioSelect,
        choices=[
            (cells.AS_WRITTEN, "As they are printed, such as Maya Okafor"),
            (cells.LAST_FIRST, "Last, first, such as Okafor, Maya"),
        ],
        error_messages={"required": "Choose how names are written."},
    )
    rename = forms.BooleanField(
        label="Change the names of people who are here already",
        required=False,
        help_text="Not ticked: a name that somebody corrected on their profile stays. New people get the name of the file.",
    )
    new_teams = forms.BooleanField(
        label="Add teams that are not there yet",
        required=False,
        help_text="A team is added at the site of its line. Not ticked: an unknown team is an error, which also catches typing mistakes.",
    )
    absent = forms.BooleanField(
        label="Close the accounts of people who are not in the file",
        required=False,
        help_text="Only for a complete list of everybody. The preview shows whom it would be, and does nothing as long as a line has an error.",
    )
    options = ("dates", "names", "rename", "new_teams", "absent")

    def __init__(
        self, *args: Any, head: Sequence[str], known: Mapping[str, int], options: Options, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Not in the file"), *((str(n), label) for n, label in enumerate(columns.labels(head)))]
        chosen: dict[str, forms.Field] = {}
        for field in columns.FIELDS:
            chosen[field.key] = forms.ChoiceField(
                label=field.label,
                required=False,
                choices=choices,
                help_text=field.hint,
                initial=str(known.get(field.key, "")),
                error_messages={"invalid_choice": "Choose a column from the list."},
            )
        self.fields = {**chosen, **self.fields}
        for name in self.options:
            self.fields[name].initial = getattr(options, name)

    def mapping(self) -> dict[str, int]:
        return {field.key: int(text) for field in columns.FIELDS if (text := self.cleaned_data.get(field.key))}

    def chosen(self) -> Options:
        return Options(**{name: self.cleaned_data[name] for name in self.options})

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            for key, sentence in columns.faults(self.mapping()).items():
                self.add_error(key, sentence)
        return self.cleaned_data


class ConfirmForm(_Plain):
    """What is done with the preview. ``leaving`` is the number to be typed, if so many leave; ``newcomers`` whether somebody may be invited."""

    mode = forms.ChoiceField(
        label="What shall be imported?",
        widget=forms.RadioSelect,
        choices=[
            (RIGHT, "All that is right. Lines with errors are left out and stay listed"),
            (ALL, "Nothing, until every line is right"),
        ],
        error_messages={"required": "Choose what shall be imported."},
    )
    invite = forms.ChoiceField(
        label="Invite new people by mail?",
        widget=forms.RadioSelect,
        choices=[("yes", "Yes, at once"), ("no", "No. You can invite each of them later, from their page")],
        error_messages={"required": "Choose whether new people are invited."},
    )
    typed = forms.IntegerField(
        label="How many accounts are closed?",
        required=False,
        error_messages={"invalid": "Type the number in digits."},
    )

    def __init__(self, *args: Any, leaving: int, errors: int, newcomers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not errors:
            self.fields["mode"].widget = forms.HiddenInput()
            self.fields["mode"].initial = RIGHT
        if not newcomers:
            del self.fields["invite"]
        if leaving:
            self.fields[
                "typed"
            ].help_text = f"{leaving} people leave. That is more than one in five, so type the number to go on."
            self.fields["typed"].widget.attrs["autocomplete"] = "off"
        else:
            del self.fields["typed"]
