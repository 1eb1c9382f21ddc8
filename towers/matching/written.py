"""What is written in a text: runs of letters and digits, and the codes read from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from towers.matching.result import Kind, Source
from towers.matching.spelling import CHAIN, RUN, settle
from towers.matching.vocabulary import strip_label

_DIGIT = re.compile(r"[0-9]")
# Ordinary words are passed over in one stroke, up to the next chain or the end; it may be absent, so
# that a text without any is passed over once and not once from each of its words.
_NEXT_CHAIN = re.compile(rf"[\W_]*+(?:[^\W\d_]++[^\w-]++(?![-_]))*+({CHAIN.pattern})?")
# 1Адрес, KI0075БС: a Russian word glued to the end of a code by lost markup.
_GLUED_TAIL = re.compile(r"([A-Z]{0,3}[0-9]+)(?=[^0-9]*[А-Я])[^0-9]{2,}")
_LONGEST_RUN = 40


@dataclass(frozen=True, slots=True)
class Run:
    """Letters and digits with nothing between them, at their place in the folded text."""

    text: str
    start: int
    end: int
    label: str = ""
    """A label that may be glued to its front, as in БС18972."""

    @property
    def heads(self) -> tuple[Run, ...]:
        """The run as it stands and, if a label may be glued to it, the run without."""
        if not self.label:
            return (self,)
        length = len(self.label)
        return self, Run(self.text[length:], self.start + length, self.end, "")


@dataclass(frozen=True, slots=True)
class Found:
    """A code read from a folded text. Several poles or stations mean: one of these."""

    kind: Kind
    start: int
    end: int
    rule: str
    poles: tuple[int, ...]
    stations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A code found in a part of a letter, at its place in the original text."""

    found: Found
    source: Source
    part: int
    start: int
    end: int
    text: str

    @property
    def is_known(self) -> bool:
        """Whether the registry has it."""
        return self.found.rule != "unknown"


class Chain:
    """Runs joined by dashes; knows whether a joint is tight (41960-P) or loose (41960 - P)."""

    __slots__ = ("length", "runs", "text")

    def __init__(self, text: str, runs: list[Run]) -> None:
        self.text = text
        self.runs = runs
        self.length = len(runs)

    def joint(self, left: int) -> str:
        """What stands between this run and the next; empty at the ends of the chain."""
        if left < 0 or left + 1 >= self.length:
            return ""
        return self.text[self.runs[left].end : self.runs[left + 1].start]

    def is_tight(self, left: int) -> bool:
        """Whether the joint after this run has no space in it."""
        return self.joint(left).strip() == self.joint(left) != ""

    def all_tight(self, first: int, last: int) -> bool:
        """Whether the joints between these runs are all tight."""
        return all(self.is_tight(at) for at in range(first, last))

    def goes_on(self, first: int, last: int) -> bool:
        """Whether more digits are joined to this stretch: it is a piece of a longer number."""
        return self._joined_digits(last, last + 1, first, last) or self._joined_digits(
            first - 1, first - 1, first, last
        )

    def _joined_digits(self, joint: int, other: int, first: int, last: int) -> bool:
        if not self.joint(joint) or not self.runs[other].text[0].isdigit():
            return False
        # `30-175 - 2 hours`: a loose joint ends a code whose own joints are tight.
        return self.is_tight(joint) or not self.all_tight(first, last)


def chains(text: str) -> Iterator[Chain]:
    """The chains of a folded text that hold a digit."""
    for match in _NEXT_CHAIN.finditer(text):
        chain = match[1]
        if chain is None or _DIGIT.search(chain) is None:
            continue
        runs = []
        for run in RUN.finditer(chain):
            if len(run[0]) > _LONGEST_RUN:
                continue
            start = match.start(1) + run.start()
            glued = _GLUED_TAIL.fullmatch(run[0])
            written = glued[1] if glued else run[0]
            settled = settle(written)
            label = "" if settled.isdigit() else strip_label(settled)[0]
            runs.append(Run(settled, start, start + len(written), label))
        if runs:
            yield Chain(text, runs)
