"""What people choose when they move letters, turned into letters and incidents. Nothing here is saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import targets
from incidents.forms import SeenForm
from incidents.models import Incident
from mailbox.models import Email

# A number no table of ours will ever reach; larger ones are no question to the database.
LARGEST = 2**62


class OfIncidentForm(SeenForm):
    """A form on the card of an incident."""

    def __init__(self, *args: Any, incident: Incident, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident, self.now = incident, now
        self.letters: list[Email] = []


class LettersForm(OfIncidentForm):
    """Letters of the incident: one, or all of one conversation."""

    letter = forms.IntegerField(min_value=1, max_value=LARGEST, required=False)
    thread = forms.IntegerField(min_value=1, max_value=LARGEST, required=False)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        here = Email.objects.filter(place__incident=self.incident).order_by("received_at", "pk")
        here = here.defer("text", "reply_text", "safe_html", "references")
        if data.get("thread"):
            self.letters = list(here.filter(place__thread=data["thread"]))
        elif data.get("letter"):
            self.letters = list(here.filter(pk=data["letter"]))
        if not self.letters:
            raise ValidationError(_("This letter is not in the incident any more."))
        return data


class TargetForm(OfIncidentForm):
    """Another incident: by its code, or by words that mean one only."""

    to = forms.CharField(max_length=200, error_messages={"required": gettext_lazy("Name the incident.")})

    def clean_to(self) -> Incident:
        typed: str = self.cleaned_data["to"].replace("\0", "")
        found = targets.exactly(self.incident, typed, self.now)
        if found is None:
            several = targets.meant(self.incident, typed, self.now)
            said = _("Several incidents fit “%(typed)s”. Choose one.") if several else _("Nothing fits “%(typed)s”.")
            raise ValidationError(said % {"typed": typed})
        if found.pk == self.incident.pk:
            raise ValidationError(_("This is the incident itself. Name another one."))
        return found


class MoveForm(TargetForm, LettersForm):
    """Letters, and the incident they go to."""


class DecisionForm(forms.Form):
    """Yes or no to what the machine proposed."""

    decision = forms.ChoiceField(choices=[("accept", ""), ("dismiss", "")])
