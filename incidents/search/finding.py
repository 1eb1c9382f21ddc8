"""Incidents in which something was said, the newest saying first, in a time that does not grow with the letters.

Few matches: all of them are gathered. Few incidents among which to look: those are looked through; a small part of all
incidents: they are looked through from the one opened last on, in that order. Else the matches are read in stretches of
time, the newest first. The database estimates how many matches there are; where that was wrong, the stretches tell.
Each way ends when the page is full, or after so much work; then the page says how far it looked, and the next one goes
on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from incidents.models import Incident
from incidents.paging import Cursor
from incidents.queries import IncidentQuerySet
from incidents.search.questions import Question
from incidents.search.sources import UNKNOWN, Match, Said, Stretch, estimate, matches, plan, planned, told_the_truth
from mailbox.models import Email

# Letters of so few incidents are read through faster than a frequent word is looked up.
FEW_INCIDENTS = 200
# Of all incidents; below it most matches would be found in vain.
NARROW = 0.25
READ_AT_ONCE, READ_TIMES = 120, 4
# By the planner's measure: more than an index scan of so few, less than reading the table.
CHEAP = 20_000
CHECKED_AT_ONCE = 100
# Letters in the first stretch at most, and how many times as many in each next one: the estimate may be wrong.
WIDE, WIDER = 4_000, 8
# The page for which paces are made; a file has more.
USUAL = 25


@dataclass(frozen=True, slots=True)
class Pace:
    """As many matches as are gathered at once, and what is hoped for in each stretch of time otherwise."""

    few: int
    stretches: tuple[int, ...]
    # What was found tells how frequent it is.
    learns: bool = True


BY_INDEX = Pace(few=2_000, stretches=(110, 330, 1_300, 5_000))
# The index knows the words of a phrase, not their order: every candidate is read, found or not.
BY_READING = Pace(few=400, stretches=(80, 100), learns=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """An incident, when it was said last, and the newest row of each kind that says it."""

    incident: int
    at: datetime
    rows: dict[Said, Match]

    @property
    def place(self) -> tuple[datetime, int]:
        return self.at, self.incident


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits. `after`: where the next one begins; `looked_back_to`: older ones were not looked at."""

    hits: list[Hit]
    after: Cursor | None = None
    looked_back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page that is asked for. `start`: the place behind which it begins."""

    question: Question
    among: IncidentQuerySet
    size: int
    start: Cursor | None

    @property
    def pace(self) -> Pace:
        return BY_READING if self.question.is_phrase else BY_INDEX

    def is_behind_start(self, hit: Hit) -> bool:
        return self.start is None or hit.place < (self.start.moment, self.start.pk)


def find(question: Question, among: IncidentQuerySet, *, size: int, after: Cursor | None = None) -> Found:
    """The page behind the cursor, or the first one, of the incidents among which is looked."""
    if question.code:
        # Wherever it stands: who names an incident wants that one.
        return Found([Hit(each.pk, each.opened_at, {}) for each in Incident.objects.filter(code=question.code)])
    if question.words is None and question.places is None:
        return Found([])
    asked = _Asked(question, among, size, after if after and after.moment else None)
    with told_the_truth():
        letters = max(planned(Email.objects.order_by().values("pk")), 1)
        expected = estimate(question)
        is_tried = _may_be_few(asked, expected, letters)
        found = _gathered(asked) if is_tried else None
        return found or _read(asked) or _walk(asked, expected, letters, is_many=is_tried)


def matching(question: Question, among: IncidentQuerySet) -> set[int]:
    """Which of these incidents are found; they have to be few."""
    if question.code:
        return set(Incident.objects.filter(code=question.code).values_list("pk", flat=True))
    keys = list(among.values_list("pk", flat=True))
    return {each.incident for each in matches(question, Stretch(incidents=keys))} if keys else set()


def _hits(found: Iterable[Match]) -> dict[int, Hit]:
    hits: dict[int, Hit] = {}
    for match in found:
        hit = hits.get(match.incident)
        if hit is None:
            hits[match.incident] = Hit(match.incident, match.at, {match.said: match})
            continue
        best = hit.rows.get(match.said)
        if best is None or (match.at, match.row) > (best.at, best.row):
            hit.rows[match.said] = match
        if match.at > hit.at:
            hits[match.incident] = Hit(match.incident, match.at, hit.rows)
    return hits


def _first_allowed(ordered: list[Hit], among: IncidentQuerySet, number: int) -> list[Hit]:
    """The first so many that the queue and the chips let through; two queries at most, of which most pages need one."""
    if not among.query.has_filters():
        return ordered[:number]
    found: list[Hit] = []
    for part in (ordered[: 4 * number], ordered[4 * number :]):
        if part and len(found) < number:
            allowed = set(among.order_by().filter(pk__in=[hit.incident for hit in part]).values_list("pk", flat=True))
            found += [hit for hit in part if hit.incident in allowed]
    return found[:number]


def _may_be_few(asked: _Asked, expected: int, letters: int) -> bool:
    """Whether to gather all: of words that the planner does not know it says a number that means nothing."""
    if asked.question.is_phone or expected <= asked.pace.few:
        return True
    return asked.pace.learns and expected <= UNKNOWN * letters


def _gathered(asked: _Asked) -> Found | None:
    """A page of all matches; nothing if they are not few after all."""
    if asked.question.is_phone:
        return _page(asked, matches(asked.question, Stretch()))
    found = matches(asked.question, Stretch(), asked.pace.few + 1)
    return _page(asked, found) if len(found) <= asked.pace.few else None


def _page(asked: _Asked, found: Iterable[Match]) -> Found:
    """A page of matches that are all there are."""
    ordered = [each for each in _newest_first(_hits(found).values()) if asked.is_behind_start(each)]
    return _cut(_first_allowed(ordered, asked.among, asked.size + 1), asked.size)


def _newest_first(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda each: each.place, reverse=True)


def _cut(ordered: list[Hit], size: int) -> Found:
    shown = ordered[:size]
    more = len(ordered) > size
    return Found(shown, after=Cursor(shown[-1].at, shown[-1].incident) if more else None)


def _read(asked: _Asked) -> Found | None:
    """A page of few incidents, or of a small part of all of them; nothing where a queue and chips leave most."""
    among = asked.among
    if not among.query.has_filters():
        return None
    number, cost = plan(among.order_by().values("pk"))
    if number <= FEW_INCIDENTS and cost <= CHEAP:
        keys = list(among.order_by().values_list("pk", flat=True)[: FEW_INCIDENTS + 1])
        if len(keys) <= FEW_INCIDENTS:
            return _page(asked, matches(asked.question, Stretch(incidents=keys)) if keys else [])
    if number >= NARROW * planned(Incident.objects.order_by().values("pk")):
        return None
    return _read_by_opening(asked)


def _read_by_opening(asked: _Asked) -> Found:
    """Incident by incident, the one opened last first."""
    size, found = asked.size, list[tuple[Cursor, Hit]]()
    end = asked.start
    for _ in range(READ_TIMES):
        opened = _opened_before(asked.among, end)[:READ_AT_ONCE]
        part = [Cursor(at, pk) for at, pk in opened.values_list("opened_at", "pk")]
        hits = _hits(matches(asked.question, Stretch(incidents=[each.pk for each in part]))) if part else {}
        found += [(each, hits[each.pk]) for each in part if each.pk in hits]
        if len(found) > size:
            return Found([hit for _place, hit in found[:size]], after=found[size - 1][0])
        if len(part) < READ_AT_ONCE:
            return Found([hit for _place, hit in found])
        end = part[-1]
    return Found([hit for _place, hit in found], after=end, looked_back_to=end.moment if end else None)


def _opened_before(among: IncidentQuerySet, place: Cursor | None) -> IncidentQuerySet:
    rows = among.order_by("-opened_at", "-pk")
    if place is None or place.moment is None:
        return rows
    rows = rows.filter(opened_at__lte=place.moment)
    return rows.filter(Q(opened_at__lt=place.moment) | Q(pk__lt=place.pk))


def _walk(asked: _Asked, expected: int, letters: int, *, is_many: bool) -> Found:
    """The newest matches first, in stretches of time that grow until the page is full. `is_many`: surely not few."""
    found: list[Hit] = []
    seen: set[int] = set()
    until = asked.start.moment if asked.start else None
    few = asked.pace.few
    share, looked, met = max(expected, is_many and few, 1) / letters, 0, 0
    for number, hoped in enumerate(asked.pace.stretches):
        stretch = max(1, round(min(hoped / share, WIDE * WIDER**number))) * max(1, asked.size // USUAL)
        since = _moment_back(until, stretch)
        said = matches(asked.question, Stretch(since, until))
        fresh = [hit for pk, hit in _hits(said).items() if pk not in seen]
        seen.update(hit.incident for hit in fresh)
        found += _not_yet_shown(asked, fresh, asked.size + 1 - len(found))
        if len(found) > asked.size or since is None:
            return _cut(found, asked.size)
        until, looked, met = since, looked + stretch, met + len(said)
        if asked.pace.learns:
            share = max((met + 1) / looked, is_many and few / letters)
            if not is_many and share * letters <= few:
                if whole := _gathered(asked):
                    return whole
                is_many = True
    return Found(found, after=Cursor(until, 0) if until else None, looked_back_to=until)


def _moment_back(until: datetime | None, letters: int) -> datetime | None:
    """The moment so many letters before this one, or before now; None where there are not so many."""
    rows = Email.objects.order_by("-received_at", "-id").values_list("received_at", flat=True)
    if until is None:
        return next(iter(rows[letters : letters + 1]), None)
    # Any number of letters may have one moment; a stretch always ends before the moment where it begins.
    found = next(iter(rows.filter(received_at__lte=until)[letters : letters + 1]), None)
    return rows.filter(received_at__lt=until).first() if found == until else found


def _not_yet_shown(asked: _Asked, hits: Iterable[Hit], wanted: int) -> list[Hit]:
    """Of these the newest that no earlier page had: nothing in them was said after the place where this page begins."""
    ordered = [each for each in _newest_first(hits) if asked.is_behind_start(each)]
    start = asked.start
    if start is None or start.moment is None:
        return _first_allowed(ordered, asked.among, wanted)
    left: list[Hit] = []
    below = _first_allowed(ordered, asked.among, len(ordered))
    for first in range(0, len(below), CHECKED_AT_ONCE):
        part = below[first : first + CHECKED_AT_ONCE]
        later = matches(asked.question, Stretch(since=start.moment, incidents=[each.incident for each in part]))
        shown = {each.incident for each in later if (each.at, each.incident) >= (start.moment, start.pk)}
        left += [each for each in part if each.incident not in shown]
        if len(left) >= wanted:
            break
    return left[:wanted]
