"""Whom a letter from the card goes to: by its kind, and who else may be wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from incidents.models import Incident
from mailbox import answering, inbox
from mailbox.composing import Person
from mailbox.models import Email

# Letters whose people are offered, and how many of these stand under the form.
LOOKED_AT, OFFERED = 30, 8


class Kind(models.TextChoices):
    """What a letter from the card does with the one it begins from."""

    REPLY = "reply", pgettext_lazy("letter", "Reply")
    ALL = "all", pgettext_lazy("letter", "To all")
    FORWARD = "forward", pgettext_lazy("letter", "Forward")
    NEW = "new", pgettext_lazy("letter", "New letter")


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody who may be written to with one click."""

    person: Person
    role: str  # requester, contractor or nothing


def own_addresses() -> frozenset[str]:
    """The desk itself, which nobody writes to by answering."""
    return inbox.own_addresses() | {settings.DEFAULT_FROM_EMAIL.lower()}


def addressees(kind: str, incident: Incident, answered: Email | None) -> tuple[list[Person], list[Person]]:
    """To whom, and copies. What is forwarded, or new, names nobody by itself."""
    if kind in (Kind.FORWARD, Kind.NEW):
        return [], []
    to, copies = everybody(incident, answered)
    return to, copies if kind == Kind.ALL else []


def everybody(incident: Incident, answered: Email | None) -> tuple[list[Person], list[Person]]:
    """Whoever wrote, and all he wrote to. Of a letter of ours: the same people again."""
    own = own_addresses()
    if answered is None:
        return others([Person(incident.requester_name, incident.requester_email)], own), []
    if answered.direction == Email.Direction.OUT:
        return others(people(answered.to), own), others(people(answered.cc), own)
    to = others([_sender(answered)], own)
    return to, others(people([*answered.to, *answered.cc]), own | {each.email.lower() for each in to})


def offered(incident: Incident, chosen: Iterable[Person]) -> list[Offered]:
    """Those of the incident who are not chosen yet: the requester, the contractor of the pole, whoever wrote or got
    letters; the contractor before the others, since he has no letter to be answered at first."""
    contractors = [Person("", each) for each in (incident.pole.contractor_emails if incident.pole else [])]
    requester = Person(incident.requester_name, incident.requester_email)
    known = others(
        [requester, *contractors, *_met(incident)], own_addresses() | {each.email.lower() for each in chosen}
    )
    roles = {each.email.lower(): "contractor" for each in contractors} | {requester.email.lower(): "requester"}
    return [Offered(each, roles.get(each.email.lower(), "")) for each in known[:OFFERED]]


def others(persons: Iterable[Person], own: Collection[str]) -> list[Person]:
    """Each address once, in this order, by the first name known, without the desk's own."""
    once: dict[str, Person] = {}
    for each in persons:
        seen = once.setdefault(each.email.lower(), each)
        if each.name and not seen.name:
            once[each.email.lower()] = Person(each.name, seen.email)
    return [each for address, each in once.items() if address and address not in own]


def people(rows: Iterable[dict[str, str]]) -> list[Person]:
    return [Person(each["name"], each["email"]) for each in rows]


def _sender(email: Email) -> Person:
    """Where the sender wants answers, by name where it is known."""
    address = answering.answer_address(email)
    names = {each["email"].lower(): each["name"] for each in email.reply_to}
    return Person(names.get(address) or email.from_name, address)


def _met(incident: Incident) -> Iterator[Person]:
    """Everybody of the newest letters that people wrote."""
    letters = (
        Email.objects.filter(place__incident=incident, kind=Email.Kind.HUMAN)
        .only("from_name", "from_email", "to", "cc")
        .order_by("-received_at", "-pk")[:LOOKED_AT]
    )
    for letter in letters:
        yield Person(letter.from_name, letter.from_email)
        yield from people([*letter.to, *letter.cc])
