"""What administrators type to connect the mirror. Tokens go in and never come out again."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tracker_bridge.oauth import Pair

LONGEST = 4000
_ONE_WORD = RegexValidator(r"^[\x21-\x7e]+$", _("A token is one word of Latin letters, digits and signs."))


def _secret(label: Any, **more: Any) -> forms.CharField:
    # The browser shall neither fill it in nor keep it.
    look = {"class": "form-control", "autocomplete": "new-password", "spellcheck": "false"}
    return forms.CharField(
        label=label, max_length=LONGEST, validators=[_ONE_WORD], widget=forms.PasswordInput(attrs=look), **more
    )


class PasteForm(forms.Form):
    """A pair that was got elsewhere."""

    access = _secret(_("Access token"))
    refresh = _secret(_("Refresh token"), required=False)
    ends_on = forms.DateField(
        label=_("Lasts until"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"class": "form-control num", "type": "date"}),
    )

    def clean_ends_on(self) -> datetime | None:
        day = self.cleaned_data["ends_on"]
        end = timezone.make_aware(datetime.combine(day, time())) if day else None
        if end and end <= timezone.now():
            raise forms.ValidationError(_("By then it has ended already."))
        return end

    def pair(self, now: datetime) -> Pair:
        given = self.cleaned_data
        life: timedelta | None = given["ends_on"] - now if given["ends_on"] else None
        return Pair(given["access"], given["refresh"], life)


class CodeForm(forms.Form):
    """The code that the page of consent has shown."""

    code = forms.CharField(
        label=_("Code"),
        max_length=200,
        validators=[_ONE_WORD],
        widget=forms.TextInput(attrs={"class": "form-control num", "autocomplete": "one-time-code"}),
    )
