"""What a desk has before its first letter: a registry of poles and stations, and dispatchers on shift."""

from __future__ import annotations

from random import Random

from bench.shapes import Site

OPERATORS = {"Т2": "tele2", "МегаФон": "megafon", "Билайн": "vimpelcom"}
DOMAINS = {"Т2": "t2.example", "МегаФон": "megafon.example", "Билайн": "beeline.example"}
CONTRACTORS = 60
DISPATCHERS = 12


def build(poles: int) -> list[Site]:
    """Fill the empty tables; returns a site for each pole. The same number gives the same registry."""
    from towers.keys import pole_key, station_key
    from towers.models import BaseStation, Contractor, Operator, Pole

    _people()
    rng = Random("registry")
    operators = {
        name: Operator.objects.create(name=name, group=group, domains=[DOMAINS[name]])
        for name, group in OPERATORS.items()
    }
    contractors = [Contractor.objects.create(name=f"ООО «Подрядчик {n}»") for n in range(CONTRACTORS)]
    codes = _codes(rng, poles)
    rows = Pole.objects.bulk_create(
        [
            Pole(
                code=code,
                code_key=pole_key(code),
                region_ru=f"Область {n % 85}",
                address="д. Стулово",
                contractor=contractors[n % CONTRACTORS],
                contractor_emails=["avr@contractor.example"],
            )
            for n, code in enumerate(codes)
        ],
        batch_size=2000,
    )
    named = [(row, *_station(rng, n)) for n, row in enumerate(rows)]
    stations = BaseStation.objects.bulk_create(
        [BaseStation(name=name, name_key=station_key(name), pole=row) for row, name, _ in named], batch_size=2000
    )
    own = BaseStation.operators.through
    own.objects.bulk_create(
        [
            own(basestation_id=station.pk, operator_id=operators[operator].pk)
            for station, (_, _, operator) in zip(stations, named, strict=True)
        ],
        batch_size=5000,
    )
    return [Site(row.code, name, DOMAINS[operator]) for row, name, operator in named]


def _people() -> None:
    from dispatchers.models import User
    from dispatchers.roles import Role

    for n in range(DISPATCHERS):
        User.objects.create(username=f"bench{n}", role=Role.DISPATCHER, on_shift=True, last_name=f"Диспетчер {n}")


def _codes(rng: Random, count: int) -> list[str]:
    """Codes of the shapes that the real registry has; no two begin with the same number."""
    shapes = ["{head}-P-{region:02}-1-1", "{head}-11-{region:02}-1-2", "{head}-4-MS{tail:04}", "{head}-1-{tail:05}"]
    heads = rng.sample(range(10_000, 99_999), count)
    return [
        rng.choices(shapes, [70, 20, 5, 5])[0].format(
            head=head, region=rng.randint(1, 89), tail=rng.randint(1000, 9999)
        )
        for head in heads
    ]


def _station(rng: Random, number: int) -> tuple[str, str]:
    """A name that nobody else has, and whose station it is."""
    operator = rng.choices(list(OPERATORS), [50, 30, 20])[0]
    if operator == "Т2":
        return f"{rng.choice(['KR', 'RO', 'CH', 'SM'])}{number:04}" if number < 10_000 else f"KI{number:06}", operator
    if operator == "МегаФон":
        return f"{rng.choice([22, 30, 77])}-{10_000 + number}", operator
    return f"{100_000 + number}", operator
