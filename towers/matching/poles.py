"""Reading pole codes: whole, with other separators, cut short, or unknown to the registry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from towers.matching.registry import Registry
from towers.matching.spelling import settle
from towers.matching.surroundings import Surroundings
from towers.matching.touching import is_contract_number
from towers.matching.vocabulary import Says, strip_label, word_says
from towers.matching.written import Chain, Found, Run

# 4-run codes are long enough to be nothing else; shorter ones need a look at the words around.
_LONG_CODE = 4
_ELLIPSIS = re.compile(r"[ ]?[-_]?[ ]?(?:\.{2,}|…)")
_OTHER_JOINT = re.compile(r"(?:\s?[./\\_-]\s?|\s)([^\W_]++)")
_ODD_TAIL = re.compile(r"[./\\ ()]{1,2}([^\W_]++)")
_MODERN = re.compile(r"[0-9]{5}-(?:P|[0-9]{1,2})-[0-9]{2}-[0-9]{1,2}(?:-[0-9]{1,3})?")
_LEGACY = re.compile(r"[0-9]{5}-[0-9]{1,2}-[A-Z]{1,3}[0-9]{3,5}")


class PoleReader:
    """Reads the pole code that begins at a run, if one does."""

    def __init__(self, registry: Registry, text: str, around: Surroundings) -> None:
        self._registry = registry
        self._text = text
        self._around = around

    def read(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """The pole found at this run and how many runs it took."""
        for head in chain.runs[first].heads:
            if self._registry.has_poles_under(head.text):
                read = (
                    self._whole(chain, first, head)
                    or self._respaced(chain, first, head)
                    or self._cut(chain, first, head)
                )
                if read:
                    return read
        return self._unknown(chain, first)

    def _whole(self, chain: Chain, first: int, head: Run) -> tuple[Found, int] | None:
        key, best, poles = head.text, first, self._registry.poles(head.text)
        for last in range(first + 1, chain.length):
            key += "-" + chain.runs[last].text
            if here := self._registry.poles(key):
                best, poles = last, here
            elif not self._registry.has_poles_under(key):
                break
        if not poles or (chain.goes_on(first, best) and not _is_after_station(chain, first, best)):
            return None
        end = chain.runs[best].end
        if best + 1 == chain.length:
            poles, end = self._with_odd_tail(poles, "-".join(_texts(chain, first, best, head)), end)
        if not self._is_meant(head, best - first + 1):
            return None
        if _ELLIPSIS.match(self._text, end):
            longer = self._registry.poles_starting("-".join(_texts(chain, first, best, head)))
            if len(longer) > len(poles):
                return Found("pole", head.start, end, "prefix", longer), best - first + 1
        return Found("pole", head.start, end, "exact", poles), best - first + 1

    def _with_odd_tail(self, poles: tuple[int, ...], key: str, end: int) -> tuple[tuple[int, ...], int]:
        """The longer code, when the registry writes one with a slash: 11260-4-MS4220/2."""
        tail = _ODD_TAIL.match(self._text, end)
        if tail is None:
            return poles, end
        longer = [
            pole for pole in self._registry.poles(f"{key}-{settle(tail[1])}") if self._registry.has_odd_joint(pole)
        ]
        return (tuple(longer), tail.end()) if longer else (poles, end)

    def _is_meant(self, head: Run, runs: int) -> bool:
        """Whether the words around let this be a pole; they matter less to a longer code."""
        if is_contract_number(self._text, head.start):
            return False
        if runs >= _LONG_CODE:
            return True
        if runs == 3:
            return self._around.says(head.start) is not Says.DECOY
        if runs == 1 and head.text.isdigit():
            return self._says(head) is Says.POLE
        return self._says(head) in (Says.POLE, Says.STATION, Says.OUTAGE)

    def _says(self, head: Run) -> Says:
        label = strip_label(_glued_label(self._text, head))[0]
        return word_says(label) if label else self._around.says(head.start)

    def _respaced(self, chain: Chain, first: int, head: Run) -> tuple[Found, int] | None:
        """A whole code of four runs or more with spaces, dots or slashes where dashes belong."""
        key, end, runs = head.text, head.end, 1
        poles: tuple[int, ...] = ()
        while joint := _OTHER_JOINT.match(self._text, end):
            key += "-" + settle(joint[1])
            if not self._registry.has_poles_under(key):
                break
            end, runs = joint.end(), runs + 1
            poles = self._registry.poles(key)
        if runs < _LONG_CODE or not poles or is_contract_number(self._text, head.start):
            return None
        if re.match(r"[-_][0-9]", self._text[end : end + 2]):
            return None
        used = sum(run.start < end for run in chain.runs[first:])
        return Found("pole", head.start, end, "respelled", poles), used

    def _cut(self, chain: Chain, first: int, head: Run) -> tuple[Found, int] | None:
        last, prefix = first, head.text
        while last + 1 < chain.length:
            longer = f"{prefix}-{chain.runs[last + 1].text}"
            if not self._registry.has_poles_under(longer):
                break
            last, prefix = last + 1, longer
        end = chain.runs[last].end
        if last + 1 == chain.length and _ELLIPSIS.match(self._text, end):
            return self._prefix(chain, first, last, head, prefix, dotted=True)
        if not chain.goes_on(first, last) and not _is_piece(chain, last):
            return self._prefix(chain, first, last, head, prefix + "-", dotted=False)
        return self._cut_inside_run(chain, first, last + 1, head, prefix)

    def _cut_inside_run(self, chain: Chain, first: int, last: int, head: Run, prefix: str) -> tuple[Found, int] | None:
        """A code cut inside a run: shown by dots, or by a region of one digit."""
        if last >= chain.length or chain.goes_on(first, last):
            return None
        run = chain.runs[last]
        dotted = _ELLIPSIS.match(self._text, run.end) is not None
        one_digit_region = last - first == 2 and len(run.text) == 1 and run.text.isdigit()
        if not dotted and not one_digit_region:
            return None
        return self._prefix(chain, first, last, head, f"{prefix}-{run.text}", dotted=dotted)

    def _prefix(
        self, chain: Chain, first: int, last: int, head: Run, beginning: str, *, dotted: bool
    ) -> tuple[Found, int] | None:
        runs = last - first + 1
        poles = self._registry.poles_starting(beginning)
        if not poles or len(head.text) < 4 or is_contract_number(self._text, head.start):
            return None
        if not self._cut_is_meant(chain, first, head, runs, dotted=dotted):
            return None
        return Found("pole", head.start, chain.runs[last].end, "prefix", poles), runs

    def _cut_is_meant(self, chain: Chain, first: int, head: Run, runs: int, *, dotted: bool) -> bool:
        """Whether a piece is meant as a code: the shorter it is, the plainer must the words be."""
        if runs >= 3:
            return self._around.says(head.start) is not Says.DECOY
        says = self._says(head)
        if runs == 2:
            has_letter = chain.runs[first + 1].text == "P"
            sited = says in (Says.POLE, Says.STATION)
            return says is not Says.DECOY and (has_letter or dotted or sited)
        return says is Says.POLE and len(head.text) >= 5

    def _unknown(self, chain: Chain, first: int) -> tuple[Found, int] | None:
        """A code of a pole's shape that the registry does not have, with those that come near."""
        head = chain.runs[first].heads[-1]
        if len(head.text) != 5 or chain.length < first + 3:
            return None
        for last in range(min(first + 4, chain.length - 1), first + 1, -1):
            key = "-".join(_texts(chain, first, last, head))
            if chain.goes_on(first, last) or not (_MODERN.fullmatch(key) or _LEGACY.fullmatch(key)):
                continue
            says = self._says(head)
            sure = last - first == 4 or "P" in key or says is Says.POLE
            if not sure or says is Says.DECOY or is_contract_number(self._text, head.start):
                return None
            near = self._registry.poles_starting(head.text + "-")
            found = Found("pole", head.start, chain.runs[last].end, "unknown", near[:10])
            return found, last - first + 1
        return None


def _texts(chain: Chain, first: int, last: int, head: Run) -> Iterator[str]:
    yield head.text
    for at in range(first + 1, last + 1):
        yield chain.runs[at].text


def _glued_label(text: str, head: Run) -> str:
    """The letters glued to the front of this run, with the run."""
    start = head.start
    while start > 0 and head.start - start < 12 and text[start - 1].isalpha():
        start -= 1
    return text[start : head.end] if start < head.start else ""


def _is_after_station(chain: Chain, first: int, last: int) -> bool:
    """Whether digits join only in front, and the code is long: KI0075-41960-P-43-1-1."""
    follows = chain.joint(last) and chain.runs[last + 1].text[0].isdigit() and chain.goes_on(first, last)
    if follows and (chain.is_tight(last) or not chain.all_tight(first, last)):
        return False
    return last - first + 1 >= _LONG_CODE


def _is_piece(chain: Chain, last: int) -> bool:
    """Whether the next run may be a mistyped piece of the code and not a word after it."""
    if not chain.joint(last) or not chain.is_tight(last):
        return False
    return len(chain.runs[last + 1].text) < 3
