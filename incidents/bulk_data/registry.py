"""A registry and people for rows made in bulk, where the database has none."""

from __future__ import annotations

from random import Random

from django.contrib.auth import get_user_model

from incidents.bulk_data import sql, words
from incidents.models import ChecklistItem, Tag
from towers.keys import pole_key, station_key
from towers.models import BaseStation, Contractor, Operator, Pole

PEOPLE = 12
CONTRACTORS = 60
# A pole for so many incidents, within the size of the real registry.
INCIDENTS_OF_A_POLE = 20
FEWEST_POLES, MOST_POLES = 200, 50_000


def make(incidents: int, rng: Random) -> None:
    """Whatever of people, tags and registry is missing."""
    _people(rng)
    for name in words.TAGS:
        Tag.objects.get_or_create(name=name)
    if not ChecklistItem.objects.exists():
        ChecklistItem.objects.bulk_create(
            ChecklistItem(name_ru=name, name_en=name, position=place) for place, name in enumerate(words.TASKS)
        )
    if not Pole.objects.exists():
        _poles(min(max(incidents // INCIDENTS_OF_A_POLE, FEWEST_POLES), MOST_POLES), rng)


def _people(rng: Random) -> None:
    """Nobody can sign in as these: they have no password."""
    people = get_user_model()
    if people._default_manager.exists():
        return
    for number in range(PEOPLE):
        person = people(
            username=f"bulk{number + 1}",
            first_name=rng.choice(words.NAMES),
            last_name=words.SURNAMES[number],
            role="manager" if number == 0 else "dispatcher",
            on_shift=number < PEOPLE // 2,
        )
        person.set_unusable_password()
        person.save()


def _poles(number: int, rng: Random) -> None:
    operators = [
        Operator.objects.create(name=name, group=group, domains=[domain])
        for name, (group, domain) in words.OPERATORS.items()
    ]
    contractors = Contractor.objects.bulk_create(
        [Contractor(name=f"ООО «{rng.choice(words.SURNAMES)} и партнёры {n}»") for n in range(1, CONTRACTORS + 1)]
    )
    heads = rng.sample(range(10_000, 99_999), number)
    poles = Pole.objects.bulk_create(
        [_pole(head, rng, contractors[n % CONTRACTORS]) for n, head in enumerate(heads)], batch_size=2000
    )
    stations = BaseStation.objects.bulk_create(
        [
            _station(pole, f"{'KI' if operator == 0 else 'MR'}{n:06}")
            for n, (pole, operator) in enumerate((pole, k) for pole in poles for k in range(rng.choice((1, 1, 2, 3))))
        ],
        batch_size=2000,
    )
    own = BaseStation.operators.through
    pairs = [own(basestation_id=each.pk, operator_id=operators[each.pk % len(operators)].pk) for each in stations]
    own._default_manager.bulk_create(pairs, batch_size=5000)


def _pole(head: int, rng: Random, contractor: Contractor) -> Pole:
    place = rng.randrange(len(words.REGIONS))
    region, (latitude, longitude) = list(words.REGIONS.items())[place]
    code = f"{head}-{rng.choice(('P', '11', '4'))}-{place + 10}-1-{rng.randint(1, 3)}"
    return Pole(
        code=code,
        code_key=pole_key(code),
        site_id=head,
        latitude=round(rng.gauss(latitude, 1.2), 5),
        longitude=round(rng.gauss(longitude, 2.0), 5),
        height=rng.choice((30, 48, 60, 72)),
        region_ru=region,
        address=f"{rng.choice(words.PLACES)}, {rng.choice(words.STREETS)}, {rng.randint(1, 120)}",
        contractor=contractor,
        contractor_emails=[f"avr{contractor.pk}@contractor.example"],
        contractor_phones=[f"+7 912 555-{head % 90 + 10}-{head % 80 + 10}"],
    )


def _station(pole: Pole, name: str) -> BaseStation:
    return BaseStation(name=name, name_key=station_key(name), pole=pole)


def number_sites() -> int:
    """`bulk_site`: every standing pole with its first station and that one's operator, counted from nought."""
    sql.run("DROP TABLE IF EXISTS bulk_site")
    sql.run(
        """CREATE TEMP TABLE bulk_site ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY pole.id) - 1 AS spot, pole.id AS pole, pole.code, pole.contractor_id AS
            contractor, station.id AS station, coalesce(station.name, '') AS station_name, operator.id AS operator,
            coalesce(operator.domains[1], 'operator.example') AS domain
        FROM towers_pole pole
        LEFT JOIN LATERAL (SELECT id, name FROM towers_basestation WHERE pole_id = pole.id AND gone_at IS NULL
            ORDER BY id LIMIT 1) station ON true
        LEFT JOIN LATERAL (SELECT operator_id FROM towers_basestation_operators WHERE basestation_id = station.id
            ORDER BY operator_id LIMIT 1) link ON true
        LEFT JOIN towers_operator operator ON operator.id = link.operator_id
        WHERE pole.gone_at IS NULL"""
    )
    sql.run("CREATE UNIQUE INDEX ON bulk_site (spot)")
    sql.run("ANALYZE bulk_site")
    return sql.count("SELECT count(*) FROM bulk_site")
