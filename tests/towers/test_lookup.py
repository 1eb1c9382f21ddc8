from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from tests.factories import NOW, make_pole, make_station
from towers import lookup
from towers.matching import Index, Part
from towers.models import Operator, Pole, SyncRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    lookup.forget()
    yield
    lookup.forget()


def add_pole(code: str) -> Pole:
    """A pole that nobody told the index about."""
    return Pole.objects.create(code=code, code_key=code)


def find(text: str) -> str | None:
    return lookup.find([Part("subject", text)]).pole_code


def test_a_letter_is_matched_with_the_registry() -> None:
    make_pole("41960-P-43-1-1")

    assert find("Т2 Отсутствует ВЭС 41960-P-43-1-1") == "41960-P-43-1-1"


def test_a_station_brings_its_pole() -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1"))

    match = lookup.find([Part("subject", "Т2 Отсутствует ВЭС KI0075")])

    assert (match.pole_code, match.station_id) == ("41960-P-43-1-1", station.pk)


def test_poles_and_stations_that_are_gone_are_not_found() -> None:
    make_pole("41960-P-43-1-1", gone_at=NOW)
    make_station("KI000075", gone_at=NOW)

    assert find("Отсутствует ВЭС 41960-P-43-1-1") is None
    assert find("Отсутствует ВЭС KI0075") is None


def test_the_desks_own_codes_are_no_stations(settings) -> None:
    make_station("NT-163341", make_pole("41960-P-43-1-1"))

    assert find("NT-163341: нет питания") is None


def test_the_index_is_built_once_and_asked_about_once_a_second(django_assert_num_queries) -> None:
    find("")
    with django_assert_num_queries(0):
        find("")


def test_a_change_of_the_registry_is_seen_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LOOK_AGAIN_AFTER", 0)
    find("")
    pole = add_pole("41960-P-43-1-1")
    assert find("ВЭС 41960-P-43-1-1") == "41960-P-43-1-1"

    Pole.objects.filter(pk=pole.pk).update(gone_at=NOW)
    SyncRun.objects.create(started_at=NOW, finished_at=NOW + timedelta(seconds=8), state="done")
    assert find("ВЭС 41960-P-43-1-1") is None


def test_an_unchanged_registry_is_not_read_again(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries) -> None:
    monkeypatch.setattr(lookup, "LOOK_AGAIN_AFTER", 0)
    find("")
    with django_assert_num_queries(1):
        find("")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_while_one_thread_builds_the_others_are_served_the_old_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "LOOK_AGAIN_AFTER", 0)
    find("")
    add_pole("41960-P-43-1-1")
    building, finish = threading.Event(), threading.Event()
    built: list[Index] = []
    real = lookup._build

    def slow() -> Index:
        building.set()
        assert finish.wait(10)
        built.append(real())
        return built[-1]

    def build_elsewhere() -> None:
        find("")
        connection.close()

    monkeypatch.setattr(lookup, "_build", slow)
    thread = threading.Thread(target=build_elsewhere)
    thread.start()
    assert building.wait(10)

    assert find("ВЭС 41960-P-43-1-1") is None
    finish.set()
    thread.join()
    assert find("ВЭС 41960-P-43-1-1") == "41960-P-43-1-1"
    assert len(built) == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_threads_that_start_together_build_one_index(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pole("41960-P-43-1-1")
    builds: list[int] = []
    found: list[str | None] = []
    real, together = lookup._build, threading.Barrier(4)

    def counted() -> Index:
        builds.append(1)
        return real()

    def ask() -> None:
        together.wait()
        found.append(find("ВЭС 41960-P-43-1-1"))
        connection.close()

    monkeypatch.setattr(lookup, "_build", counted)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (found, builds) == (["41960-P-43-1-1"] * 4, [1])


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("noc@megafon.example", "МегаФон"),
        ("NOC@MegaFon.Example", "МегаФон"),
        ("noc@volga.megafon.example", "МегаФон Волга"),
        ("noc@mail.volga.megafon.example", "МегаФон Волга"),
        ("noc@othermegafon.example", None),
        ("noc@example", None),
        ("noc@shared.example", None),
        ("megafon.example", "МегаФон"),
        ("", None),
        ("noc@", None),
    ],
)
def test_the_senders_domain_names_the_operator(email: str, name: str | None) -> None:
    Operator.objects.create(name="МегаФон", domains=["megafon.example"])
    Operator.objects.create(name="МегаФон Волга", domains=["volga.megafon.example"])
    Operator.objects.create(name="Т2", domains=["shared.example"])
    Operator.objects.create(name="Т2 Мобайл", domains=["shared.example"])

    operator = lookup.operator_of_sender(email)

    assert (operator.name if operator else None) == name
