"""How a letter is read by today's rules, what a person says is right, and whether the rules have learned it.

A correction changes the incident when this letter is what its site was chosen by; it is kept as a case that the
rules have to pass from then on (`manage.py replay_mail --cases`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Left

from incidents import marks, services, sites, why
from incidents.conversation import MOST_TEXT, problem_texts
from incidents.marks import Piece, Span
from incidents.models import Incident, IncidentEmail, ReadingCase
from incidents.why import Line
from mailbox import store
from mailbox.models import Email
from mailbox.parsing import ParsedEmail, parse
from towers import lookup
from towers.matching import Match, Part

if TYPE_CHECKING:
    from dispatchers.models import User
    from towers.models import BaseStation, Pole

# Letters of an incident among which the one is sought that its site was chosen by.
MOST_LETTERS = 100
MOST_REASONS = 40


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the letter as the machine saw it. `is_asked`: it was searched for a site at all."""

    name: str  # subject, reply, quote, signature or attachment
    text: tuple[Piece, ...]
    is_asked: bool = True
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was read: its number stands beside its marks in the text."""

    number: int
    line: Line


@dataclass(frozen=True, slots=True)
class Reading:
    """A letter read by today's rules; `then`: what was read when it came, where that decided the incident's site."""

    email: Email
    parsed: ParsedEmail
    match: Match
    sections: tuple[Section, ...]
    reasons: tuple[Reason, ...]
    incident: Incident | None
    decides: bool
    then: Mapping[str, Any] | None
    case: ReadingCase | None

    @property
    def sentence(self) -> str:
        """Why no site was chosen, in the words of the desk."""
        return sites.reason(self.match) if self.match.problem else ""

    @property
    def differs(self) -> bool:
        """Whether today's rules would choose another site than they did when the letter came."""
        return self.then is not None and site_of(self.then) != site_of(self.match.as_json())

    @property
    def has_marks(self) -> bool:
        return any(piece.mark for section in self.sections for piece in section.text)

    @property
    def kind(self) -> str:
        return str(self.parsed.kind.value)

    @property
    def automatic(self) -> list[Line]:
        return why.automatic(self.parsed.auto_reasons)

    @property
    def problems(self) -> list[str]:
        found = [{"code": each.code, "detail": each.detail} for each in self.parsed.problems]
        return problem_texts(found, every=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether today's rules read a case right. `is_gone`: nobody can tell, since the letter's bytes are gone."""

    case: ReadingCase
    pole_code: str = ""
    station_name: str = ""
    kind: str = ""
    is_gone: bool = False

    @property
    def site_is_right(self) -> bool:
        return (self.pole_code, self.station_name) == (self.case.pole_code, self.case.station_name)

    @property
    def kind_is_right(self) -> bool:
        return not self.case.kind or self.kind == self.case.kind

    @property
    def passes(self) -> bool:
        return not self.is_gone and self.site_is_right and self.kind_is_right


def look(email: Email) -> Reading:
    """Read the letter anew from its bytes. Raises FileNotFoundError when they are gone."""
    parsed = parse(store.read(email.sha256))
    match = sites.read(parsed)
    told = match.as_json()
    numbers = {why.thing(each): number for number, each in enumerate(why.told_once(told["evidence"]), 1)}
    place = IncidentEmail.objects.select_related("incident__pole", "incident__base_station").filter(email=email).first()
    incident = place.incident if place else None
    decides = incident is not None and _decides(incident, email)
    lines = why.told_once(told["evidence"])[:MOST_REASONS]
    return Reading(
        email=email,
        parsed=parsed,
        match=match,
        sections=tuple(_sections(parsed, told, numbers)),
        reasons=tuple(Reason(number, why.evidence_line(each)) for number, each in enumerate(lines, 1)),
        incident=incident,
        decides=decides,
        then=incident.reading if incident and decides else None,
        case=ReadingCase.objects.select_related("author").filter(email=email).first(),
    )


@transaction.atomic
def correct(
    email: Email,
    match: Match,
    *,
    pole: Pole | None,
    station: BaseStation | None,
    kind: str,
    note: str,
    by: User,
    at: datetime,
) -> Incident | None:
    """Keep what is right as a case; returns the incident if its site was changed by that."""
    place = IncidentEmail.objects.select_related("incident").filter(email=email).first()
    incident = place.incident if place else None
    changed = None
    if incident and _decides(incident, email) and not _is_chosen_otherwise(incident, email):
        before = (incident.pole_id, incident.base_station_id)
        incident = services.link_asset(incident, pole=pole, station=station, by=by, at=at)
        changed = incident if (incident.pole_id, incident.base_station_id) != before else None
    ReadingCase.objects.update_or_create(
        email=email,
        defaults={
            "pole_code": pole.code if pole else "",
            "station_name": station.name if station else "",
            "kind": kind,
            "read_as": match.as_json(),
            "note": note,
            "author": by,
            "at": at,
        },
    )
    return changed


def judge(case: ReadingCase) -> Verdict:
    """Read the case's letter by today's rules."""
    try:
        parsed = parse(store.read(case.email.sha256))
    except FileNotFoundError:
        return Verdict(case, is_gone=True)
    match = sites.read(parsed)
    return Verdict(case, match.pole_code or "", match.station_name or "", str(parsed.kind.value))


def site_of(reading: Mapping[str, Any]) -> tuple[str, str, str]:
    """Pole, station and problem of a stored reading: what two readings of one letter are compared by."""
    return reading.get("pole_code") or "", reading.get("station_name") or "", reading.get("problem") or ""


def stands_in(reading: Mapping[str, Any], parsed: ParsedEmail) -> bool:
    """Whether this stored reading was made of this letter: what it quotes stands at its places."""
    texts = [text for _name, text in sites.parts(parsed)]
    evidence = reading.get("evidence", ())
    return all(
        each["part"] < len(texts) and texts[each["part"]][each["start"] : each["end"]] == each["text"]
        for each in evidence
    )


# --- The letter's parts -----------------------------------------------------------------------


def _sections(
    parsed: ParsedEmail, told: Mapping[str, Any], numbers: Mapping[tuple[str, str], int]
) -> Iterator[Section]:
    for part, (name, text) in enumerate(sites.parts(parsed)):
        if not text.strip():
            continue
        found = marks.evidence_of_part(told, part, text)
        spans = [Span(each["start"], each["end"], each["supports"], numbers[why.thing(each)]) for each in found]
        ignored = [] if found or name in ("subject", "reply") else _named_unasked(text)
        shown = text[:MOST_TEXT]
        yield Section(name, marks.pieces(shown, spans or ignored), not ignored, is_cut=len(text) > MOST_TEXT)


def _named_unasked(text: str) -> list[Span]:
    """What a part names that nobody asked, since the words before it had settled the site."""
    found = lookup.find([Part("reply", text[:MOST_TEXT])]).evidence
    return [Span(each.start, each.end, agrees=False, is_ignored=True) for each in found if each.value]


# --- Whose site it is -------------------------------------------------------------------------


def _decides(incident: Incident, email: Email) -> bool:
    """Whether this letter is the one that the incident's site was chosen, or not chosen, by."""
    places = incident.letters.annotate(reply=Left("email__reply_text", MOST_TEXT + 1)).order_by(
        "email__received_at", "email_id"
    )
    letters = list(places.values_list("email_id", "way", "email__subject", "reply")[:MOST_LETTERS])
    told = marks.letter_of(incident.reading, [(subject, reply) for _pk, _way, subject, reply in letters])
    if told is not None:
        return bool(letters[told][0] == email.pk)
    # A reading that found nothing is that of the letter which opened the incident.
    return any(pk == email.pk and way == IncidentEmail.Way.OPENED for pk, way, _subject, _reply in letters)


def _is_chosen_otherwise(incident: Incident, email: Email) -> bool:
    """Whether a person has named the site since, other than by correcting this letter."""
    linked = incident.events.filter(kind="site_linked").order_by("-id").first()
    if linked is None or linked.actor_id is None:
        return False
    case = ReadingCase.objects.filter(email=email).first()
    mine = (case.pole_code, case.station_name) if case else None
    pole, station = incident.pole, incident.base_station
    return mine != (pole.code if pole else "", station.name if station else "")
