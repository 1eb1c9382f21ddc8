"""Why an automatic letter cannot be sent, and what helps, in the reader's language: stored are code and facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.notice_refusals import Code, Reason

if TYPE_CHECKING:
    from django.utils.functional import Promise

# What is wrong, and what to do about it.
_WORDS: dict[Code, tuple[str | Promise, str | Promise]] = {
    Code.OFF: (
        _("Sending is switched off: no server for outgoing letters is named."),
        _("Tell people by phone and choose the step that says so."),
    ),
    Code.NO_TYPE: (_("No type is set."), _("Choose it beside the status: the letter names it.")),
    Code.NO_POLE: (
        _("No pole is chosen, so it is not known who repairs it."),
        _("Choose the pole among the facts of the site."),
    ),
    Code.NO_CONTRACTOR: (
        _("Pole %(pole)s has no contractor in the registry."),
        _("Find out who repairs it, hand over by phone and choose the step that says so."),
    ),
    Code.EXCLUDED: (
        _("%(contractor)s is excluded from the contract for pole %(pole)s."),
        _("Find out who repairs it now, hand over by phone and choose the step that says so."),
    ),
    Code.NO_EMAIL: (
        _("%(contractor)s has no e-mail for pole %(pole)s in the registry."),
        _("Hand over by phone and choose the step that says so, or write from the card to an address you know."),
    ),
    Code.NO_ADDRESS: (
        _("It is not known where to write: nobody's e-mail stands in the incident."),
        _("Enter the address of whoever reported it."),
    ),
    Code.AGAIN: (
        _("The same letter was written a moment ago, at %(at)s."),
        _("Look at the conversation; in a minute it can be sent once more."),
    ),
    Code.BAD_ADDRESS: (
        _("Letters to %(address)s come back: “%(said)s”."),
        _("Correct the address, or send anyway if it works again."),
    ),
    Code.NOT_SENT: (
        _("The letter to %(to)s was not sent. The server said: “%(said)s”."),
        _("Put right what is wrong, then send it again."),
    ),
    Code.UNKNOWN: (
        _("It is not known whether the letter to %(to)s has left: “%(said)s”."),
        _("Ask whether it has come. Sent again, it may come twice."),
    ),
    Code.CANCELLED: (_("The letter to %(to)s was cancelled before it left."), _("Send it again if it is wanted.")),
    Code.TOO_LARGE: (
        _("The letter is too large for mail servers: %(size)s."),
        _("Shorten its template, or write from the card."),
    ),
}


def wrong(reason: Reason) -> str:
    """What is wrong."""
    return str(_WORDS[reason.code][0]) % _shown(reason.facts)


def advice(reason: Reason) -> str:
    """What whoever reads it can do."""
    return str(_WORDS[reason.code][1])


def sentence(reason: Reason) -> str:
    """Both."""
    return f"{wrong(reason)} {advice(reason)}"


def of_facts(stored: Mapping[str, Any] | None) -> Reason | None:
    """The reason that Incident.error_facts keeps; None where it keeps none that this version knows."""
    try:
        return Reason(Code((stored or {}).get("code", "")), (stored or {}).get("facts", {}))
    except ValueError:
        return None


def _shown(facts: Mapping[str, str]) -> dict[str, str]:
    if "at" not in facts:
        return dict(facts)
    return {**facts, "at": timezone.localtime(datetime.fromisoformat(facts["at"])).strftime("%H:%M:%S")}
