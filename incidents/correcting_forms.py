"""Facts as people type them over. Nothing here is saved."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from incidents.forms import SeenForm
from incidents.models import Incident
from towers.models import Operator

LONGEST_SUBJECT = 500


class SubjectForm(SeenForm):
    subject = forms.CharField(
        max_length=LONGEST_SUBJECT, error_messages={"required": gettext_lazy("The subject is empty.")}
    )

    def clean_subject(self) -> str:
        return " ".join(self.cleaned_data["subject"].split())


class OperatorForm(SeenForm):
    operator = forms.ModelChoiceField(
        Operator.objects.all(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("There is no such operator.")},
    )


class RequesterForm(SeenForm):
    requester_name = forms.CharField(required=False, max_length=Incident._meta.get_field("requester_name").max_length)
    requester_email = forms.EmailField(
        required=False,
        max_length=Incident._meta.get_field("requester_email").max_length,
        error_messages={"invalid": gettext_lazy("This is not an e-mail address.")},
    )
