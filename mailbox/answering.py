"""May a program of ours answer this letter? Asked before every automatic letter; when in doubt, no.

Marks in the headers (RFC 3834 and what programs really write) stop most loops. The counts stop the others, whatever
a relay strips and however the other side behaves.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from mailbox import accounts, inbox
from mailbox.models import BadAddress, Email, Outgoing

logger = logging.getLogger(__name__)

# An answer to an older letter surprises more than it helps.
OLD = timedelta(days=1)
# People change their mail servers: after so long a bad address may be tried again.
BAD_FOR = timedelta(days=30)
# Plain addresses only: what needs quotes or another alphabet is left to people.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII)


class Refusal(StrEnum):
    """Why no automatic letter is written."""

    OFF = "off"
    AUTOMATIC = "automatic"
    OURS = "ours"
    OLD = "old"
    NOBODY = "nobody"
    BAD_ADDRESS = "bad address"
    SENDER = "sender had one"
    CONVERSATION = "conversation had enough"
    BRAKE = "brake"


def may_answer(email: Email, *, now: datetime, conversation: QuerySet[Outgoing] | None = None) -> Refusal | None:
    """None if this letter may be answered automatically now, else why not. Needs an open transaction.

    `conversation`: the letters of ours that stand beside it, where their number is limited as well. Two who ask
    about one address at the same time never both hear None: the second one is refused until the first has ended.
    """
    if not accounts.is_possible():
        return Refusal.OFF
    if email.auto_reasons or email.kind != Email.Kind.HUMAN:
        return Refusal.AUTOMATIC
    address = answer_address(email)
    if email.direction == Email.Direction.OUT or {address.lower(), counted(address)} & inbox.own_addresses():
        return Refusal.OURS
    if email.received_at < now - OLD or email.receipts.filter(is_old=True).exists():
        return Refusal.OLD
    if not _ADDRESS.fullmatch(address):
        return Refusal.NOBODY
    return _refused_by_count(counted(address), now, conversation)


def answer_address(email: Email) -> str:
    """Where an answer goes, in lower case: where the sender asked for it, else to the sender."""
    wanted = [each["email"] for each in email.reply_to if each.get("email")]
    return (wanted[0] if len(wanted) == 1 else email.from_email).lower()


def counted(address: str) -> str:
    """One name for all spellings of a mailbox: name+anything@domain is name@domain."""
    local, at, domain = address.lower().rpartition("@")
    return (local.partition("+")[0] or local) + at + domain


def brake_is_on(now: datetime) -> bool:
    """Whether so many automatic letters left within an hour that no more may."""
    last_hour = Outgoing.objects.filter(is_automatic=True, queued_at__gt=now - timedelta(hours=1))
    return last_hour.count() >= settings.AUTO_ANSWERS_PER_HOUR


def mark_bad(address: str, *, now: datetime, bounce: Email | None = None, said: str = "") -> str:
    """No program of ours writes to this address for a while."""
    facts = {"at": now, "bounce": bounce, "said": said}
    return BadAddress.objects.update_or_create(address=counted(address), defaults=facts)[0].address


def _refused_by_count(address: str, now: datetime, conversation: QuerySet[Outgoing] | None) -> Refusal | None:
    if BadAddress.objects.filter(address=address, at__gt=now - BAD_FOR).exists():
        return Refusal.BAD_ADDRESS
    sent = Outgoing.objects.filter(is_automatic=True)
    since = now - timedelta(minutes=settings.AUTO_ANSWER_PER_SENDER_MINUTES)
    if not _alone_with(address) or sent.filter(to_address=address, queued_at__gt=since).exists():
        return Refusal.SENDER
    if conversation is not None:
        beside = conversation.filter(is_automatic=True, queued_at__gt=now - timedelta(days=1))
        if beside.count() >= settings.AUTO_ANSWERS_PER_INCIDENT_DAY:
            return Refusal.CONVERSATION
    if brake_is_on(now):
        # Whatever sends so much is broken or abused: no more automatic letters until the hour is over.
        logger.error("automatic letters: %d within an hour, the brake is on", settings.AUTO_ANSWERS_PER_HOUR)
        return Refusal.BRAKE
    return None


def _alone_with(address: str) -> bool:
    """Whether nobody else is deciding about this address; holds to the end of the transaction.

    Never waits: whoever takes letters holds other locks by then, and the one who is first answers anyway.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"answer {address}"])
        return bool(cursor.fetchone()[0])
