from __future__ import annotations

import gzip
import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from demo.towerstore import TowerStore
from towers.rows import Feed, PoleRow, pole_reader
from towers.towerstore import MOST_ROW_BYTES, FeedRefused, read_feed

ROWS = [{"Шифр": f"{n}-P-43-1-1", "Адрес": "г. Киров"} for n in range(10_000, 10_003)]


def poles(url: str, *, timeout: float = 60, most_bytes: int = 10**7) -> Feed[PoleRow]:
    return read_feed(url, pole_reader(), timeout=timeout, most_bytes=most_bytes)


def refusal(url: str, **limits: Any) -> str:
    with pytest.raises(FeedRefused) as refused:
        poles(url, **limits)
    return str(refused.value.reason["code"])


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answer every request with these bytes; returns the address."""
    servers: list[HTTPServer] = []

    def start(body: bytes, **headers: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_rows_come_with_their_numbers(store: TowerStore) -> None:
    feed = poles(store.feed_url("poles"))

    assert feed.total == len(feed.rows) == 60
    assert [number for number, _ in feed.rows] == list(range(1, 61))
    assert feed.rows[0][1].code == store.rows["poles"][0]["Шифр"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("html", "html"),
        ("error", "status"),
        ("huge", "too_big"),
        ("endless", "too_big"),
        ("cut", "broken_off"),
        ("object", "not_an_array"),
    ],
)
def test_a_feed_that_is_no_list_of_rows_is_refused_with_its_reason(store: TowerStore, fault: str, code: str) -> None:
    assert refusal(f"{store.feed_url('poles')}?fault={fault}") == code


@pytest.mark.parametrize("fault", ["timeout", "slow"])
def test_the_time_limit_holds_for_the_whole_answer(store: TowerStore, fault: str) -> None:
    begun = time.monotonic()

    assert refusal(f"{store.feed_url('poles')}?fault={fault}", timeout=1) == "timeout"
    assert time.monotonic() - begun < 3


def test_a_body_of_two_gigabytes_without_its_length_never_fills_memory(store: TowerStore) -> None:
    tracemalloc.start()
    try:
        assert refusal(f"{store.feed_url('poles')}?fault=endless", most_bytes=4_000_000, timeout=60) == "too_big"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_one_text_without_end_is_refused_long_before_the_limit_of_the_body(serve: Serve) -> None:
    url = serve(b'[{"\xd0\xa8": "' + b"x" * (MOST_ROW_BYTES * 2))

    assert refusal(url, most_bytes=10**9) == "row_too_big"


def test_a_server_that_is_not_there_is_unreachable(serve: Serve) -> None:
    assert refusal("http://127.0.0.1:1/") == "unreachable"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"   ", "not_json"),
        (b"\xef\xbb\xbf", "not_json"),
        (b"Internal error", "not_json"),
        (b"\xef\xbb\xbf\r\n <html>", "html"),
        (b'"text"', "not_an_array"),
        (b"[1, 2", "broken_off"),
        (b'[{"a": 1} {"b": 2}]', "not_json"),
        (b'["\xff\xfe"]', "not_json"),
        (b'[{"a": NaN}]', "not_json"),
        (b"[" + b"9" * 10_000 + b"]", "not_json"),
        (b"\xff\xfe[\x00]\x00", "not_json"),
    ],
)
def test_nonsense_is_refused(serve: Serve, body: bytes, code: str) -> None:
    assert refusal(serve(body)) == code


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\r\n ", b"\xef\xbb\xbf\n"])
def test_a_byte_order_mark_and_blanks_before_the_rows_do_not_matter(serve: Serve, start: bytes) -> None:
    feed = poles(serve(start + json.dumps(ROWS, ensure_ascii=False).encode()))

    assert [row.code for _, row in feed.rows] == [row["Шифр"] for row in ROWS]


def test_a_compressed_answer_is_measured_unpacked(serve: Serve) -> None:
    rows = json.dumps(ROWS * 1000).encode()
    url = serve(gzip.compress(rows), Content_Encoding="gzip")

    assert poles(url).total == 3000
    assert refusal(url, most_bytes=len(rows) // 2) == "too_big"


def test_a_proxy_of_the_internet_is_not_asked_for_a_server_on_this_machine(
    store: TowerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert poles(store.feed_url("poles")).total == 60
