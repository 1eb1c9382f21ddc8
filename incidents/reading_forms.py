"""“This is wrong”: what a letter really says, turned into valid values. Nothing here is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.forms import SiteForm
from mailbox.models import Email


class CorrectionForm(SiteForm):
    """Pole and station as on the card, or that the letter names none; the kind where it was mistaken."""

    no_site = forms.BooleanField(required=False)
    kind = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("as it was read")), *Email.Kind.choices],
        error_messages={"invalid_choice": gettext_lazy("There is no such kind of letter.")},
    )
    note = forms.CharField(required=False, max_length=2000)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("no_site"):
            self.cleaned_data |= {"pole": None, "station": None}
            return self.cleaned_data
        if not data.get("pole") and not data.get("station") and not self.errors:
            self.add_error("pole", ValidationError(_("Name the pole, or say that the letter names no site.")))
            return self.cleaned_data
        return super().clean()
