"""How a person wants to be warned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from dispatchers.models import User

WAYS = ("warn_by_telegram", "warn_by_email", "warn_by_sound")
QUIET = ("quiet_from", "quiet_until")
_TIME = {"type": "time", "class": "form-control"}
_BOX = {"class": "form-check-input"}


class WarningsForm(forms.Form):
    warn_by_telegram = forms.BooleanField(required=False, widget=forms.CheckboxInput(_BOX))
    warn_by_email = forms.BooleanField(required=False, widget=forms.CheckboxInput(_BOX))
    warn_by_sound = forms.BooleanField(required=False, widget=forms.CheckboxInput(_BOX))
    quiet_from = forms.TimeField(label=_("From"), required=False, widget=forms.TimeInput(_TIME, format="%H:%M"))
    quiet_until = forms.TimeField(label=_("Until"), required=False, widget=forms.TimeInput(_TIME, format="%H:%M"))

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: getattr(person, name) for name in (*WAYS, *QUIET)})
        super().__init__(*args, **kwargs)
        # Whoever keeps shifts is left alone by going off shift.
        self.has_quiet_hours = not person.keeps_shifts
        if not self.has_quiet_hours:
            for name in QUIET:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if self.has_quiet_hours and not self.errors and (said["quiet_from"] is None) != (said["quiet_until"] is None):
            raise ValidationError(_("Give both moments, or none: then no hour is quiet."))
        if said.get("quiet_from") and said.get("quiet_from") == said.get("quiet_until"):
            raise ValidationError(_("These hours would have no length. Give two moments, or none."))
        return said
