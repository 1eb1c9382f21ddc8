"""One pass over a part of a letter: every code the registry knows becomes a hit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from towers.matching.poles import PoleReader
from towers.matching.registry import Registry
from towers.matching.result import Part
from towers.matching.spelling import Folded, fold
from towers.matching.stations import StationReader
from towers.matching.surroundings import Surroundings
from towers.matching.written import Chain, Found, Hit, chains

# Nobody names a site after this many characters; longer text is disclaimers, logs or an attack.
MAX_CHARACTERS = 100_000
# A text that names more sites than this is a list, which a person has to split anyway.
MAX_HITS = 500


class Scanner:
    """Scans parts of one letter as they are asked for, at most `MAX_CHARACTERS` in all."""

    def __init__(self, parts: Sequence[Part], registry: Registry, own_prefixes: frozenset[str]) -> None:
        self._parts = parts
        self._registry = registry
        self._own_prefixes = own_prefixes
        self._left = MAX_CHARACTERS
        self.truncated = False

    def scan(self, number: int) -> list[Hit]:
        """The codes named in this part, in the order written."""
        part = self._parts[number]
        text = part.text[: self._left]
        self._left -= len(text)
        self.truncated = self.truncated or len(text) < len(part.text)
        folded = fold(text)
        in_subject = part.source == "subject"
        hits: list[Hit] = []
        for found in _codes(folded, self._registry, self._own_prefixes, in_subject=in_subject):
            start, end = folded.original(found.start, found.end)
            hits.append(Hit(found, part.source, number, start, end, text[start:end]))
            if len(hits) == MAX_HITS:
                self.truncated = True
                break
        return hits


def _codes(folded: Folded, registry: Registry, own_prefixes: frozenset[str], *, in_subject: bool) -> Iterator[Found]:
    around = Surroundings(folded.text, in_subject=in_subject)
    poles = PoleReader(registry, folded.text, around)
    stations = StationReader(registry, folded.text, around, in_subject=in_subject)
    passed = 0
    for chain in chains(folded.text):
        at = 0
        while at < chain.length:
            if chain.runs[at].start < passed:
                at += 1  # already read as the tail of a code written with spaces
                continue
            if _is_our_number(chain, at, own_prefixes):
                at += 2
                continue
            read = poles.read(chain, at) or stations.read(chain, at)
            if read is None:
                at += 1
                continue
            found, used = read
            at, passed = at + used, found.end
            stations.passed(found.end)
            yield found


def _is_our_number(chain: Chain, at: int, prefixes: frozenset[str]) -> bool:
    """Whether an incident code of the desk, such as NT-163341, begins here."""
    return chain.runs[at].text in prefixes and at + 1 < chain.length and chain.runs[at + 1].text.isdigit()
