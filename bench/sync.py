"""How long a synchronisation takes and what memory: `python bench/sync.py`.

50,000 poles, 30,000 contractor rows and 80,000 station rows come over HTTP from the stand-in TowerStore (a process of
its own) into a database made for this run: all new, then unchanged, then with every tenth row changed.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.embedded import postgres

POLES, CONTRACTORS, STATIONS = 50_000, 30_000, 80_000
MOST_FIRST, MOST_UNCHANGED, MOST_MEGABYTES = 60.0, 20.0, 600


def serve(pipe: Connection) -> None:
    """TowerStore; any message changes a tenth of the rows, EOF stops it."""
    from demo.registry import build
    from demo.towerstore import TowerStore

    store = TowerStore(build(poles=POLES, station_rows=STATIONS, contractor_share=1.0))
    store.rows["contractors"] = store.rows["contractors"][:CONTRACTORS]
    with store:
        pipe.send({feed: store.feed_url(feed) for feed in store.rows})
        pipe.recv()
        for row in store.rows["poles"][::10]:
            row["Адрес"] = "Новый адрес"
        for row in store.rows["contractors"][::10]:
            row["Контактные данные подрядчика Email"] = "novyi@podryadchik.example"
        for row in store.rows["stations"][::10]:
            row["Оператор"] = "ООО «Новый оператор»"
        pipe.send(True)
        pipe.recv()


def main() -> int:
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder, postgres.shared(Path(folder)):
            os.environ["VAR_DIR"] = folder
            return measure(pipe)
    finally:
        server.terminate()
        server.join()


def measure(pipe: Connection) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    settings.TOWERSTORE = pipe.recv()
    first = run("all new")
    unchanged = run("unchanged")
    pipe.send("change a tenth")
    pipe.recv()
    run("a tenth changed")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {megabytes:.0f} MB")
    good = first < MOST_FIRST and unchanged < MOST_UNCHANGED and megabytes < MOST_MEGABYTES
    print("within limits" if good else "OUT OF LIMITS", f"({MOST_FIRST} s, {MOST_UNCHANGED} s, {MOST_MEGABYTES} MB)")
    return 0 if good else 1


def run(title: str) -> float:
    """One synchronisation, in seconds."""
    from django.db import connection
    from django.utils import timezone

    from towers.sync import sync

    begun = time.monotonic()
    done = sync(timezone.now())
    seconds = time.monotonic() - begun
    print(f"{title}: {seconds:.1f} s, {done.state}; PostgreSQL process {_backend_megabytes(connection):.0f} MB at most")
    for name, entry in done.feeds.items():
        figures = {key: entry[key] for key in ("rows", "taken", "created", "changed", "gone", "skipped")}
        print(f"  {name}: {figures} {entry['refused'] or ''}")
    return seconds


def _backend_megabytes(connection: object) -> float:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # in another user namespace
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sys.exit(main())
