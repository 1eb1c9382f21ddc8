"""How long GET /api/v1/incidents/ takes: percentiles, queries, first byte and memory over a long history.

    python bench/api.py [--history 100000] [--rounds 50]

It makes a database of its own in a temporary folder, and throws it away.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ADDRESS = "/api/v1/incidents/"


def seed(count: int) -> None:
    """Incidents with everything filled in, one in five minutes back from now."""
    from django.utils import timezone

    from incidents.models import Incident, IncidentType, Status
    from towers.models import BaseStation, Contractor, Operator, Pole

    operators = [Operator.objects.create(name=f"Оператор {n}", group=f"group{n % 4}") for n in range(8)]
    contractors = [Contractor.objects.create(name=f"Подрядчик {n}") for n in range(40)]
    poles = Pole.objects.bulk_create(
        Pole(
            code=f"{10000 + n}-P-43-1-1", code_key=f"{10000 + n}-P-43-1-1", region_ru="Кировская область",
            address=f"д. Стулово, участок {n}", latitude=58.1 + n / 10000, longitude=49.2 + n / 10000,
            contractor=contractors[n % 40], contractor_emails=[f"avr{n % 40}@contractor.example", "desk@avr.example"],
        )
        for n in range(3000)
    )  # fmt: skip
    stations = BaseStation.objects.bulk_create(
        BaseStation(name=f"KI{n:06}", name_key=f"KI{n:06}", pole=poles[n % 3000]) for n in range(6000)
    )
    Through = BaseStation.operators.through
    Through.objects.bulk_create(
        Through(basestation=station, operator=operators[(n + k) % 8])
        for n, station in enumerate(stations)
        for k in range(n % 3 + 1)
    )
    statuses, kinds, now = list(Status.objects.all()), list(IncidentType.objects.all()), timezone.now()

    def one(n: int) -> Incident:
        opened, station = now - timedelta(minutes=5 * n), stations[n % 6000]
        return Incident(
            code=f"NT-{n}", subject="Отсутствует ВЭС", registration="mail", status=statuses[n % len(statuses)],
            type=kinds[n % len(kinds)], pole=station.pole, base_station=station, contractor=station.pole.contractor,
            opened_at=opened, active_at=opened, handed_over_at=opened + timedelta(hours=1),
            closed_at=opened + timedelta(hours=3), due_at=opened + timedelta(hours=4),
            contractor_due_at=opened + timedelta(hours=5),
        )  # fmt: skip

    for start in range(0, count, 5000):
        Incident.objects.bulk_create(one(n) for n in range(start, min(start + 5000, count)))


def measure(name: str, rounds: int, ask: Callable[[], int]) -> None:
    ask()
    times, size = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        size = ask()
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=100)
    print(f"{name:<34} {size / 1024:8.0f} KB   p50 {cuts[49]:7.1f}  p95 {cuts[94]:7.1f}  p99 {cuts[98]:7.1f} ms")


def report(history: int, rounds: int) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")

    def get(query: str) -> int:
        response = client.get(ADDRESS + query)
        assert response.status_code == 200, response.content
        return sum(map(len, response)) if response.streaming else len(response.content)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for query in ("?limit=100", "?limit=1000", "?last_month=true"):
        measure(query, rounds, lambda query=query: get(query))
    with CaptureQueriesContext(connection) as captured:
        get("?limit=1000")
    print(f"queries for 1,000 rows: {len(captured)}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    response = client.get(ADDRESS)
    pieces = iter(response)
    next(pieces)
    first = time.perf_counter() - began
    size = sum(map(len, pieces))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"plain array of {history:,}: first byte {first * 1000:.0f} ms, all {size / 2**20:.0f} MB in "
        f"{time.perf_counter() - began:.1f} s, memory {before:.0f} -> {after:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings", "API_CALLS_PER_MINUTE": "0"}
        from config.embedded import postgres

        with postgres.shared(Path(folder).resolve()):
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            seed(options.history)
            report(options.history, options.rounds)
            from django.db import connection

            connection.close_pool()


if __name__ == "__main__":
    main()
