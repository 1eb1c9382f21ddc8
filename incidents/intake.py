"""What letters become: thread first, then the code, then "power is back", then a new incident.

Letters are taken many at a time, in one transaction: either everything they cause is written, or nothing is. Within
it, letters that could decide about each other are taken one after another (`_waves`), the others together.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events, floods, gathering, joining, services, sites
from incidents.arrivals import Joining, Opening, attach_many, open_many
from incidents.gathering import Anchor
from incidents.joining import Found
from incidents.models import Incident, Suggestion
from mailbox import inbox, rules
from mailbox.inbox import Fate, Letter, Reading
from mailbox.models import Email, Receipt
from towers import lookup
from towers.matching import Match

logger = logging.getLogger(__name__)

State = Receipt.State
# Advisory locks of one transaction; PostgreSQL keeps some thousands in all.
MOST_KEYS = 1000


@dataclass(frozen=True, slots=True)
class _Taken:
    """A letter on its way: read, and with the site that it names."""

    reading: Reading
    match: Match
    keys: tuple[str, ...]

    def at(self, now: datetime) -> datetime:
        """A letter's events happen when it came, not when we were ready for it; never in the future."""
        return min(self.reading.receipt.received_at, now)


def take_all(now: Callable[[], datetime]) -> int:
    """Take letters until none is waiting that may be tried now; returns how many."""
    taken = 0
    while number := take_some(now()):
        taken += number
    return taken


def take_next(now: datetime) -> bool:
    """Take the oldest waiting letter; False when there is none."""
    return bool(take_some(now, most=1))


def take_some(now: datetime, most: int = inbox.BATCH) -> int:
    """Take the oldest waiting letters; returns how many were dealt with, 0 when none is waiting.

    A letter that fails is tried again by plan and at last quarantined; it never stops the others.
    """
    pks: list[int] = []
    try:
        with transaction.atomic():
            receipts = inbox.claim(now, most)
            pks = [receipt.pk for receipt in receipts]
            return _take(receipts, now) if receipts else 0
    except Exception:
        # One of them does not go through: which one, only taking them apart tells. Without a database this raises.
        if not pks:
            raise
        logger.exception("letters %d…%d cannot be taken together", pks[0], pks[-1])
        return sum(_take_alone(pk, now) for pk in pks)


def _take_alone(pk: int, now: datetime) -> int:
    try:
        with transaction.atomic():
            receipt = inbox.claim_one(pk, now)
            return _take([receipt], now) if receipt else 0
    except Exception as error:
        # Whatever a letter does to us, it stays in the ledger with the reason; without a database this raises.
        logger.exception("letter %s cannot be taken", pk)
        with transaction.atomic():
            inbox.postpone(pk, f"{type(error).__name__}: {error}", now)
        return 1


def _take(receipts: Sequence[Receipt], now: datetime) -> int:
    """Decide claimed letters in the caller's transaction; returns how many: those left over stay claimed by nobody."""
    taken = _without_early_ends(list(_within_keys(_read(receipt) for receipt in receipts)), receipts)
    inbox.lock({key for each in taken for key in each.keys})
    with events.reactions_at_the_end():
        for wave in _waves(taken):
            _take_wave(wave, now)
    return len(taken)


def _read(receipt: Receipt) -> _Taken:
    reading = inbox.read(receipt)
    match = sites.read(reading.parsed)
    return _Taken(reading, match, tuple(joining.lock_keys(reading, match)))


def _within_keys(letters: Iterable[_Taken]) -> Iterable[_Taken]:
    number = 0
    for each in letters:
        number += len(each.keys)
        if number > MOST_KEYS and number > len(each.keys):
            return
        yield each


def _without_early_ends(letters: list[_Taken], claimed: Sequence[Receipt]) -> list[_Taken]:
    """Leave "power is back" for the next round while somebody else is taking letters that came before it.

    Its incident may be opened by one of them, and nothing but the site tells: it would open one of its own.
    """
    ends = [each for each in letters if joining.says_power_is_back(each.reading.parsed.subject)]
    if not ends:
        return letters
    waiting = Receipt.objects.filter(state=State.NEW, attempts=0, is_old=False)
    others = waiting.exclude(pk__in=[receipt.pk for receipt in claimed]).order_by("pk")
    first = others.values_list("pk", flat=True).first()
    if first is None:
        return letters
    return [each for each in letters if each not in ends or each.reading.receipt.pk < first]


def _waves(letters: Sequence[_Taken]) -> list[list[_Taken]]:
    """Letters that share no key together; one that shares a key with an earlier one comes in a later wave."""
    waves: list[list[_Taken]] = []
    last: dict[str, int] = {}
    for each in letters:
        place = max((last[key] + 1 for key in each.keys if key in last), default=0)
        if place == len(waves):
            waves.append([])
        waves[place].append(each)
        last |= dict.fromkeys(each.keys, place)
    return waves


def _take_wave(wave: Sequence[_Taken], now: datetime) -> None:
    stored = inbox.store([each.reading for each in wave])
    fresh = [(letter, taken) for letter, taken in zip(stored, wave, strict=True) if not letter.is_copy]
    fates = [Fate(letter.receipt, State.COPY, letter.email) for letter in stored if letter.is_copy]
    letters, matches = [letter for letter, _ in fresh], [taken.match for _, taken in fresh]
    found = joining.find(letters, matches)
    kept_by = _kept_by(letters, found, now)
    arrivals = [
        _Arrival(letter, taken.match, where, taken.at(now), rule)
        for (letter, taken), where, rule in zip(fresh, found, kept_by, strict=True)
    ]
    fates += [Fate(each.letter.receipt, each.fate, each.letter.email, each.rule) for each in arrivals]
    inbox.finish(fates)
    incidents = _open([each for each in arrivals if each.fate == State.OPENED])
    incidents |= _join([each for each in arrivals if each.fate == State.JOINED], now)
    _suggest([each for each in arrivals if each.fate != State.KEPT], incidents)
    _gather([each for each in arrivals if each.fate != State.KEPT], incidents)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A letter that is no copy, with where it belongs; `rule`: why it is kept without incident."""

    letter: Letter
    match: Match
    found: Found
    at: datetime
    rule: str

    @property
    def fate(self) -> str:
        if self.found.incident_id:
            return State.JOINED
        return State.KEPT if self.rule else State.OPENED

    @property
    def is_history(self) -> bool:
        return self.letter.receipt.is_old


def _kept_by(letters: Sequence[Letter], found: Sequence[Found], now: datetime) -> list[str]:
    """For each letter the rule by which it opens nothing; "" for one that opens or joins."""
    alone = [letter for letter, where in zip(letters, found, strict=True) if not where.incident_id]
    if not alone:
        return [""] * len(letters)
    said = rules.Rules.load()
    # History comes in thousands, and floods nobody.
    opened = floods.opened_lately({each.email.from_email for each in alone if not each.receipt.is_old}, now)
    return [
        "" if where.incident_id else _rule_for(letter, said, opened)
        for letter, where in zip(letters, found, strict=True)
    ]


def _rule_for(letter: Letter, said: rules.Rules, opened: Counter[str]) -> str:
    sender = letter.email.from_email.lower()
    rule = said.kept_by(letter.email, opened_lately=0 if letter.receipt.is_old else opened[sender])
    if not rule and not letter.receipt.is_old:
        opened[sender] += 1
    return rule


def _open(arrivals: Sequence[_Arrival]) -> dict[int, Incident]:
    """New incidents, by the letter that opened each."""
    operators = lookup.operators_of_senders({each.letter.email.from_email for each in arrivals})
    poles, stations = sites.rows([each.match for each in arrivals])
    openings = []
    for each in arrivals:
        station = stations.get(each.match.station_id or 0)
        openings.append(
            Opening(
                each.letter.email,
                each.at,
                reading=each.match.as_json(),
                operator=services.operator_of(station) or operators.get(each.letter.email.from_email),
                pole=poles.get(each.match.pole_id or 0),
                station=station,
                error=sites.reason(each.match) if each.match.problem and not each.match.pole_id else "",
                is_history=each.is_history,
            )
        )
    incidents = open_many(openings)
    return {each.letter.email.pk: incident for each, incident in zip(arrivals, incidents, strict=True)}


def _join(arrivals: Sequence[_Arrival], now: datetime) -> dict[int, Incident]:
    """Attach letters to their incidents, by letter; then what single letters change there."""
    flooded = floods.flooded({each.found.incident_id for each in arrivals if each.found.incident_id}, now)
    joinings = [
        Joining(
            each.found.incident_id or 0,
            each.letter.email,
            each.found.way,
            each.at,
            each.found.thread,
            is_newcomer=each.found.is_newcomer,
            is_quiet=each.is_history or each.found.incident_id in flooded,
            is_history=each.is_history,
        )
        for each in arrivals
    ]
    attached = attach_many(joinings)
    return {each.letter.email.pk: _follow(each, attached[each.found.incident_id or 0]) for each in arrivals}


def _follow(arrival: _Arrival, incident: Incident) -> Incident:
    """What a letter changes in the incident it joined: power is back, the site at last, open again."""
    email, at = arrival.letter.email, arrival.at
    if arrival.is_history:
        return incident
    if joining.says_power_is_back(email.subject) and email.direction == Email.Direction.IN and incident.is_open:
        incident = services.note_power_back(incident, at=at)
    if incident.pole_id is None and arrival.match.pole_id:
        # What the first letter did not say, an answer may.
        incident = services.note_reading(incident, arrival.match.as_json())
        incident = sites.link(incident, arrival.match, at=at)
    if not incident.is_open and incident.letters_since_closing >= settings.REOPEN_AT_LETTER:
        incident = services.reopen(incident, by=None, at=at, reason=_("Letters keep coming after closing."))
    return incident


def _suggest(arrivals: Sequence[_Arrival], incidents: dict[int, Incident]) -> None:
    """Keep what a person should decide about these letters."""
    suggestions = [
        Suggestion(
            kind=doubt.kind,
            incident=incidents[each.letter.email.pk],
            other_id=doubt.other,
            email=each.letter.email,
            at=each.at,
        )
        for each in arrivals
        for doubt in each.found.doubts
        if not each.is_history
    ]
    if suggestions:
        Suggestion.objects.bulk_create(suggestions)


def _gather(arrivals: Sequence[_Arrival], incidents: dict[int, Incident]) -> None:
    """Letters of these conversations that came before and found no incident join now."""
    gathering.gather(
        [
            Anchor(
                each.letter.email,
                incidents[each.letter.email.pk].pk,
                each.found.thread or each.letter.email.pk,
                each.at,
                (each.letter.email.message_id, *inbox.thread_ids(each.letter.parsed)),
                is_history=each.is_history,
            )
            for each in arrivals
        ]
    )
