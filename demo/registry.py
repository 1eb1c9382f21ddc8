"""A believable TowerStore registry, invented from a seed: the same seed gives the same registry."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

from demo.geography import REGIONS, Region, Town

SEED = 20260301


@dataclass(frozen=True)
class Pole:
    site_id: int
    code: str
    region: Region
    town: Town
    address: str
    latitude: float
    longitude: float
    anchor: str
    row: dict[str, object] = field(repr=False)


@dataclass(frozen=True)
class Contractor:
    """The contractor of one pole: one row of the feed."""

    name: str
    pole_code: str
    emails: tuple[str, ...]
    excluded: bool
    row: dict[str, object] = field(repr=False)


@dataclass(frozen=True)
class Station:
    """One row of the feed: this operator's equipment of this name on this pole."""

    name: str
    pole_code: str
    operator: str
    group: str | None
    row: dict[str, object] = field(repr=False)


@dataclass(frozen=True)
class Registry:
    poles: tuple[Pole, ...]
    contractors: tuple[Contractor, ...]
    stations: tuple[Station, ...]
    null_station_rows: tuple[dict[str, object], ...]

    @cached_property
    def pole_by_code(self) -> dict[str, Pole]:
        return {pole.code: pole for pole in self.poles}

    @cached_property
    def poles_of_station(self) -> dict[str, set[str]]:
        """Station name → codes of the poles it stands on (nearly always one)."""
        found: dict[str, set[str]] = defaultdict(set)
        for station in self.stations:
            found[station.name].add(station.pole_code)
        return dict(found)

    @cached_property
    def stations_by_group(self) -> dict[str, list[Station]]:
        found: dict[str, list[Station]] = defaultdict(list)
        for station in self.stations:
            found[station.group or "other"].append(station)
        return dict(found)

    @cached_property
    def stations_by_pole(self) -> dict[str, list[Station]]:
        found: dict[str, list[Station]] = defaultdict(list)
        for station in self.stations:
            found[station.pole_code].append(station)
        return dict(found)

    @cached_property
    def contractor_by_pole(self) -> dict[str, Contractor]:
        return {contractor.pole_code: contractor for contractor in self.contractors}

    def feeds(self) -> dict[str, list[dict[str, object]]]:
        """The three feeds as TowerStore sends them, by name."""
        return {
            "poles": [pole.row for pole in self.poles],
            "contractors": [contractor.row for contractor in self.contractors],
            "stations": [*(s.row for s in self.stations), *self.null_station_rows],
        }


OPERATORS = {
    "tele2": ("ООО «Т2 Мобайл»",),
    "vimpelcom": ("ПАО «ВымпелКом»",),
    "mts": ("ПАО «МТС»",),
    "megafon": ("ПАО «МегаФон»",),
    "other": ("ООО «Луговая связь»", "АО «Северный радиоканал»", "ООО «Скан-Эфир»"),
}
# How often each group's equipment is met on a pole.
GROUP_WEIGHTS = {"tele2": 34, "megafon": 26, "vimpelcom": 20, "mts": 15, "other": 5}

COMPANIES = (
    "Мачта и Поле",
    "Дальний пролёт",
    "Ярус-Ремонт",
    "Третий пояс",
    "Оттяжка-Сервис",
    "Светлый контур",
    "Верхотура-Энерго",
    "Азимут-Высота",
    "Красный фонарь",
    "Опорный край",
    "Полевой узел",
    "Ветер и Сталь",
    "Громоотвод-Плюс",
    "Антенный двор",
    "Дизель-Резерв",
    "Стальной ярус",
    "Линия горизонта-АВР",
    "Высотные бригады",
    "Заземление и Ко",
    "Первый подъём",
)
SLUGS = (
    "machta-pole", "dalniy-prolet", "yarus-remont", "tretiy-poyas", "ottyazhka",
    "svetly-kontur", "verhotura-energo", "azimut-vysota", "krasny-fonar", "oporny-kray",
    "polevoy-uzel", "veter-stal", "gromootvod", "antenny-dvor", "dizel-rezerv",
    "stalnoy-yarus", "gorizont-avr", "vysotnye-brigady", "zazemlenie", "perviy-podyom",
)  # fmt: skip
STREETS = (
    "Заводская",
    "Полевая",
    "Советская",
    "Мира",
    "Садовая",
    "Элеваторная",
    "Вокзальная",
    "Молодёжная",
    "Промышленная",
    "Лесная",
    "Гагарина",
    "Степная",
)
SIDES = ("северу", "северо-востоку", "востоку", "югу", "юго-западу", "западу")
OWNERS = ("ООО «Башенный фонд»", "АО «Опоры и мачты»")


def build(*, seed: int = SEED, poles: int = 3000, station_rows: int = 6000, contractor_share: float = 0.97) -> Registry:
    """Invent a registry. `station_rows` counts the rows of the feed, the nameless ones included."""
    rng = random.Random(seed)
    made = _poles(rng, poles)
    contractors = _contractors(rng, made, contractor_share)
    nameless = max(3, station_rows // 600)
    stations = _stations(rng, made, station_rows - nameless)
    null_rows = tuple(_station_row(rng.choice(made).code, None, *_operator(rng)) for _ in range(nameless))
    return Registry(tuple(made), tuple(contractors), tuple(stations), null_rows)


# --- poles


def _poles(rng: random.Random, count: int) -> list[Pole]:
    codes: set[str] = set()
    made = []
    for number in range(count):
        region = rng.choice(REGIONS)
        code = _fresh(partial(_pole_code, rng, region), codes)
        made.append(_pole(rng, 100_000 + number * 3 + rng.randrange(3), code, region))
    return made


def _fresh(make: Callable[[], str], taken: set[str]) -> str:
    while (value := make()) in taken:
        pass
    taken.add(value)
    return value


def _pole_code(rng: random.Random, region: Region) -> str:
    """A code of one of the shapes in use; the last four are what is left of older numberings."""
    number, old, code = rng.randrange(12_000, 80_000), rng.randrange(10_000, 12_000), region.code
    a, b, short = rng.randint(1, 6), rng.randint(1, 3), rng.randrange(100, 999)
    suffix = f"{region.letters}{rng.randrange(1000, 9999)}"
    shapes = {
        f"{number}-P-{code}-{a}-{b}": 450,
        f"{number}-{rng.choice((11, 11, 11, 30, 27, 14))}-{code}-{a}-{b}": 350,
        f"{number}-P-{code}-{a}": 100,
        f"{old}-{a}-{suffix}": 40,
        f"{old}-{a}-{code}-{b}-{short}": 30,
        f"{old}-{b}-{short:05d}": 27,
        f"{old}-{a}-{code}-{short}-{suffix}-RRL{number % 1000:03d}": 3,
    }
    return rng.choices(list(shapes), list(shapes.values()))[0]


def _pole(rng: random.Random, site_id: int, code: str, region: Region) -> Pole:
    town = rng.choice(region.towns)
    latitude = round(town.latitude + rng.uniform(-0.12, 0.12), 6)
    longitude = round(town.longitude + rng.uniform(-0.2, 0.2), 6)
    address = _address(rng, region, town)
    group = _group(rng)
    anchor = OPERATORS[group][0]
    empty = rng.random() < 0.01  # a site somebody entered by half
    row: dict[str, object] = {
        "SiteId": site_id,
        "Шифр": code,
        "Имя БС": f"{town.name}-{rng.randint(1, 40)}",
        "Статус опоры": rng.choices(("Действующая", "Строится", "Демонтирована", None), (94, 3, 2, 1))[0],
        "Широта": None if empty else _number(rng, latitude),
        "Долгота": None if empty else _number(rng, longitude),
        "Высота опоры": None if rng.random() < 0.03 else _number(rng, rng.choice((28.5, 35, 42, 50, 72))),
        "Регион": region.code,
        "RegionRu": region.name_ru,
        "Адрес": None if empty else address,
        "Инфраструктурная компания": rng.choice(OWNERS),
        "Якорный оператор": None if rng.random() < 0.02 else anchor,
    }
    return Pole(site_id, code, region, town, address, latitude, longitude, anchor, row)


def _number(rng: random.Random, value: float) -> float | str:
    """TowerStore sends numbers now as numbers, now as strings."""
    return str(value) if rng.random() < 0.1 else value


def _address(rng: random.Random, region: Region, town: Town) -> str:
    postcode = f"{region.postcode}{rng.randrange(1000):03d}"
    if rng.random() < 0.5:
        place = f"ул. {rng.choice(STREETS)}, д. {rng.randint(1, 120)}"
    else:
        place = f"{rng.randint(2, 90) * 100} м к {rng.choice(SIDES)} от ул. {rng.choice(STREETS)}"
    subject = "" if region.name_ru == town.name else f"{region.name_ru}, "
    return f"{postcode}, {subject}г. {town.name}, {place}"


# --- contractors


@dataclass(frozen=True)
class _Company:
    name: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]


def _company(rng: random.Random, index: int, region: Region) -> _Company:
    name, slug = COMPANIES[index % len(COMPANIES)], SLUGS[index % len(SLUGS)]
    host = f"{slug}.example"
    emails = [f"avr{region.code}@{host}"]
    if rng.random() < 0.6:
        emails.append(f"dispetcher{region.code}@{host}")
    phones = [phone(rng) for _ in range(rng.randint(1, 3))]
    return _Company(f"ООО «{name}»", tuple(emails), tuple(phones))


def phone(rng: random.Random) -> str:
    """A phone in one of the ways people write it; 000 is never a subscriber's exchange."""
    code, tail = rng.randrange(900, 990), rng.randrange(10_000)
    head, last = divmod(tail, 100)
    style = rng.choice(("+7 ({}) 000-{:02d}-{:02d}", "8 {} 000 {:02d} {:02d}", "8{}000{:02d}{:02d}"))
    return style.format(code, head, last)


def _contractors(rng: random.Random, poles: list[Pole], share: float) -> list[Contractor]:
    crews: dict[str, list[_Company]] = {}
    for number, region in enumerate(REGIONS):
        crews[region.code] = [_company(rng, number * 2 + n, region) for n in range(3)]
    made = []
    for pole in poles:
        # Towns are shared out among the region's companies, as contracts are.
        company = crews[pole.region.code][pole.region.towns.index(pole.town) % 3]
        if rng.random() < share:
            made.append(_contractor(rng, pole, company))
    return made


def _contractor(rng: random.Random, pole: Pole, company: _Company) -> Contractor:
    emails = () if rng.random() < 0.02 else company.emails
    excluded = rng.random() < 0.02
    nobody = rng.random() < 0.005
    row: dict[str, object] = {
        "Подрядчик": None if nobody else company.name,
        "Исключен из договора": "Да" if excluded else "Нет",
        "Шифр опоры": pole.code,
        "Контактные данные подрядчика Email": rng.choice(("; ", ", ", " ")).join(emails) or None,
        "Контактные данные подрядчика Телефон": "; ".join(company.phones),
    }
    return Contractor(company.name, pole.code, emails, excluded, row)


# --- stations


def _group(rng: random.Random) -> str:
    return rng.choices(list(GROUP_WEIGHTS), list(GROUP_WEIGHTS.values()))[0]


def _operator(rng: random.Random) -> tuple[str, str | None]:
    group = _group(rng)
    # TowerStore knows no group for some of the small operators.
    return rng.choice(OPERATORS[group]), None if group == "other" and rng.random() < 0.3 else group


def _stations(rng: random.Random, poles: list[Pole], count: int) -> list[Station]:
    taken: set[str] = set()
    seen: set[tuple[str, str, str]] = set()
    made: list[Station] = []
    order = list(poles)
    rng.shuffle(order)
    while len(made) < count:
        pole = order[len(made)] if len(made) < len(order) else rng.choice(poles)
        operator, group = _operator(rng)
        name = _fresh(partial(_station_name, rng, pole.region, group), taken)
        if made and rng.random() < 0.01:
            name, operator, group = _twin(rng, made, pole)
        if (pole.code, name, operator) in seen:
            continue
        seen.add((pole.code, name, operator))
        row = _station_row(pole.code, name, operator, group)
        made.append(Station(name, pole.code, operator, group, row))
    return made


def _twin(rng: random.Random, made: list[Station], pole: Pole) -> tuple[str, str, str | None]:
    """A name used twice: either on two poles, or by two operators who share the equipment."""
    first = rng.choice(made)
    if first.pole_code == pole.code:
        operator, group = _operator(rng)
        return first.name, operator, group
    return first.name, first.operator, first.group


def _station_name(rng: random.Random, region: Region, group: str | None) -> str:
    number = rng.randrange(20, 9999)
    if group == "tele2":
        return f"{region.letters}{number:0{region.digits}d}"
    if group == "megafon":
        return f"{region.code}-{rng.choice((rng.randrange(100, 999), number, 10_000 + number * 5))}"
    if group == "vimpelcom":
        return str(rng.randrange(10_000, 99_999))
    if group == "mts":
        return f"MT{region.code}-{number:04d}"
    return f"{region.letters}-{region.code}-{number:04d}"


def _station_row(code: str, name: str | None, operator: str, group: str | None) -> dict[str, object]:
    return {
        "Шифр опоры": code,
        "Имя БС/Оборудование": name,
        "Оператор": operator,
        "Группа операторов": group,
    }
