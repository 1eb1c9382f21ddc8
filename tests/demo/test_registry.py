"""demo.registry: the invented registry is repeatable and as odd as the real one."""

import re

from demo import registry
from demo.geography import REGIONS

REGISTRY = registry.build()


def test_the_same_seed_gives_the_same_registry() -> None:
    assert registry.build().feeds() == REGISTRY.feeds()


def test_another_seed_gives_another_registry() -> None:
    assert registry.build(seed=1).feeds() != REGISTRY.feeds()


def test_it_has_three_thousand_poles_and_six_thousand_station_rows() -> None:
    feeds = REGISTRY.feeds()
    assert len(feeds["poles"]) == 3000
    assert len(feeds["stations"]) == 6000
    assert 2500 < len(feeds["contractors"]) < 3000


def test_codes_and_site_ids_are_unique() -> None:
    assert len({pole.code for pole in REGISTRY.poles}) == 3000
    assert len({pole.site_id for pole in REGISTRY.poles}) == 3000


def test_pole_codes_come_in_all_the_shapes_of_the_trade() -> None:
    codes = "\n".join(pole.code for pole in REGISTRY.poles)
    for shape in (
        r"^\d{5}-P-\d\d-\d-\d$",
        r"^\d{5}-P-\d\d-\d$",
        r"^\d{5}-11-\d\d-\d-\d$",
        r"^\d{5}-30-\d\d-\d-\d$",
        r"^\d{5}-\d-[A-Z]{2}\d{4}$",
        r"^\d{5}-\d-\d\d-\d-\d{3}$",
        r"^\d{5}-\d-\d{5}$",
        r"RRL\d{3}$",
    ):
        assert re.search(shape, codes, re.MULTILINE), shape
    assert max(len(pole.code) for pole in REGISTRY.poles) <= 32


def test_t2_names_have_four_or_six_digits_by_region() -> None:
    digits = {region.letters: region.digits for region in REGIONS}
    names = {station.name for station in REGISTRY.stations_by_group["tele2"]}
    lengths = {len(name) - 2 for name in names}
    assert lengths == {4, 6}
    assert all(len(name) == 2 + digits[name[:2]] for name in names)


def test_a_site_lies_near_a_town_of_its_region() -> None:
    for pole in REGISTRY.poles:
        assert pole.town in pole.region.towns
        assert abs(pole.latitude - pole.town.latitude) < 0.2
        assert abs(pole.longitude - pole.town.longitude) < 0.3


def test_the_registry_has_the_oddities_of_the_real_one() -> None:
    feeds = REGISTRY.feeds()
    assert any(len(poles) == 2 for poles in REGISTRY.poles_of_station.values())
    assert any(row["Имя БС/Оборудование"] is None for row in feeds["stations"])
    assert any(row["Группа операторов"] is None for row in feeds["stations"])
    assert any(row["Исключен из договора"] == "Да" for row in feeds["contractors"])
    assert any(row["Контактные данные подрядчика Email"] is None for row in feeds["contractors"])
    assert any(row["Подрядчик"] is None for row in feeds["contractors"])
    assert any(isinstance(row["Широта"], str) for row in feeds["poles"])
    assert any(row["Широта"] is None for row in feeds["poles"])


def test_no_address_or_phone_belongs_to_a_real_person() -> None:
    for contractor in REGISTRY.contractors:
        assert all(email.endswith(".example") for email in contractor.emails)
        phones = re.sub(r"\D", "", str(contractor.row["Контактные данные подрядчика Телефон"]))
        assert all(phones[n + 4 : n + 7] == "000" for n in range(0, len(phones), 11))
