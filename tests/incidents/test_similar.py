"""What may be the same matter: by site, by distance, by caller and words; with reasons, and only what is fresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import similar
from incidents.similar import Matter
from tests.factories import NOW, make_incident, make_pole, make_station
from towers.models import Pole

PLACE = st.builds(
    Pole,
    latitude=st.floats(-89, 89),
    longitude=st.floats(-179, 179),
)
WORDS = st.lists(st.sampled_from(["питания", "связи", "нет", "авария", "пропал", "доступ"])).map(" ".join)


def codes(matter: Matter) -> list[str]:
    return [each.incident.code for each in similar.find(matter, NOW)]


@pytest.mark.django_db
def test_the_same_station_is_surer_than_the_same_pole_and_that_than_a_neighbour():
    pole = make_pole(latitude=58.60, longitude=49.60)
    station = make_station(pole=pole)
    near = make_incident(pole=make_pole(latitude=58.65, longitude=49.60))
    same_pole = make_incident(pole=pole)
    same_station = make_incident(pole=pole, base_station=station)

    found = similar.find(Matter(pole=pole, station=station), NOW)

    assert [each.incident for each in found] == [same_station, same_pole, near]
    assert all(each.reasons and 0 < each.score <= 100 for each in found)


@pytest.mark.django_db
def test_a_pole_farther_than_the_setting_is_no_neighbour(settings):
    here = make_pole(latitude=58.60, longitude=49.60)
    make_incident(pole=make_pole(latitude=58.65, longitude=49.60))

    settings.NEIGHBOUR_KM = 5
    assert codes(Matter(pole=here)) == []
    settings.NEIGHBOUR_KM = 6
    assert len(codes(Matter(pole=here))) == 1


@pytest.mark.django_db
def test_neighbours_count_while_they_are_open_and_young(settings):
    settings.NEIGHBOUR_HOURS = 6
    here, there = make_pole(latitude=58.60, longitude=49.60), make_pole(latitude=58.61, longitude=49.60)
    make_incident(pole=there, opened_at=NOW - timedelta(hours=7))
    make_incident(pole=there, opened_at=NOW - timedelta(hours=1), closed_at=NOW, status="closed")
    young = make_incident(pole=there, opened_at=NOW - timedelta(hours=5))

    assert codes(Matter(pole=here)) == [young.code]


@pytest.mark.django_db
def test_what_closed_within_a_week_is_shown_less_surely_and_older_not_at_all():
    pole = make_pole()
    opened = NOW - timedelta(days=20)
    make_incident(pole=pole, opened_at=opened, closed_at=NOW - timedelta(days=8), status="closed")
    closed = make_incident(pole=pole, opened_at=opened, closed_at=NOW - timedelta(days=6), status="closed")
    still_open = make_incident(pole=pole, opened_at=opened)

    assert codes(Matter(pole=pole)) == [still_open.code, closed.code]


@pytest.mark.django_db
def test_the_same_caller_counts_only_with_the_same_words():
    known = make_incident(requester_email="NOC@operator.example", subject="RE: Отсутствует внешнее питание")
    make_incident(requester_email="noc@operator.example", subject="Нет доступа на объект")

    asked = Matter(email="noc@operator.example", subject="Отсутствие внешнего питания")

    assert codes(asked) == [known.code]
    assert codes(Matter(subject="Отсутствие внешнего питания")) == []


@pytest.mark.django_db
def test_a_caller_without_address_is_known_by_his_name_or_phone():
    known = make_incident(requester_email="", requester_name="+7 912 000-00-01", subject="Нет питания")

    assert codes(Matter(name="+7 912 000-00-01", subject="Нет питания")) == [known.code]


@pytest.mark.django_db
def test_a_phone_is_the_same_however_it_is_written_and_whoever_has_it_in_hand():
    known = make_incident(requester_email="", requester_name="Пётр, 8 (912) 000-00-01", subject="Нет питания")
    make_incident(requester_email="", requester_name="Пётр, 8 (912) 000-00-02", subject="Нет питания")

    assert codes(Matter(name="Иван +7 912 000 00 01", subject="Нет питания")) == [known.code]


@pytest.mark.django_db
def test_itself_what_is_merged_and_what_is_known_already_are_left_out():
    pole = make_pole()
    incident, known = make_incident(pole=pole), make_incident(pole=pole)
    make_incident(pole=pole, merged_into=known)

    assert similar.find(Matter.of(incident), NOW, besides=[known.pk]) == []


@pytest.mark.django_db
def test_no_more_are_shown_than_a_look_takes_in():
    pole = make_pole()
    for _n in range(9):
        make_incident(pole=pole)

    assert len(codes(Matter(pole=pole))) == similar.SHOWN


@given(PLACE, PLACE)
def test_distance_is_the_same_both_ways_and_never_more_than_half_the_earth(one, other):
    there, back = similar.kilometres(one, other), similar.kilometres(other, one)

    assert there == pytest.approx(back)
    assert 0 <= there <= 20038


def test_a_degree_of_latitude_is_a_hundred_and_eleven_kilometres():
    assert similar.kilometres(Pole(latitude=58, longitude=49), Pole(latitude=59, longitude=49)) == pytest.approx(
        111.2, 0.01
    )


def test_a_pole_without_a_place_is_at_no_distance():
    assert similar.kilometres(Pole(latitude=58, longitude=49), Pole()) is None


@given(WORDS, WORDS)
def test_likeness_is_a_share_the_same_both_ways_and_whole_with_itself(one, other):
    assert similar.likeness(one, other) == similar.likeness(other, one)
    assert 0 <= similar.likeness(one, other) <= 1
    assert similar.likeness(one, one) == (1 if one else 0)
