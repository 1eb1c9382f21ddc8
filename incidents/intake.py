"""What a letter becomes: thread first, then the code in its subject, then "power is back", then a new incident.

`take_next` is one letter in one transaction: either everything it causes is written, or nothing is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from incidents import joining, services, sites
from incidents.joining import Found
from incidents.models import Incident, IncidentEmail
from mailbox import inbox
from mailbox.inbox import Letter
from mailbox.models import Email, Receipt
from towers import lookup
from towers.matching import Match

logger = logging.getLogger(__name__)

State = Receipt.State
# Rules by which a letter is kept without incident; the text stands beside it in the list of letters.
SENT_ELSEWHERE = "a letter we sent that belongs to no incident"
AUTOMATIC = "an automatic letter that answers nothing of ours"


def take_all(now: Callable[[], datetime]) -> int:
    """Take letters until none is waiting that may be tried now; returns how many."""
    taken = 0
    while take_next(now()):
        taken += 1
    return taken


def take_next(now: datetime) -> bool:
    """Take the oldest waiting letter; False when there is none.

    A letter that fails is tried again by plan and at last quarantined; it never stops the others.
    """
    pk = None
    try:
        with transaction.atomic():
            receipt = inbox.claim_next(now)
            if receipt is None:
                return False
            pk = receipt.pk
            take(receipt, now)
    except Exception as error:
        # Whatever a letter does to us, it stays in the ledger with the reason; without a database this raises.
        logger.exception("letter %s cannot be taken", pk)
        with transaction.atomic():
            if pk is None:
                raise
            inbox.postpone(pk, f"{type(error).__name__}: {error}", now)
    return True


def take(receipt: Receipt, now: datetime) -> Incident | None:
    """Decide one claimed letter, in the caller's transaction; returns its incident, if it has one."""
    letter = inbox.read(receipt)
    email = letter.email
    if letter.is_copy:
        inbox.finish(receipt, State.COPY, email)
        return None
    inbox.lock_threads(joining.lock_keys(letter))
    match = sites.read(letter.parsed)
    found = joining.find(letter, match.pole_id)
    if found:
        inbox.finish(receipt, State.JOINED, email)
        return _join(letter, found, match, _moment(receipt, now))
    if email.direction == Email.Direction.OUT:
        inbox.finish(receipt, State.KEPT, email, SENT_ELSEWHERE)
        return None
    if email.kind != Email.Kind.HUMAN:
        inbox.finish(receipt, State.KEPT, email, AUTOMATIC)
        return None
    inbox.finish(receipt, State.OPENED, email)
    return _open(letter, match, _moment(receipt, now))


def _moment(receipt: Receipt, now: datetime) -> datetime:
    """A letter's events happen when it came, not when we were ready for it; never in the future."""
    return min(receipt.received_at, now)


def _open(letter: Letter, match: Match, at: datetime) -> Incident:
    operator = lookup.operator_of_sender(letter.email.from_email)
    incident = services.open_from_email(letter.email, at=at, reading=match.as_json(), operator=operator)
    incident = sites.link(incident, match, at=at)
    return _gather(letter, incident, letter.email.pk, at)


def _join(letter: Letter, found: Found, match: Match, at: datetime) -> Incident:
    email = letter.email
    incident = services.attach_email(found.incident, email, way=found.way, at=at, thread=found.thread)
    if joining.says_power_is_back(email) and email.direction == Email.Direction.IN and incident.is_open:
        incident = services.note_power_back(incident, at=at)
    if incident.pole_id is None and match.pole_id:
        # What the first letter did not say, an answer may.
        incident = services.note_reading(incident, match.as_json())
        incident = sites.link(incident, match, at=at)
    if not incident.is_open and incident.letters_since_closing >= settings.REOPEN_AT_LETTER:
        incident = services.reopen(incident, by=None, at=at, reason=_("Letters keep coming after closing."))
    return _gather(letter, incident, found.thread, at)


def _gather(letter: Letter, incident: Incident, thread: int, at: datetime) -> Incident:
    """Letters of this conversation that came before it and found no incident join now."""
    for earlier in joining.letters_waiting_for(letter):
        incident = services.attach_email(incident, earlier, way=IncidentEmail.Way.THREAD, at=at, thread=thread)
        earlier.receipts.filter(state=State.KEPT).update(state=State.JOINED, reason="")
    return incident
