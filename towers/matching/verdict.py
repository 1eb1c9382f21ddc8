"""From the codes found in a letter to one pole, or to the reason why none is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from towers.matching.result import Part, Source
from towers.matching.written import Hit

Scan = Callable[[int], list[Hit]]
_LATER: tuple[Source, ...] = ("quote", "attachment", "thread")


@dataclass(frozen=True, slots=True)
class Reading:
    """What some hits say together.

    one: this pole. either: one of these, the text does not tell which. several: each of these is
    named. conflict: the hits contradict each other. A pole that the registry does not have is a
    negative number here: it is as much another site as one that the registry has.
    """

    outcome: Literal["nothing", "one", "either", "several", "conflict"] = "nothing"
    poles: frozenset[int] = frozenset()


@dataclass(slots=True)
class Verdict:
    """The reading that decides, and the hits it rests on."""

    reading: Reading = field(default_factory=Reading)
    hits: list[Hit] = field(default_factory=list)


def decide(parts: Sequence[Part], scan: Scan) -> Verdict:
    """Ask the parts in order, new text first, and stop as soon as they answer."""
    verdict = Verdict()
    for numbers in _tiers(parts):
        hits = [hit for number in numbers for hit in scan(number)]
        if not hits:
            continue
        reading = _read_tier(hits)
        if verdict.reading.outcome == "either":
            if reading.outcome == "one" and reading.poles <= verdict.reading.poles:
                return Verdict(reading, verdict.hits + hits)
        elif _is_about_another_station(verdict.hits, hits):
            break
        else:
            verdict = Verdict(reading, verdict.hits + hits)
            if reading.outcome not in ("nothing", "either"):
                break
    return verdict


def _tiers(parts: Sequence[Part]) -> list[list[int]]:
    """Which parts are asked together: subject and new text first, then the rest one by one."""
    new = [at for at, part in enumerate(parts) if part.source in ("subject", "reply")]
    later = [at for at, part in enumerate(parts) if part.source in _LATER]
    later.sort(key=lambda at: (_LATER.index(parts[at].source), parts[at].rank))
    return [new, *([at] for at in later)]


def _is_about_another_station(newer: Iterable[Hit], older: Iterable[Hit]) -> bool:
    """Whether the newer text names a station we do not have, which the older does not mention."""
    names = {hit.text for hit in newer if not hit.is_known}
    return bool(names) and not names & {hit.text for hit in older}


def _read_tier(hits: Sequence[Hit]) -> Reading:
    subject = read([hit for hit in hits if hit.source == "subject"])
    rest = read([hit for hit in hits if hit.source != "subject"])
    return join(subject, rest)


def read(hits: Sequence[Hit]) -> Reading:
    """What the hits of one source say together."""
    strangers = {
        text: -number for number, text in enumerate(sorted({hit.text for hit in hits if _is_stranger(hit)}), 1)
    }
    pole_sets = {
        frozenset([strangers[hit.text]] if _is_stranger(hit) else hit.found.poles)
        for hit in hits
        if hit.found.kind == "pole"
    }
    station_sets = {frozenset(hit.found.poles) for hit in hits if hit.found.kind == "station" and hit.is_known}
    return _weigh(pole_sets, station_sets)


def _is_stranger(hit: Hit) -> bool:
    return hit.found.kind == "pole" and not hit.is_known


def _weigh(pole_sets: set[frozenset[int]], station_sets: set[frozenset[int]]) -> Reading:
    named = frozenset[int]().union(*(poles for poles in pole_sets if len(poles) == 1))
    unsure = {poles for poles in pole_sets if not poles & named}
    if len(named) > 1 or (named and unsure):
        return Reading("several", named.union(*unsure))
    if named:
        if station_sets and not any(poles & named for poles in station_sets):
            return Reading("conflict", named.union(*station_sets))
        return Reading("one", named)
    everything = [*unsure, *station_sets]
    if not everything:
        return Reading()
    common = frozenset.intersection(*everything)
    if common:
        return Reading("one" if len(common) == 1 else "either", common)
    union = frozenset[int]().union(*everything)
    return Reading("conflict" if unsure and station_sets else "several", union)


def join(subject: Reading, reply: Reading) -> Reading:
    """What subject and new text say together; the rules stand in the package's description."""
    if subject.outcome == "nothing":
        return reply
    if reply.outcome == "nothing":
        return subject
    poles, common = subject.poles | reply.poles, subject.poles & reply.poles
    if "conflict" in (subject.outcome, reply.outcome):
        return Reading("conflict", poles)
    if subject.outcome == "several":
        return Reading("several", poles)
    if not common:
        return Reading("conflict", poles)
    if subject.outcome == "one":
        return subject
    return Reading("one" if len(common) == 1 else "either", common)
