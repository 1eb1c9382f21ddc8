"""The characters right beside a code: do they make it a piece of something else?"""

from __future__ import annotations

import re

from towers.matching.spelling import plain
from towers.matching.vocabulary import CALLS_STATION, CONTRACT, UNITS

_BEFORE = re.compile(r"[0-9][.,:]\Z|[+@$€]\Z|\+[0-9] ?\Z|[0-9]\) ?\Z")
_PHONE_BEFORE = re.compile(r"[0-9] \Z")
_AFTER = re.compile(
    r"[.,][0-9]{1,2}(?![0-9-])|[.,][0-9]{6}|:[0-9]|@|/(?:19|20)?[0-9]{2}(?![0-9-])|"
    rf" [0-9]{{2}}(?:[ -][0-9]{{2}})+(?![0-9])|\s?[%°₽]|\s?(?:{'|'.join(UNITS)})[^\W\d]*(?!\w)"
)
_CONTRACT_NUMBER = re.compile(
    rf"(?:{'|'.join(CONTRACT)})[^\W\d]*(?: [^\W\d]+)?[ .:]*(?:[№#]|NO?\b|{plain('номер')})[ .:]*\Z"
)
_CALLED_STATION = re.compile(rf"(?<!\w)(?:{'|'.join(CALLS_STATION)})[ .:№#N-]*\Z")
_MAIL_TAIL = re.compile(r"[^\s@<>()\[\],;:/]*@")


def is_piece_of_another_number(text: str, start: int, end: int, *, dashed: bool) -> bool:
    """Whether a number is a piece of a phone, date, sum, coordinate or path."""
    before = text[max(0, start - 3) : start]
    if _BEFORE.search(before) or (dashed and _PHONE_BEFORE.search(before)):
        return True
    return _AFTER.match(text, end) is not None


def is_contract_number(text: str, start: int) -> bool:
    """Whether the words right before say: contract No, invoice No."""
    return _CONTRACT_NUMBER.search(text[max(0, start - 50) : start]) is not None


def is_called_station(text: str, start: int) -> bool:
    """Whether the word right before is БС or means the same."""
    return _CALLED_STATION.search(text[max(0, start - 20) : start]) is not None


def is_in_address(text: str, start: int, end: int) -> bool:
    """Whether this place lies inside an e-mail or web address."""
    if text[end : end + 1] == "@" or text[max(0, start - 1) : start] == "@":
        return True
    around = text[max(0, start - 100) : start].rsplit(None, 1)
    head = around[-1] if around and not text[max(0, start - 1) : start].isspace() else ""
    tail = text[end : end + 60].split(None, 1)
    glued = tail[0] if tail and not text[end : end + 1].isspace() else ""
    return "://" in head or "WWW." in head or _MAIL_TAIL.match(glued) is not None
