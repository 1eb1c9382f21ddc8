"""One pass over a part of a letter: every code the registry knows becomes a hit."""

from __future__ import annotations

from collections.abc import Iterator

from towers.matching.context import Surroundings
from towers.matching.poles import PoleReader
from towers.matching.registry import Registry
from towers.matching.result import Part
from towers.matching.spelling import Folded, fold
from towers.matching.stations import StationReader
from towers.matching.written import Chain, Found, Hit, chains

# Nobody names a site after this many characters; longer text is disclaimers, logs or an attack.
MAX_CHARACTERS = 200_000
# A text that names more sites than this is a list, which a person has to split anyway.
MAX_HITS = 500


def scan(number: int, part: Part, registry: Registry, own_prefixes: frozenset[str]) -> list[Hit]:
    """The codes named in the first `MAX_CHARACTERS` of a part, in the order written."""
    folded = fold(part.text[:MAX_CHARACTERS])
    hits: list[Hit] = []
    for found in _codes(folded, registry, own_prefixes, in_subject=part.source == "subject"):
        start, end = folded.original(found.start, found.end)
        hits.append(Hit(found, part.source, number, start, end, part.text[start:end]))
        if len(hits) == MAX_HITS:
            break
    return hits


def _codes(
    folded: Folded, registry: Registry, own_prefixes: frozenset[str], *, in_subject: bool
) -> Iterator[Found]:
    around = Surroundings(folded.text)
    poles = PoleReader(registry, folded.text, around)
    stations = StationReader(registry, folded.text, around, in_subject=in_subject)
    passed = 0
    for chain in chains(folded.text):
        at = 0
        while at < len(chain):
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
    return (
        chain.runs[at].text in prefixes
        and at + 1 < len(chain)
        and chain.runs[at + 1].text.isdigit()
    )
