"""Reading station names: `KI0075` by its shape, `30-175` and `18972` where the words say so."""

from __future__ import annotations

import re

from towers.matching import touching
from towers.matching.registry import Registry
from towers.matching.spelling import join_station
from towers.matching.surroundings import Surroundings
from towers.matching.vocabulary import FILLER, Says, word_says
from towers.matching.written import Chain, Found, Run

_LONGEST = 4
_LETTERED = re.compile(r"[A-Z]{2,4}[0-9]{4,8}[A-Z]?")
_T2 = re.compile(r"[A-Z]{2}[0-9]{4}(?:[0-9]{2})?")
# What a station that the registry does not have may look like.
_SHAPED = re.compile(r"[A-Z]{2}[0-9]{4}(?:[0-9]{2})?|[0-9]{4,6}|[0-9]{2}-[0-9]{3,5}")
_POLE_FOLLOWS = re.compile(r"\s?[/\\,]\s?[0-9]{5}-")
_SLASH_POLE = re.compile(r"\s?/\s?[0-9]{5}-")
_CODE_FOLLOWS = re.compile(r"\s?/\s?[0-9]{2,5}-")
_MONTH_OF_YEAR = re.compile(r"[01][0-9]-(?:19|20)[0-9]{2}")
_SPACED_LETTERS = re.compile(r"(?<!\w)([A-Z]{2}) \Z")
_LIST_GAP = re.compile(r"\s?[/\\(,;+&]\s?|\s?И ", re.DOTALL)


class StationReader:
    """Reads the station name that begins at a run, if one does."""

    def __init__(self, registry: Registry, text: str, around: Surroundings, *, in_subject: bool) -> None:
        self._registry = registry
        self._text = text
        self._around = around
        self._in_subject = in_subject
        self._last_end = -10

    def read(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """The station found at this run and how many runs it took."""
        for head in chain.runs[first].heads:
            for last in range(min(first + _LONGEST, chain.length) - 1, first - 1, -1):
                runs = [head.text, *(run.text for run in chain.runs[first + 1 : last + 1])]
                rows, padded = self._registry.stations(runs)
                if not rows or sum(map(str.isdigit, "".join(runs))) < 3:
                    continue
                if rule := self._rule(chain, first, last, head, join_station(runs), padded=padded):
                    start = self._start(chain, first, head)
                    return self._found(start, chain.runs[last].end, rule, rows), last - first + 1
        return self._spaced(chain, first) or self._unknown(chain, first)

    def _spaced(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """`БС KI 0075`, where a label before or a code behind shows that it is one name."""
        run = chain.runs[first]
        if first or len(run.text) not in (4, 6) or not run.text.isdigit():
            return None
        letters = _SPACED_LETTERS.search(self._text, max(0, run.start - 4), run.start)
        if letters is None or chain.goes_on(first, first):
            return None
        rows, padded = self._registry.stations([letters[1], run.text])
        called = touching.is_called_station(self._text, letters.start())
        if rows and (called or _CODE_FOLLOWS.match(self._text, run.end)):
            rule = "padded" if padded else "exact"
            return self._found(letters.start(), run.end, rule, rows), 1
        return None

    def passed(self, end: int) -> None:
        """Tell that a code was read up to here, which lends its meaning to a list that follows."""
        self._last_end = end

    @staticmethod
    def _start(chain: Chain, first: int, head: Run) -> int:
        """Where the name begins: PL_77_23966 is one name, though the registry may know 77-23966."""
        before = chain.runs[first - 1]
        if chain.joint(first - 1) == "_" and before.text.isalpha():
            return before.start
        return head.start

    def _found(self, start: int, end: int, rule: str, rows: tuple[int, ...]) -> Found:
        poles = tuple(sorted({self._registry.station_poles[row] for row in rows}))
        return Found("station", start, end, rule, poles, rows)

    def _rule(self, chain: Chain, first: int, last: int, head: Run, key: str, *, padded: bool) -> str:
        """By which rule this is a station; empty when it is not."""
        start, end = head.start, chain.runs[last].end
        if touching.is_contract_number(self._text, start):
            return ""
        plain = "padded" if padded else "exact"
        if not key.replace("-", "").isdigit():
            return plain if self._lettered_is_meant(chain, first, last, head, key) else ""
        if chain.goes_on(first, last):
            return ""
        dashed = "-" in key
        if touching.is_piece_of_another_number(self._text, start, end, dashed=dashed):
            return ""
        says = self._says(chain, first, head)
        if says is Says.DECOY or not self._number_is_meant(says, key, start, end):
            return ""
        return plain if padded or says is not Says.STATION else "labelled"

    def _lettered_is_meant(self, chain: Chain, first: int, last: int, head: Run, key: str) -> bool:
        start, end = head.start, chain.runs[last].end
        if touching.is_in_address(self._text, start, end):
            return False
        whole = first == last
        if whole and _LETTERED.fullmatch(key):
            return True
        if not whole and _LETTERED.fullmatch(key) and chain.all_tight(first, last):
            return self._in_subject or self._says(chain, first, head) is not Says.NOTHING
        return self._says(chain, first, head) is Says.STATION

    def _says(self, chain: Chain, first: int, head: Run) -> Says:
        if head.start != chain.runs[first].start:
            return word_says(chain.runs[first].text[: head.start - chain.runs[first].start])
        before = chain.runs[first - 1].text if first and chain.is_tight(first - 1) else ""
        if before in FILLER:
            return self._around.says(chain.runs[first - 1].start)
        if before and not before[-1].isdigit():
            said = word_says(before)
            # PL_77_23966 is how machines write; NT-18972 is the number of something else.
            machine = chain.joint(first - 1) == "_"
            return said if said is not Says.NOTHING else Says.OUTAGE if machine else Says.DECOY
        return self._around.says(head.start)

    def _number_is_meant(self, says: Says, key: str, start: int, end: int) -> bool:
        """Whether a name without letters is one, by the words and codes beside it."""
        gap = self._gap_after_code(start)
        if says is Says.STATION or gap.strip() == "/" or _SLASH_POLE.match(self._text, end):
            return True
        if "-" not in key:
            return False
        if _LIST_GAP.fullmatch(gap):
            return True
        if says in (Says.OUTAGE, Says.POLE) or self._in_subject:
            return True
        if _POLE_FOLLOWS.match(self._text, end):
            return True
        # 22-4184 is rare enough to be nothing else; 30-175 needs a word about an outage beside it.
        is_rare = len(key.partition("-")[2]) >= 4 and _MONTH_OF_YEAR.fullmatch(key) is None
        return is_rare or self._around.is_followed_by_outage(end)

    def _gap_after_code(self, start: int) -> str:
        """The few characters between the code read last and this place."""
        return self._text[self._last_end : start] if 0 <= start - self._last_end <= 4 else ""

    def _unknown(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """A name plainly called a station that the registry does not have."""
        run = chain.runs[first]
        head = run.heads[-1]
        called = head is not run or touching.is_called_station(self._text, head.start)
        if not called and head.text[0].isdigit():
            return None
        for last in range(min(first + 1, chain.length - 1), first - 1, -1):
            key = join_station([head.text, *(run.text for run in chain.runs[first + 1 : last + 1])])
            end = chain.runs[last].end
            if not _SHAPED.fullmatch(key) or chain.goes_on(first, last):
                continue
            if not called and not (_T2.fullmatch(key) and _CODE_FOLLOWS.match(self._text, end)):
                continue
            if touching.is_piece_of_another_number(self._text, head.start, end, dashed=False):
                return None
            return Found("station", head.start, end, "unknown", ()), last - first + 1
        return None
