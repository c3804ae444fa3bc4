"""The components of the face as template tags. Each tag checks its arguments and raises ``UnknownPart`` on a word it
does not know, so that a misspelled status or icon fails in the first test that renders the page.

The markup lives in ``templates/components/``; only what stands many times on one page (icon, badge) is built here.
Colours and shapes come from ``lms/static/face``. ``/styleguide/`` shows every component.
"""

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from django import template
from django.forms import BaseForm, BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from lms.lib import dates
from lms.templatetags import crossing

register = template.Library()

ICON_FILE = Path(__file__).resolve().parent.parent / "static" / "face" / "icons.svg"
THEMES = ("light", "dark", "contrast")
NUMBER_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


class UnknownPart(ValueError):
    """A template asked for a status, icon, family or attribute that the face does not have."""


class Status(NamedTuple):
    word: str
    icon: str
    family: str


STATUSES: dict[str, Status] = {
    "not_started": Status("Not started", "circle", "idle"),
    "opens_later": Status("Opens later", "lock", "idle"),
    "in_progress": Status("In progress", "circle-dot", "active"),
    "due": Status("Due", "calendar-clock", "active"),
    "sign_off_waiting": Status("Sign-off waiting", "signature", "active"),
    "complete": Status("Complete", "circle-check", "done"),
    "expiring": Status("Expiring", "hourglass", "soon"),
    "overdue": Status("Overdue", "triangle-alert", "late"),
    "expired": Status("Expired", "calendar-x", "late"),
    "attempts_used": Status("Attempts used", "rotate-ccw", "late"),
    "exempt": Status("Exempt", "circle-minus", "pause"),
    "on_leave": Status("On leave", "circle-pause", "pause"),
    "not_required": Status("Not required", "", "idle"),
}
FAMILY_ICONS = {
    "done": "circle-check",
    "active": "info",
    "soon": "triangle-alert",
    "late": "triangle-alert",
    "pause": "history",
    "idle": "circle",
}
MESSAGE_FAMILIES = {"debug": "active", "info": "active", "success": "done", "warning": "soon", "error": "late"}


@functools.cache
def icon_names() -> frozenset[str]:
    """The names of the symbols in the sprite."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', ICON_FILE.read_text(encoding="utf-8")))


def status_of(slug: str) -> Status:
    try:
        return STATUSES[str(slug)]
    except KeyError:
        raise UnknownPart(f"The face has no status {slug!r}. It has: {', '.join(STATUSES)}.") from None


def known_family(family: str) -> str:
    if family not in FAMILY_ICONS:
        raise UnknownPart(f"The face has no family {family!r}. It has: {', '.join(FAMILY_ICONS)}.")
    return family


# --- small pieces ------------------------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, size: str = "", family: str = "") -> SafeString:
    """One Lucide icon, hidden from screen readers; the word stands beside it. ``size``: "" or "lg"."""
    if name not in icon_names():
        raise UnknownPart(f"The sprite has no icon {name!r}.")
    if size not in ("", "lg"):
        raise UnknownPart(f"An icon has the sizes '' and 'lg', not {size!r}.")
    classes = "icon" + (" icon-lg" if size else "") + (f" ic-{known_family(family)}" if family else "")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("face/icons.svg"), name
    )


@register.simple_tag
def badge(status: str, text: str = "", plain: bool = False) -> SafeString:
    """A status as icon and word. ``text`` replaces the word ("Overdue 4 days"); ``plain`` has no ground (matrix cells).

    ``not_required`` is plain text without an icon.
    """
    shown = status_of(status)
    if not shown.icon:
        return format_html('<span class="meta">{}</span>', text or shown.word)
    return badge_with(shown.family, shown.icon, text or shown.word, plain)


@register.simple_tag
def badge_with(family: str, icon_name: str, text: str, plain: bool = False) -> SafeString:
    """A badge that is no assignment status, in a family's colour: ``{% badge_with "soon" "shield-alert" "Critical" %}``."""
    classes = f"badge st-{known_family(family)}" + (" badge-plain" if plain else "")
    return format_html('<span class="{}">{}{}</span>', classes, icon(icon_name), text)


@register.filter
def status_word(slug: str) -> str:
    """The word for a status, as a learner and a supervisor read it."""
    return status_of(slug).word


@register.filter
def status_family(slug: str) -> str:
    """The colour family of a status: idle, active, done, soon, late or pause."""
    return status_of(slug).family


@register.filter
def cell_class(slug: str) -> str:
    """The class of a matrix cell: hot (late), warm (soon), quiet (hidden on a phone) or nothing."""
    return {"late": "hot", "soon": "warm", "done": "quiet"}.get(
        status_of(slug).family, "quiet" if slug == "not_required" else ""
    )


@register.filter
def initials(name: object) -> str:
    """The first letters of the first and the last word of a name, for the round sign beside it."""
    words = [word for word in str(name or "").split() if word[0].isalpha()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def long_date(day: dt.date) -> str:
    """November 24, 2026"""
    return dates.long_date(day) if day else ""


@register.filter
def weekday_date(day: dt.date) -> str:
    """Tuesday, November 24"""
    return dates.weekday_date(day) if day else ""


@register.filter
def zone_label(zone: str) -> str:
    """Denver time"""
    return dates.zone_label(zone) if zone else ""


@register.filter
def moment(instant: dt.datetime, zone: str) -> str:
    """An instant in a zone as people write it: November 24, 2026, 10:42 am"""
    if not instant:
        return ""
    local = instant.astimezone(zoneinfo.ZoneInfo(str(zone)))
    return f"{dates.long_date(local.date())}, {_clock_time(local)}"


@register.filter
def time_of_day(instant: dt.datetime, zone: str) -> str:
    """The local time alone: 10:42 am"""
    return _clock_time(instant.astimezone(zoneinfo.ZoneInfo(str(zone)))) if instant else ""


def _clock_time(local: dt.datetime) -> str:
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"


@register.simple_tag(takes_context=True)
def theme_attribute(context: Context) -> SafeString:
    """`` data-bs-theme="..."`` for the theme that the person chose; nothing otherwise, so that the system decides."""
    request = context.get("request")
    chosen = context.get("theme") or getattr(getattr(request, "user", None), "theme", "") or ""
    if not chosen:
        return mark_safe("")
    if chosen not in THEMES:
        raise UnknownPart(f"The face has no theme {chosen!r}. It has: {', '.join(THEMES)}.")
    return format_html(' data-bs-theme="{}"', chosen)


@register.simple_tag
def face_url(name: str) -> str:
    """The address of a face file, also when the list of collected files is missing. For 500.html, which must never fail."""
    try:
        return static(f"face/{name}")
    except ValueError:
        return f"/static/face/{name}"


# --- progress ------------------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/stones.html")
def stones(done: int, total: int, now: int | None = None, unit: str = "units") -> dict[str, Any]:
    """Progress over at most 12 named steps. ``now`` is the step the person is on, counted from 1 (default: the one after the
    last done; 0: none)."""
    states = crossing.states(done, total, now)
    return {"states": states, "done": done, "total": total, "unit": unit}


@register.inclusion_tag("components/progress.html")
def progress(value: int | float, maximum: int | float, label: str, thin: bool = False) -> dict[str, Any]:
    """A bar for minutes, answers and imports. ``label`` says the numbers: "Read: 5 of 14 minutes"."""
    if not label:
        raise UnknownPart("A progress bar needs a label that says its numbers.")
    return {"value": value, "maximum": maximum, "label": label, "thin": thin}


@register.inclusion_tag("components/crossing_art.html")
def crossing_art(
    done: int = 0, total: int = 4, now: int | None = None, missing: int = 0, soft: bool = False
) -> dict[str, Any]:
    """The one illustration: stones across water. ``missing`` leaves that stone out (a page that is not here); ``soft`` is for
    light ground (empty and error pages), the other for the panel. Decoration only: say the numbers in words beside it."""
    return {"stones": crossing.stones(done, total, now, missing), "soft": soft}


# --- blocks --------------------------------------------------------------------------------------------------------------
@register.simple_block_tag
def alert(
    content: str, family: str = "active", title: str = "", icon_name: str = "", role: str = "", level: int = 2
) -> SafeString:
    """A notice: icon, bold first line, text. ``role``: "status" for what just happened, "alert" for an error that needs an
    action now, "" for text that was there from the start. ``level`` is that of the heading (2 or 3)."""
    if role not in ("", "status", "alert"):
        raise UnknownPart(f"An alert has the roles '', 'status' and 'alert', not {role!r}.")
    return render_to_string(
        "components/alert.html",
        {
            "content": content,
            "family": known_family(family),
            "title": title,
            "icon_name": icon_name or FAMILY_ICONS[family],
            "role": role,
            "heading": _heading(level),
        },
    )


@register.simple_block_tag
def empty_state(
    content: str,
    title: str,
    lead: str = "",
    level: int = 2,
    done: int = 0,
    total: int = 4,
    missing: int = 0,
    eyebrow: str = "",
) -> SafeString:
    """An empty page or list: the stones, a heading, one sentence why; between the tags its one action (links or a form)."""
    return render_to_string(
        "components/empty_state.html",
        {
            "content": content,
            "title": title,
            "lead": lead,
            "heading": _heading(level),
            "done": done,
            "total": total,
            "missing": missing,
            "eyebrow": eyebrow,
        },
    )


@register.simple_block_tag
def why(content: str, summary: str = "Why?") -> SafeString:
    """A small disclosure that answers a question about what stands above it."""
    return render_to_string("components/why.html", {"content": content, "summary": summary})


@register.simple_block_tag
def dialog(content: str, name: str, title: str) -> SafeString:
    """A native dialog. Any element with ``data-opens="<name>"`` opens it when script runs; without script that element must
    be a link to a page that does the same. ``data-closes`` on a button inside closes it."""
    return render_to_string("components/dialog.html", {"content": content, "name": name, "title": title})


def _heading(level: int) -> str:
    if level not in (1, 2, 3):
        raise UnknownPart(f"A heading has the levels 1, 2 and 3, not {level!r}.")
    return f"h{level}"


# --- navigation ----------------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/breadcrumbs.html")
def breadcrumbs(*words: str) -> dict[str, Any]:
    """``{% breadcrumbs "My training" home_url course.title %}``: name and address in turn, last the name of this page."""
    if len(words) % 2 == 0:
        raise UnknownPart("Breadcrumbs are pairs of name and address, then the name of this page.")
    return {"links": list(zip(words[:-1:2], words[1:-1:2], strict=True)), "here": words[-1]}


@register.inclusion_tag("components/pages.html", takes_context=True)
def pages(context: Context, page: Any) -> dict[str, Any]:
    """Links to the other pages of a ``django.core.paginator.Page``, which keep the rest of the query string."""
    kept = context["request"].GET.copy()
    kept.pop("page", None)
    return {"page": page, "kept": kept.urlencode()}


# --- forms ---------------------------------------------------------------------------------------------------------------
class FieldError(NamedTuple):
    target: str
    label: str
    sentence: str


def _field_errors(form: BaseForm, target: str) -> Iterable[FieldError]:
    places = {name: place for place, name in enumerate(form.fields)}
    for name, sentences in sorted(form.errors.items(), key=lambda item: places.get(item[0], -1)):
        if name == "__all__":
            yield from (FieldError(target, "", str(sentence)) for sentence in sentences)
            continue
        field: BoundField = form[name]
        place = field.id_for_label or f"{field.auto_id}_0"
        label = str(field.label or "")
        yield from (FieldError("" if field.is_hidden else place, label, str(sentence)) for sentence in sentences)


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm | None, target: str = "") -> dict[str, Any]:
    """What to mend, on top of a form that was sent: one line an error, each a link to its field. Takes the focus (face.js).
    Nothing while there is no error. A crispy form brings its own; a form already shown here is not repeated there.
    ``target`` is the id that errors of the whole form link to; without it they are plain text."""
    errors: list[FieldError] = []
    for form in forms:
        if form is None or not getattr(form, "is_bound", False) or "summary_shown" in vars(form):
            continue
        vars(form)["summary_shown"] = True
        errors.extend(_field_errors(form, target))
    count = NUMBER_WORDS[len(errors)] if len(errors) < len(NUMBER_WORDS) else str(len(errors))
    return {"errors": errors, "heading": f"{count} thing{'' if len(errors) == 1 else 's'} to mend"}


@register.simple_tag(takes_context=True)
def error_prefix(context: Context) -> str:
    """``Error: `` for the page title when the ``form`` (or one of ``forms``) of the page was sent with errors."""
    shown = [context.get("form"), *(context.get("forms") or ())]
    return "Error: " if any(form.errors for form in shown if isinstance(form, BaseForm) and form.is_bound) else ""


@register.simple_tag
def field_words(form: BaseForm, name: str, label: str, hint: str = "") -> str:
    """Our words for a field of a form that a library made. Stands before the form is drawn; prints nothing."""
    if name not in form.fields:
        raise UnknownPart(f"The form has no field {name!r}. It has: {', '.join(form.fields)}.")
    field = form[name]
    field.label, field.help_text = label, hint
    return ""


@register.filter
def without_placeholder(field: BoundField) -> BoundField:
    """The field without the grey text inside its control: the label says it, and stays while the person types."""
    field.field.widget.attrs.pop("placeholder", None)
    return field


@register.filter
def message_family(level_tag: str) -> str:
    """The family for a message of django.contrib.messages."""
    return MESSAGE_FAMILIES.get(level_tag, "active")


@register.filter
def family_icon(family: str) -> str:
    return FAMILY_ICONS[known_family(family)]
