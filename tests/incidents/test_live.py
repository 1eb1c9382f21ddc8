"""The live stream: who may listen, what arrives, what is made up for, and what ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.db import connection, connections, transaction
from django.test import Client

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import events, live, live_hub
from incidents.models import Incident, IncidentEvent
from tests.factories import NOW, make_incident, make_user

# Notifications leave at a real commit, so these tests commit.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def _no_reactions(settings) -> None:
    settings.INCIDENT_REACTIONS = {}


Result = TypeVar("Result")


class Stream:
    """An open stream as a server runs it: the application in a task of its own, read message by message."""

    def __init__(self, desk: Client, buffered: int = 0, **headers: str) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue(buffered)
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in desk.cookies.items())
        pairs = {"host": "testserver", "cookie": cookies, **headers}
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "path": "/events/", "query_string": b"",
            "headers": [(name.lower().encode(), value.encode("latin1")) for name, value in pairs.items()],
        }  # fmt: skip
        self.task = asyncio.create_task(get_asgi_application()(scope, self.received.get, self.sent.put))

    async def start(self) -> int:
        """The status."""
        self.head = await self.sent.get()
        return int(self.head["status"])

    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.head["headers"]}

    async def piece(self) -> bytes:
        async with asyncio.timeout(10):
            return bytes((await self.sent.get())["body"])

    async def next(self) -> dict[str, str]:
        """The next message with a name; comments and the greeting are passed over."""
        while True:
            lines = (await self.piece()).decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if line and not line.startswith(":"))
            if "event" in fields:
                return fields

    async def ends(self, limit: float = 5) -> bool:
        done, _ = await asyncio.wait([self.task], timeout=limit)
        return bool(done)

    async def close(self) -> None:
        """The page goes away."""
        self.received.put_nowait({"type": "http.disconnect"})
        await self.task


OpenStream = Callable[..., Awaitable[Stream]]


@pytest.fixture
def desk(db) -> Client:
    client = Client()
    client.force_login(make_user())
    return client


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """In a thread of its own: this one may have an event loop already, a browser's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story).result()


def play(desk: Client, story: Callable[[OpenStream], Awaitable[None]]) -> None:
    """Run a story that opens streams in the name of `desk`; afterwards none of them is known any more."""
    run(_play(desk, story))


async def _play(desk: Client, story: Callable[[OpenStream], Awaitable[None]]) -> None:
    opened = []

    async def open_stream(**options: Any) -> Stream:
        stream = Stream(desk, **options)
        opened.append(stream)
        assert await stream.start() == 200
        assert (await stream.piece()).startswith(b"retry: ")
        # From here on nothing can be missed.
        assert await live_hub.hub().is_listening()
        return stream

    try:
        await story(open_stream)
    finally:
        await asyncio.gather(*(stream.close() for stream in opened))
        await live_hub.hub().stop()
        await sync_to_async(connections.close_all)()
    assert not live_hub.hub().clients


def record(incident: Incident, kind: str = "comment") -> IncidentEvent:
    return events.record(incident, kind, actor=None, at=NOW)


arecord = sync_to_async(record)


@transaction.atomic
def record_many(incident: Incident, number: int) -> None:
    for _ in range(number):
        record(incident)


def test_an_event_reaches_every_open_page_with_ids_only(desk):
    incident = make_incident()

    async def story(open_stream):
        pages = [await open_stream() for _ in range(3)]
        reading = [asyncio.create_task(page.next()) for page in pages]
        await asyncio.sleep(0.05)
        event = await arecord(incident)
        for task in reading:
            message = await task
            assert message == {
                "id": str(event.pk),
                "event": "incident",
                "data": f'{{"event": {event.pk}, "code": "{incident.code}", "kind": "comment"}}',
            }

    play(desk, story)


def ask(question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def test_one_listener_serves_all_pages_and_no_page_holds_a_connection(desk):
    def counted() -> tuple[int, int]:
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        pool = connection.pool.get_stats()
        return ask(f"{sessions} AND query = 'LISTEN dispatch'"), pool["pool_size"] - pool["pool_available"]

    async def story(open_stream):
        for _ in range(20):
            await open_stream()
        listeners, in_use = await sync_to_async(counted)()
        assert listeners == 1
        # The connection that asks, and the one of this test's own thread.
        assert in_use <= 2

    play(desk, story)


def test_a_rolled_back_event_is_never_told(desk):
    incident = make_incident()

    async def story(open_stream):
        page = await open_stream()
        await sync_to_async(fail)()
        event = await arecord(incident, "taken")
        assert (await page.next())["id"] == str(event.pk)

    def fail() -> None:
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            record(incident)
            raise ZeroDivisionError

    play(desk, story)


def test_a_page_that_comes_back_is_told_what_it_missed(desk):
    incident = make_incident()
    seen = record(incident)
    missed = [record(incident) for _ in range(3)]

    async def story(open_stream):
        page = await open_stream(**{"Last-Event-ID": str(seen.pk)})
        assert [(await page.next())["id"] for _ in missed] == [str(event.pk) for event in missed]
        later = await arecord(incident)
        assert (await page.next())["id"] == str(later.pk)

    play(desk, story)


def test_an_event_that_committed_late_is_told_though_its_number_is_lower(desk):
    incident = make_incident()
    late, seen = record(incident), record(incident)

    async def story(open_stream):
        page = await open_stream(**{"Last-Event-ID": str(seen.pk)})
        assert (await page.next())["id"] == str(late.pk)

    play(desk, story)


def test_a_page_that_missed_too_much_is_told_to_load_itself_again(desk, monkeypatch):
    monkeypatch.setattr(live, "MOST_REPLAYED", 5)
    incident = make_incident()
    first, *_, last = [record(incident) for _ in range(8)]

    async def story(open_stream):
        page = await open_stream(**{"Last-Event-ID": str(first.pk)})
        assert await page.next() == {"id": str(last.pk), "event": "resync", "data": "{}"}
        later = await arecord(incident)
        assert (await page.next())["id"] == str(later.pk)

    play(desk, story)


def test_a_thousand_events_at_once_drop_nobody_who_reads(desk, monkeypatch):
    monkeypatch.setattr(live_hub, "MOST_WAITING", 20)
    incident = make_incident()

    async def story(open_stream):
        page = await open_stream()
        await sync_to_async(record_many)(incident, 1000)
        assert len({(await page.next())["id"] for _ in range(1000)}) == 1000

    play(desk, story)


def test_a_page_that_does_not_read_is_cut_off_and_the_others_are_not(desk, monkeypatch):
    monkeypatch.setattr(live_hub, "MOST_WAITING", 10)
    incident = make_incident()

    async def story(open_stream):
        good, slow = await open_stream(), await open_stream(buffered=2)
        for _ in range(30):
            event = await arecord(incident)
            assert (await good.next())["id"] == str(event.pk)
        assert await slow.ends()
        assert len(live_hub.hub().clients) == 1

    play(desk, story)


def test_the_listener_stops_in_the_middle_of_a_burst(desk):
    incident = make_incident()

    async def story(open_stream):
        page = await open_stream()
        recording = asyncio.create_task(sync_to_async(record_many)(incident, 500))
        await page.next()
        # Its connection is locked while notifications are read; closing it must not wait for itself.
        async with asyncio.timeout(5):
            await live_hub.hub().stop()
        await recording

    play(desk, story)


def test_a_lost_listener_comes_back_and_pages_load_themselves_again(desk):
    incident = make_incident()

    async def story(open_stream):
        page = await open_stream()
        await sync_to_async(ask)(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query = 'LISTEN dispatch'"
        )
        assert (await page.next())["event"] == "resync"
        event = await arecord(incident)
        assert (await page.next())["id"] == str(event.pk)

    play(desk, story)


def test_signing_out_ends_the_stream(desk, monkeypatch):
    monkeypatch.setattr(live, "RECHECK", 0.1)

    async def story(open_stream):
        page = await open_stream()
        assert not await page.ends(0.5)
        await sync_to_async(desk.logout)()
        assert await page.ends()

    play(desk, story)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
def test_somebody_who_may_no_longer_listen_loses_the_stream(desk, monkeypatch, change):
    monkeypatch.setattr(live, "RECHECK", 0.1)

    async def story(open_stream):
        page = await open_stream()
        await User.objects.aupdate(**change)
        assert await page.ends()

    play(desk, story)


def test_silence_is_filled_with_comments(desk, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)

    async def story(open_stream):
        page = await open_stream()
        assert await page.piece() == b": beat\n\n"

    play(desk, story)


def test_nothing_on_the_way_may_keep_the_stream_back(desk):
    async def story(open_stream):
        headers = (await open_stream()).headers()
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"

    play(desk, story)


@pytest.mark.parametrize("role", Role)
def test_every_role_of_the_desk_may_listen(db, role):
    client = Client()
    client.force_login(make_user(role))

    async def story(open_stream):
        assert await open_stream()

    play(client, story)


def test_a_stranger_may_not_listen():
    async def status() -> int:
        return await Stream(Client()).start()

    assert run(status()) == 403


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "\xb2"])
def test_a_number_that_is_none_is_refused(desk, number):
    async def status() -> int:
        return await Stream(desk, **{"Last-Event-ID": number}).start()

    assert run(status()) == 400


def test_a_server_without_asgi_says_so(desk):
    with ThreadPoolExecutor(1) as thread:
        response = thread.submit(desk.get, "/events/").result()

    assert response.status_code == 503
    assert b"uvicorn" in response.content


@pytest.mark.parametrize("payload", ["", "{}", "[]", "null", '{"event": "x", "code": 1, "kind": 2}', '{"event": null}'])
def test_a_strangers_notification_is_left_out(payload):
    assert live_hub.read(payload) is None
