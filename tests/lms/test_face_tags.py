"""The components of the face: they refuse what they do not know, escape what they are given, and say everything in words."""

import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from pytest_django import Settings

from lms import styleguide
from lms.templatetags import crossing, face


def draw(source: str, **context: Any) -> str:
    return engines["django"].from_string(source).render(context)


# --- small pieces ------------------------------------------------------------------------------------------------------
def test_a_status_is_icon_and_word_and_the_icon_is_hidden() -> None:
    html = draw('{% badge "overdue" "Overdue 4 days" %}')
    assert 'class="badge st-late"' in html
    assert "#triangle-alert" in html
    assert 'aria-hidden="true"' in html
    assert html.endswith("Overdue 4 days</span>")


def test_not_required_is_plain_text() -> None:
    assert draw('{% badge "not_required" %}') == '<span class="meta">Not required</span>'


def test_words_in_a_badge_are_escaped() -> None:
    assert "<b>" not in draw("{% badge 'due' text %}", text="<b>")


@pytest.mark.parametrize(
    "source",
    [
        '{% icon "smiley" %}',
        '{% icon "users" "huge" %}',
        '{% icon "users" family="red" %}',
        '{% badge "done" %}',
        '{% badge "" %}',
        '{% badge_with "red" "users" "x" %}',
        '{% badge_with "soon" "smiley" "x" %}',
        '{{ "finished"|status_word }}',
        '{{ "finished"|status_family }}',
        '{{ "finished"|cell_class }}',
        '{% alert "red" %}x{% endalert %}',
        '{% alert "soon" role="banner" %}x{% endalert %}',
        '{% alert "soon" level=5 %}x{% endalert %}',
        '{% alert "soon" icon_name="smiley" %}x{% endalert %}',
        '{% empty_state "x" level=6 %}{% endempty_state %}',
        '{% breadcrumbs "Start" "/" %}',
        '{% progress 1 2 "" %}',
        "{% stones 3 2 %}",
        "{% stones 0 0 %}",
        "{% stones 0 13 %}",
        "{% stones 0 4 now=5 %}",
    ],
)
def test_what_the_face_does_not_know_is_refused(source: str) -> None:
    with pytest.raises(ValueError):  # UnknownPart, or the crossing's own ValueError
        draw(source)


def test_an_unknown_attribute_is_refused() -> None:
    with pytest.raises(Exception, match="unexpected keyword argument"):
        draw('{% alert "soon" colour="red" %}x{% endalert %}')


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("overdue", "hot"),
        ("expired", "hot"),
        ("expiring", "warm"),
        ("complete", "quiet"),
        ("not_required", "quiet"),
        ("due", ""),
    ],
)
def test_a_cell_of_the_matrix_is_loud_only_for_exceptions(slug: str, expected: str) -> None:
    assert face.cell_class(slug) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Maya Adaeze Okafor-Lindqvist", "MO"),
        ("Ödön", "Ö"),
        ("  ", "?"),
        ("", "?"),
        (None, "?"),
        ("Ana (Lima) Sá", "AS"),
    ],
)
def test_initials(name: str | None, expected: str) -> None:
    assert face.initials(name) == expected


def test_times_are_written_out_in_the_zone() -> None:
    instant = dt.datetime(2026, 11, 24, 7, 5, tzinfo=dt.UTC)
    assert (
        draw('{{ at|moment:"America/Denver" }} · {{ at|time_of_day:"Asia/Tokyo" }}', at=instant)
        == "November 24, 2026, 12:05 am · 4:05 pm"
    )
    assert draw('{{ none|moment:"America/Denver" }}{{ none|long_date }}{{ none|weekday_date }}', none=None) == ""


def test_the_theme_is_named_only_when_the_person_chose_one() -> None:
    source = "<html{% theme_attribute %}>"
    chosen = SimpleNamespace(user=SimpleNamespace(theme="dark"))
    assert draw(source) == "<html>"
    assert draw(source, request=SimpleNamespace(user=SimpleNamespace(theme=""))) == "<html>"
    assert draw(source, request=chosen) == '<html data-bs-theme="dark">'
    with pytest.raises(face.UnknownPart):
        draw(source, theme='dark" x="')


# --- the crossing ------------------------------------------------------------------------------------------------------
def test_the_states_of_the_steps() -> None:
    assert crossing.states(2, 4) == ["done", "done", "now", "off"]
    assert crossing.states(4, 4) == ["done"] * 4
    assert crossing.states(2, 4, now=0) == ["done", "done", "off", "off"]
    assert crossing.states(3, 4, now=2) == ["done", "now", "done", "off"]


def test_the_stones_lie_where_the_drawing_has_them() -> None:
    first, second, third, last = crossing.stones(2, 4)
    assert first.side == "translate(104.0 211.8) scale(48.0)"
    assert first.top == "translate(104.0 204.1) scale(46.6 40.3)"
    assert second.side == "translate(209.2 165.9) scale(35.5)"
    assert (third.state, third.top) == ("now", "translate(268.8 131.7) scale(25.5 22.1)")
    assert (last.state, last.outline) == ("off", "translate(338.0 108.0) scale(18.0)")


@pytest.mark.parametrize("total", range(1, crossing.MOST_STEPS + 1))
def test_every_number_of_steps_can_be_drawn(total: int) -> None:
    for done in range(total + 1):
        drawn = crossing.stones(done, total)
        assert len(drawn) == min(total, crossing.MOST_DRAWN)
        assert [stone.state for stone in drawn].count("off") == 0 or done < total
    assert crossing.stones(total, total, missing=1)[0].state == "off"


def test_progress_says_its_numbers_in_words() -> None:
    assert 'aria-label="2 of 4 courses done"' in draw('{% stones 2 4 unit="courses" %}')
    assert (
        draw('{% progress 5 14 "Read: 5 of 14 minutes" %}').strip()
        == '<progress value="5" max="14" aria-label="Read: 5 of 14 minutes"></progress>'
    )


# --- forms ---------------------------------------------------------------------------------------------------------------
def _sent() -> styleguide.SampleForm:
    return styleguide.SampleForm({"email": "maya"})


def test_the_summary_links_each_error_to_its_field_and_takes_the_focus() -> None:
    html = draw("{% error_summary form %}", form=_sent())
    assert 'role="alert" tabindex="-1" data-takes-focus' in html
    assert "things to mend" in html
    assert 'href="#id_email"' in html
    assert 'href="#id_category_0"' in html, "a group of radios is reached by its first one"
    assert "saves nothing" in html, "errors of the whole form are there too"


def test_every_link_of_the_summary_leads_to_a_control() -> None:
    form = _sent()
    html = draw("{% load crispy_forms_filters %}{{ form|crispy }}", form=form)
    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert len(targets) >= 4
    assert targets <= set(re.findall(r'\sid="([^"]+)"', html))


def test_the_summary_stands_once() -> None:
    html = draw("{% load crispy_forms_filters %}{% error_summary form %}{{ form|crispy }}", form=_sent())
    assert html.count("data-takes-focus") == 1


def test_no_summary_without_errors() -> None:
    assert draw("{% error_summary form nothing %}", form=styleguide.SampleForm(), nothing=None).strip() == ""


def test_the_title_says_error_after_a_failed_send() -> None:
    assert draw("{% error_prefix %}", form=_sent()) == "Error: "
    assert draw("{% error_prefix %}", forms=[styleguide.SampleForm(), _sent()]) == "Error: "
    assert draw("{% error_prefix %}", form=styleguide.SampleForm()) == ""
    assert draw("{% error_prefix %}") == ""


def test_a_field_is_label_hint_control_error() -> None:
    html = draw("{% load crispy_forms_filters %}{{ form|crispy }}", form=_sent())
    field = html[html.index('id="div_id_name"') : html.index('id="div_id_email"')]
    places = [
        field.index(part)
        for part in (
            '<label class="form-label" for="id_name"',
            'id="id_name_helptext"',
            'name="name"',
            'id="id_name_error"',
        )
    ]
    assert places == sorted(places)
    assert 'aria-describedby="id_name_helptext id_name_error"' in field
    assert 'aria-invalid="true"' in field
    assert "form-control is-invalid" in field


def test_optional_fields_say_so_and_nothing_has_an_asterisk() -> None:
    html = draw("{% load crispy_forms_filters %}{{ form|crispy }}", form=styleguide.SampleForm())
    assert html.count("(optional)") == 2  # email and note; a check mark is optional by nature
    assert "*" not in html


@pytest.mark.parametrize("name", ["category", "courses"])
def test_choices_stand_in_a_fieldset_with_a_legend(name: str) -> None:
    html = draw("{% load crispy_forms_filters %}{{ form|crispy }}", form=_sent())
    group = html[html.index(f'id="div_id_{name}"') :]
    group = group[: group.index("</fieldset>")]
    assert "<fieldset" in group
    assert "<legend" in group
    assert group.index("<legend") < group.index("<input")
    assert group.index("<input") < group.index(f'id="id_{name}_error"')
    assert f'id="id_{name}_error"' in group


def test_a_control_keeps_what_was_typed_and_has_no_placeholder() -> None:
    class Typed(forms.Form):
        name = forms.CharField(widget=forms.TextInput(attrs={"placeholder": "Name"}), max_length=3)

    html = draw("{% load crispy_forms_filters %}{{ form|crispy }}", form=Typed({"name": "<Maya>"}))
    assert 'value="&lt;Maya&gt;"' in html
    assert "placeholder" not in html


# --- blocks, navigation, pages -------------------------------------------------------------------------------------------
def test_an_alert_has_icon_title_and_text() -> None:
    html = draw(
        '{% alert "soon" title=title role="status" level=3 %}<p>{{ text }}</p>{% endalert %}', title="A & B", text="<i>"
    )
    assert html.strip() == (
        '<div class="alert alert-soon" role="status"><svg class="icon" aria-hidden="true"><use href="/static/face/icons.svg#triangle-alert"/></svg>'
        "<div><h3>A &amp; B</h3><p>&lt;i&gt;</p></div></div>"
    )


def test_the_empty_state_works_inside_a_loop() -> None:
    html = draw(
        '{% for x in rows %}{% empty_state "Nobody yet" lead="Why." %}{% endempty_state %}{% empty %}none{% endfor %}',
        rows=[1],
    )
    assert "<h2>Nobody yet</h2>" in html
    assert "none" not in html


def test_breadcrumbs_end_where_the_person_is() -> None:
    html = draw('{% breadcrumbs "My training" "/t/" title %}', title="A < B")
    assert '<a href="/t/">My training</a>' in html
    assert 'aria-current="page">A &lt; B<' in html


def test_links_to_other_pages_keep_the_rest_of_the_question() -> None:
    request = RequestFactory().get("/team/", {"q": 'a&b"', "page": "2"})
    html = draw("{% pages page_obj %}", page_obj=Paginator(range(60), 25).page(2), request=request)
    assert 'href="?q=a%26b%22&amp;page=1"' in html
    assert 'href="?q=a%26b%22&amp;page=3"' in html
    assert "26 to 50 of 60" in html


def test_one_page_has_no_links_to_others() -> None:
    request = RequestFactory().get("/team/")
    assert draw("{% pages page_obj %}", page_obj=Paginator(range(5), 25).page(1), request=request).strip() == ""


def test_the_page_for_a_failure_needs_nothing(settings: Settings, tmp_path: Path) -> None:
    """No context, no request, no database, and not even the list of collected files."""
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "lms.lib.assets.AssetStorage"},
    }
    html = render_to_string("500.html")
    assert "Something went wrong on our side" in html
    assert '/static/face/app.css"' in html


# --- mail ----------------------------------------------------------------------------------------------------------------
MAIL = {
    "organization": SimpleNamespace(
        name="Alderford Recovery & Services", short_name="Alderford", support_phone="555-0142"
    ),
    "name": "O'Neil <b>",
    "subject": "MAT facts is due",
    "button_url": "https://training.example/c/?a=1&b=2",
    "button_label": "Start",
}


def test_the_mail_as_text_says_things_as_they_are() -> None:
    text = draw(
        '{% extends "emails/base.txt" %}{% block body %}{{ name }} & more{% endblock %}{% block why %}Why.{% endblock %}',
        **MAIL,
    )
    assert "Hello O'Neil <b>,\n\nO'Neil <b> & more\n\nStart:\nhttps://training.example/c/?a=1&b=2\n" in text
    assert "Alderford Recovery & Services." in text
    assert "988" in text
    assert "Demonstration" not in text


def test_the_mail_as_html_is_escaped_and_names_the_demonstration() -> None:
    html = draw(
        '{% extends "emails/base.html" %}{% block body %}<p>{{ name }}</p>{% endblock %}', demonstration=True, **MAIL
    )
    assert "Hello O&#x27;Neil &lt;b&gt;," in html
    assert "<p>O&#x27;Neil &lt;b&gt;</p>" in html
    assert 'href="https://training.example/c/?a=1&amp;b=2"' in html
    assert "Demonstration:" in html
    assert "<script" not in html
    assert not re.search(r"src=|url\(", html), "a mail loads nothing"
