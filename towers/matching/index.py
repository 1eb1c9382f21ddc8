"""The index of the registry that reads letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from towers.matching.registry import Registry
from towers.matching.result import Evidence, Match, Part, Problem
from towers.matching.scan import Scanner
from towers.matching.spelling import plain
from towers.matching.verdict import Reading, Verdict, decide
from towers.matching.written import Hit

# So many candidates a person can still read.
MAX_CANDIDATES = 20


class Index:
    """Finds poles and stations of one registry in letters. Immutable, so threads may share it."""

    def __init__(self, registry: Registry, own_prefixes: frozenset[str]) -> None:
        self._registry = registry
        self._own_prefixes = own_prefixes

    @classmethod
    def build(
        cls,
        poles: Iterable[tuple[int, str]],
        stations: Iterable[tuple[int, str, int]],
        *,
        own_prefixes: Iterable[str] = ("NT",),
    ) -> Index:
        """An index of (pole id, code) and (station id, name, pole id) rows.

        `own_prefixes` begin the desk's own incident codes: NT-163341 is never a station.
        """
        prefixes = frozenset(plain(prefix.rstrip("-")) for prefix in own_prefixes)
        return cls(Registry(poles, stations), prefixes)

    def find(self, parts: Sequence[Part]) -> Match:
        """The pole and station these parts of a letter name, with the evidence."""
        scanner = Scanner(parts, self._registry, self._own_prefixes)
        verdict = decide(parts, scanner.scan)
        return self._match(verdict, truncated=scanner.truncated)

    def _match(self, verdict: Verdict, *, truncated: bool) -> Match:
        reading, hits = verdict.reading, verdict.hits
        if reading.outcome != "one" or min(reading.poles) < 0:
            return Match(
                problem=_problem(reading, hits),
                evidence=tuple(self._evidence(hit, None) for hit in hits),
                candidates=self._codes(_in_question(reading, hits)),
                station_candidates=self._names(row for hit in hits for row in hit.found.stations),
                truncated=truncated,
            )
        (pole,) = reading.poles
        stations = self._stations_on(pole, hits)
        chosen = stations[0] if len(stations) == 1 else None
        named = any(hit.found.kind == "pole" and pole in hit.found.poles for hit in hits)
        others = {other for hit in hits if pole not in hit.found.poles for other in hit.found.poles}
        return Match(
            pole_id=self._registry.pole_ids[pole],
            pole_code=self._registry.pole_codes[pole],
            station_id=None if chosen is None else self._registry.station_ids[chosen],
            station_name=None if chosen is None else self._registry.station_names[chosen],
            rule="named" if named else "from_station",
            evidence=tuple(self._evidence(hit, pole) for hit in hits),
            station_candidates=self._names(stations) if chosen is None else (),
            runners_up=self._codes(others),
            truncated=truncated,
        )

    def _stations_on(self, pole: int, hits: Sequence[Hit]) -> list[int]:
        """The stations named on this pole: the subject's before others', letters before numbers.

        `KR2432/ 23-02598` names the sender's own station and the number by which another operator
        knows the same pole.
        """
        in_subject = [hit for hit in hits if hit.source == "subject"]
        for source_hits in (in_subject, hits):
            rows = {row for hit in source_hits for row in hit.found.stations}
            here = sorted(row for row in rows if self._registry.station_poles[row] == pole)
            lettered = [row for row in here if self._registry.station_key(row)[0].isalpha()]
            if here:
                return lettered if len(lettered) == 1 else here
        return []

    def _evidence(self, hit: Hit, chosen: int | None) -> Evidence:
        found = hit.found
        is_pole = found.kind == "pole"
        rows = found.poles if is_pole else found.stations
        names = self._registry.pole_codes if is_pole else self._registry.station_names
        ids = self._registry.pole_ids if is_pole else self._registry.station_ids
        values = {names[row] for row in rows}
        value = values.pop() if len(values) == 1 and hit.is_known else ""
        return Evidence(
            kind=found.kind,
            source=hit.source,
            part=hit.part,
            start=hit.start,
            end=hit.end,
            text=hit.text,
            value=value,
            rule=_rule(found.rule, hit.text, value),
            ids=tuple(ids[row] for row in rows[:MAX_CANDIDATES]),
            supports=chosen is not None and hit.is_known and chosen in found.poles,
        )

    def _codes(self, poles: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted({self._registry.pole_codes[pole] for pole in poles})[:MAX_CANDIDATES])

    def _names(self, rows: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted({self._registry.station_names[row] for row in rows})[:MAX_CANDIDATES])


def _rule(rule: str, text: str, value: str) -> str:
    """How the writing differs from the registry, when it is the same code."""
    if rule != "exact" or text == value or not value:
        return rule
    same_letters = "".join(filter(str.isalnum, text.upper())) == "".join(filter(str.isalnum, value.upper()))
    return "respelled" if same_letters else "lookalike"


def _problem(reading: Reading, hits: Sequence[Hit]) -> Problem | None:
    if reading.outcome == "conflict":
        return "conflict"
    if reading.outcome in ("either", "several"):
        return "ambiguous"
    return "unknown_code" if hits else None


def _in_question(reading: Reading, hits: Sequence[Hit]) -> set[int]:
    """The poles to offer: those read, and those near a code the registry does not have."""
    near = {pole for hit in hits if not hit.is_known for pole in hit.found.poles}
    return {pole for pole in reading.poles if pole >= 0} | near
