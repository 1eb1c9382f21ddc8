"""A local look-alike of TowerStore: three feeds over HTTP, and its known failures."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from demo.registry import Registry

PATHS = {
    "poles": "/api/poles_tl",
    "contractors": "/api/avr_report",
    "stations": "/api/bs_report",
}
FAULTS = (
    "short",  # a tenth of the rows
    "empty",  # []
    "html",  # a sign-in page with status 200
    "error",  # HTTP 500
    "timeout",  # the headers never come
    "slow",  # one byte at a time, for ever
    "endless",  # good rows without end
    "huge",  # 2 GB of good rows, length announced
    "wrong_types",  # every tenth row has values of wrong types, or is no object at all
    "duplicates",  # every tenth row comes twice, the second time changed
    "cut",  # the body breaks off in the middle of a row
    "object",  # an object instead of an array
)
HUGE = 2 * 1024**3
HTML = "<!DOCTYPE html><html><body><h1>TowerStore</h1><form>Войти</form></body></html>"
BOM = b"\xef\xbb\xbf"

Row = dict[str, object]


class TowerStore:
    """The server, in threads of its own; `?fault=` and POST /fault also make a feed fail."""

    def __init__(self, registry: Registry, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.rows: dict[str, list[Row]] = registry.feeds()
        self.faults: dict[str, str] = {}
        self.stopping = threading.Event()
        self._http = _Server((host, port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def feed_url(self, feed: str) -> str:
        return self.url + PATHS[feed]

    def fail(self, feed: str, fault: str | None) -> None:
        """Make one feed fail from now on; None heals it."""
        if fault is not None and fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; one of {', '.join(FAULTS)}")
        if fault is None:
            self.faults.pop(feed, None)
        else:
            self.faults[feed] = fault

    def start(self) -> "TowerStore":
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        if self._thread.is_alive():  # shutdown() waits for ever if the loop never ran
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def __enter__(self) -> "TowerStore":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], store: TowerStore) -> None:
        super().__init__(address, _Handler)
        self.store = store

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up on an endless answer is what the faults are for: no traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet: the caller of the feeds reports what it read."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        feed = next((name for name, path in PATHS.items() if path == address.path), None)
        if feed is None:
            self._send(404, b'{"error": "no such report"}', "application/json")
            return
        asked = parse_qs(address.query).get("fault", [""])[0]
        fault = asked or self.server.store.faults.get(feed, "")
        self._answer(self.server.store.rows[feed], fault, bom=feed != "contractors")

    def do_POST(self) -> None:
        """POST /fault {"feed": "poles", "fault": "html"}; null heals."""
        try:
            wish = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            PATHS[wish["feed"]]
            self.server.store.fail(wish["feed"], wish["fault"])
        except (ValueError, KeyError, TypeError) as error:
            self._send(400, str(error).encode(), "text/plain")
            return
        self._send(200, json.dumps(self.server.store.faults).encode(), "application/json")

    def _answer(self, rows: list[Row], fault: str, *, bom: bool) -> None:
        if fault == "error":
            self._send(500, b"Internal Server Error", "text/plain")
        elif fault == "html":
            self._send(200, HTML.encode(), "text/html; charset=utf-8")
        elif fault == "timeout":
            self.server.store.stopping.wait()
            self.close_connection = True
        elif fault in ("slow", "endless", "huge", "cut"):
            self._stream(rows, fault)
        else:
            body = json.dumps(_spoilt(rows, fault), ensure_ascii=False).encode()
            self._send(200, (BOM if bom else b"") + body, "application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, rows: list[Row], fault: str) -> None:
        """A body that does not end well; the connection cannot be used after it."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        length = ("Content-Length", str(HUGE)) if fault == "huge" else ("Connection", "close")
        self.send_header(*length)
        self.end_headers()
        body = json.dumps(rows, ensure_ascii=False).encode()
        if fault == "cut":
            self.wfile.write(body[: len(body) * 2 // 3])
        elif fault == "slow":
            self._dribble(body)
        else:
            self._pour(body, HUGE if fault == "huge" else None)

    def _pour(self, body: bytes, limit: int | None) -> None:
        sent = 0
        for block in _repeated(body):
            if self.server.store.stopping.is_set() or sent == limit:
                return
            sent += self.wfile.write(block if limit is None else block[: limit - sent])

    def _dribble(self, body: bytes) -> None:
        for byte in body:
            if self.server.store.stopping.is_set():
                return
            self.wfile.write(bytes((byte,)))
            time.sleep(0.2)


def _repeated(body: bytes) -> Iterator[bytes]:
    """One JSON array whose rows are those of `body` over and over."""
    rows = b"," + body[1:-1]
    yield body[:-1]
    while True:
        yield rows


def _spoilt(rows: list[Row], fault: str) -> object:
    if fault == "short":
        return rows[: len(rows) // 10]
    if fault == "empty":
        return []
    if fault == "object":
        return {"error": "report is being built", "rows": []}
    if fault == "wrong_types":
        return [_wrong(row, n // 10) if n % 10 == 0 else row for n, row in enumerate(rows)]
    if fault == "duplicates":
        again = [{**row, "RegionRu": "Другой регион"} for row in rows[::10]]
        return [*rows, *again]
    return rows


def _wrong(row: Row, turn: int) -> object:
    """One of several ways a row has been wrong."""
    return (
        {**row, "Шифр": 41960, "Шифр опоры": 41960, "SiteId": "сорок"},
        {**row, "Широта": "н/д", "Долгота": [], "Контактные данные подрядчика Email": 5},
        {key: None for key in row},
        ["не", "объект"],
        "строка",
        {**row, "Шифр": {"v": 1}, "Шифр опоры": {"v": 1}},
    )[turn % 6]
