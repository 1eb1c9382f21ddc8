"""The regions of the map: their outlines (static/map/regions.json, made by tools/outlines.py) and how they are called.

The registry writes a region as it likes: «Кировская область», «Кировская обл.», «ХМАО — Югра». A region that is not
known here has no outline; its poles stand on the map all the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache

from django.conf import settings

FILE = "map/regions.json"
# By the id of the outline: the name, and what else it is called once the word for its kind is left out.
NAMES: dict[str, tuple[str, ...]] = {
    "adygea": ("Республика Адыгея",),
    "altai-krai": ("Алтайский край",),
    "altai": ("Республика Алтай", "горный алтай"),
    "amur": ("Амурская область",),
    "arkhangelsk": ("Архангельская область",),
    "astrakhan": ("Астраханская область",),
    "bashkortostan": ("Республика Башкортостан", "башкирия"),
    "belgorod": ("Белгородская область",),
    "bryansk": ("Брянская область",),
    "buryatia": ("Республика Бурятия",),
    "chechnya": ("Чеченская Республика", "чечня"),
    "chelyabinsk": ("Челябинская область",),
    "chukotka": ("Чукотский автономный округ", "чукотка"),
    "chuvashia": ("Чувашская Республика", "чувашия", "чувашская чувашия"),
    "dagestan": ("Республика Дагестан",),
    "ingushetia": ("Республика Ингушетия",),
    "irkutsk": ("Иркутская область",),
    "ivanovo": ("Ивановская область",),
    "jewish": ("Еврейская автономная область", "еао"),
    "kabardino-balkaria": ("Кабардино-Балкарская Республика", "кабардино-балкария", "кбр"),
    "kaliningrad": ("Калининградская область",),
    "kalmykia": ("Республика Калмыкия",),
    "kaluga": ("Калужская область",),
    "kamchatka": ("Камчатский край", "камчатка"),
    "karachay-cherkessia": ("Карачаево-Черкесская Республика", "карачаево-черкесия", "кчр"),
    "karelia": ("Республика Карелия",),
    "kemerovo": ("Кемеровская область", "кузбасс", "кемеровская кузбасс"),
    "khabarovsk": ("Хабаровский край",),
    "khakassia": ("Республика Хакасия",),
    "khanty-mansi": (
        "Ханты-Мансийский автономный округ — Югра", "ханты-мансийский", "хмао", "хмао югра", "хмао-югра", "югра",
        "ханты-мансийский-югра",
    ),
    "kirov": ("Кировская область",),
    "komi": ("Республика Коми",),
    "kostroma": ("Костромская область",),
    "krasnodar": ("Краснодарский край",),
    "krasnoyarsk": ("Красноярский край",),
    "kurgan": ("Курганская область",),
    "kursk": ("Курская область",),
    "leningrad": ("Ленинградская область",),
    "lipetsk": ("Липецкая область",),
    "magadan": ("Магаданская область",),
    "mari-el": ("Республика Марий Эл", "марий-эл"),
    "mordovia": ("Республика Мордовия",),
    "moscow": ("Москва",),
    "moscow-oblast": ("Московская область", "подмосковье"),
    "murmansk": ("Мурманская область",),
    "nenets": ("Ненецкий автономный округ", "нао"),
    "nizhny-novgorod": ("Нижегородская область",),
    "north-ossetia": ("Республика Северная Осетия — Алания", "северная осетия", "северная осетия-алания"),
    "novgorod": ("Новгородская область",),
    "novosibirsk": ("Новосибирская область",),
    "omsk": ("Омская область",),
    "orenburg": ("Оренбургская область",),
    "oryol": ("Орловская область",),
    "penza": ("Пензенская область",),
    "perm": ("Пермский край",),
    "primorye": ("Приморский край", "приморье"),
    "pskov": ("Псковская область",),
    "rostov": ("Ростовская область",),
    "ryazan": ("Рязанская область",),
    "saint-petersburg": ("Санкт-Петербург", "спб"),
    "sakha": ("Республика Саха (Якутия)", "саха", "якутия", "саха-якутия"),
    "sakhalin": ("Сахалинская область", "сахалин"),
    "samara": ("Самарская область",),
    "saratov": ("Саратовская область",),
    "smolensk": ("Смоленская область",),
    "stavropol": ("Ставропольский край",),
    "sverdlovsk": ("Свердловская область",),
    "tambov": ("Тамбовская область",),
    "tatarstan": ("Республика Татарстан",),
    "tomsk": ("Томская область",),
    "tula": ("Тульская область",),
    "tuva": ("Республика Тыва", "тува"),
    "tver": ("Тверская область",),
    "tyumen": ("Тюменская область",),
    "udmurtia": ("Удмуртская Республика", "удмуртия"),
    "ulyanovsk": ("Ульяновская область",),
    "vladimir": ("Владимирская область",),
    "volgograd": ("Волгоградская область",),
    "vologda": ("Вологодская область",),
    "voronezh": ("Воронежская область",),
    "yamalo-nenets": ("Ямало-Ненецкий автономный округ", "янао"),
    "yaroslavl": ("Ярославская область",),
    "zabaykalsky": ("Забайкальский край", "забайкалье"),
}  # fmt: skip
_KIND = re.compile(
    r"\b(область|обл|край|республика|респ|автономный|автономная|авт|округ|окр|ао|город|г|федерального|значения)\b"
)
_BETWEEN = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class Box:
    """From west to east and from south to north, in degrees; beyond the 180th meridian longitudes go on."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, latitude: float, longitude: float, *, margin: float) -> bool:
        across = longitude + 360 if longitude < -100 else longitude
        return (
            self.west - margin <= across <= self.east + margin
            and self.south - margin <= latitude <= self.north + margin
        )


def folded(name: str) -> str:
    """A region's name without the word for its kind: «Кировская обл.» is «кировская»."""
    words = _BETWEEN.sub(" ", _KIND.sub(" ", name.casefold().replace("ё", "е"))).split()
    # «Республика Татарстан (Татарстан)» says it twice; a dash alone is no word.
    return " ".join(dict.fromkeys(word for word in words if word.strip("-")))


@cache
def _by_name() -> dict[str, str]:
    return {folded(name): outline for outline, names in NAMES.items() for name in names}


@lru_cache(maxsize=1024)
def outline_of(region: str) -> str:
    """The id of the region's outline; empty for a region that has none."""
    return _by_name().get(folded(region), "")


@cache
def boxes() -> dict[str, Box]:
    """The box around each outline."""
    stored = json.loads((settings.BASE_DIR / "static" / FILE).read_text(encoding="utf-8"))
    return {each["id"]: Box(*each["box"]) for each in stored["regions"]}
