"""What people type to find a pole or a station: any part of its code or name, words of its address, a phone.

Any spelling will do, even the wrong keyboard layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from django.db.models import Q

from towers.keys import pole_key, station_key
from towers.models import BaseStation, Pole
from towers.searched import PHONE_DIGITS

# What the keys of a Russian keyboard give when a Latin code was meant, and the other way round.
_RUSSIAN = str.maketrans("йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm")
_PRESSED = str.maketrans("QWERTYUIOP[]ASDFGHJKL;'ZXCVBNM,.`", "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЕ")
_LATIN_TWINS = str.maketrans("ABCEHKMOPTX", "АВСЕНКМОРТХ")
_INNER_NUMBER = re.compile(r"(?<=[^0-9])0*([0-9]+)")
_WORD = re.compile(r"[\w/-]*\w")
# Trigrams know no shorter part.
SHORTEST_PART = 3
# So many finds are ranked; what fits more is still being typed, and to sort them all would take longer than to type.
RANKED = 200

Site = TypeVar("Site", Pole, BaseStation)


def _keys(text: str, key: Callable[[str], str]) -> list[str]:
    """The keys that a typed text may be the beginning of: as it looks, then by the keys that were pressed."""
    pressed = text.casefold().translate(_RUSSIAN)
    return list(dict.fromkeys(filter(None, (key(text), key(pressed)))))


def pole_code_begins(text: str) -> Q:
    """Poles whose code begins as typed; none begins with an empty text."""
    condition = Q(pk__in=[])
    for key in _keys(text, pole_key):
        condition |= Q(code_key__startswith=key)
    return condition


def station_name_begins(text: str, *, whole: bool = False) -> Q:
    """Stations whose name begins as typed, or is what was typed; KI0075 is KI000075 as well."""
    condition = Q(pk__in=[])
    for key in _keys(text, station_key):
        condition |= Q(name_key__regex=f"^{_padded(key)}{'$' if whole else ''}")
    return condition


def _padded(key: str) -> str:
    """The key as a pattern that allows any number of zeros before a number inside it."""
    # The beginning stays as it is, so that the index on name_key can be used.
    return _INNER_NUMBER.sub(lambda number: f"0*{number[1].lstrip('0')}", key)


def poles_starting_with(text: str, limit: int = 10) -> list[Pole]:
    """Standing poles whose code begins so, by code; where hundreds do, some of them, the whole code always first."""
    rows = Pole.objects.standing()
    begun = list(rows.filter(pole_code_begins(text)).values_list("code_key", "pk")[:RANKED])
    if len(begun) == RANKED:
        begun += rows.filter(code_key__in=_keys(text, pole_key)).values_list("code_key", "pk")
    return _poles([pk for _key, pk in sorted(set(begun))][:limit])


def stations_starting_with(text: str, limit: int = 10) -> list[BaseStation]:
    """Standing stations whose name begins so, with their pole and operators; in the same order."""
    rows = BaseStation.objects.filter(gone_at=None, pole__gone_at=None)
    begun = list(rows.filter(station_name_begins(text)).values_list("name_key", "pk")[:RANKED])
    if len(begun) == RANKED:
        begun += rows.filter(name_key__in=_keys(text, station_key)).values_list("name_key", "pk")
    return _stations([pk for _key, pk in sorted(set(begun))][:limit])


def pole_tiers(text: str, limit: int = 10) -> Iterator[list[Pole]]:
    """Standing poles that a text may mean, surest first: by a beginning, by any part, by words of the address.

    Lazy: a tier is asked for when it is taken. One pole may stand in several.
    """
    yield poles_starting_with(text, limit)
    yield _poles_with_part(text, limit)
    yield _poles_with_words(text, limit)


def station_tiers(text: str, limit: int = 10) -> Iterator[list[BaseStation]]:
    """The same for stations, which have no address of their own."""
    yield stations_starting_with(text, limit)
    yield _stations_with_part(text, limit)


def poles_like(text: str, limit: int = 10) -> list[Pole]:
    """The poles of all tiers, each once."""
    return _together(pole_tiers(text, limit), limit)


def stations_like(text: str, limit: int = 10) -> list[BaseStation]:
    """The stations of all tiers, each once."""
    return _together(station_tiers(text, limit), limit)


def poles_meant(text: str, limit: int = 10) -> list[Pole]:
    """The poles of the surest tier that has any: what is typed and sent off means one of these."""
    return next(filter(None, pole_tiers(text, limit)), [])


def stations_meant(text: str, limit: int = 10) -> list[BaseStation]:
    """The stations of the surest tier that has any."""
    return next(filter(None, station_tiers(text, limit)), [])


def _together(tiers: Iterator[list[Site]], limit: int) -> list[Site]:
    found: dict[int, Site] = {}
    for tier in tiers:
        for site in tier:
            found.setdefault(site.pk, site)
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


def _poles_with_part(text: str, limit: int) -> list[Pole]:
    keys, has_part = _parts(text, pole_key, "code_key")
    rows = Pole.objects.standing().filter(has_part).values_list("code_key", "pk")[:RANKED] if keys else ()
    return _poles([pk for _at, _key, pk in sorted((_position(key, keys), key, pk) for key, pk in rows)][:limit])


def _stations_with_part(text: str, limit: int) -> list[BaseStation]:
    keys, has_part = _parts(text, station_key, "name_key")
    standing = BaseStation.objects.filter(has_part, gone_at=None, pole__gone_at=None)
    rows = standing.values_list("name_key", "pk")[:RANKED] if keys else ()
    return _stations([pk for _at, _key, pk in sorted((_position(key, keys), key, pk) for key, pk in rows)][:limit])


def _parts(text: str, key: Callable[[str], str], column: str) -> tuple[list[str], Q]:
    """The keys a code may have inside, and the condition that it has one of them."""
    keys = [each for each in _keys(text, key) if len(each) >= SHORTEST_PART]
    condition = Q(pk__in=[])
    for each in keys:
        condition |= Q(**{f"{column}__contains": each})
    return keys, condition


def _position(key: str, parts: list[str]) -> int:
    return min(key.find(part) for part in parts if part in key)


def _poles_with_words(text: str, limit: int) -> list[Pole]:
    """Poles whose code, region and address have all the words in any order; whole words before beginnings."""
    for words in spellings(text):
        if not any(len(word) >= SHORTEST_PART for word in words):
            continue
        poles = Pole.objects.standing()
        for word in words:
            poles = poles.filter(_has_word(word))
        rows = list(poles.values_list("words", "pk")[:RANKED])
        if rows:
            ranked = sorted((-_whole(said, words), len(said), said, pk) for said, pk in rows)
            return _poles([pk for *_rank, pk in ranked[:limit]])
    return []


def _has_word(word: str) -> Q:
    """A word may stand inside another one; a number or a short word only begins one: 5 is no 15."""
    if len(word) >= SHORTEST_PART and not word[0].isdigit():
        return Q(words__contains=word)
    return Q(words__regex=rf"\m{re.escape(word)}")


def _whole(said: str, words: list[str]) -> int:
    """How many of the words are whole ones there."""
    there = set(re.split(r"[^\w/-]+", said))
    return sum(word in there for word in words)


def spellings(text: str) -> Iterator[list[str]]:
    """The words as they are typed, then as the same keys give them in the Russian layout."""
    capitals = text.upper()
    yield [_russian(word) for word in _WORD.findall(capitals.replace("Ё", "Е"))]
    if re.search(r"[A-Z]", capitals) and not re.search(r"[А-ЯЁ]", capitals):
        # A comma after a word is one; inside a word it is the key of a letter.
        yield _WORD.findall(re.sub(r"[,.;]+(?=\s|$)", " ", capitals).translate(_PRESSED))


def _russian(word: str) -> str:
    """A Russian word with its Latin twins put right."""
    return word.translate(_LATIN_TWINS) if re.search(r"[А-Я]", word) else word


def _poles(pks: list[int]) -> list[Pole]:
    found = Pole.objects.in_bulk(pks)
    return [found[pk] for pk in pks]


def _stations(pks: list[int]) -> list[BaseStation]:
    found = BaseStation.objects.select_related("pole").prefetch_related("operators").in_bulk(pks)
    return [found[pk] for pk in pks]


def poles_with_phone(digits: str, limit: int = 20) -> list[Pole]:
    """Standing poles whose contractor has a phone with these digits in a row, with their contractor."""
    if len(digits) < SHORTEST_PART or not digits.isascii() or not digits.isdigit():
        return []
    poles = Pole.objects.standing().alias(phones=PHONE_DIGITS).filter(phones__contains=digits)
    return list(poles.select_related("contractor")[:limit])


def resolve(text: str) -> tuple[list[Pole], list[BaseStation]]:
    """Poles and stations with exactly this code or name, standing ones first; spelling does not matter."""
    poles = Pole.objects.filter(code_key__in=_keys(text, pole_key)).order_by("-gone_at", "id")
    stations = BaseStation.objects.filter(station_name_begins(text, whole=True)).order_by("-gone_at", "id")
    return list(poles), list(stations.select_related("pole").prefetch_related("operators"))
