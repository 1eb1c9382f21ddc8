"""How fast an event reaches open pages: NOTIFY to the last byte at each client, over real uvicorn.

    python bench/live.py [--clients 200] [--events 50]

It makes a database of its own in a temporary folder, and throws it away.
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


class Page:
    """One open stream; keeps when each event arrived."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        self.ready = asyncio.Event()

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
                    self.arrived[json.loads(line[6:])["event"]] = time.perf_counter()
        finally:
            writer.close()


async def measure(port: int, session: str, clients: int, events: int) -> None:
    import psycopg

    from incidents.live_hub import Hub

    pages = [Page() for _ in range(clients)]
    began = time.perf_counter()
    tasks = [asyncio.create_task(page.read(port, session)) for page in pages]
    await asyncio.gather(*(page.ready.wait() for page in pages))
    print(f"{clients} streams open after {time.perf_counter() - began:.1f} s")
    await asyncio.sleep(1)
    sent: dict[int, float] = {}
    connection: psycopg.AsyncConnection[tuple[object, ...]] = await Hub._connect()
    async with connection:
        for number in range(1, events + 1):
            payload = json.dumps({"event": number, "code": f"NT-{number}", "kind": "comment"})
            sent[number] = time.perf_counter()
            await connection.execute("SELECT pg_notify('dispatch', %s)", [payload])
            await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    times = [(page.arrived[n] - sent[n]) * 1000 for page in pages for n in sent if n in page.arrived]
    cuts = statistics.quantiles(times, n=100)
    print(f"delivered {len(times)} of {clients * events}")
    print(f"latency p50 {cuts[49]:.1f}  p95 {cuts[94]:.1f}  p99 {cuts[98]:.1f}  max {max(times):.1f} ms")
    for task in tasks:
        task.cancel()


def usage(pid: int) -> tuple[float, float]:
    """Memory in MB and CPU seconds of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return kilobytes / 1024, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(clients: int, events: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    session, port = sign_in(), free_port()
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
        asyncio.run(measure(port, session, clients, events))
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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        from config.embedded import postgres

        with postgres.shared(Path(folder).resolve()):
            import django

            django.setup()
            run(options.clients, options.events)


if __name__ == "__main__":
    main()
