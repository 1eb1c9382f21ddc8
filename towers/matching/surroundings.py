"""What the words around a number say it is."""

from __future__ import annotations

import re

from towers.matching.vocabulary import (
    ABBREVIATED,
    DECOY_NEXT,
    FILLER,
    NUMBER,
    PREPOSITION,
    REQUEST,
    Says,
    word_says,
)

_TELLING = (Says.STATION, Says.POLE, Says.DECOY)
_LIST = frozenset(",;/+|")
_TOKEN = re.compile(r"[^\W_]++|[^\s_]")
_WORD = re.compile(r"[^\W\d_]+")
_BAR = re.compile(r"[\t|]")
_GAPPED = re.compile(r"\S+(?: \S+)*")
_DATED = re.compile(r"[0-9-]+ ?OT ")  # `№ 18972 от 01.08.2026` is a document
_WINDOW = 120
# How many words of no meaning may stand between a telling word and its number.
_NEAR, _FAR = 2, 6


class _Walk:
    """A walk back from a number, word by word, to the first word that tells what it is."""

    def __init__(self) -> None:
        self.said = Says.NOTHING
        self._unknown = self._nouns = 0
        self._passed_word = self._numbered = self._in_list = False
        self._after_dot = self._has_own_noun = False
        self._about = False

    def back(self, tokens: list[str]) -> Says:
        """What the nearest telling word says; a finished sentence ends the search."""
        tokens = tokens[-30:]
        for at in range(len(tokens) - 1, -1, -1):
            token = tokens[at]
            goes_on = self._word(token) if token.isalnum() else self._mark(token)
            if not goes_on:
                is_count = at > 0 and tokens[at - 1].isdigit() and self._unknown > 0
                if is_count and self.said is Says.STATION:  # `4 БС простой 18972`: how many, not which
                    return Says.NOTHING
                break
        return self.said

    def has_bare_sign(self, tokens: list[str]) -> bool:
        """Whether the number has a sign № and no noun whose number it would be."""
        return bool(tokens) and tokens[-1] in "№#" and self._nouns == 0

    def _mark(self, mark: str) -> bool:
        if mark in _LIST:
            self._in_list = True
            # `БС 18972, LAC 20417`: the second number has a noun of its own, БС does not speak of it.
            self._has_own_noun = self._has_own_noun or self._nouns > 0
        self._numbered = self._numbered or mark in "№#"
        self._after_dot = self._after_dot or mark == "."
        return mark not in "!?"

    def _word(self, word: str) -> bool:
        if self._after_dot and len(word) > 3 and word not in ABBREVIATED:
            return False
        if any(map(str.isdigit, word)) and word not in FILLER:
            return self._number(word)
        self._after_dot = False
        if word in FILLER:
            self._numbered = self._numbered or word in NUMBER
            self._about = self._about or word in PREPOSITION
            self._passed_word = True
            return True
        if not self._passed_word and word in DECOY_NEXT:
            self.said = Says.DECOY
            return False
        return self._telling_word(word)

    def _number(self, number: str) -> bool:
        """Whether a number on the way belongs to a list, whose first word speaks for all of it."""
        return not self._after_dot and (self._in_list or len(number) >= 4)

    def _telling_word(self, word: str) -> bool:
        says = word_says(word)
        if word.startswith(REQUEST):
            is_its_own = self._numbered and self.said is Says.NOTHING
            says = Says.OUTAGE if self._about else Says.DECOY if is_its_own else says
        if says in _TELLING:
            is_near = self._unknown <= _NEAR
            if is_near and (says is Says.DECOY or not self._has_own_noun):
                self.said = says
            return False
        if says is Says.OUTAGE:
            self.said = says
        else:
            self._nouns += 1
        self._passed_word = True
        self._unknown += 1
        return self._unknown <= _FAR


def before_says(tokens: list[str]) -> Says:
    """What these words, which end at a number, say about it."""
    return _Walk().back(tokens)


class Surroundings:
    """The words around any place of one folded text.

    Looks beyond the line are counted, so that no text is slow to read.
    """

    def __init__(self, text: str, *, in_subject: bool) -> None:
        self._text = text
        self._in_subject = in_subject
        self._far_lookups = 200

    def says(self, start: int) -> Says:
        """What stands before this place: in its line, in the heading of its column, or above."""
        line = self._text.rfind("\n", max(0, start - _WINDOW), start) + 1
        begins = line or max(0, start - _WINDOW)
        tokens = _TOKEN.findall(self._text[begins:start])
        walk = _Walk()
        said = walk.back(tokens)
        if said in _TELLING or self._far_lookups <= 0:
            return said
        about_outage = said is Says.OUTAGE or self._in_subject
        if about_outage and walk.has_bare_sign(tokens) and not _DATED.match(self._text, start):
            return Says.STATION
        self._far_lookups -= 1
        heading = self._heading(begins, start)
        if heading is not Says.NOTHING:
            return heading
        if said is Says.NOTHING and all(map(_means_nothing, tokens)):
            return self._line_above(begins)
        return said

    def is_followed_by_outage(self, end: int) -> bool:
        """Whether the next few words of the line tell of an outage: `30-175 is without power`."""
        after = self._text[end : end + 40].split("\n", 1)[0]
        words = _WORD.findall(after)[:3]
        return any(word_says(word) is Says.OUTAGE for word in words)

    def _lines_above(self, line: int) -> list[str]:
        return self._text[max(0, line - 3000) : max(0, line - 1)].split("\n")[:-41:-1]

    def _line_above(self, line: int) -> Says:
        """What a line that is only a label says of the lines of numbers below it."""
        for above in self._lines_above(line):
            words = [token for token in _TOKEN.findall(above[-200:]) if token.isalnum()]
            if any(map(str.isalpha, words)):
                is_label = words[-1].isalpha() and (len(words) <= 4 or above.rstrip().endswith(":"))
                return before_says(words) if is_label else Says.NOTHING
        return Says.NOTHING

    def _heading(self, line: int, start: int) -> Says:
        """What the heading of this column says; cells stand between tabs, bars or wide gaps."""
        before = self._text[line:start]
        after = self._text[start : start + 200].split("\n", 1)[0]
        bars = "\t" in before + after or "|" in before + after
        if not bars and "  " not in (before + after).strip():
            return Says.NOTHING
        column = len(_BAR.findall(before)) if bars else len(before)
        for above in self._lines_above(line):
            said = before_says(_TOKEN.findall(_cell(above, column, bars=bars)))
            if said in _TELLING:
                return said
        return Says.NOTHING


def _means_nothing(token: str) -> bool:
    return not token.isalpha() or token in FILLER


def _cell(line: str, column: int, *, bars: bool) -> str:
    """The cell of a table line by its number, or by the place where it begins."""
    if bars:
        cells = _BAR.split(line)
        return cells[column][-100:] if column < len(cells) and len(cells) > 1 else ""
    found = ""
    for cell in _GAPPED.finditer(line[:400]):
        if cell.start() > column + 1:
            break
        found = cell[0]
    return found if "  " in line.strip() else ""
