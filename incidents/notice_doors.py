"""Steps that send a letter, judged before anybody takes them: the card says what is in the way, services refuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from incidents import notice_words
from incidents.errors import DomainError
from incidents.models import Incident, LetterKind, Status, Transition
from incidents.notice_refusals import Code, Look, doubt, refusal


@dataclass(frozen=True, slots=True)
class Door:
    """What the card shows at a step that sends. Without a `wrong` it is open."""

    wrong: str = ""
    advice: str = ""
    # It opens all the same for whoever insists.
    may_insist: bool = False
    # It opens once somebody's address is entered here.
    wants_address: bool = False
    # The letter says what was done.
    asks_what: bool = False

    @property
    def is_plain(self) -> bool:
        """One click, nothing to say or to ask."""
        return not self.wrong and not self.asks_what


def of_steps(incident: Incident, steps: Iterable[Transition], now: datetime) -> dict[int, Door]:
    """The doors of those steps that send, by the key of their status."""
    look = Look(incident, now)
    return {step.to_status_id: _door(step.to_status.sends, look) for step in steps if step.to_status.sends}


def require(to: Status, incident: Incident, now: datetime) -> None:
    """Raises DomainError with the reason if the letter of this status must not be written."""
    if to.sends and (reason := refusal(to.sends, incident, now)):
        raise DomainError(notice_words.sentence(reason))


def require_certain(to: Status, incident: Incident, now: datetime) -> None:
    """Raises DomainError where a person has to look first, and may insist."""
    if to.sends and (reason := doubt(to.sends, incident, now)):
        raise DomainError(notice_words.sentence(reason))


def _door(kind: str, look: Look) -> Door:
    refused = look.refusal(kind)
    reason = refused or look.doubt(kind)
    asks_what = kind == LetterKind.CLOSED and refused is None
    if reason is None:
        return Door(asks_what=asks_what)
    return Door(
        notice_words.wrong(reason),
        notice_words.advice(reason),
        may_insist=refused is None,
        wants_address=reason.code is Code.NO_ADDRESS,
        asks_what=asks_what,
    )
