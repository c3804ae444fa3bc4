"""The style guide: every component of the face on one page, in the states a page can show. ``lms.home`` decides who may see it."""

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lms.lib import clock
from lms.templatetags import face


class SampleForm(forms.Form):
    """One field of each kind that the pages use."""

    name = forms.CharField(label="Name as printed", help_text="This is how it stands on certificates.")
    email = forms.EmailField(
        label="Email", required=False, help_text="Leave it empty for a person we cannot reach by mail."
    )
    due = forms.DateField(
        label="Due date",
        help_text="A day ends at midnight, Denver time.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    site = forms.ChoiceField(
        label="Site", choices=[("", "Choose a site"), ("eastgate", "Eastgate House"), ("westside", "Westside")]
    )
    category = forms.ChoiceField(
        label="Category",
        choices=[("staff", "Staff"), ("volunteer", "Volunteer"), ("contractor", "Contractor")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the three."},
    )
    courses = forms.MultipleChoiceField(
        label="Courses",
        help_text="One or more.",
        choices=[("role", "Your role, its limits, and privacy"), ("stigma", "Stigma reduction")],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one course."},
    )
    note = forms.CharField(label="Reason", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    write = forms.BooleanField(
        label="Write to the people affected", required=False, help_text="One mail each, tomorrow morning."
    )

    def clean(self) -> dict[str, object]:
        raise forms.ValidationError("This form only shows how errors look. It saves nothing.")


THEME_LINKS = [("", "As the system"), *[(theme, theme.capitalize()) for theme in face.THEMES]]


def page(request: HttpRequest) -> HttpResponse:
    """Draws the page. ``?theme=dark`` shows another theme; ``?sent`` shows the form after it was sent with errors."""
    theme = request.GET.get("theme", "")
    form = SampleForm({"email": "maya", "due": "2026-11-31"} if "sent" in request.GET else None)
    return render(
        request,
        "styleguide.html",
        {
            "theme": theme if theme in face.THEMES else "",
            "themes": THEME_LINKS,
            "statuses": list(face.STATUSES),
            "families": list(face.FAMILY_ICONS),
            "icons": sorted(face.icon_names()),
            "form": form,
            "page_obj": Paginator(range(60), 25).page(2),
            "now": clock.now(),
            "crossings": [(0, 1), (1, 2), (2, 4), (2, 5), (4, 4), (5, 9)],
        },
    )
