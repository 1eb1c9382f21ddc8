"""Which incident a letter belongs to: by its thread, by a code it names, by "power is back" on its site.

`find` answers for many letters in a number of queries that does not grow; letters given together share no key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q

from incidents import addressed, participants
from incidents.codes import Named, code_in_subject, named_in_addresses, named_in_subject
from incidents.models import Incident, IncidentEmail, Suggestion
from mailbox import inbox
from mailbox.inbox import Letter, Reading
from mailbox.models import Email, ThreadId
from mailbox.parsing import strip_prefixes
from towers.matching import Match

POWER_BACK = re.compile(r"\s*\(\s*закрыто\s*\)\s*$", re.IGNORECASE)
# Words that make two subjects speak of the same matter; short ones stand in every subject.
_WORD = re.compile(r"\w{3,}")
# Other incidents of which a letter answers letters, too, that are worth naming.
_MOST_BRIDGED = 3

Kind = Suggestion.Kind
Way = IncidentEmail.Way


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a person should decide about the letter; `other` is the incident it might belong to."""

    kind: str
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a letter belongs and why. No incident: nowhere. `thread` is the smallest letter id of its conversation."""

    incident_id: int | None = None
    way: str = ""
    thread: int | None = None
    is_newcomer: bool = False
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class _Proof:
    """An id that the letter names and a letter of an incident has, or names too."""

    message_id: str
    email_id: int
    # The id belongs to that letter; otherwise both only name it.
    is_own: bool
    incident_id: int
    thread: int
    subject: str


def lock_keys(reading: Reading, match: Match) -> list[str]:
    """Whatever decides where this letter goes; letters that share one of these are decided one after another."""
    parsed = reading.parsed
    message_id = inbox.short_id(parsed.message_id) if parsed.message_id else reading.receipt.sha256
    subject = f"{domain(parsed.from_email)} {bare_subject(parsed.subject)}"
    keys = [reading.key, message_id, *inbox.thread_ids(parsed), subject]
    code = code_in_subject(parsed.subject)
    return [*keys, *([code] if code else []), *([f"pole {match.pole_id}"] if match.pole_id else [])]


def find(letters: Sequence[Letter], matches: Sequence[Match]) -> list[Found]:
    """Where each letter belongs. Headers are stronger than the code, the code than the site."""
    proofs = _proofs(letters)
    own = inbox.own_addresses() if letters else frozenset()
    named = [_named(letter, own) for letter in letters]
    by_code = _by_code({each.code for each in named if each})
    coded = [by_code.get(each.code) if each else None for each in named]
    chosen = [next(iter(proofs[letter.email.pk]), None) for letter in letters]
    involved = {proof.incident_id for proof in chosen if proof} | {each.pk for each in coded if each}
    people = participants.of(involved)
    threads = addressed.threads([(letter.email, each.pk) for letter, each in zip(letters, coded, strict=True) if each])
    return [
        _decide(letter, match, proof, proofs[letter.email.pk], name, incident, people, threads)
        for letter, match, proof, name, incident in zip(letters, matches, chosen, named, coded, strict=True)
    ]


def _decide(
    letter: Letter,
    match: Match,
    proof: _Proof | None,
    proofs: Sequence[_Proof],
    named: Named | None,
    coded: Incident | None,
    people: Mapping[int, frozenset[str]],
    threads: Mapping[int, int],
) -> Found:
    email = letter.email
    if proof:
        doubts = tuple(_doubts(email, proof, proofs, coded))
        return Found(
            proof.incident_id, Way.THREAD, proof.thread, _is_newcomer(email, people[proof.incident_id]), doubts
        )
    if coded and named:
        taking_part = people[coded.pk]
        if named.is_signed or participants.takes_part(email, taking_part):
            return Found(coded.pk, Way.CODE, threads.get(email.pk, email.pk), _is_newcomer(email, taking_part))
    back = _by_power_back(email, match.pole_id)
    if back:
        return Found(back.pk, Way.POWER_BACK, email.pk)
    return Found(doubts=(Doubt(Kind.PERHAPS_BELONGS, coded.pk),) if coded else ())


def says_power_is_back(subject: str) -> bool:
    """T2 announces the end by the same subject with «(Закрыто)» behind it, in a new thread."""
    return bool(POWER_BACK.search(subject))


def bare_subject(subject: str) -> str:
    """The subject without reply prefixes and without «(Закрыто)»."""
    return POWER_BACK.sub("", strip_prefixes(subject)).strip().casefold()


def domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _proofs(letters: Sequence[Letter]) -> dict[int, list[_Proof]]:
    """For each letter what its headers prove, the strongest first."""
    keys = {letter.email.pk: [*inbox.thread_ids(letter.parsed), letter.email.message_id] for letter in letters}
    rows = ThreadId.objects.filter(
        message_id__in={key for of_one in keys.values() for key in of_one}, email__place__isnull=False
    ).annotate(incident=F("email__place__incident"), is_own=Q(message_id=F("email__message_id")))
    # One row an incident: some robots put thousands of letters under one made-up id.
    rows = rows.order_by("message_id", "incident", "is_own", "email_id").distinct("message_id", "incident", "is_own")
    facts = ("message_id", "email_id", "is_own", "incident", "email__place__thread", "email__subject")
    by_id: dict[str, list[_Proof]] = {}
    for proof in sorted((_Proof(*row) for row in rows.values_list(*facts)), key=lambda each: each.email_id):
        by_id.setdefault(proof.message_id, []).append(proof)
    return {
        letter.email.pk: [
            proof
            for key in keys[letter.email.pk]
            for proof in by_id.get(key, ())
            # An id used twice for different letters proves nothing: only somebody who answers it does.
            if proof.email_id != letter.email.pk and not (key == letter.email.message_id and proof.is_own)
        ]
        for letter in letters
    }


def _doubts(email: Email, proof: _Proof, proofs: Iterable[_Proof], coded: Incident | None) -> Iterable[Doubt]:
    if email.direction == Email.Direction.OUT or email.kind != Email.Kind.HUMAN:
        return
    answered = dict.fromkeys(each.incident_id for each in proofs if each.is_own)
    others = [pk for pk in answered if pk != proof.incident_id][:_MOST_BRIDGED]
    yield from (Doubt(Kind.SAME_THREAD, pk) for pk in others)
    if coded and coded.pk != proof.incident_id and coded.pk not in others:
        yield Doubt(Kind.CONFLICT, coded.pk)
    if not coded and speaks_of_something_else(email.subject, proof.subject):
        yield Doubt(Kind.SPLIT_OFF)


def speaks_of_something_else(subject: str, before: str) -> bool:
    """Whether no word of the subject stood in the one it answers; an empty subject says nothing."""
    words, known = (set(_WORD.findall(bare_subject(each))) for each in (subject, before))
    return bool(words and known) and words.isdisjoint(known)


def _is_newcomer(email: Email, people: frozenset[str]) -> bool:
    human = email.kind == Email.Kind.HUMAN and email.direction == Email.Direction.IN
    return human and not participants.takes_part(email, people)


def _named(letter: Letter, own: frozenset[str]) -> Named | None:
    email = letter.email
    recipients = [each["email"] for each in (*email.to, *email.cc)]
    return named_in_addresses(recipients, own) or named_in_subject(email.subject)


def _by_code(codes: set[str]) -> dict[str, Incident]:
    """Incidents by code; the code of a merged one leads to where it was merged."""
    if not codes:
        return {}
    return {
        incident.code: incident.final
        for incident in Incident.objects.filter(code__in=codes).select_related("merged_into")
    }


def _by_power_back(email: Email, pole_id: int | None) -> Incident | None:
    if not says_power_is_back(email.subject) or email.direction == Email.Direction.OUT or not email.from_email:
        return None
    at = domain(email.from_email)
    by_himself, by_company = Q(requester_email__iexact=email.from_email), Q(requester_email__iendswith="@" + at)
    same_sender = Incident.objects.open().filter(by_himself if at in participants.PUBLIC_DOMAINS else by_company)
    if pole_id:
        candidates = same_sender.filter(pole=pole_id)
    else:
        candidates = same_sender.filter(pole=None, subject__iexact=POWER_BACK.sub("", strip_prefixes(email.subject)))
    return candidates.order_by("-opened_at", "-pk").first()
