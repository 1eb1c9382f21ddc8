"""Reading station names: `KI0075` by its shape, `30-175` and `18972` only where the words say so."""

from __future__ import annotations

import re

from towers.matching import context
from towers.matching.context import Says, Surroundings, strip_label, word_says
from towers.matching.registry import Registry
from towers.matching.spelling import join_station
from towers.matching.written import Chain, Found, Run

_LONGEST = 4
_LETTERED = re.compile(r"[A-Z]{2,4}[0-9]{4,8}[A-Z]?")
_T2 = re.compile(r"[A-Z]{2}[0-9]{4}(?:[0-9]{2})?")
_BARE = re.compile(r"[0-9]{4,6}")
_DASHED = re.compile(r"[0-9]{2}-[0-9]{3,5}")
_POLE_FOLLOWS = re.compile(r"\s?[/\\,]\s?[0-9]{5}-")
_POLE_OR_STATION_FOLLOWS = re.compile(r"\s?/\s?[0-9]{2,5}-")
_LIST_GAP = re.compile(r"\s?[/\\(,;+&]\s?|\s?И ", re.DOTALL)
_ALONE_BEFORE = re.compile(r"(?:^|\n)[^\w\n]*$")
_ALONE_AFTER = re.compile(r"[^\w\n]*(?:\n|$)")


class StationReader:
    """Reads the station name that begins at a run, if one does."""

    def __init__(
        self, registry: Registry, text: str, around: Surroundings, *, in_subject: bool
    ) -> None:
        self._registry = registry
        self._text = text
        self._around = around
        self._in_subject = in_subject
        self._last_end = -1

    def read(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """The station found at this run and how many runs it took."""
        for head in self._heads(chain.runs[first]):
            for last in range(min(first + _LONGEST, len(chain)) - 1, first - 1, -1):
                runs = [head.text, *(run.text for run in chain.runs[first + 1 : last + 1])]
                rows, padded = self._registry.stations(runs)
                if not rows or sum(map(str.isdigit, "".join(runs))) < 3:
                    continue
                if rule := self._rule(chain, first, last, head, join_station(runs), padded=padded):
                    return self._found(head, chain.runs[last].end, rule, rows), last - first + 1
        return self._unknown(chain, first)

    def passed(self, end: int) -> None:
        """Tell that a code was read up to here, which lends its meaning to a list that follows."""
        self._last_end = end

    @staticmethod
    def _heads(run: Run) -> list[Run]:
        label, rest = strip_label(run.text)
        return [run, run.without_front(len(label))] if label and rest else [run]

    def _found(self, head: Run, end: int, rule: str, rows: tuple[int, ...]) -> Found:
        poles = tuple(sorted({self._registry.station_poles[row] for row in rows}))
        return Found("station", head.start, end, rule, poles, rows)

    def _rule(
        self, chain: Chain, first: int, last: int, head: Run, key: str, *, padded: bool
    ) -> str:
        """By which rule this is a station; empty when it is not."""
        start, end = head.start, chain.runs[last].end
        if context.is_contract_number(self._text, start):
            return ""
        plain = "padded" if padded else "exact"
        if not key.replace("-", "").isdigit():
            return plain if self._lettered_is_meant(chain, first, last, head, key) else ""
        if chain.goes_on(first, last):
            return ""
        dashed = "-" in key
        if context.is_number_of_something_else(self._text, start, end, dashed=dashed):
            return ""
        says = self._says(chain, first, head)
        if says is Says.DECOY or not self._number_is_meant(says, key, start, end):
            return ""
        return plain if padded or says is not Says.STATION else "labelled"

    def _lettered_is_meant(self, chain: Chain, first: int, last: int, head: Run, key: str) -> bool:
        start, end = head.start, chain.runs[last].end
        if context.is_in_address(self._text, start, end):
            return False
        whole = first == last
        if whole and _LETTERED.fullmatch(key):
            return True
        if not whole and _T2.fullmatch(key) and chain.all_tight(first, last):
            return self._in_subject or self._says(chain, first, head) is not Says.NOTHING
        return self._says(chain, first, head) is Says.STATION

    def _says(self, chain: Chain, first: int, head: Run) -> Says:
        if head.start != chain.runs[first].start:
            return word_says(chain.runs[first].text[: head.start - chain.runs[first].start])
        if chain.is_tight(first - 1) and first and not chain.runs[first - 1].text[-1].isdigit():
            said = word_says(chain.runs[first - 1].text)
            # PL_77_23966 is how machines write; NT-18972 is the number of something else.
            machine = chain.joint(first - 1) == "_"
            return said if said is not Says.NOTHING else Says.OUTAGE if machine else Says.DECOY
        return self._around.says(head.start)

    def _number_is_meant(self, says: Says, key: str, start: int, end: int) -> bool:
        """Whether a name without letters is one, by the words and codes beside it."""
        if says is Says.STATION or self._is_beside_a_code(start):
            return True
        if "-" not in key:
            return False
        if says in (Says.OUTAGE, Says.POLE) or self._in_subject:
            return True
        if _POLE_FOLLOWS.match(self._text, end):
            return True
        long_enough = len(key.partition("-")[2]) >= 4
        alone = _ALONE_BEFORE.search(self._text[max(0, start - 20) : start]) and (
            _ALONE_AFTER.match(self._text, end)
        )
        return long_enough and bool(alone)

    def _is_beside_a_code(self, start: int) -> bool:
        gap = self._text[self._last_end : start] if 0 <= start - self._last_end <= 4 else ""
        return bool(gap) and self._last_end >= 0 and _LIST_GAP.fullmatch(gap) is not None

    def _unknown(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """A name plainly called a station that the registry does not have."""
        head = self._heads(chain.runs[first])[-1]
        glued = head.start != chain.runs[first].start
        for last in range(min(first + 1, len(chain) - 1), first - 1, -1):
            key = join_station([head.text, *(run.text for run in chain.runs[first + 1 : last + 1])])
            end = chain.runs[last].end
            if chain.goes_on(first, last):
                continue
            called = glued or context.is_called_station(self._text, head.start)
            shaped = _T2.fullmatch(key) or (
                called and (_BARE.fullmatch(key) or _DASHED.fullmatch(key))
            )
            if shaped and (called or _POLE_OR_STATION_FOLLOWS.match(self._text, end)):
                if context.is_number_of_something_else(self._text, head.start, end, dashed=False):
                    return None
                return Found("station", head.start, end, "unknown", ()), last - first + 1
        return None
