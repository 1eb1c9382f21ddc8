"""Whom the automatic letters of an incident go to, and which letter each of them answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Case, Value, When

from incidents.models import Incident, IncidentEmail, LetterKind, Notice
from mailbox import answering, inbox
from mailbox.composing import Person, is_address
from mailbox.models import Email, Outgoing
from towers.models import Contractor

Audience = Notice.Audience
# A letter to more people is a mailing.
MOST_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Envelope:
    """One letter that a step sends. Without a letter to answer it begins a conversation of its own."""

    audience: Notice.Audience
    to: tuple[Person, ...]
    copies: tuple[Person, ...] = ()
    answered: Email | None = None


def envelopes(kind: str, incident: Incident) -> list[Envelope]:
    """The letters of this kind; empty where nobody's address is known."""
    own = inbox.own_addresses()
    if kind == LetterKind.HANDED_OVER:
        return _existing(_to_contractor(incident, own))
    operator = to_operator(incident, own)
    if kind == LetterKind.CLOSED and operator.to and incident.handed_over_at:
        return _existing(operator, _to_contractor(incident, own))
    return _existing(operator)


def to_operator(incident: Incident, own: Collection[str]) -> Envelope:
    """To whoever reported it, where he wants answers; copies to all he wrote to, but never to the desk's `own`."""
    first = _first_letter(incident)
    if first is None:
        return Envelope(Audience.OPERATOR, _people([_requester(incident)], own))
    sender = Person(_name_at(first, answering.answer_address(first)), answering.answer_address(first))
    reported = _requester(incident)
    # What people put right on the card counts more than the letter.
    is_corrected = bool(reported.email) and reported.email.lower() != first.from_email.lower()
    to = _people([reported if is_corrected else sender], own)
    others = [*([sender] if is_corrected else []), *(Person(each["name"], each["email"]) for each in _named(first))]
    copies = _people(others, {*own, *(each.email.lower() for each in to)})
    return Envelope(Audience.OPERATOR, to or copies[:1], copies if to else copies[1:], first)


def of_contractor(incident: Incident, own: Collection[str]) -> tuple[Person, ...]:
    """Every usable address that the registry has for the contractor of this pole."""
    company = contractor(incident)
    addresses = incident.pole.contractor_emails if incident.pole else []
    return _people([Person(company.name if company else "", address) for address in addresses], own)


def contractor(incident: Incident) -> Contractor | None:
    """Who repairs the pole now; nearly always the one that the incident names."""
    if incident.pole is None or incident.pole.contractor_id == incident.contractor_id:
        return incident.contractor if incident.pole else None
    return incident.pole.contractor


def _to_contractor(incident: Incident, own: Collection[str]) -> Envelope:
    """To all addresses of the pair of contractor and pole, in the conversation with the contractor."""
    before = Outgoing.objects.filter(notices__incident=incident, notices__audience=Audience.CONTRACTOR)
    last = before.exclude(state=Outgoing.State.CANCELLED).select_related("email").order_by("-pk").first()
    return Envelope(Audience.CONTRACTOR, of_contractor(incident, own), answered=last.email if last else None)


def _existing(*letters: Envelope) -> list[Envelope]:
    return [each for each in letters if each.to]


def _first_letter(incident: Incident) -> Email | None:
    """The letter that opened it; of one registered by hand the first that its requester, or anybody, wrote."""
    opened = Case(When(way=IncidentEmail.Way.OPENED, then=Value(0)), default=Value(1))
    places = incident.letters.filter(email__direction=Email.Direction.IN).select_related("email")
    places = places.order_by(opened, "email__received_at", "email")
    if incident.registration == Incident.Registration.MANUAL and incident.requester_email:
        places = places.filter(email__from_email__iexact=incident.requester_email)
    place = places.first()
    return place.email if place else None


def _requester(incident: Incident) -> Person:
    return Person(incident.requester_name, incident.requester_email)


def _name_at(letter: Email, address: str) -> str:
    names = {each["email"].lower(): each["name"] for each in letter.reply_to if each.get("email")}
    return names.get(address) or letter.from_name


def _named(letter: Email) -> list[dict[str, str]]:
    return [each for each in (*letter.to, *letter.cc) if each.get("email")]


def _people(people: Iterable[Person], own: Collection[str]) -> tuple[Person, ...]:
    """Each address once, in this order: those that letters can be written to, and that are not the desk's."""
    once: dict[str, Person] = {}
    for each in people:
        address = each.email.strip().lower()
        if is_address(address) and address not in own:
            once.setdefault(address, Person(each.name, each.email.strip()))
    return tuple(once.values())[:MOST_PEOPLE]
