"""Letters that people of the desk write from the card: whom an answer goes to, and how it leaves."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from incidents import drafts, events, services
from incidents.errors import DomainError
from incidents.models import Draft, Incident, IncidentEmail
from mailbox import answering, composing, inbox, outbox
from mailbox.composing import Person
from mailbox.models import Email, Outgoing

if TYPE_CHECKING:
    from dispatchers.models import User

LETTER = Draft.Field.LETTER
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What an answer starts from. Nothing is answered where nobody has written yet."""

    answered: Email | None
    subject: str
    to: Sequence[Person]
    copies: Sequence[Person]
    draft: Draft | None
    # Tells one opened form from another, so that a letter sent twice by it leaves once.
    once: str


def is_possible() -> bool:
    """Whether letters leave at all; without a server the card offers none."""
    return bool(settings.EMAIL_HOST)


def begin(incident: Incident, person: User, letter: str = "") -> Beginning:
    """An answer to the letter of this number, else to the last one that a person sent to the desk."""
    answered = _answered(incident, letter)
    to, copies = _addressees(incident, answered)
    subject = composing.answer_subject(incident.code, _bare_subject(incident, answered))
    return Beginning(answered, subject, to, copies, drafts.of(incident, person, field=LETTER), secrets.token_hex(8))


@transaction.atomic
def send(
    incident: Incident,
    text: str,
    *,
    answered: Email | None,
    to: Sequence[Person],
    copies: Sequence[Person],
    by: User,
    at: datetime,
    once: str = "",
) -> Outgoing | None:
    """Queue the letter and show it in the conversation; the draft has become it. It leaves within seconds.

    The same words under the same `once` are one letter, however often the page sends them: None for the later ones.
    """
    incident = services.workable(incident)
    mark = hashlib.sha256(f"{once} {text}".encode()).hexdigest()[:16] if once else ""
    if mark and incident.events.filter(kind="letter", data__once=mark).exists():
        return None
    letter = composing.answer(
        answered,
        code=incident.code,
        subject=_bare_subject(incident, answered),
        text=f"{text.strip()}\n\n{signature(by)}",
        to=to,
        copies=copies,
        now=at,
    )
    try:
        queued = outbox.queue(letter, now=at, answers=answered)
    except outbox.SendingIsOff as error:
        raise DomainError(_("Sending is switched off: no server for outgoing letters is named.")) from error
    place = _place(incident, queued.email, answered)
    services.touch(incident, "letter_count", by=by, at=at)
    events.record(incident, "letter", actor=by, at=at, email=queued.email_id, way=str(place.way), once=mark)
    drafts.clear(incident, by, field=LETTER)
    return queued


def signature(person: User) -> str:
    """How letters of this person end: a Russian document, whatever language the desk is shown in."""
    context = {"person": person, "desk": settings.EMAIL_FROM_NAME}
    return render_to_string("incidents/mail/signature.txt", context).strip()


def _place(incident: Incident, email: Email, answered: Email | None) -> IncidentEmail:
    """The letter stands in the conversation it belongs to."""
    beside = IncidentEmail.objects.filter(email=answered, incident=incident).first() if answered else None
    incident.letter_count += 1
    thread = beside.thread if beside else email.pk
    return IncidentEmail.objects.create(incident=incident, email=email, way=IncidentEmail.Way.THREAD, thread=thread)


def _answered(incident: Incident, letter: str) -> Email | None:
    letters = Email.objects.filter(place__incident=incident).order_by("-received_at", "-pk")
    if _NUMBER.fullmatch(letter) and (named := letters.filter(pk=int(letter)).first()):
        return named
    human = letters.filter(kind=Email.Kind.HUMAN)
    return human.filter(direction=Email.Direction.IN).first() or human.first()


def _bare_subject(incident: Incident, answered: Email | None) -> str:
    """What the letter is about; the letter that is answered decides, since our own subject may differ by now."""
    return (answered.subject if answered else "") or incident.subject


def _addressees(incident: Incident, answered: Email | None) -> tuple[list[Person], list[Person]]:
    """To whom, and copies: whoever wrote and all he wrote to. Of our own letter: the same people again."""
    own = inbox.own_addresses() | {settings.DEFAULT_FROM_EMAIL.lower()}
    if answered is None:
        return _others([Person(incident.requester_name, incident.requester_email)], own), []
    if answered.direction == Email.Direction.OUT:
        return _others(_people(answered.to), own), _others(_people(answered.cc), own)
    to = _others([_sender(answered)], own)
    return to, _others(_people([*answered.to, *answered.cc]), own | {each.email.lower() for each in to})


def _sender(email: Email) -> Person:
    """Where the sender wants answers, by name where it is known."""
    address = answering.answer_address(email)
    names = {each["email"].lower(): each["name"] for each in email.reply_to}
    return Person(names.get(address) or email.from_name, address)


def _people(rows: Iterable[dict[str, str]]) -> list[Person]:
    return [Person(each["name"], each["email"]) for each in rows]


def _others(people: Iterable[Person], own: Collection[str]) -> list[Person]:
    """Each address once, in this order, without the desk's own."""
    once: dict[str, Person] = {}
    for each in people:
        once.setdefault(each.email.lower(), each)
    return [each for address, each in once.items() if address and address not in own]
