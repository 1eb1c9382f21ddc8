"""A step with what is answered beside it. Nothing here is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from incidents import work
from incidents.forms import StatusForm
from incidents.models import ChecklistItem, Incident, IncidentType
from mailbox.composing import is_address


class StepForm(StatusForm):
    """A status to go to; `asked`: its person has seen what closing asks, and `type` and `done` are the answers.

    A step that sends a letter may bring the `address` that was missing, or `insist` on one that is known bad.
    """

    asked = forms.BooleanField(required=False)
    type = forms.ModelChoiceField(IncidentType.objects.filter(is_active=True), required=False)
    done = forms.ModelMultipleChoiceField(ChecklistItem.objects.none(), required=False)
    address = forms.EmailField(required=False, max_length=254)
    insist = forms.BooleanField(required=False)

    def clean_address(self) -> str:
        """Letters can be written to it."""
        address: str = self.cleaned_data["address"]
        if address and not is_address(address):
            raise ValidationError(_("“%(typed)s” is not an e-mail address.") % {"typed": address})
        return address

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # With the type that is chosen here the list of its own would come; its common part is asked now.
        self.fields["done"].queryset = work.checklist(incident)  # type: ignore[attr-defined]
