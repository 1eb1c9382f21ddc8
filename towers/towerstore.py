"""The HTTP side of TowerStore: reads one feed as a stream, within a limit of bytes and of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from towers.json_stream import BLOCK, BrokenOff, NotAnArray, items
from towers.reasons import reason
from towers.rows import Feed, Reader

CONNECT_TIMEOUT = 10
# No row comes near this; without the limit one endless text would be kept in memory up to the whole limit.
MOST_ROW_BYTES = 2**20
_BOM = b"\xef\xbb\xbf"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Row = TypeVar("Row")


class FeedRefused(Exception):
    """The feed cannot be used as a whole; says why."""

    def __init__(self, code: str, **figures: Any) -> None:
        super().__init__(code)
        self.reason = reason(code, **figures)


def read_feed(url: str, reader: Reader[Row], *, timeout: float, most_bytes: int) -> Feed[Row]:
    """The rows of the feed, or FeedRefused. `timeout` in seconds holds for the whole answer, not for a part of it."""
    ends = time.monotonic() + timeout
    try:
        with requests.Session() as session:
            # A proxy set for the internet cannot reach a server on this machine.
            session.trust_env = urlsplit(url).hostname not in _LOOPBACK
            session.max_redirects = 5
            with session.get(url, stream=True, timeout=(min(CONNECT_TIMEOUT, timeout), timeout)) as response:
                _check_head(response, most_bytes)
                _read_rows(_Body(response, ends=ends, most_bytes=most_bytes), reader)
    except FeedRefused as refused:
        if refused.reason["code"] == "timeout":
            raise FeedRefused("timeout", seconds=timeout) from None
        raise
    except (requests.Timeout, ReadTimeoutError):
        raise FeedRefused("timeout", seconds=timeout) from None
    except requests.RequestException:
        raise FeedRefused("unreachable") from None
    except (HTTPError, OSError):
        raise FeedRefused("broken_off") from None
    return reader.feed


def _check_head(response: requests.Response, most_bytes: int) -> None:
    if response.status_code != 200:
        raise FeedRefused("status", status=response.status_code)
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_big(most_bytes)


def _too_big(most_bytes: int) -> FeedRefused:
    return FeedRefused("too_big", megabytes=round(most_bytes / 2**20, 1))


class _Body:
    """The body in blocks: without BOM, an array for sure, and never more than allowed."""

    def __init__(self, response: requests.Response, *, ends: float, most_bytes: int) -> None:
        # read1 answers with what has come; read would wait for a whole block, however slowly it comes.
        self._more: Callable[[int], bytes | None] = response.raw.read1
        response.raw.decode_content = True
        self._ends, self._most_bytes = ends, most_bytes
        self._read = 0
        self._begun = False
        self.since_row = 0

    def read(self) -> bytes:
        """The next bytes; none at the end."""
        if self._begun:
            return self._next()
        self._begun = True
        return self._start()

    def _start(self) -> bytes:
        start = b""
        while not start.removeprefix(_BOM).strip() or len(start) < len(_BOM):
            block = self._next()
            if not block:
                break
            start += block
        start = start.removeprefix(_BOM).lstrip()
        if start.startswith(b"<"):
            raise FeedRefused("html")
        if start[:1] in (b"{", b'"'):
            raise FeedRefused("not_an_array")
        return start

    def _next(self) -> bytes:
        block = self._more(BLOCK) or b""
        if time.monotonic() > self._ends:
            raise FeedRefused("timeout")
        self._read += len(block)
        self.since_row += len(block)
        if self._read > self._most_bytes:
            raise _too_big(self._most_bytes)
        if self.since_row > MOST_ROW_BYTES:
            raise FeedRefused("row_too_big", megabytes=MOST_ROW_BYTES // 2**20)
        return block


def _read_rows(body: _Body, reader: Reader[Any]) -> None:
    try:
        for row in items(body.read):
            body.since_row = 0
            reader.take(row)
    except NotAnArray:
        raise FeedRefused("not_json") from None
    except BrokenOff:
        raise FeedRefused("broken_off") from None
