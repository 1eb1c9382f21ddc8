from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from demo.towerstore import TowerStore
from towers import sync
from towers.models import BaseStation, Contractor, Operator, Pole, SyncRun

NOW = datetime(2026, 8, 18, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)

pytestmark = pytest.mark.django_db


def run(now: datetime = NOW) -> SyncRun:
    """One synchronisation, read back from the database."""
    return SyncRun.objects.get(pk=sync.sync(now).pk)


def registry() -> list[Any]:
    """Everything the feeds decide, in an order of its own."""
    stations = BaseStation.objects.order_by("pole__code", "name")
    return [
        list(Pole.objects.order_by("code").values_list()),
        [(s.name, s.pole_id, s.gone_at, sorted(o.name for o in s.operators.all())) for s in stations],
        list(Operator.objects.order_by("name").values_list()),
        list(Contractor.objects.order_by("name").values_list()),
    ]


def codes(run: SyncRun, feed: str) -> set[str]:
    return {example["why"]["code"] for example in run.feeds[feed]["examples"]}


@pytest.fixture
def filled(store: TowerStore) -> Iterator[TowerStore]:
    """The registry as the store has it."""
    run()
    return store


def test_the_first_run_takes_everything_and_says_so(store: TowerStore) -> None:
    done = run()

    assert done.state == SyncRun.State.DONE
    assert (done.feeds["poles"]["created"], done.feeds["contractors"]["created"]) == (60, 60)
    assert done.feeds["stations"]["rows"] == 120
    assert done.feeds["stations"]["skipped"] == 3
    assert codes(done, "stations") == {"missing"}
    assert done.finished_at is not None
    assert Pole.objects.standing().count() == 60


def test_a_pole_has_what_its_rows_say(store: TowerStore) -> None:
    row = store.rows["poles"][0]
    row |= {"Широта": "58,5", "Долгота": 49.25, "Высота опоры": "72", "Статус опоры": None, "SiteId": 7}
    store.rows["contractors"][0] |= {
        "Шифр опоры": row["Шифр"],
        "Подрядчик": "ООО «Ярус»",
        "Исключен из договора": "Да",
        "Контактные данные подрядчика Email": "a@x.example; b@x.example",
        "Контактные данные подрядчика Телефон": "8 908 000 67 20",
    }
    run()

    pole = Pole.objects.get(code=row["Шифр"])
    assert (pole.latitude, pole.longitude, pole.height, pole.site_id, pole.state) == (58.5, 49.25, 72, 7, "")
    assert (pole.region_ru, pole.address) == (row["RegionRu"], row["Адрес"] or "")
    assert pole.contractor is not None
    assert pole.contractor.name == "ООО «Ярус»"
    assert pole.contractor_excluded
    assert pole.contractor_emails == ["a@x.example", "b@x.example"]
    assert pole.contractor_phones == ["8 908 000 67 20"]


def test_a_contractor_without_an_address_gets_the_default_one(store: TowerStore) -> None:
    store.rows["contractors"][0]["Контактные данные подрядчика Email"] = None
    run()

    assert Pole.objects.get(code=store.rows["contractors"][0]["Шифр опоры"]).contractor_emails == ["avr@desk.example"]


def test_operators_share_a_station_and_stations_share_a_name(store: TowerStore) -> None:
    first, second = store.rows["poles"][0]["Шифр"], store.rows["poles"][1]["Шифр"]
    store.rows["stations"] = [
        {"Шифр опоры": code, "Имя БС/Оборудование": "KI0075", "Оператор": operator, "Группа операторов": group}
        for code, operator, group in ((first, "Т2", "tele2"), (first, "МТС", None), (second, "Т2", None))
    ]
    run()

    stations = {station.pole.code: station for station in BaseStation.objects.select_related("pole")}
    assert sorted(operator.name for operator in stations[first].operators.all()) == ["МТС", "Т2"]
    assert [operator.name for operator in stations[second].operators.all()] == ["Т2"]
    assert dict(Operator.objects.values_list("name", "group")) == {"Т2": "tele2", "МТС": ""}


def test_a_run_without_changes_writes_nothing(filled: TowerStore) -> None:
    before = registry()
    done = run(LATER)

    assert registry() == before
    figures = [done.feeds[feed][key] for feed in sync.FEEDS for key in ("created", "changed", "gone", "held")]
    assert figures == [0] * 12


def test_only_what_changed_is_written(filled: TowerStore) -> None:
    filled.rows["poles"][5]["Адрес"] = "Новый адрес"
    filled.rows["contractors"][7]["Контактные данные подрядчика Email"] = "novyi@x.example"
    filled.rows["stations"][3]["Оператор"] = "АО «Новый оператор»"
    done = run(LATER)

    assert [done.feeds[feed]["changed"] for feed in sync.FEEDS] == [1, 1, 1]
    changed = set(Pole.objects.filter(updated_at=LATER).values_list("code", flat=True))
    assert changed == {filled.rows["poles"][5]["Шифр"], filled.rows["contractors"][7]["Шифр опоры"]}
    station = filled.rows["stations"][3]
    found = BaseStation.objects.get(name=station["Имя БС/Оборудование"], pole__code=station["Шифр опоры"])
    assert [operator.name for operator in found.operators.all()] == ["АО «Новый оператор»"]


def test_what_vanished_is_marked_and_comes_back(filled: TowerStore) -> None:
    pole, station = filled.rows["poles"].pop(), filled.rows["stations"].pop(0)
    done = run(LATER)

    assert [done.feeds[feed]["gone"] for feed in ("poles", "stations")] == [1, 1]
    assert Pole.objects.get(code=pole["Шифр"]).gone_at == LATER
    assert BaseStation.objects.get(gone_at=LATER).name == station["Имя БС/Оборудование"]

    filled.rows["poles"].append(pole)
    filled.rows["stations"].append(station)
    done = run(LATER)

    assert [done.feeds[feed]["changed"] for feed in ("poles", "stations")] == [1, 1]
    assert not Pole.objects.exclude(gone_at=None).exists()
    assert not BaseStation.objects.exclude(gone_at=None).exists()


def test_a_pole_that_has_no_contractor_any_more_loses_its_addresses_and_the_company_stays(filled: TowerStore) -> None:
    row = filled.rows["contractors"].pop()
    done = run(LATER)

    pole = Pole.objects.get(code=row["Шифр опоры"])
    assert (pole.contractor, pole.contractor_emails, pole.contractor_phones) == (None, [], [])
    assert done.feeds["contractors"]["gone"] == 1
    assert Contractor.objects.filter(name=row["Подрядчик"]).exists() or row["Подрядчик"] is None


REFUSED = {
    "short": "short",
    "empty": "empty",
    "html": "html",
    "error": "status",
    "timeout": "timeout",
    "slow": "timeout",
    "huge": "too_big",
    "endless": "too_big",
    "cut": "broken_off",
    "object": "not_an_array",
}


# The reading is the same for every feed; what stands in the registry is not.
EACH = [("poles", fault) for fault in REFUSED] + [
    (f, each) for f in sync.FEEDS[1:] for each in ("short", "empty", "cut")
]


@pytest.mark.parametrize(("feed", "fault"), EACH)
def test_a_feed_that_fails_leaves_the_registry_as_it_was_and_the_others_go_on(
    filled: TowerStore, settings: Any, feed: str, fault: str
) -> None:
    settings.TOWERSTORE_TIMEOUT, settings.TOWERSTORE_MAX_BYTES = 0.4, 300_000
    before = registry()
    filled.fail(feed, fault)
    done = run(LATER)

    assert registry() == before
    assert done.state == SyncRun.State.PARTLY
    assert {name: entry["refused"] and entry["refused"]["code"] for name, entry in done.feeds.items()} == {
        **dict.fromkeys(sync.FEEDS),
        feed: REFUSED[fault],
    }


def test_when_every_feed_fails_the_run_failed(filled: TowerStore) -> None:
    for feed in sync.FEEDS:
        filled.fail(feed, "html")

    assert run(LATER).state == SyncRun.State.FAILED


def test_an_empty_feed_is_refused_by_an_empty_registry_too(store: TowerStore) -> None:
    store.rows["poles"] = []
    done = run()

    assert done.feeds["poles"]["refused"]["code"] == "empty"


@pytest.mark.parametrize("feed", sync.FEEDS)
def test_rows_of_wrong_types_are_skipped_and_harm_nothing(filled: TowerStore, feed: str) -> None:
    before = registry()
    filled.fail(feed, "wrong_types")
    done = run(LATER)

    assert registry() == before
    entry = done.feeds[feed]
    assert entry["taken"] >= entry["rows"] * 0.85
    assert entry["skipped"] >= 5
    assert {"not_an_object", "wrong_type", "missing"} <= codes(done, feed)
    assert entry["gone"] == 0
    assert entry["held"] > 0


@pytest.mark.parametrize("feed", sync.FEEDS)
def test_of_duplicates_the_first_is_taken_and_the_others_are_reported(filled: TowerStore, feed: str) -> None:
    before = registry()
    filled.fail(feed, "duplicates")
    done = run(LATER)

    assert registry() == before
    assert done.feeds[feed]["skipped"] >= 6
    assert "duplicate" in codes(done, feed)


def test_a_value_that_cannot_be_read_leaves_the_one_we_have(filled: TowerStore) -> None:
    row = filled.rows["poles"][4]
    row |= {"Широта": 58.5, "Адрес": "д. Стулово"}
    run()
    row |= {"Широта": "пятьдесят", "Адрес": 5, "Имя БС": "Новое имя"}
    done = run(LATER)

    pole = Pole.objects.get(code=row["Шифр"])
    assert (pole.latitude, pole.address, pole.name) == (58.5, "д. Стулово", "Новое имя")
    assert done.feeds["poles"]["incomplete"] == 1


def test_more_removals_than_allowed_are_refused(filled: TowerStore, settings: Any) -> None:
    settings.TOWERSTORE_MOST_GONE = 2
    before = registry()
    del filled.rows["poles"][:3], filled.rows["stations"][:3], filled.rows["contractors"][:3]
    done = run(LATER)

    assert [done.feeds[feed]["refused"]["code"] for feed in sync.FEEDS] == ["many_gone"] * 3
    assert registry() == before

    settings.TOWERSTORE_MOST_GONE = 3
    done = run(LATER)

    assert [done.feeds[feed]["gone"] for feed in sync.FEEDS] == [3, 3, 3]


def test_the_least_share_is_measured_by_what_stands(filled: TowerStore, settings: Any) -> None:
    settings.TOWERSTORE_LEAST_SHARE = 90
    del filled.rows["poles"][:6]
    assert run(LATER).feeds["poles"]["gone"] == 6
    del filled.rows["poles"][:6]
    refused = run(LATER).feeds["poles"]["refused"]

    assert refused == {"code": "short", "rows": 48, "standing": 54, "share": 90}


def test_rows_for_a_pole_we_do_not_have_are_skipped(filled: TowerStore) -> None:
    filled.rows["contractors"][0]["Шифр опоры"] = "99999-P-43-1-1"
    filled.rows["stations"][0]["Шифр опоры"] = "99999-P-43-1-1"
    done = run(LATER)

    assert "unknown_pole" in codes(done, "contractors")
    assert "unknown_pole" in codes(done, "stations")


def test_when_the_poles_cannot_be_had_the_other_feeds_serve_those_that_stand(filled: TowerStore) -> None:
    filled.fail("poles", "error")
    filled.rows["contractors"][0]["Контактные данные подрядчика Email"] = "novyi@x.example"
    done = run(LATER)

    assert (done.feeds["poles"]["refused"]["code"], done.feeds["contractors"]["changed"]) == ("status", 1)


def test_a_feed_without_an_address_is_refused_visibly(store: TowerStore, settings: Any) -> None:
    settings.TOWERSTORE = {**settings.TOWERSTORE, "stations": ""}
    done = run()

    assert done.state == SyncRun.State.PARTLY
    assert done.feeds["stations"]["refused"] == {"code": "no_address", "setting": "TS_BS_REPORT_URL"}


def test_without_any_address_nothing_is_begun(settings: Any) -> None:
    settings.TOWERSTORE = dict.fromkeys(sync.FEEDS, "")

    with pytest.raises(sync.NotConfigured):
        sync.sync(NOW)
    assert not SyncRun.objects.exists()


def test_what_a_dead_run_left_is_closed_by_the_next_one(store: TowerStore) -> None:
    dead = SyncRun.objects.create(started_at=NOW, feeds={"poles": {"stage": "storing", "rows": 60}})
    run(LATER)

    dead.refresh_from_db()
    assert (dead.state, dead.finished_at) == (SyncRun.State.FAILED, LATER)
    assert [dead.feeds[feed]["refused"]["code"] for feed in sync.FEEDS] == ["crashed"] * 3


def test_an_error_of_ours_is_raised_and_the_run_is_marked_failed(
    store: TowerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a mistake in the code")

    monkeypatch.setattr("towers.upserts.take_stations", broken)

    with pytest.raises(RuntimeError):
        sync.sync(NOW)
    failed = SyncRun.objects.get()
    assert failed.state == SyncRun.State.FAILED
    assert failed.finished_at is not None
    assert failed.feeds["stations"]["refused"]["code"] == "crashed"
    assert failed.feeds["poles"]["created"] == 60


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_runs_at_once_are_one(store: TowerStore) -> None:
    store.fail("poles", "timeout")
    refusals: list[object] = []

    def second() -> None:
        try:
            sync.sync(NOW)
        except sync.AlreadyRunning as error:
            refusals.append(error)
        finally:
            connection.close()

    with connection.cursor() as cursor:  # a run that holds the lock elsewhere
        cursor.execute("SELECT pg_advisory_lock(%s)", [sync._LOCK])
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [sync._LOCK])

    assert len(refusals) == 1
    assert not SyncRun.objects.exists()
    store.fail("poles", None)
    assert run().state == SyncRun.State.DONE


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_network_is_read_outside_any_transaction(store: TowerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    real = sync.read_feed

    def watched(*args: Any, **limits: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return real(*args, **limits)

    monkeypatch.setattr(sync, "read_feed", watched)
    run()

    assert seen == [False, False, False]


def test_the_command_says_what_was_taken_skipped_and_refused(
    store: TowerStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fail("contractors", "html")
    with translation.override("en"):
        call_command("sync_towers")

    said = capsys.readouterr().out
    assert "Poles: 60 rows, 60 taken: 60 new" in said
    assert "Contractors: refused, a web page came instead of data" in said
    assert "3 skipped" in said
    assert "row 118: «Имя БС/Оборудование» is empty" in said


def test_the_command_fails_when_nothing_could_be_taken(store: TowerStore) -> None:
    for feed in sync.FEEDS:
        store.fail(feed, "error")

    with pytest.raises(CommandError):
        call_command("sync_towers")


def test_the_command_fails_in_words_when_nothing_is_configured(settings: Any) -> None:
    settings.TOWERSTORE = dict.fromkeys(sync.FEEDS, "")

    with pytest.raises(CommandError, match="TS_POLES_TL_URL"):
        call_command("sync_towers")
