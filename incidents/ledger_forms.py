"""What people type about letters."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.codes import code_in_subject
from incidents.models import Incident


class JoinForm(forms.Form):
    """An incident by its code, as people write one: with or without the prefix, in any case."""

    code = forms.CharField(max_length=40, error_messages={"required": gettext_lazy("Type the code of the incident.")})

    def clean_code(self) -> Incident:
        typed: str = self.cleaned_data["code"].strip()
        found = Incident.objects.filter(code__in=[code_in_subject(typed) or "", _of_number(typed)]).first()
        if found is None:
            raise ValidationError(_("There is no incident %(typed)s.") % {"typed": typed})
        return found


def _of_number(typed: str) -> str:
    """The code that a bare number stands for."""
    return f"{settings.INCIDENT_PREFIX}-{typed}" if typed.isascii() and typed.isdigit() else ""
