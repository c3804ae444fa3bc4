"""The one form of all kinds: it validates what a browser or the autosave sends, and prints itself with crispy."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.core.exceptions import ValidationError
from django.forms.widgets import ChoiceWidget
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from quizzes.kinds.base import Answer, Kind, Order, Stored

# No control holds more; a refused longer text is shown again cut to this, so that a page cannot be made huge.
ECHO_LENGTH = 400
PICK = "Choose one of the answers on this page."
UNSTORABLE = "This text has a character that we cannot store. Type it again."


class Values:
    """Raw form values by field name: a QueryDict, or a plain mapping of lists or texts."""

    def __init__(self, data: Mapping[str, Any]):
        self._data = data

    def every(self, name: str) -> list[str]:
        getlist = getattr(self._data, "getlist", None)
        found = getlist(name) if getlist else self._data.get(name)
        if found is None:
            return []
        return [str(one) for one in found] if isinstance(found, list | tuple) else [str(found)]

    def get(self, name: str) -> str:
        """The last value, as Django reads it; fit to be printed again."""
        found = self.every(name)
        return found[-1][:ECHO_LENGTH].encode("utf-8", "replace").decode("utf-8").replace("\0", "") if found else ""


class QuestionLayout(LayoutObject):
    """Prints scene, fieldset, legend, controls and errors through the kind's own template."""

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> str:
        question = form.taking()
        for row in question["rows"]:
            row["errors"] = form.errors.get(row["name"], []) if form.is_bound else []
        problems = form.non_field_errors() if form.is_bound else []
        return render_to_string(
            form.kind.taking_template, {"question": question, "problems": problems, "focus": form.focus}
        )


class AnswerForm(forms.Form):
    """The answer to one question as served. Never has an author id in it; an incomplete answer is valid.

    After ``is_valid()``: ``answer`` (None when nothing is given), ``complete``, and ``focus``: the id of the
    control at which the page opens again when a button inside the question was pressed, else empty.
    """

    def __init__(
        self,
        kind: "Kind",
        stored: "Stored",
        order: "Order",
        *,
        answer: "Answer | None" = None,
        data: Mapping[str, Any] | None = None,
    ):
        self.kind, self.stored, self.order = kind, stored, order
        self.answer: Answer | None = answer or None
        self.focus = ""
        filled = kind.fill(answer) if answer else {}
        super().__init__(data=data, use_required_attribute=False)
        self.fields.update(kind.fields(stored, order))
        self.values = Values(filled if data is None else data)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.include_media = False
        self.helper.layout = Layout(QuestionLayout())

    @property
    def complete(self) -> bool:
        return self.kind.answered(self.stored, self.order, self.answer)

    def taking(self) -> dict[str, Any]:
        """The public view of the question with what is chosen or typed in this form."""
        if self.is_bound and self.is_valid():
            return self.kind.taking(self.stored, self.order, self.answer)
        return self.kind.taking_from(self.stored, self.order, self.values)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            if not isinstance(field, forms.MultipleChoiceField) and len(self.values.every(name)) > 1:
                self.add_error(name, ValidationError("Give one answer here.", code="several"))
        if not self.errors:
            self.answer = self.kind.read(self.stored, self.order, cleaned)
            self.focus = self.kind.focus(self.order, cleaned, self.answer)
        return cleaned


def position_field(
    size: int, *, label: str, first: int = 0, widget: type[ChoiceWidget] = forms.Select
) -> forms.ChoiceField:
    """One position out of ``size``, or nothing. What was sent is not repeated in the error."""
    return forms.ChoiceField(
        choices=[("", "")] + [(str(n), str(n)) for n in range(first, first + size)],
        required=False,
        label=label,
        widget=widget,
        error_messages={"invalid_choice": PICK},
    )


def positions_field(size: int, *, label: str) -> forms.MultipleChoiceField:
    """Any number of positions out of ``size``, each once."""
    return forms.MultipleChoiceField(
        choices=[(str(n), str(n)) for n in range(size)],
        required=False,
        label=label,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": PICK, "invalid_list": PICK},
    )


def reject_surrogates(value: str) -> None:
    """Halves of a surrogate pair cannot be stored or sent."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError(UNSTORABLE, code="surrogate")


def text_field(length: int, *, label: str) -> forms.CharField:
    """One line of text; empty, or white space alone, is no answer."""
    return forms.CharField(
        required=False,
        label=label,
        max_length=length,
        validators=[reject_surrogates],
        error_messages={
            "max_length": f"Use {length} characters or fewer.",
            "null_characters_not_allowed": UNSTORABLE,
        },
    )
