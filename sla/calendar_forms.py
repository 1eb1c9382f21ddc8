"""A calendar as it is typed: its week by words, its days kept in the form until it is saved."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.errors import DomainError
from sla import calendar_sheets, calendar_trying, calendar_words, calendar_zones, russian_days
from sla.calendar_sheets import Sheet, Special
from sla.calendars import MINUTES_A_DAY, Intervals

LONGEST_NAME, LONGEST_HOURS, LONGEST_KEPT = 60, 200, 200_000
WEEK = [f"day{weekday}" for weekday in range(7)]
# Days that are given in one go, such as the days of a strike.
MOST_DAYS = 31


class Hours(forms.Field):
    """Working hours of a day; nothing typed is a day off."""

    def to_python(self, value: Any) -> Intervals:
        typed = str(value or "")
        if len(typed) > LONGEST_HOURS:
            raise ValidationError(_("Too long for the hours of one day."))
        try:
            return calendar_words.intervals(typed)
        except DomainError as error:
            raise ValidationError(error.user_message) from error

    def prepare_value(self, value: Any) -> Any:
        return calendar_words.hours(value) if isinstance(value, tuple) else value


class Kept(forms.Field):
    """The days that differ and the years taken, as the document has them; only the page writes it."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> dict[str, Any]:
        try:
            if len(value) > LONGEST_KEPT:
                raise ValueError(len(value))
            kept: dict[str, Any] = json.loads(value)
            sheet = calendar_sheets.read({"name": "", "week": [], **kept}, "UTC")
            if not all(map(_is_day, (special.hours for special in sheet.days.values()))):
                raise ValueError(kept)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValidationError(_("The days of this form are damaged. Open the calendar again.")) from error
        return kept


def _is_day(hours: Intervals) -> bool:
    edges = [edge for span in hours for edge in span]
    return edges == sorted(set(edges)) and all(0 <= edge <= MINUTES_A_DAY for edge in edges)


class SheetForm(forms.Form):
    """Name, zone, seven days, and what was done to single days so far."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME)
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=calendar_zones.choices)
    kept = Kept()
    # The version of the rules that was open when the form was.
    seen = forms.IntegerField(min_value=0)
    why = forms.CharField(label=gettext_lazy("Why, for colleagues"), required=False, max_length=300)

    def __init__(self, *args: Any, names: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names
        for name, weekday in zip(WEEK, WEEKDAYS.values(), strict=True):
            self.fields[name] = Hours(label=weekday, required=False)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.casefold() in self.names:
            raise ValidationError(_("There is a calendar of this name already."))
        return name

    @property
    def week(self) -> list[forms.BoundField]:
        return [self[name] for name in WEEK]

    @property
    def sheet(self) -> Sheet:
        """What is typed, as far as it is understood; a day that is not is drawn without hours."""
        said = self.cleaned_data
        week = [calendar_sheets.spans(said.get(name, ())) for name in WEEK]
        row = {"days": {}, **said.get("kept", {}), "name": said.get("name", ""), "week": week}
        return calendar_sheets.read(row, said.get("zone") or "UTC")


def opened(sheet: Sheet, seen: int, names: frozenset[str]) -> SheetForm:
    """The form of a calendar as it is stored."""
    week = dict(zip(WEEK, sheet.week, strict=True))
    return SheetForm(initial={"name": sheet.name, "zone": sheet.zone, "seen": seen, **week}, names=names)


def with_monday_copied(typed: QueryDict) -> QueryDict:
    """The same with Monday's hours for all working days."""
    copied = typed.copy()
    for name in WEEK[1:5]:
        copied[name] = typed.get(WEEK[0], "")
    return copied


def kept(sheet: Sheet) -> str:
    """What the form keeps of single days, for the next time it is sent."""
    document = sheet.document()
    return json.dumps({name: document[name] for name in ("days", "day_names", "taken")}, ensure_ascii=False)


class As(TextChoices):
    """What a day is made."""

    WEEK = "week", pgettext_lazy("a day", "as usual")
    OFF = "off", gettext_lazy("a day off")
    SHORT = "short", gettext_lazy("an hour shorter")
    OWN = "own", gettext_lazy("other hours")


class DayForm(forms.Form):
    """What one day is, or a row of days; `through` is the last of them."""

    day = forms.DateField()
    through = forms.DateField(required=False)
    made = forms.ChoiceField(choices=As.choices)
    own = Hours(required=False)
    called = forms.CharField(required=False, max_length=100)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if self.errors:
            return said
        first, last = said["day"], said["through"] or said["day"]
        if not russian_days.FIRST <= first.year <= russian_days.LAST:
            self.add_error("day", _("There is no such day here."))
        if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            self.add_error("through", _("From this day on, %(n)d days at most.") % {"n": MOST_DAYS})
        if said["made"] == As.OWN and not said["own"]:
            self.add_error("own", _("Type the hours, or choose a day off."))
        return said

    def laid_over(self, sheet: Sheet) -> Sheet:
        """The calendar with these days as they were made."""
        said = self.cleaned_data
        length = (said["through"] or said["day"]) - said["day"]
        days = [said["day"] + timedelta(days=more) for more in range(length.days + 1)]
        return sheet.with_days({day: self._made(sheet, day) for day in days})

    def _made(self, sheet: Sheet, day: date) -> Special | None:
        made, called, usual = self.cleaned_data["made"], self.cleaned_data["called"], sheet.week[day.weekday()]
        if made == As.WEEK:
            return None
        hours = {As.OFF: (), As.SHORT: russian_days.shorter(usual), As.OWN: self.cleaned_data["own"]}
        return Special(hours[As(made)], called)


def opened_day(sheet: Sheet, day: date) -> DayForm:
    """The form of a day as the calendar has it."""
    special, usual = sheet.days.get(day), sheet.week[day.weekday()]
    made = As.WEEK
    if special:
        made = As.OFF if not special.hours else As.OWN
        made = As.SHORT if special.hours and special.hours == russian_days.shorter(usual) else made
    own = special.hours if special else usual
    return DayForm(initial={"day": day, "made": made, "own": own, "called": special.name if special else ""})


class TryForm(forms.Form):
    """An incident that never was: when it opens, by the clock of the calendar's zone, and how long it may take."""

    opens = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M"])
    allowed = forms.FloatField(required=False, min_value=0.25, max_value=24 * 100)

    def tried(self, sheet: Sheet, now: datetime) -> calendar_trying.Tried:
        """With the usual example where nothing, or nothing understood, was typed."""
        said, zone = (self.cleaned_data if self.is_valid() else {}), ZoneInfo(sheet.zone)
        opens = said.get("opens")
        opens = opens.replace(tzinfo=zone) if opens else calendar_trying.evening_before_a_weekend(now, zone)
        hours = said.get("allowed") or calendar_trying.ALLOWED
        return calendar_trying.try_out(sheet.calendar(), opens, timedelta(minutes=round(hours * 60)))
