"""What is asked before a letter leaves: each question once, beside the form, and never in the way of an answer.

Every check is a function of plain values; `questions` fetches these and puts what matters most first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from incidents import composer_people, participants
from incidents.models import Incident
from incidents.participants import PUBLIC_DOMAINS
from incidents.reply_forms import Said
from mailbox import bad_addresses
from towers import lookup
from towers.matching import Match, Part
from towers.models import Operator, Pole

# Words of a letter that speaks of files: "во вложении", "прикрепил", "прилагаем", "see attached".
_OF_FILES = re.compile(
    r"\b(?:во?\s+(?:вложени|приложени)\w*|влож(?:ен|ил|ыв)\w*|прикреп\w*|прикладыва\w*|прила(?:га|же)\w*"
    r"|прилож(?:ен|ил)\w*|attach(?:ed|ing|ments?)?|enclosed)\b",
    re.IGNORECASE,
)
# "прилагаем все усилия" brings no file.
_EFFORT = re.compile(r"\bприл(?:ага|ож)\w*\s+(?:все\s+|максимум\s+|максимальные\s+)?усили\w*", re.IGNORECASE)
_UNFILLED = re.compile(r"\{\{[^{}\n]{0,80}\}\}|\{%[^\n]{0,80}?%\}|_{3,}|\b(?:[xх]{3,}|[XХ]{2,})\b|\?{3,}|<\s*\.{3}\s*>")


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is perhaps a slip. `key` tells it again when the letter comes back with the answer."""

    key: str
    text: str
    # The letter would reach, or say, something that cannot be taken back.
    is_grave: bool = False
    # Whom leaving out settles it.
    address: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """Who may read letters of an incident without a question."""

    # Addresses of everybody who takes part.
    people: frozenset[str] = frozenset()
    # Of the companies of those, of the desk and of the incident's operator.
    domains: frozenset[str] = frozenset()

    def has(self, address: str) -> bool:
        domain = address.rpartition("@")[2]
        return address in self.people or any(domain == each or domain.endswith(f".{each}") for each in self.domains)


def questions(
    incident: Incident, said: Said, *, has_files: bool, now: datetime, answered: Collection[str] = ()
) -> list[Question]:
    """What has to be asked about this letter and was not answered yet, the gravest first."""
    people = participants.of([incident.pk])[incident.pk] | composer_people.own_addresses()
    foreign = _of_others(incident.operator, [each for each in said.addresses if each not in people])
    own_domains = incident.operator.domains if incident.operator else []
    circle = Circle(people, _domains(people) | {each.lower() for each in own_domains})
    found = [
        *of_wrong_operators(foreign, str(incident.operator or "")),
        *of_strangers([each for each in said.addresses if each not in foreign], circle),
        *of_other_poles(lookup.find([Part("reply", said.text)]), incident.pole),
        *of_unfilled(f"{said.subject}\n{said.text}"),
        *of_missing_files(said.text, has_files=has_files),
        *of_bad_addresses({each: row.said for each, row in bad_addresses.among(said.addresses, now).items()}),
    ]
    return sorted((each for each in found if each.key not in answered), key=lambda each: not each.is_grave)


def of_wrong_operators(foreign: Mapping[str, str], own: str) -> Iterator[Question]:
    """Somebody of another operator would read of a site of this one."""
    for address, operator in foreign.items():
        text = _("%(address)s is of %(operator)s, while the incident is of %(own)s.")
        words = {"address": address, "operator": operator, "own": own}
        yield Question(f"operator {address}", text % words, is_grave=True, address=address)


def of_strangers(addresses: Collection[str], circle: Circle) -> Iterator[Question]:
    """Somebody who has not taken part, of a company that has not either."""
    for address in addresses:
        if not circle.has(address):
            text = _("%(address)s has not taken part in this incident, and nobody of that company has.")
            yield Question(f"stranger {address}", text % {"address": address}, address=address)


def of_other_poles(match: Match, own: Pole | None) -> Iterator[Question]:
    """The words name a pole, or something that looks like one, that is not the card's."""
    named = [each for each in match.evidence if each.kind == "pole"] if own else []
    # A code cut short may be the card's own.
    for code in sorted({each.value or each.text for each in named if own and own.pk not in each.ids}):
        text = _("The letter names pole %(code)s, while the incident is about %(own)s.")
        yield Question(f"pole {code}", text % {"code": code, "own": own.code if own else ""}, is_grave=True)


def of_unfilled(text: str) -> Iterator[Question]:
    """Places that were to be filled in."""
    for found in dict.fromkeys(each.strip() for each in _UNFILLED.findall(text)):
        yield Question(f"unfilled {found}", _("“%(what)s” has not been filled in.") % {"what": found})


def of_missing_files(text: str, *, has_files: bool) -> Iterator[Question]:
    """The words speak of a file and there is none."""
    found = None if has_files else _OF_FILES.search(_EFFORT.sub("", text))
    if found:
        said = _("The letter says “%(word)s”, but no file is attached.")
        yield Question("files", said % {"word": found[0].lower()})


def of_bad_addresses(bad: Mapping[str, str]) -> Iterator[Question]:
    """A letter of ours came back from there."""
    for address, said in bad.items():
        text = _("Letters to %(address)s came back: %(said)s") if said else _("Letters to %(address)s came back.")
        words = {"address": address, "said": " ".join(said.split())[:200]}
        yield Question(f"bad {address}", text % words, address=address)


def _of_others(own: Operator | None, addresses: Collection[str]) -> dict[str, str]:
    """Those of these addresses that are of another operator, with its name. Legal names of one group are one."""
    if own is None:
        return {}
    found = lookup.operators_of_senders(addresses)
    return {
        address: str(each)
        for address, each in found.items()
        if each.pk != own.pk and not (own.group and each.group == own.group)
    }


def _domains(people: Collection[str]) -> frozenset[str]:
    """Of companies: whoever writes from a public domain speaks for himself."""
    own = {each.rpartition("@")[2] for each in settings.DESK_ADDRESSES}
    return frozenset(({each.rpartition("@")[2] for each in people} | own) - PUBLIC_DOMAINS - {""})
