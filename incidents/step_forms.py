"""A step with what is answered beside it. Nothing here is saved."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents import work
from incidents.forms import StatusForm
from incidents.models import ChecklistItem, Incident, IncidentType


class StepForm(StatusForm):
    """A status to go to; `asked`: its person has seen what closing asks, and `type` and `done` are the answers."""

    asked = forms.BooleanField(required=False)
    type = forms.ModelChoiceField(IncidentType.objects.filter(is_active=True), required=False)
    done = forms.ModelMultipleChoiceField(ChecklistItem.objects.none(), required=False)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # With the type that is chosen here the list of its own would come; its common part is asked now.
        self.fields["done"].queryset = work.checklist(incident)  # type: ignore[attr-defined]
