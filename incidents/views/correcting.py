"""Facts typed over in their place on the card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import correcting
from incidents.correcting import CORRECTED
from incidents.correcting_forms import OperatorForm, RequesterForm, SubjectForm
from incidents.forms import SeenForm
from incidents.models import Incident
from incidents.views.card import _do as do
from incidents.views.card import _find as find
from incidents.views.card import works_incidents

Correct = Callable[..., Incident]


def _subject(incident: Incident, said: dict[str, Any], **by: Any) -> Incident:
    return correcting.correct_subject(incident, said["subject"], **by)


def _operator(incident: Incident, said: dict[str, Any], **by: Any) -> Incident:
    return correcting.correct_operator(incident, said["operator"], **by)


def _requester(incident: Incident, said: dict[str, Any], **by: Any) -> Incident:
    name, email = said["requester_name"], said["requester_email"]
    return correcting.correct_requester(incident, name=name, email=email, **by)


FACTS: dict[str, tuple[type[SeenForm], Correct]] = {
    "subject": (SubjectForm, _subject),
    "operator": (OperatorForm, _operator),
    "requester": (RequesterForm, _requester),
}


@require_POST
@works_incidents
def correct(request: Request, code: str, fact: str) -> HttpResponse:
    """One fact; refused, the form stays open with what was typed."""
    if fact not in FACTS:
        raise Http404
    incident = find(code)
    make, write = FACTS[fact]
    form = make(request.POST)

    def deed() -> None:
        write(incident, form.cleaned_data, by=request.user, at=timezone.now())

    return do(request, incident, form, deed, {CORRECTED}, fact_form=form, fact=fact)
