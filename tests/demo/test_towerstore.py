"""demo.towerstore: the feeds over HTTP, and their failures."""

import json
from collections.abc import Iterator

import pytest
import requests

from demo import registry
from demo.towerstore import BOM, HUGE, PATHS, TowerStore

SMALL = registry.build(poles=200, station_rows=400)


@pytest.fixture(scope="module")
def store() -> Iterator[TowerStore]:
    with TowerStore(SMALL) as running:
        yield running


def get(store: TowerStore, feed: str, fault: str = "") -> requests.Response:
    return requests.get(store.feed_url(feed), params={"fault": fault} if fault else {}, timeout=5)


def rows(answer: requests.Response) -> object:
    return json.loads(answer.content.decode("utf-8-sig"))


@pytest.mark.parametrize("feed", list(PATHS))
def test_a_healthy_feed_gives_every_row_with_its_russian_keys(store: TowerStore, feed: str) -> None:
    answer = get(store, feed)
    assert answer.status_code == 200
    assert rows(answer) == SMALL.feeds()[feed]


def test_some_feeds_begin_with_a_byte_order_mark(store: TowerStore) -> None:
    assert get(store, "poles").content.startswith(BOM)
    assert not get(store, "contractors").content.startswith(BOM)


def test_a_short_feed_has_a_tenth_of_the_rows(store: TowerStore) -> None:
    assert rows(get(store, "poles", "short")) == SMALL.feeds()["poles"][:20]


def test_an_empty_feed_is_an_empty_array(store: TowerStore) -> None:
    assert rows(get(store, "poles", "empty")) == []


def test_html_comes_with_status_200(store: TowerStore) -> None:
    answer = get(store, "poles", "html")
    assert answer.status_code == 200
    assert answer.content.startswith(b"<!DOCTYPE html>")


def test_an_error_is_http_500(store: TowerStore) -> None:
    assert get(store, "stations", "error").status_code == 500


def test_a_timeout_sends_nothing_at_all(store: TowerStore) -> None:
    with pytest.raises(requests.ReadTimeout):
        requests.get(store.feed_url("poles"), params={"fault": "timeout"}, timeout=0.3)


def test_an_endless_body_goes_on_with_good_rows(store: TowerStore) -> None:
    whole = len(json.dumps(SMALL.feeds()["poles"], ensure_ascii=False).encode())
    with requests.get(store.feed_url("poles"), params={"fault": "endless"}, stream=True, timeout=5) as answer:
        body = answer.raw.read(whole * 5)
    assert len(body) == whole * 5
    assert body.count(b'"SiteId": 100') > 4 * len(SMALL.poles)


def test_a_huge_body_announces_two_gigabytes(store: TowerStore) -> None:
    with requests.get(store.feed_url("poles"), params={"fault": "huge"}, stream=True, timeout=5) as answer:
        assert int(answer.headers["Content-Length"]) == HUGE
        assert answer.raw.read(100_000).startswith(b"[{")


def test_a_slow_feed_dribbles(store: TowerStore) -> None:
    with requests.get(store.feed_url("poles"), params={"fault": "slow"}, stream=True, timeout=5) as answer:
        assert answer.raw.read(2) == b"[{"


def test_a_cut_feed_is_no_json(store: TowerStore) -> None:
    with pytest.raises(json.JSONDecodeError):
        rows(get(store, "contractors", "cut"))


def test_wrong_types_leave_most_rows_good(store: TowerStore) -> None:
    got, good = rows(get(store, "poles", "wrong_types")), SMALL.feeds()["poles"]
    assert isinstance(got, list)
    assert len(got) == len(good)
    assert sum(row in good for row in got) == 180


def test_duplicates_repeat_codes_with_other_values(store: TowerStore) -> None:
    got = rows(get(store, "poles", "duplicates"))
    assert isinstance(got, list)
    assert len(got) == 220
    assert len({row["Шифр"] for row in got}) == 200


def test_a_fault_can_be_set_and_healed_over_http(store: TowerStore) -> None:
    control = store.url + "/fault"
    requests.post(control, json={"feed": "poles", "fault": "empty"}, timeout=5)
    assert rows(get(store, "poles")) == []
    assert rows(get(store, "stations")) != []
    requests.post(control, json={"feed": "poles", "fault": None}, timeout=5)
    assert rows(get(store, "poles")) == SMALL.feeds()["poles"]
    assert requests.post(control, json={"feed": "x", "fault": "html"}, timeout=5).status_code == 400


def test_the_server_stops_while_a_client_hangs(store: TowerStore) -> None:
    with TowerStore(SMALL) as other, pytest.raises(requests.ReadTimeout):
        requests.get(other.feed_url("poles"), params={"fault": "timeout"}, timeout=0.1)
