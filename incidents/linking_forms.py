"""What people choose when they link incidents. Nothing here is saved."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from incidents.linking import SIDES
from incidents.moving_forms import LARGEST, OfIncidentForm, TargetForm


class LinkForm(TargetForm):
    """Another incident, and what this one is to it."""

    side = forms.ChoiceField(
        choices=[(name, side.words) for name, side in SIDES.items()],
        error_messages={
            "required": gettext_lazy("Say how they are linked."),
            "invalid_choice": gettext_lazy("There is no such kind of link."),
        },
    )


class UnlinkForm(OfIncidentForm):
    """A link of the incident."""

    link = forms.IntegerField(min_value=1, max_value=LARGEST)
