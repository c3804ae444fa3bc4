"""Which past day is asked for, read from the address of a page that can show one."""

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest

from courses.enums import Known
from courses.queries.past import first_day_of
from lms.lib import dates
from lms.people.models import User


class AsOfForm(forms.Form):
    """``on`` and ``known`` of an address. ``person`` is whose record it is, or None for a list; the days are those of ``zone``.

    Valid without a day, or with today: then ``day`` is None and the page of today is shown. A knowledge of another word than ``now`` is
    ``then``. ``components/as_of.html`` is the bar on the page; ``context`` is what it shows.
    """

    on = forms.CharField(required=False, max_length=40)
    known = forms.CharField(required=False, max_length=40)

    def __init__(self, request: HttpRequest, *, zone: str, at: dt.datetime, person: User | None = None) -> None:
        super().__init__({name: request.GET.get(name, "").replace("\0", "")[:40] for name in ("on", "known")})
        self.person, self.zone, self.today = person, zone, dates.local_date(at, zone)

    def clean_on(self) -> dt.date | None:
        text = self.cleaned_data["on"].strip()
        if not text:
            return None
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            sentence = f"“{text}” is not a date. Write it as year, month, day: 2026-11-14."
            raise forms.ValidationError(sentence) from None
        if day > self.today:
            raise forms.ValidationError(f"{dates.long_date(day)} is still to come. Choose today or a day before it.")
        first = first_day_of(self.person, self.zone)
        if first is None or day < first:
            whose = f"The record of {self.person.name}" if self.person else "The record"
            begins = f"begins on {dates.long_date(first)}" if first else "has not begun yet"
            raise forms.ValidationError(f"{whose} {begins}, so there is nothing to show for {dates.long_date(day)}.")
        return day if day < self.today else None

    def clean_known(self) -> Known:
        return Known.NOW if self.cleaned_data["known"] == Known.NOW else Known.THEN

    @property
    def day(self) -> dt.date | None:
        return self.cleaned_data["on"] if self.is_valid() else None

    @property
    def knowledge(self) -> Known:
        self.is_valid()
        found: Known = self.cleaned_data["known"]
        return found

    @property
    def problem(self) -> str:
        """What is wrong with the day, in a sentence; empty when it can be shown."""
        return " ".join(str(sentence) for errors in self.errors.values() for sentence in errors)

    def _shown(self) -> str:
        """The day as it was typed, if it is one: a control for dates takes nothing else."""
        try:
            return dt.date.fromisoformat(self.data["on"].strip()).isoformat() if self.errors or self.day else ""
        except ValueError:
            return ""

    @property
    def context(self) -> dict[str, Any]:
        """For the bar: what was asked for, and what is wrong with it."""
        return {
            "as_of": self._shown(),
            "as_of_known": self.knowledge,
            "as_of_problem": self.problem,
            "as_of_today": self.today,
            "knowledges": list(Known),
            "zone": self.zone,
        }
