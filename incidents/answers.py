"""The automatic letter of the desk: who writes into a closed incident is told so, once. And bounces are remembered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from incidents import joining, letter_templates, services
from incidents.arrivals import attach_email
from incidents.letter_templates import Kind
from incidents.models import Incident, IncidentEmail, IncidentEvent
from mailbox import answering, bounces, composing, outbox
from mailbox.composing import Mail
from mailbox.models import Email, Outgoing

logger = logging.getLogger(__name__)


def answer_closed(events: Sequence[IncidentEvent]) -> None:
    """Reaction to letters that joined: the first one after closing is answered."""
    if not settings.ANSWER_CLOSED:
        return
    # As they are now: of several letters taken together the second may have opened the incident again.
    joined = Incident.objects.filter(pk__in={event.incident_id for event in events})
    closed = joined.filter(closed_at__isnull=False, letters_since_closing=1)
    now = timezone.now()
    for incident in closed:
        for email in Email.objects.filter(pk__in=_letters_of(incident, events), direction=Email.Direction.IN):
            if not joining.says_power_is_back(email.subject):
                say_it_is_closed(incident, email, now=now)


def note_bounces(events: Sequence[IncidentEvent]) -> None:
    """Reaction to letters that joined: an address that our letter came back from gets no automatic one for a while."""
    letters = [event.data["email"] for event in events]
    for bounce in Email.objects.filter(pk__in=letters, kind=Email.Kind.BOUNCE):
        bounces.note(bounce, now=timezone.now())


def say_it_is_closed(incident: Incident, email: Email, *, now: datetime) -> Outgoing | None:
    """Queue the answer and show it in the conversation; None, and a word in the log, if it must not be written."""
    incident = services.locked(incident)
    if incident.closed_at is None or Outgoing.objects.filter(answers=email).exists():
        return None
    beside = Outgoing.objects.filter(email__place__incident=incident)
    refusal = answering.may_answer(email, now=now, conversation=beside)
    if refusal:
        logger.info("%s: letter %d gets no automatic answer: %s", incident.code, email.pk, refusal)
        return None
    said = letter_templates.render(Kind.CLOSED_AGAIN, incident, by=None, now=now)
    mail = Mail(code=incident.code, subject=said.subject_tail, text=said.text, html=said.html, now=now)
    queued = outbox.queue(composing.automatic_answer(email, mail), now=now, answers=email, is_automatic=True)
    thread = IncidentEmail.objects.values_list("thread", flat=True).get(email=email)
    attach_email(incident, queued.email, way=IncidentEmail.Way.THREAD, at=now, thread=thread)
    return queued


def _letters_of(incident: Incident, events: Sequence[IncidentEvent]) -> list[int]:
    return [event.data["email"] for event in events if event.incident_id == incident.pk]
