"""What today's rules would make of letters that came long ago. Reads only: nothing is ever decided anew by this.

Kind and site are read from the letter's bytes. Where it would go is asked of incidents.joining as the desk stands
now, so headers and codes can be compared, but not “power is back”, which asked which incidents were open then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from incidents import joining, reading, sites
from incidents.joining import Found
from incidents.models import Incident, IncidentEmail, ReadingCase
from incidents.reading import Verdict
from mailbox import rules, store
from mailbox.inbox import Letter
from mailbox.models import Email, Receipt
from mailbox.parsing import ParsedEmail, parse
from towers.matching import Match

BATCH = 100
_Way = IncidentEmail.Way
# Who put the letter where it is was no rule that could be asked again.
_NOT_ASKED = frozenset({_Way.HAND.value, _Way.POWER_BACK.value})
NOWHERE, NEW = "no incident", "a new incident"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about one letter that would be otherwise. `what`: site, incident, kind or bytes."""

    email_id: int
    received_at: datetime
    subject: str
    what: str
    before: str
    now: str

    @property
    def group(self) -> str:
        """How it differs, without the names: what the counts are of."""
        if self.what == "kind":
            return f"kind: {self.before} → {self.now}"
        if self.what == "bytes":
            return "letters whose bytes are gone"
        return f"{self.what}: {_sort_of(self.what, self.before)} → {_sort_of(self.what, self.now)}"


@dataclass(frozen=True, slots=True)
class _Read:
    """A stored letter read anew, with its place and what became of it."""

    email: Email
    parsed: ParsedEmail
    match: Match
    place: IncidentEmail | None
    fates: tuple[tuple[str, str], ...]


def replay(since: datetime, until: datetime | None = None) -> Iterator[tuple[Email, list[Difference]]]:
    """Every letter received in that time, oldest first, with what would differ; memory does not grow with them."""
    said = rules.Rules.load()
    for emails in _batches(since, until):
        read, lost = _read(emails)
        found = joining.find([_letter(each) for each in read], [each.match for each in read])
        codes = _codes(found, read)
        differing = {email.pk: [_lost(email)] for email in lost}
        for each, where in zip(read, found, strict=True):
            differing[each.email.pk] = [
                *_kind(each),
                *_site(each),
                *_incident(each, where, codes, said),
            ]
        yield from ((email, differing[email.pk]) for email in emails)


def cases() -> Iterator[Verdict]:
    """Every letter that was corrected once, read by today's rules."""
    last = 0
    while batch := list(
        ReadingCase.objects.filter(pk__gt=last)
        .select_related("email")
        .defer("email__text", "email__reply_text", "email__safe_html")
        .order_by("pk")[:BATCH]
    ):
        yield from (reading.judge(case) for case in batch)
        last = batch[-1].pk


def _batches(since: datetime, until: datetime | None) -> Iterator[list[Email]]:
    letters = Email.objects.filter(received_at__gte=since).defer("text", "safe_html").order_by("received_at", "id")
    if until:
        letters = letters.filter(received_at__lt=until)
    after = Q()
    while batch := list(letters.filter(after)[:BATCH]):
        yield batch
        last = batch[-1]
        after = Q(received_at__gt=last.received_at) | Q(received_at=last.received_at, pk__gt=last.pk)


def _read(emails: Sequence[Email]) -> tuple[list[_Read], list[Email]]:
    """Those that can be read anew, and those whose bytes are gone."""
    places = IncidentEmail.objects.filter(email__in=emails).select_related("incident")
    by_email = {place.email_id: place for place in places}
    fates: dict[int, list[tuple[str, str]]] = {}
    for pk, state, rule in Receipt.objects.filter(email__in=emails).values_list("email_id", "state", "rule"):
        fates.setdefault(pk or 0, []).append((state, rule))
    read, lost = [], []
    for email in emails:
        try:
            parsed = parse(store.read(email.sha256))
        except FileNotFoundError:
            lost.append(email)
            continue
        match = sites.read(parsed)
        read.append(_Read(email, parsed, match, by_email.get(email.pk), tuple(fates.get(email.pk, ()))))
    return read, lost


def _letter(read: _Read) -> Letter:
    """As intake would hand it over today; the kind in memory is today's, and nothing is saved."""
    email = Email(**{field.attname: getattr(read.email, field.attname) for field in _facts(read.email)})
    email.kind, email.auto_reasons = str(read.parsed.kind.value), list(read.parsed.auto_reasons)
    return Letter(Receipt(email=read.email), email, read.parsed, is_copy=False)


def _facts(email: Email):  # type: ignore[no-untyped-def]
    deferred = email.get_deferred_fields()
    return [field for field in email._meta.concrete_fields if field.attname not in deferred]


def _codes(found: Sequence[Found], read: Sequence[_Read]) -> dict[int, str]:
    wanted = {where.incident_id for where in found if where.incident_id}
    wanted |= {each.place.incident_id for each in read if each.place}
    return dict(Incident.objects.filter(pk__in=wanted).values_list("pk", "code"))


def _difference(email: Email, what: str, before: str, now: str) -> Difference:
    return Difference(email.pk, email.received_at, email.subject, what, before, now)


def _lost(email: Email) -> Difference:
    return _difference(email, "bytes", "stored", "gone")


def _kind(read: _Read) -> Iterator[Difference]:
    now = str(read.parsed.kind.value)
    if now != read.email.kind:
        yield _difference(read.email, "kind", read.email.kind, now)


def _site(read: _Read) -> Iterator[Difference]:
    """Only the letter that opened an incident left a reading behind, unless a later one found more."""
    place = read.place
    if place is None or place.way != _Way.OPENED:
        return
    kept = place.incident.reading
    if not reading.stands_in(kept, read.parsed):
        # A later letter named the site: so this one did not, and how it failed to is not known any more.
        if read.match.pole_id:
            yield _difference(read.email, "site", "no site", _named(read.match.as_json()))
    elif reading.site_of(kept) != reading.site_of(read.match.as_json()):
        yield _difference(read.email, "site", _named(kept), _named(read.match.as_json()))


def _named(kept: dict[str, object]) -> str:
    pole, station, problem = reading.site_of(kept)
    return " ".join(filter(None, (pole, station))) or problem.replace("_", " ") or "no site"


def _incident(read: _Read, where: Found, codes: dict[int, str], said: rules.Rules) -> Iterator[Difference]:
    place = read.place
    if (place and place.way in _NOT_ASKED) or where.way == _Way.POWER_BACK:
        return
    before = codes[place.incident_id] if place else NOWHERE
    if where.incident_id:
        # Whoever opened an incident finds it again by its own answers.
        now = codes[where.incident_id]
    elif place and place.way != _Way.OPENED:
        now = _without_answers(read, said)
    else:
        now = _alone(read, before, said)
    if now != before:
        yield _difference(read.email, "incident", before, now)


def _without_answers(read: _Read, said: rules.Rules) -> str:
    """For a letter that joined and that nothing leads there any more."""
    if read.place and read.place.incident.merged_into_id:
        return read.place.incident.code
    return NOWHERE if said.kept_by(_letter(read).email) else NEW


def _alone(read: _Read, before: str, said: rules.Rules) -> str:
    """For a letter that belonged nowhere: it opened, or it was kept. A flood is a matter of its hour."""
    states = {state for state, _rule in read.fates}
    if Receipt.State.OPENED not in states and Receipt.State.KEPT not in states:
        return before
    if any(rule == "flood" for _state, rule in read.fates):
        return before
    kept = bool(said.kept_by(_letter(read).email))
    if before == NOWHERE:
        return NOWHERE if kept else NEW
    return NOWHERE if kept else before


def _sort_of(what: str, value: str) -> str:
    if what == "incident":
        return value if value in (NOWHERE, NEW) else "an incident"
    return value if value in ("no site", "conflict", "ambiguous", "unknown code") else "a site"
