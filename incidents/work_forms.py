"""What people type about work on the card, turned into valid values. Nothing here is saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import moments
from incidents.errors import DomainError
from incidents.forms import SeenForm
from incidents.models import Incident, Tag, WorkPeriod
from incidents.promises import CANCELLED, KEPT

NO_MOMENT = {"required": gettext_lazy("Say when: 15:30, +2h, tomorrow 9:00.")}


class BallForm(SeenForm):
    to = forms.ChoiceField(choices=Incident.Ball.choices)


class MomentForm(SeenForm):
    """Something that is to happen at a typed moment."""

    when = forms.CharField(max_length=40, error_messages=NO_MOMENT)

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_when(self) -> datetime:
        zone = timezone.get_current_timezone()
        assert isinstance(zone, ZoneInfo)
        try:
            return moments.parse(self.cleaned_data["when"], self.now, zone)
        except DomainError as error:
            raise ValidationError(error.user_message) from error


class PromiseForm(MomentForm):
    giver = forms.ChoiceField(choices=Incident.Ball.choices)
    text = forms.CharField(max_length=300, error_messages={"required": gettext_lazy("Say what was promised.")})


class SettleForm(SeenForm):
    deed = forms.ChoiceField(choices=[(KEPT, KEPT), (CANCELLED, CANCELLED)])


class ReminderForm(MomentForm):
    text = forms.CharField(max_length=300, required=False)


class StartForm(SeenForm):
    """A kind of work, and since when; no moment: since now. Times of the last day are meant, not of the next."""

    kind = forms.ChoiceField(choices=WorkPeriod.Kind.choices)
    since = forms.TimeField(required=False, error_messages={"invalid": gettext_lazy("Write the time as 14:05.")})

    def moment(self, now: datetime) -> datetime:
        typed = self.cleaned_data["since"]
        if typed is None:
            return now
        local = timezone.localtime(now)
        since = local.replace(hour=typed.hour, minute=typed.minute, second=0, microsecond=0)
        return since if since <= local else since - moments.DAY


class TagForm(SeenForm):
    name = forms.CharField(
        max_length=Tag._meta.get_field("name").max_length, error_messages={"required": gettext_lazy("Type the tag.")}
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split()).lstrip("#").strip()
        if not name:
            raise ValidationError(_("Type the tag."))
        return name


class SwitchForm(SeenForm):
    """On or off."""

    on = forms.TypedChoiceField(choices=[("1", "1"), ("0", "0")], coerce=lambda value: value == "1")
