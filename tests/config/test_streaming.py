"""How answers made of files leave the asynchronous server."""

from __future__ import annotations

import asyncio
import tracemalloc
import warnings
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.core.signals import request_finished
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from config import streaming

Result = TypeVar("Result")


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """In a thread of its own: after a test with a browser this one has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story).result()


def passed(response: HttpResponseBase, request: HttpRequest | None = None) -> HttpResponseBase:
    """The answer as the server gets it, the asynchronous one unless the request says otherwise."""
    asked = request or AsyncRequestFactory().get("/")
    return streaming.streamed(lambda _request: response)(asked)


def pieces(response: HttpResponseBase) -> list[bytes]:
    async def read() -> list[bytes]:
        assert isinstance(response, StreamingHttpResponse)
        return [piece async for piece in response]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return run(read())


def test_a_file_is_sent_whole_in_large_pieces_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Closing ends a request, at whose end connections to the database are looked at: there is none here.
    monkeypatch.setattr(request_finished, "send", lambda **_facts: [])
    path = tmp_path / "scan.pdf"
    path.write_bytes(bytes(range(256)) * 4_000)
    file = path.open("rb")
    response = passed(FileResponse(file))

    sent = pieces(response)
    response.close()

    assert b"".join(sent) == path.read_bytes()
    assert len(sent) == -(-1_024_000 // streaming.PIECE)
    assert response["Content-Length"] == "1024000"
    assert file.closed


def test_what_is_made_while_it_is_sent_never_stands_in_memory_whole() -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    async def read() -> int:
        assert isinstance(passing, StreamingHttpResponse)
        size = 0
        async for piece in passing:
            size += len(piece)
        return size

    passing = passed(StreamingHttpResponse(parts()))
    tracemalloc.start()
    size = run(read())
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 20_000_000
    assert most < 4_000_000


def test_an_answer_that_is_no_stream_is_left_alone() -> None:
    response = HttpResponse("said")

    assert passed(response) is response
    assert response.content == b"said"


def test_the_synchronous_server_is_left_alone() -> None:
    response = passed(StreamingHttpResponse([b"a", b"b"]), RequestFactory().get("/"))

    assert isinstance(response, StreamingHttpResponse)
    assert response.getvalue() == b"ab"


@pytest.mark.parametrize("content", [[], [b""], [b"", b"a", b""]])
def test_empty_parts_end_nothing_early(content: list[bytes]) -> None:
    assert b"".join(pieces(passed(StreamingHttpResponse(content)))) == b"".join(content)
