"""Fields and helpers that several forms share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from lms.lib import dates
from lms.people.enums import Weekday
from lms.people.models import NO_DAY, Site, Team

COMMON_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)
ZONE_HINT = "Days and due dates end at midnight in this zone."


def zone_choices() -> list[Any]:
    """Zones of the United States first, then all others by region; each with the name people say."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in dates.zone_names():
        region, _, place = zone.partition("/")
        if place and zone not in COMMON_ZONES and region not in {"posix", "right", "Etc", "SystemV", "US"}:
            regions.setdefault(region, []).append((zone, zone.replace("_", " ")))
    common = [(zone, f"{dates.zone_label(zone)} ({zone})") for zone in COMMON_ZONES]
    return [("", "Choose a time zone"), ("United States", common), *regions.items(), ("Other", [("UTC", "UTC")])]


class ZoneField(forms.ChoiceField):
    """A time zone. A value that is stored already stays choosable, whatever its spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": "Time zone",
                "help_text": ZONE_HINT,
                "choices": zone_choices,
                "error_messages": {"required": "Choose a time zone."},
                **kwargs,
            }
        )

    def valid_value(self, value: str) -> bool:
        return str(value) in dates.zone_names()


class OwnZoneField(ZoneField):
    """A person's own time zone; empty, the site's counts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": "Own time zone",
                "required": False,
                "choices": own_zone_choices,
                "help_text": "Only for somebody who lives by another clock than their site. Days and due dates then end at midnight in this zone.",
                **kwargs,
            }
        )


def own_zone_choices() -> list[Any]:
    return [("", "The same as the site"), *zone_choices()[1:]]


class WorkingDaysField(forms.MultipleChoiceField):
    """A box for each day of the week. What the form gives is the digits that are stored."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": "Days for mail",
                "choices": Weekday.choices,
                "error_messages": {"required": NO_DAY, "invalid_choice": "Choose days from the list."},
                **kwargs,
            }
        )

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> Any:
        return "".join(sorted(set(super().clean(value))))


class PublicIdField(forms.ModelChoiceField):
    """One of some rows, named in addresses and forms by its public id. Anything that is no such id is no choice."""

    def __init__(self, queryset: QuerySet[Any], **kwargs: Any) -> None:
        messages = {"invalid_choice": "Choose one from the list.", **kwargs.pop("error_messages", {})}
        super().__init__(queryset, to_field_name="public_id", error_messages=messages, **kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError as error:  # that of the UUID column speaks of UUIDs
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


class TeamField(PublicIdField):
    """A team, listed under its site."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"queryset": Team.objects.none(), "required": False, "empty_label": "No team", **kwargs})

    def offer(self, teams: list[Team]) -> None:
        """Offers these teams (with their sites loaded), grouped by site."""
        self.queryset = Team.objects.filter(pk__in=[team.pk for team in teams]).select_related("site")
        groups: dict[str, list[tuple[str, str]]] = {}
        for team in teams:
            groups.setdefault(team.site.name, []).append((str(team.public_id), team.name))
        self.choices = [("", self.empty_label or ""), *groups.items()]


def teams_to_offer(*, keep: Team | None = None) -> list[Team]:
    """Active teams by site and name, and ``keep`` even if it is not active."""
    rows = Team.objects.select_related("site").order_by("site__name", "name")
    return [team for team in rows if team.active or (keep is not None and team.pk == keep.pk)]


def sites_to_offer(*, keep: Site | None = None) -> Any:
    rows = Site.objects.filter(active=True)
    return (rows | Site.objects.filter(pk=keep.pk)).distinct() if keep is not None else rows


def put_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """What an action refused, put where the person can mend it: beside the field, or on top if the form has no such field."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, found in error.error_dict.items():
        form.add_error(field if field in form.fields else None, found)
