from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.throttle import client_address
from dispatchers import throttle

THEMES = ("auto", "light", "dark")


class SignInForm(AuthenticationForm):
    """Login and password; refuses for a while after too many failures."""

    error_messages = {  # noqa: RUF012 - as AuthenticationForm declares it
        "invalid_login": _("The login or the password is wrong. Mind the keyboard layout and Caps Lock."),
        "inactive": _("This account is switched off. Ask the administrator."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("username", _("Login")), ("password", _("Password"))):
            self.fields[name].label = label
            self.fields[name].widget.attrs["class"] = "form-control"

    def clean(self) -> dict[str, Any]:
        login, address = self.cleaned_data.get("username", ""), client_address(self.request)
        now = timezone.now()
        if wait := throttle.wait_left(login, address, now):
            raise ValidationError(_too_many(max(1, round(wait.total_seconds() / 60))), code="too_many")
        try:
            cleaned = super().clean()
        except ValidationError:
            throttle.note_failure(login, address, now)
            raise
        throttle.forget(login, address)
        return cleaned


def _too_many(minutes: int) -> str:
    return ngettext(
        "Too many wrong passwords. Try again in %(minutes)d minute, or ask the administrator for a new one.",
        "Too many wrong passwords. Try again in %(minutes)d minutes, or ask the administrator for a new one.",
        minutes,
    ) % {"minutes": minutes}


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[(theme, theme) for theme in THEMES])


class ShiftForm(forms.Form):
    # "1" or "0": a press that comes twice must not undo itself, so the form says where to go.
    on = forms.TypedChoiceField(choices=[("1", "1"), ("0", "0")], coerce=lambda value: value == "1")
