"""Regions of the map: how the registry writes them, and the outlines that are shipped."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from incidents.bulk_data.words import REGIONS
from incidents.map_regions import FILE, NAMES, Box, boxes, folded, outline_of


@pytest.mark.parametrize(
    ("written", "outline"),
    [
        ("Кировская область", "kirov"),
        ("Кировская обл.", "kirov"),
        ("кировская  ОБЛ", "kirov"),
        ("г. Москва", "moscow"),
        ("Город федерального значения Санкт-Петербург", "saint-petersburg"),
        ("Московская область", "moscow-oblast"),
        ("Республика Татарстан (Татарстан)", "tatarstan"),
        ("Республика Саха (Якутия)", "sakha"),
        ("Саха /Якутия/ Респ", "sakha"),
        ("Ханты-Мансийский автономный округ — Югра", "khanty-mansi"),
        ("Ханты-Мансийский Автономный округ - Югра АО", "khanty-mansi"),
        ("Чувашская Республика - Чувашия", "chuvashia"),
        ("Кемеровская область — Кузбасс", "kemerovo"),
        ("Республика Северная Осетия-Алания", "north-ossetia"),
        ("Алтайский край", "altai-krai"),
        ("Республика Алтай", "altai"),
        ("Еврейская Аобл", ""),
        ("Атлантида", ""),
        ("", ""),
    ],
)
def test_a_region_is_known_however_the_registry_writes_it(written: str, outline: str) -> None:
    assert outline_of(written) == outline


def test_no_two_regions_are_called_alike() -> None:
    names = [folded(name) for all_names in NAMES.values() for name in set(map(folded, all_names))]

    assert len(names) == len(set(names))


def test_every_region_has_an_outline_and_a_box_that_holds_it() -> None:
    stored = json.loads((settings.BASE_DIR / "static" / FILE).read_text(encoding="utf-8"))

    assert {each["id"] for each in stored["regions"]} == set(NAMES) == set(boxes())
    for region in stored["regions"]:
        box = boxes()[region["id"]]
        for ring in region["rings"]:
            for arc in ring:
                west, south = stored["arcs"][arc if arc >= 0 else ~arc][:2]
                assert box.holds(south * stored["step"], west * stored["step"], margin=0.02)


def test_rings_close_where_they_began() -> None:
    stored = json.loads((settings.BASE_DIR / "static" / FILE).read_text(encoding="utf-8"))
    ends = [_ends(arc) for arc in stored["arcs"]]

    for region in stored["regions"]:
        for ring in region["rings"]:
            walked = [ends[arc] if arc >= 0 else ends[~arc][::-1] for arc in ring]
            for (_start, end), (start, _end) in zip(walked, [*walked[1:], walked[0]], strict=True):
                assert end == start


def _ends(arc: list[int]) -> list[tuple[int, int]]:
    return [(arc[0], arc[1]), (sum(arc[::2]), sum(arc[1::2]))]


def test_the_outlines_are_small_enough_to_be_loaded_with_the_page() -> None:
    assert (settings.BASE_DIR / "static" / FILE).stat().st_size <= 150 * 1024


def test_places_of_the_demo_lie_in_the_boxes_of_their_regions() -> None:
    assert all(boxes()[outline_of(name)].holds(*place, margin=0.5) for name, place in REGIONS.items())


def test_a_box_goes_on_beyond_the_180th_meridian() -> None:
    assert boxes()["chukotka"].holds(66.2, -172, margin=0)
    assert not Box(19, 41, 60, 60).holds(55, -172, margin=0)
