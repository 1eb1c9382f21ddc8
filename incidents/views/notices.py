"""Sending an automatic letter again that could not be sent."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import meanwhile, notices
from incidents.forms import SeenForm
from incidents.views.card import _do as do
from incidents.views.card import _find as find
from incidents.views.card import _offer_undo as offer_undo
from incidents.views.card import works_incidents


@require_POST
@works_incidents
def retry(request: Request, code: str) -> HttpResponse:
    """Back into the status whose letter could not be sent, which sends it anew."""
    incident, now = find(code), timezone.now()

    def deed() -> None:
        notices.retry(incident, by=request.user, at=now)
        offer_undo(request, incident, now)

    return do(request, incident, SeenForm(request.POST), deed, meanwhile.NEWS_FOR_A_STEP)
