"""Why an automatic letter of an incident cannot be sent: asked before its step, and again when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from incidents import notice_people
from incidents.models import Incident, LetterKind, Notice
from mailbox import accounts, bad_addresses, inbox
from mailbox.composing import Person
from mailbox.models import BadAddress, Outgoing

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
    return Look(incident, now).refusal(kind)


def doubt(kind: str, incident: Incident, now: datetime) -> Reason | None:
    """Why a person should look first: nobody whom the letter goes to could be reached lately."""
    return Look(incident, now).doubt(kind)


class Look:
    """An incident at a moment, judged for letters of several kinds; each fact is asked of the database once."""

    def __init__(self, incident: Incident, now: datetime) -> None:
        self.incident, self.now = incident, now

    def refusal(self, kind: str) -> Reason | None:
        if not self._letters_leave:
            return Reason(Code.OFF)
        found = self._about_contractor() if kind == LetterKind.HANDED_OVER else self._about_operator()
        if found:
            return found
        if kind != LetterKind.CLOSED and self.incident.type is None:
            return Reason(Code.NO_TYPE)
        last = self._recent.get(kind)
        return Reason(Code.AGAIN, {"at": last.isoformat()}) if last else None

    def doubt(self, kind: str) -> Reason | None:
        groups = [] if kind == LetterKind.HANDED_OVER else [self._operator]
        if kind == LetterKind.HANDED_OVER or (kind == LetterKind.CLOSED and self.incident.handed_over_at):
            groups.append(self._contractor)
        for people in groups:
            bad = [each.email for each in people if each.email in self._bad]
            if bad and len(bad) == len(people):
                return Reason(Code.BAD_ADDRESS, {"address": bad[0], "said": self._bad[bad[0]].said})
        return None

    def _about_contractor(self) -> Reason | None:
        pole = self.incident.pole
        if pole is None:
            return Reason(Code.NO_POLE)
        contractor = notice_people.contractor(self.incident)
        if contractor is None:
            return Reason(Code.NO_CONTRACTOR, {"pole": pole.code})
        names = {"pole": pole.code, "contractor": contractor.name}
        if pole.contractor_excluded:
            return Reason(Code.EXCLUDED, names)
        return None if self._contractor else Reason(Code.NO_EMAIL, names)

    def _about_operator(self) -> Reason | None:
        return None if self._operator else Reason(Code.NO_ADDRESS)

    @cached_property
    def _letters_leave(self) -> bool:
        return accounts.is_possible()

    @cached_property
    def _own(self) -> frozenset[str]:
        return inbox.own_addresses()

    @cached_property
    def _operator(self) -> tuple[Person, ...]:
        return notice_people.to_operator(self.incident, self._own).to

    @cached_property
    def _contractor(self) -> tuple[Person, ...]:
        return notice_people.of_contractor(self.incident, self._own)

    @cached_property
    def _bad(self) -> dict[str, BadAddress]:
        return bad_addresses.among([each.email for each in (*self._operator, *self._contractor)], self.now)

    @cached_property
    def _recent(self) -> dict[str, datetime]:
        """When the letter of each kind was written a moment ago, unless it has not left and never will."""
        over = [Outgoing.State.FAILED, Outgoing.State.CANCELLED]
        same = Notice.objects.filter(incident=self.incident, at__gt=self.now - APART)
        # A step that failed, as a whole or by half, may be taken again at once.
        same = same.exclude(outgoing__state__in=over).exclude(event__notices__state=Notice.State.FAILED)
        same = same.exclude(state=Notice.State.DROPPED, outgoing=None)
        return dict(same.order_by("at").values_list("kind", "at"))
