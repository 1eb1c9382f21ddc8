"""How fast an event reaches open pages: NOTIFY to the last byte at each client, over one real uvicorn process.

    python bench/live.py [--clients 200] [--events 50] [--asking 20] [--incidents 200]

First all pages only listen. Then `--asking` of them also ask for the changed row and the counts, as an open desk
does; that part is measured from NOTIFY to the last byte of the row. It makes a database of its own in a temporary
folder, and throws it away.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(port: int) -> subprocess.Popen[bytes]:
    options = ["--port", str(port), "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1"]
    return subprocess.Popen([sys.executable, "-m", "uvicorn", "config.asgi:application", *options], cwd=ROOT)


def sign_in() -> str:
    """A session of somebody who may listen."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from dispatchers.models import User

    person = User.objects.create_user("bench", password="bench")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session.save()
    return str(session.session_key)


def make_incidents(number: int) -> list[str]:
    """Open incidents, a minute apart; their codes."""
    from datetime import timedelta

    from django.utils import timezone

    from incidents.models import Incident, Status

    now, status = timezone.now(), Status.objects.get(key="new")
    facts = {"status": status, "registration": Incident.Registration.MAIL}
    moments = [now - timedelta(minutes=each) for each in range(number)]
    rows = [
        Incident(code=f"NT-{each}", subject="Отсутствует ВЭС", opened_at=at, active_at=at, **facts)
        for each, at in enumerate(moments, 100001)
    ]
    return [row.code for row in Incident.objects.bulk_create(rows)]


class Page:
    """One open desk; keeps when each event arrived, and when the row it asked for did."""

    def __init__(self, *, asks: bool = False) -> None:
        self.arrived: dict[int, float] = {}
        self.shown: dict[int, float] = {}
        self.asks = asks
        self.named: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.ready = asyncio.Event()

    async def ask(self, port: int, session: str) -> None:
        """As static/js/live.js: one question at a time, for everything that was named meanwhile."""
        from django.conf import settings

        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"Host: localhost\r\nCookie: {settings.SESSION_COOKIE_NAME}={session}\r\n\r\n"
        while True:
            waiting = [await self.named.get()]
            while not self.named.empty():
                waiting.append(self.named.get_nowait())
            codes = ",".join(code for _number, code in waiting)
            writer.write(f"GET /?live=counts&codes={codes} HTTP/1.1\r\n{head}".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert b" 200 ok" in answer, answer
            await reader.readexactly(int(answer.split(b"content-length:")[1].split()[0]))
            self.shown |= {number: time.perf_counter() for number, _code in waiting}

    async def read(self, port: int, session: str) -> None:
        from django.conf import settings

        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
        writer.write(f"GET /events/ HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        try:
            while line := await reader.readline():
                if line.startswith(b": open"):
                    self.ready.set()
                if line.startswith(b"data: {"):
                    said = json.loads(line[6:])
                    self.arrived[said["event"]] = time.perf_counter()
                    if self.asks:
                        self.named.put_nowait((said["event"], said["code"]))
        finally:
            writer.close()


async def notify(codes: list[str], events: range, pause: float) -> dict[int, float]:
    """Announce events, one after the other; when each was sent."""
    import psycopg

    from incidents.live_hub import Hub

    sent: dict[int, float] = {}
    connection: psycopg.AsyncConnection[tuple[object, ...]] = await Hub._connect()
    async with connection:
        for number in events:
            payload = json.dumps({"event": number, "code": codes[number % len(codes)], "kind": "comment"})
            sent[number] = time.perf_counter()
            await connection.execute("SELECT pg_notify('dispatch', %s)", [payload])
            await asyncio.sleep(pause)
    return sent


def say(what: str, times: list[float], wanted: int) -> None:
    cuts = statistics.quantiles((each * 1000 for each in times), n=100)
    print(f"{what}: {len(times)} of {wanted}")
    print(f"  p50 {cuts[49]:.1f}  p95 {cuts[94]:.1f}  p99 {cuts[98]:.1f}  max {max(times) * 1000:.1f} ms")


async def measure(port: int, session: str, codes: list[str], options: argparse.Namespace) -> None:
    pages = [Page() for _ in range(options.clients)]
    began = time.perf_counter()
    tasks = [asyncio.create_task(page.read(port, session)) for page in pages]
    await asyncio.gather(*(page.ready.wait() for page in pages))
    print(f"{options.clients} streams open after {time.perf_counter() - began:.1f} s")
    await asyncio.sleep(1)
    sent = await notify(codes, range(1, options.events + 1), 0.1)
    await asyncio.sleep(2)
    times = [page.arrived[n] - sent[n] for page in pages for n in sent if n in page.arrived]
    say("told", times, options.clients * options.events)

    asking = pages[: options.asking]
    for page in asking:
        page.asks = True
        tasks.append(asyncio.create_task(page.ask(port, session)))
    few = max(2, options.events // 5)
    sent = await notify(codes, range(options.events + 1, options.events + 1 + few), 1.0)
    await asyncio.sleep(5)
    shown = [page.shown[n] - sent[n] for page in asking for n in sent if n in page.shown]
    if asking:
        say(f"shown on {len(asking)} desks that ask", shown, len(asking) * few)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def usage(pid: int) -> tuple[float, float]:
    """Memory in MB and CPU seconds of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return kilobytes / 1024, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(options: argparse.Namespace) -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    session, port, codes = sign_in(), free_port(), make_incidents(options.incidents)
    connection.close_pool()
    server = start_server(port)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        before = usage(server.pid)
        asyncio.run(measure(port, session, codes, options))
        after = usage(server.pid)
        print(f"server: memory {before[0]:.0f} -> {after[0]:.0f} MB, CPU {after[1] - before[1]:.1f} s")
        holder = asyncio.run(shut_down(server, port, session))
        print(f"with an open stream the server ended {holder:.1f} s after SIGTERM")
    finally:
        server.kill()
        server.wait()


async def shut_down(server: subprocess.Popen[bytes], port: int, session: str) -> float:
    page = Page()
    task = asyncio.create_task(page.read(port, session))
    await page.ready.wait()
    server.send_signal(signal.SIGTERM)
    began = time.perf_counter()
    await asyncio.to_thread(server.wait)
    task.cancel()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--asking", type=int, default=20)
    parser.add_argument("--incidents", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        from config.embedded import postgres

        with postgres.shared(Path(folder).resolve()):
            import django

            django.setup()
            run(options)


if __name__ == "__main__":
    main()
