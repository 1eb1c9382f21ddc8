"""What a typed text asks for, as the database understands it: words to be found, sites to stand on, a code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery
from django.db.models import Q

from incidents.fields import any_of, standing_at
from incidents.recognising import Kind, Meaning, recognise
from incidents.words import CONFIG, web_query
from mailbox.models.letters import JOINTS, JOINTS_OF_FILES
from towers.models import BaseStation, Pole
from towers.queries import pole_code_begins, station_name_begins

Words = SearchQuery | CombinedSearchQuery

_JOINT = re.compile(rf"[{re.escape(JOINTS)}]+")
# The word that is being typed; a number tells more with fewer signs.
_LAST_WORD = re.compile(r"(?<![\w\"-])(?:\w{4,}|\w*\d\w*(?<=\w{3}))$")
_OPENED = str.maketrans(dict.fromkeys(set(JOINTS_OF_FILES) - set(JOINTS), " "))
_QUOTES = str.maketrans("«»“”„‟", '""""""')
# How the ten digits of a phone are written in groups, and a local number.
Groups = tuple[tuple[int, ...], ...]
_GROUPS: Groups = (
    (3, 3, 4),
    (3, 3, 2, 2),
    (3, 7),
    (3, 2, 2, 3),
    (4, 6),
    (4, 2, 2, 2),
    (5, 5),
    (5, 1, 2, 2),
)
_LOCAL_GROUPS: dict[int, Groups] = {
    5: ((1, 2, 2), (5,)),
    6: ((2, 2, 2), (6,)),
    7: ((3, 2, 2), (3, 4), (7,)),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: the words, or the places; a whole code is that incident and nothing else."""

    text: str
    meanings: tuple[Meaning, ...] = ()
    words: Words | None = None
    # The same without the word that is only begun, by which the planner tells how many there are.
    whole: Words | None = None
    # The same for names of files, where a dot parts words as well.
    words_of_files: Words | None = None
    # Words that have to stand together: the index does not know, each candidate is read.
    is_phrase: bool = False
    # The digits of a phone together are rare, whatever the planner thinks of each.
    is_phone: bool = False
    # Incidents that are at the site, or have the code, themselves.
    places: Q | None = None
    code: str = ""

    @classmethod
    def read(cls, text: str) -> Question:
        meanings = tuple(recognise(text))
        if meanings and meanings[0].kind == Kind.CODE and len(meanings) == 1:
            return cls(text, meanings, code=meanings[0].normal)
        if not meanings:
            return cls(text)
        if special := _together(meanings[0]):
            is_phone = meanings[0].kind == Kind.PHONE
            return cls(text, meanings, special, special, special, is_phrase=True, is_phone=is_phone)
        plain = text.translate(_QUOTES)
        whole, words = web_query(plain), _with_last_begun(plain)
        of_files = _with_last_begun(plain.translate(_OPENED))
        return cls(text, meanings, words, whole, of_files, is_phrase='"' in plain, places=_places(meanings))


def _together(meaning: Meaning) -> Words | None:
    """The query for what is written in pieces that stand together: a phone, an address."""
    if meaning.kind == Kind.PHONE:
        return SearchQuery(phone_query(meaning.normal), config=CONFIG, search_type="raw")
    if meaning.kind in (Kind.EMAIL, Kind.DOMAIN):
        return SearchQuery(_JOINT.sub(" ", meaning.normal), config=CONFIG, search_type="phrase")
    return None


def _with_last_begun(text: str) -> Words:
    """The words as a web search understands them: "…" together, or, -without; the last may be only begun."""
    whole = web_query(text)
    last = _LAST_WORD.search(text)
    if last is None or text.count('"') % 2:
        return whole
    begun = SearchQuery(f"{last[0]}:*", config=CONFIG, search_type="raw")
    rest = text[: last.start()].strip()
    return whole | (web_query(rest) & begun if rest else begun)


def phone_query(digits: str) -> str:
    """A text query for these digits in every way people group them."""
    return "|".join(dict.fromkeys(f"({writing})" for writing in _writings(digits)))


def _writings(digits: str) -> Iterator[str]:
    if len(digits) < 10:
        for groups in _LOCAL_GROUPS.get(len(digits), ((len(digits),),)):
            yield "<->".join(_cut(digits, groups))
        return
    yield _after_country(digits)
    for groups in _GROUPS:
        # 8912 555 12 34: the first group with what stands before it.
        first, *rest = _cut(digits, groups)
        yield "<->".join([_after_country(first), *rest])


def _after_country(first: str) -> str:
    """The first group alone, or in one with the code of the country."""
    return "({})".format("|".join(f"'{before}{first}'" for before in ("", "7", "8", "+7")))


def _cut(digits: str, groups: tuple[int, ...]) -> tuple[str, ...]:
    ends = [sum(groups[: number + 1]) for number in range(len(groups))]
    return tuple(digits[end - size : end] for end, size in zip(ends, groups, strict=True))


def _places(meanings: tuple[Meaning, ...]) -> Q | None:
    ways = []
    for meaning in meanings:
        if meaning.kind == Kind.POLE:
            ways.append(standing_at("pole", Pole.objects.filter(pole_code_begins(meaning.typed))))
        elif meaning.kind == Kind.STATION:
            ways.append(standing_at("base_station", BaseStation.objects.filter(station_name_begins(meaning.typed))))
        elif meaning.kind == Kind.CODE:
            ways.append(Q(code=meaning.normal))
    return any_of(ways) if ways else None
