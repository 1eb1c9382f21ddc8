"""What a typed text is: a code, a pole, a station, a phone, an e-mail address, or words. Nothing is looked up here.

    recognise("нт 163341")      a code, NT-163341
    recognise("41960-р-43")     a pole, 41960-P-43; perhaps a station; else words
    recognise("бс ki 0075")     a station, KI0075, typed as ki 0075; else words
    recognise("8 912 5551234")  a phone, 9125551234; else words

A text may be several things, the surest first: 41960 begins a pole and may be the number of a code. Which of them
exist is asked of the database by the caller; towers.queries takes `typed`, since it knows keyboard layouts as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from towers.keys import pole_key, station_key
from towers.matching.spelling import plain
from towers.matching.vocabulary import Says, strip_label, word_says

MOST = 200
# A phone goes by its last ten digits: +7 912 …, 8 (912) … and 912 … are one.
PHONE_DIGITS = 10


class Kind(StrEnum):
    CODE = "code"
    POLE = "pole"
    STATION = "station"
    PHONE = "phone"
    EMAIL = "email"
    DOMAIN = "domain"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a text may be. `normal`: in the one spelling it is compared in; `typed`: without its label."""

    kind: Kind
    normal: str
    typed: str


_EMAIL = re.compile(r"(?:mailto:)?([^\s@<>,;:\"']+)@([^\s@<>,;:\"']+)", re.IGNORECASE)
_DOMAIN = re.compile(r"@([^\s@<>,;:\"']+\.[^\s@<>,;:\"']+)")
_PHONE = re.compile(r"(?:(?:тел|моб|tel|phone)\w*[.:]?\s*)?(\+?[0-9\s().\-‐-―\u00a0]{6,30})", re.IGNORECASE)
# A local number: 55-12-34, 555-12-34.
_LOCAL = re.compile(r"[0-9]{2,3}[\s-][0-9]{2}[\s-][0-9]{2}")
# A pole of digits alone has as many of them as a phone: 41066-11-57-1-2, 41066-1-12345.
_POLE_OF_DIGITS = re.compile(r"[0-9]{5}-[0-9]{1,2}-(?:[0-9]{5}|[0-9]{2}-[0-9]{1,2}(?:-[0-9]{1,3})?)")
# 89125-55-12-34: the pairs at the end are a phone's.
_MOBILE = re.compile(r"[78]9[0-9]{3}(?:-[0-9]{2}){3}")
_SIGNATURE = r"(?:-[0-9A-Z]{0,6})?"
# In the folded spelling: runs of a code, joined by anything that people put there.
_CODE_LIKE = re.compile(r"[A-ZА-Я0-9]+(?:\s?[-_./\\]\s?[A-ZА-Я0-9]+|\s[A-Z]{0,4}[0-9]{1,5}|\sP)*[-_./\\\s]?")
_STATION_LIKE = re.compile(r"[A-ZА-Я]{1,5}\s?[-_]?\s?[0-9]{1,8}(?:[-_\s]?[A-ZА-Я0-9]{1,4})?")
# What the keys of the prefix give in the Russian layout, and its letters by their sound.
_PRESSED = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ")
_BY_SOUND = str.maketrans("ABVGDEZIKLMNOPRSTUFHC", "АБВГДЕЗИКЛМНОПРСТУФХЦ")


def recognise(text: str) -> list[Meaning]:
    """What the text may be, the surest first. Words come last, and not at all where the text is surely a code."""
    text = " ".join(text.replace("\0", "").split())[:MOST]
    if not text:
        return []
    if code := _code(text):
        return [code]
    found = [*_addresses(text), *_phones(text)] or [*_sites(text)]
    return [*found, Meaning(Kind.WORDS, text.casefold().replace("ё", "е"), text)]


def meaning(text: str, kind: Kind) -> Meaning | None:
    """The text as this kind of thing, if it may be one."""
    return next((each for each in recognise(text) if each.kind == kind), None)


def phone_digits(text: str) -> str:
    """The digits by which phones are compared; of a longer number its last ten."""
    return re.sub(r"[^0-9]", "", text)[-PHONE_DIGITS:]


def _code(text: str) -> Meaning | None:
    """A code with its prefix, signed or not, or the beginning of one; the prefix in any layout."""
    prefix = settings.INCIDENT_PREFIX.upper()
    spellings = {plain(prefix), *(plain(prefix.translate(table)) for table in (_PRESSED, _BY_SOUND))}
    either = "|".join(map(re.escape, spellings))
    found = re.fullmatch(rf"(?:{either})\s?-?\s?([0-9]{{1,12}}){_SIGNATURE}", plain(text))
    return Meaning(Kind.CODE, f"{settings.INCIDENT_PREFIX}-{found[1]}", text) if found else None


def _addresses(text: str) -> Iterator[Meaning]:
    bare = text.strip("<>\"',; ")
    if found := _EMAIL.fullmatch(bare):
        address = f"{found[1]}@{found[2]}"
        yield Meaning(Kind.EMAIL, address.casefold(), address)
    elif found := _DOMAIN.fullmatch(bare):
        yield Meaning(Kind.DOMAIN, found[1].casefold(), bare)


def _phones(text: str) -> Iterator[Meaning]:
    """Ten digits and more in any writing; fewer only as local numbers are written."""
    found = _PHONE.fullmatch(text)
    if found is None:
        return
    said = found[1].strip()
    digits = re.sub(r"[^0-9]", "", said)
    joined = re.sub(r"[\s_/-]+", "-", plain(said))
    if _POLE_OF_DIGITS.fullmatch(joined) and not _MOBILE.fullmatch(joined):
        return
    is_ours = len(digits) == 10 or (len(digits) == 11 and digits[0] in "78")
    if is_ours or (said[0] == "+" and 10 <= len(digits) <= 15) or _LOCAL.fullmatch(said):
        yield Meaning(Kind.PHONE, digits[-PHONE_DIGITS:], said)


def _sites(text: str) -> Iterator[Meaning]:
    """A pole or a station by name or its beginning; bare digits may be the number of a code as well."""
    said, label = _without_label(text)
    folded = plain(said)
    if not any(char.isdigit() for char in folded) or not _CODE_LIKE.fullmatch(folded):
        return
    pole = Meaning(Kind.POLE, pole_key(said), said)
    station = Meaning(Kind.STATION, station_key(said), said)
    code = Meaning(Kind.CODE, f"{settings.INCIDENT_PREFIX}-{folded}", text)
    if label == Says.POLE:
        yield pole
    elif label == Says.STATION:
        yield station
    elif folded.isdigit():
        # Numbers of poles have five digits; those of incidents have more, or are typed by their end.
        yield from (pole, code, station) if len(folded) <= 5 else (code, station)
    elif folded[0].isdigit():
        yield from (pole, station)
    elif _STATION_LIKE.fullmatch(folded):
        yield from (station, pole) if "-" in folded else (station,)
    elif re.search(r"[-_/]", folded):
        yield pole


def _without_label(text: str) -> tuple[str, Says]:
    """The text without a word that says what follows (опора 41960, БС КИ 0075), and what that word says."""
    first, _space, rest = text.partition(" ")
    says = word_says(plain(first).strip(".:№"))
    if rest and says in (Says.POLE, Says.STATION):
        return rest.lstrip("№: "), says
    label, _code_after = strip_label(plain(first))
    if label and len(plain(first)) == len(first):
        return text[len(label) :], word_says(label)
    return text, Says.NOTHING
