"""What goes into the finder (parts of a letter) and what comes out (a match with its evidence)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Source = Literal["subject", "reply", "quote", "attachment", "thread"]
Kind = Literal["pole", "station"]
Problem = Literal["conflict", "ambiguous", "unknown_code"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a letter. Of parts asked in turn, those of one source go by rank, lowest first."""

    source: Source
    text: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place that names a pole or a station: `parts[part].text[start:end] == text`."""

    kind: Kind
    source: Source
    part: int
    start: int
    end: int
    text: str
    value: str
    """The registry's spelling; empty when the registry has several answers, or none."""
    rule: str
    """exact, respelled, lookalike, padded, prefix, labelled or unknown."""
    ids: tuple[int, ...] = ()
    """Poles or stations this could be, by kind."""
    supports: bool = False
    """Whether it agrees with the pole that was chosen."""


@dataclass(frozen=True, slots=True)
class Match:
    """The pole and station a letter is about, or the reason why none was chosen."""

    pole_id: int | None = None
    station_id: int | None = None
    pole_code: str | None = None
    station_name: str | None = None
    rule: str = ""
    """How the pole was chosen: "named" by its code, or "from_station"."""
    problem: Problem | None = None
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[str, ...] = ()
    """Pole codes in question while no pole is chosen."""
    station_candidates: tuple[str, ...] = ()
    """Station names in question while no station is chosen."""
    runners_up: tuple[str, ...] = ()
    """Other pole codes the letter names beside the chosen one."""
    truncated: bool = False
    """Part of the text was too long and was not looked at to its end."""

    def as_json(self) -> dict[str, Any]:
        """A plain dict for storage; `from_json` restores the same match."""
        data: dict[str, Any] = asdict(self)
        for name in ("candidates", "station_candidates", "runners_up"):
            data[name] = list(data[name])
        data["evidence"] = [{**item, "ids": list(item["ids"])} for item in data["evidence"]]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Match:
        """The match stored by `as_json`; a field that was not known yet when it was stored has its default."""
        fields = dict(data)
        for name in ("candidates", "station_candidates", "runners_up"):
            fields[name] = tuple(fields.get(name, ()))
        evidence = fields.get("evidence", ())
        fields["evidence"] = tuple(Evidence(**{**item, "ids": tuple(item.get("ids", ()))}) for item in evidence)
        return cls(**fields)
