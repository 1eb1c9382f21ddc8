"""Why an automatic letter of an incident cannot be sent: asked before its step, and again when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from incidents import notice_people
from incidents.models import Incident, LetterKind, Notice
from mailbox import accounts, bad_addresses
from mailbox.models import Outgoing

# Twice the same within a minute is a slip of the hand, or of a program.
APART = timedelta(minutes=1)


class Code(StrEnum):
    """What is wrong; incidents.notice_words says it."""

    OFF = "off"
    NO_TYPE = "no_type"
    NO_POLE = "no_pole"
    NO_CONTRACTOR = "no_contractor"
    EXCLUDED = "excluded"
    NO_EMAIL = "no_email"
    NO_ADDRESS = "no_address"
    AGAIN = "again"
    # A person may insist.
    BAD_ADDRESS = "bad_address"
    # After it was queued.
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code, and the names its words need."""

    code: Code
    facts: Mapping[str, str] = field(default_factory=dict)


def refusal(kind: str, incident: Incident, now: datetime) -> Reason | None:
    """Why the letter of this kind must not be written; None if it may."""
    if not accounts.is_possible():
        return Reason(Code.OFF)
    found = _about_contractor(incident) if kind == LetterKind.HANDED_OVER else _about_operator(incident)
    if found:
        return found
    if kind != LetterKind.CLOSED and incident.type is None:
        return Reason(Code.NO_TYPE)
    return _again(kind, incident, now)


def doubt(kind: str, incident: Incident, now: datetime) -> Reason | None:
    """Why a person should look first: nobody whom the letter goes to could be reached lately."""
    for envelope in notice_people.envelopes(kind, incident):
        bad = bad_addresses.among([each.email for each in envelope.to], now)
        if len(bad) == len(envelope.to):
            address, row = next(iter(bad.items()))
            return Reason(Code.BAD_ADDRESS, {"address": address, "said": row.said})
    return None


def _about_contractor(incident: Incident) -> Reason | None:
    pole = incident.pole
    if pole is None:
        return Reason(Code.NO_POLE)
    if pole.contractor is None:
        return Reason(Code.NO_CONTRACTOR, {"pole": pole.code})
    names = {"pole": pole.code, "contractor": pole.contractor.name}
    if pole.contractor_excluded:
        return Reason(Code.EXCLUDED, names)
    return None if notice_people.contractor_emails(incident) else Reason(Code.NO_EMAIL, names)


def _about_operator(incident: Incident) -> Reason | None:
    return None if notice_people.to_operator(incident).to else Reason(Code.NO_ADDRESS)


def _again(kind: str, incident: Incident, now: datetime) -> Reason | None:
    """The same letter a moment ago, unless it has not left and never will."""
    over = [Outgoing.State.FAILED, Outgoing.State.CANCELLED]
    same = Notice.objects.filter(incident=incident, kind=kind, at__gt=now - APART).exclude(outgoing__state__in=over)
    # A step that failed, as a whole or by half, may be taken again at once.
    same = same.exclude(event__notices__state=Notice.State.FAILED)
    last = same.exclude(state=Notice.State.DROPPED, outgoing=None).order_by("-at").first()
    return Reason(Code.AGAIN, {"at": last.at.isoformat()}) if last else None
