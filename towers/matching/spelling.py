"""One spelling for all the ways people type a code: case, look-alikes, dashes, invisible characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_CYRILLIC = "АВСЕНКМОРТУХІЈЅԚԜЁ"
_LATIN = "ABCEHKMOPTYXIJSQWE"
_GREEK = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_GREEK_LATIN = "ABEZHIKMNOPTYX"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u02d7\ufe58\ufe63\uff0d\u058a\u05be\u2796"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# Zero-width characters, soft hyphen, direction marks, variation selectors, combining accents.
_INVISIBLE = re.compile("[\u00ad\u0300-\u036f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")


def _table() -> dict[int, str]:
    """Every character we respell, one for one, so that offsets survive."""
    table = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
    table |= {code: chr(code).upper() for code in range(0x430, 0x460)}
    for strange, plain in (
        *zip(_CYRILLIC, _LATIN, strict=True),
        *zip(_GREEK, _GREEK_LATIN, strict=True),
    ):
        table[ord(strange)] = table[ord(strange.lower())] = plain
    for offset in range(0x5E):  # full-width forms
        plain = chr(0x21 + offset)
        table[0xFF01 + offset] = plain.upper()
    table |= dict.fromkeys(map(ord, _DASHES), "-")
    table |= dict.fromkeys(map(ord, _SPACES), " ")
    table |= dict.fromkeys(map(ord, "\r\u2028\u2029\x0b\x0c\x85"), "\n")
    return table


_TABLE = _table()
RUN = re.compile(r"[^\W_]++")
# Runs of letters and digits joined by dashes or underscores, as codes are; a wrapped line may fall
# beside a dash. Possessive and bounded, so that no text makes it slow.
CHAIN = re.compile(r"[^\W_]++(?:\s{0,2}[-_]{1,2}\s{0,2}[^\W_]++){0,15}+")
_MISTYPED_DIGIT = re.compile(r"(?<=[0-9])[OЗ](?![A-ZА-Я])|(?<=[0-9])[OЗ](?=[OЗ]*[0-9])|^[OЗ](?=[0-9])")
_T2_SHAPE = re.compile(r"([A-Z]{2})([0-9O]{4}|[0-9O]{6})")
_LAST_NUMBER = re.compile(r"^(.*?)0*([0-9]+)(\D*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in the one spelling, which still knows where each character stood."""

    text: str
    offsets: Sequence[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that became `text[start:end]`."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """The text in upper case, Latin where letters look alike, with one dash and one kind of space."""
    if _INVISIBLE.search(text) is None:
        return Folded(text.translate(_TABLE), None)
    offsets = [at for at, char in enumerate(text) if not _INVISIBLE.match(char)]
    return Folded("".join([text[at] for at in offsets]).translate(_TABLE), offsets)


def plain(text: str) -> str:
    """The folded spelling of a short string."""
    return fold(text).text


def settle(run: str) -> str:
    """A run of a code with letters typed for digits put right: 4196O is 41960, a lone П is P."""
    if run.isdigit():
        return run
    if run == "П":
        return "P"
    if "O" in run and (shaped := _T2_SHAPE.fullmatch(run)):
        return shaped[1] + shaped[2].replace("O", "0")
    return _MISTYPED_DIGIT.sub(lambda found: "0" if found[0] == "O" else "3", run)


def pole_key(code: str) -> str:
    """The key of a registry code: its runs joined by dashes, whatever stood between them."""
    return "-".join([settle(run) for run in RUN.findall(plain(code))])


def join_station(runs: Sequence[str]) -> str:
    """The key of a station: a dash stays only between two numbers or two words."""
    key = runs[0]
    for run in runs[1:]:
        key += run if key[-1].isdigit() != run[0].isdigit() else "-" + run
    return key


def unpadded(key: str) -> str:
    """The key without leading zeros in its last number: KI0075 and KI000075 are both KI75."""
    if "0" not in key:
        return key
    found = _LAST_NUMBER.match(key)
    return f"{found[1]}{found[2]}{found[3]}" if found else key
