"""Letters of ours as their list shows them: what became of each and of each recipient, in words, and what may be done.

A row's `stamp` changes with everything it shows of the sending: an open page asks for rows with another stamp only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone
from django.utils.translation import pgettext

from incidents.models import Notice
from incidents.outgoing_list import LACKING, PLANNED
from mailbox import inbox
from mailbox.models import Folder, Outgoing, Receipt, Settled
from mailbox.smtp import Result

State, Copy = Outgoing.State, Outgoing.Copy
# Of many recipients whoever got the letter is only counted.
SHOWN = 4
_OF_LETTER = (
    "state", "attempts", "next_try_at", "said", "queued_at", "leaves_at", "sending_since", "sent_at", "cancelled_at",
    "recipients", "is_automatic", "copy_state", "copy_said", "copy_next_try_at", "email__subject", "account__name",
    "account__from_address", "by__first_name", "by__last_name", "by__username", "email__place__incident__code",
)  # fmt: skip
# Look and icon of the states; only what asks for somebody has a colour that calls.
LOOKS = {
    State.QUEUED: ("is-work", "hourglass"),
    State.SENDING: ("is-work", "progress"),
    State.RETRYING: ("is-wait", "refresh"),
    State.FAILED: ("is-over", "alert-octagon"),
    State.UNKNOWN: ("is-risk", "help"),
    State.SENT: ("is-done", "circle-check"),
    State.CANCELLED: ("is-new", "x"),
}
# The lists beside that of all, in the order of a letter's way.
TABS: dict[str, tuple[str, str]] = {
    PLANNED: ("is-work", "clock"),
    **{str(state): look for state, look in LOOKS.items() if state not in (State.SENT, State.CANCELLED)},
    LACKING: ("is-over", "arrow-back-up"),
    State.SENT: LOOKS[State.SENT],
    State.CANCELLED: LOOKS[State.CANCELLED],
}
_OF_RESULT: dict[str, tuple[str, str]] = {
    Result.WAITING: ("is-work", "hourglass"),
    Result.ACCEPTED: ("is-done", "check"),
    Result.REFUSED: ("is-over", "circle-x"),
    Result.UNKNOWN: ("is-risk", "help"),
    Result.BOUNCED: ("is-over", "arrow-back-up"),
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address and what became of it; `said` is empty where nothing went wrong."""

    address: str
    result: str
    said: str
    # The wrong address that somebody put right.
    instead_of: str = ""

    @property
    def look(self) -> str:
        return _OF_RESULT.get(self.result, _OF_RESULT[Result.UNKNOWN])[0]

    @property
    def icon(self) -> str:
        return _OF_RESULT.get(self.result, _OF_RESULT[Result.UNKNOWN])[1]

    @property
    def words(self) -> str:
        """The result, for whoever sees no icon."""
        known: dict[str, str] = {
            Result.WAITING: pgettext("recipient", "waits"),
            Result.ACCEPTED: pgettext("recipient", "accepted"),
            Result.REFUSED: pgettext("recipient", "refused"),
            Result.BOUNCED: pgettext("recipient", "came back"),
        }
        return known.get(self.result, pgettext("recipient", "unknown"))

    @property
    def is_well(self) -> bool:
        return self.result == Result.ACCEPTED


@dataclass(frozen=True, slots=True)
class Row:
    """One letter. `has_copy`: a folder of sent letters has shown it; `is_settled`: somebody needs no more of it."""

    letter: Outgoing
    recipients: tuple[Recipient, ...]
    now: datetime
    has_copy: bool = False
    is_settled: bool = False

    @property
    def day(self) -> date:
        return timezone.localdate(self.letter.queued_at)

    @property
    def code(self) -> str:
        place = getattr(self.letter.email, "place", None)
        return place.incident.code if place else ""

    @property
    def subject(self) -> str:
        """Without what stands before it anyway: the answer's mark and the code."""
        subject: str = self.letter.email.subject
        return subject.removeprefix(f"Re: {self.code}: ") if self.code else subject

    @property
    def look(self) -> str:
        if self.is_returned:
            return "is-over"
        return "is-risk" if self.is_partly else LOOKS[State(self.letter.state)][0]

    @property
    def icon(self) -> str:
        if self.is_planned:
            return "clock"
        if self.is_returned:
            return "arrow-back-up"
        return "alert-triangle" if self.is_partly else LOOKS[State(self.letter.state)][1]

    @property
    def is_planned(self) -> bool:
        """Its moment has not come yet: somebody may think better of it, or wants it to leave later."""
        at = self.letter.leaves_at
        return self.letter.state == State.QUEUED and at is not None and at > self.now

    @property
    def is_partly(self) -> bool:
        """It left, and somebody has surely not got it."""
        return self.letter.state == State.SENT and not all(each.is_well for each in self.recipients)

    @property
    def is_returned(self) -> bool:
        """It left, and nobody has got it."""
        return self.letter.state == State.SENT and not any(each.is_well for each in self.recipients)

    @property
    def is_sought(self) -> bool:
        """Nobody knows whether it left, and its copy is still being looked for."""
        return self.letter.state == State.UNKNOWN and self.letter.next_try_at is not None

    @property
    def words(self) -> str:
        if self.is_planned:
            return pgettext("letter of ours", "Leaves later")
        if self.is_returned and any(each.result == Result.BOUNCED for each in self.recipients):
            return pgettext("letter of ours", "Came back")
        if self.is_returned:
            return pgettext("letter of ours", "Refused by all")
        if self.is_partly:
            return pgettext("letter of ours", "Sent, not to all")
        return {
            State.QUEUED: pgettext("letter of ours", "In the queue"),
            State.SENDING: pgettext("letter of ours", "Being sent"),
            State.SENT: pgettext("letter of ours", "Sent"),
            State.RETRYING: pgettext("letter of ours", "Will be tried again"),
            State.FAILED: pgettext("letter of ours", "Not sent"),
            State.UNKNOWN: pgettext("letter of ours", "Perhaps not sent"),
            State.CANCELLED: pgettext("letter of ours", "Cancelled"),
        }[State(self.letter.state)]

    @property
    def moment(self) -> datetime | None:
        """When it left, leaves next or was cancelled; since when it is being sent."""
        letter = self.letter
        return {
            State.QUEUED: letter.leaves_at if self.is_planned else None,
            State.RETRYING: letter.next_try_at,
            State.SENDING: letter.sending_since,
            State.SENT: letter.sent_at,
            State.CANCELLED: letter.cancelled_at,
        }.get(State(letter.state))

    @property
    def said(self) -> str:
        """Why it has not left, where no recipient's own line says it."""
        if self.letter.state == State.SENT or any(each.said for each in self.shown):
            return ""
        return self.letter.said

    @property
    def shown(self) -> tuple[Recipient, ...]:
        """Whoever did not get it, then the first of the others."""
        ill = tuple(each for each in self.recipients if not each.is_well)
        well = tuple(each for each in self.recipients if each.is_well)
        return ill + well[: max(SHOWN - len(ill), 1)]

    @property
    def more(self) -> int:
        return len(self.recipients) - len(self.shown)

    @property
    def writer(self) -> str:
        return self.letter.by.full_name if self.letter.by else ""

    @property
    def stepper(self) -> str:
        """Whose step into a status sent it, where nobody wrote it."""
        return next((each.by.full_name for each in self.letter.notices.all() if each.by), "")

    @property
    def account(self) -> str:
        """By which account it leaves; empty for that of the settings."""
        return str(self.letter.account) if self.letter.account else ""

    @property
    def may_hasten(self) -> bool:
        return self.is_planned or self.letter.state == State.RETRYING

    @property
    def may_cancel(self) -> bool:
        """Only what has surely reached nobody."""
        if self.letter.state not in (State.QUEUED, State.RETRYING):
            return False
        return all(each["state"] in (Result.WAITING, Result.REFUSED) for each in self.letter.recipients)

    @property
    def may_retry(self) -> bool:
        return self.letter.state in (State.FAILED, State.UNKNOWN)

    @property
    def lost(self) -> tuple[tuple[str, str], ...]:
        """Who was refused, with the words for it: it may be sent to them again, at a better address."""
        return tuple((each["address"], each["said"]) for each in self.letter.refused)

    @property
    def is_doubtful(self) -> bool:
        """Sent again, it may arrive twice."""
        return self.letter.state == State.UNKNOWN

    @property
    def may_copy(self) -> bool:
        return self.letter.copy_state == Copy.FAILED

    @property
    def stamp(self) -> str:
        letter = self.letter
        facts = (letter.state, letter.attempts, self.moment, letter.recipients, letter.copy_state, letter.copy_said)
        shown = repr((*facts, self.has_copy, self.is_settled, self.is_planned, self.is_sought))
        return hashlib.sha256(shown.encode()).hexdigest()[:8]

    @property
    def is_open(self) -> bool:
        """Something about it may still change by itself or by a person."""
        return self.letter.state not in (State.SENT, State.CANCELLED) or self.letter.copy_state == Copy.WAITING


def state_title(state: str) -> str:
    """A state as the name of a list."""
    return {
        PLANNED: pgettext("letters of ours", "Planned"),
        LACKING: pgettext("letters of ours", "Not all got it"),
        State.QUEUED: pgettext("letters of ours", "In the queue"),
        State.SENDING: pgettext("letters of ours", "Being sent"),
        State.SENT: pgettext("letters of ours", "Sent"),
        State.RETRYING: pgettext("letters of ours", "Will be tried again"),
        State.FAILED: pgettext("letters of ours", "Not sent"),
        State.UNKNOWN: pgettext("letters of ours", "Perhaps not sent"),
        State.CANCELLED: pgettext("letters of ours", "Cancelled"),
    }[state]


def load(keys: Sequence[int], now: datetime) -> list[Row]:
    """These letters in this order; three queries, whatever their number."""
    found = Outgoing.objects.filter(pk__in=keys).select_related("account", "by", "email__place__incident")
    found = found.prefetch_related(Prefetch("notices", Notice.objects.select_related("by")))
    sent = Receipt.objects.filter(email=OuterRef("email"), folder__role=Folder.Role.SENT)
    settled = Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=OuterRef("pk"))
    rows = found.only(*_OF_LETTER).annotate(has_copy=Exists(sent), is_settled=Exists(settled)).in_bulk()
    own = inbox.own_addresses()
    return [
        Row(letter, _recipients(letter, own), now, letter.has_copy, letter.is_settled)
        for pk in keys
        if (letter := rows.get(pk))
    ]


def _recipients(letter: Outgoing, own: Collection[str]) -> tuple[Recipient, ...]:
    """Without the desk's own copy, unless it is all there is or the desk surely has not got it."""
    found = [
        Recipient(
            each["address"],
            each["state"],
            each["said"] if each["state"] != Result.ACCEPTED else "",
            each.get("instead_of", ""),
        )
        for each in letter.recipients
    ]
    others = [
        each for each in found if each.result in (Result.REFUSED, Result.BOUNCED) or each.address.lower() not in own
    ]
    return tuple(others or found)
