"""What pages cost with 10 thousand, 100 thousand and a million incidents behind them, side by side.

    python bench/pages.py
    python bench/pages.py --keep FOLDER --sizes 1000000 --only closed --plans

Each size has a database of its own, filled by `make_bulk` with five letters for each incident; with --keep it stays in
FOLDER/SIZE and is not filled again. Each page is asked so many times through the whole of Django, after a warm-up.
CPU is that of Python and of the database's process together, and hardly depends on what else the machine does. Says
which plans read a large table from end to end, and ends with 1 if a page is too slow, or grows with the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import sizes  # noqa: E402 - our own modules are found from here on

GOAL_MS, GOAL_RATIO = 100, 1.3
# So large a part of a page's bytes makes it the same page.
SAME_PAGE = 0.9
WARM_UP = 3
# These send every open incident, which are more where there are more incidents: they only have to be fast enough.
OF_ALL_OPEN = ("map", "map, points")
# A table of so many rows is large.
LARGE = 20_000


@dataclass(frozen=True, slots=True)
class Figures:
    """One page with so many incidents behind it; milliseconds."""

    page: str
    size: int
    status: int
    kilobytes: float
    queries: int
    p50: float
    p95: float
    cpu: float
    scans: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10000,100000,1000000", help="incidents, one database for each number")
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="a folder for the databases, which stay there")
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--plans", action="store_true", help="print the plan of each page's slowest query")
    parser.add_argument("--profile", action="store_true", help="print where Python spends the time of each page")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure_one(options)
        return
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as own:
        numbers = sorted(int(each) for each in options.sizes.split(","))
        found = [figures for size in numbers for figures in run(size, options.keep or Path(own), options)]
    sys.exit(not report(found, numbers))


def run(size: int, folder: Path, options: argparse.Namespace) -> Iterator[Figures]:
    """Measure one size in a process of its own, which has its own database."""
    words = ["--repeat", str(options.repeat), "--only", options.only]
    words += ["--plans"] * options.plans + ["--profile"] * options.profile
    return (Figures(**each) for each in sizes.measured(__file__, size, folder, words))


def report(found: list[Figures], numbers: list[int]) -> bool:
    """Print all pages, each on a line; False if one is too slow, or grows.

    Growth is told between pages that show as much: ten thousand incidents leave many a list with a few rows.
    """
    by_page: dict[str, dict[int, Figures]] = {}
    for each in found:
        by_page.setdefault(each.page, {})[each.size] = each
    print(f"{'milliseconds':<32}" + "".join(f"{size:>15,} incidents   " for size in numbers))
    print(f"{'page':<25}queries" + "".join(f"{'p50':>9}{'p95':>7}{'CPU':>7}{'kB':>5}  " for _ in numbers) + "  ratio")
    is_good = True
    for page, of_size in by_page.items():
        last = of_size[numbers[-1]]
        base = next(each for each in of_size.values() if each.kilobytes >= SAME_PAGE * last.kilobytes)
        ratio = last.p50 / base.p50
        queries = sorted({each.queries for each in of_size.values()})
        # A page of a few milliseconds may take one more: nobody waits for it.
        grows = ratio > GOAL_RATIO and last.p50 - base.p50 > 5 and page not in OF_ALL_OPEN
        remarks = [f"answers {last.status}"] * (last.status != 200) + ["SLOW"] * (last.p95 > GOAL_MS)
        remarks += ["GROWS"] * grows + [f"reads all of {name}" for name in last.scans]
        remarks += [f"smaller page below {base.size:,}"] * (base.size != numbers[0])
        is_good &= last.p95 <= GOAL_MS and not grows and last.status == 200
        print(
            f"{page:<28}{'-'.join(map(str, queries)):>4}"
            + "".join(
                f"{each.p50:9.1f}{each.p95:7.1f}{each.cpu:7.1f}{each.kilobytes:5.0f}  " for each in of_size.values()
            )
            + (f"{ratio:7.2f}" if base is not last else "      –")
            + f"  {', '.join(remarks)}"
        )
    return is_good


def measure_one(options: argparse.Namespace) -> None:
    """In a process of its own: fill the database if it is empty, ask every page, print figures as JSON."""
    var = sizes.set_up(options.keep)
    from config.embedded import postgres

    with postgres.shared(var, fast=True), sizes.closed_at_the_end():
        fill(options.one)
    with postgres.shared(var), sizes.closed_at_the_end():
        from bench.addresses import addresses

        for name, address, headers in addresses():
            if options.only in name:
                print(json.dumps(asdict(ask(name, options.one, address, headers, options))), flush=True)


def fill(incidents: int) -> None:
    from django.utils import timezone

    from incidents import ledger_clock

    sizes.fill(incidents)
    # As the clock does every five minutes.
    ledger_clock.compare(timezone.now())


def ask(name: str, size: int, address: str, headers: dict[str, str], options: argparse.Namespace) -> Figures:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from bench.addresses import client

    browser = client()
    for _ in range(WARM_UP):
        browser.get(address, headers=headers).getvalue()
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(address, headers=headers)
        body = answer.getvalue()
        # Taken now: the next request empties the log.
        asked = list(queries.captured_queries)
    if options.plans:
        print(f"\n{name}  {address}\n{plan_of(max(asked, key=lambda query: float(query['time']))['sql'])}", flush=True)
    times, cpu = [], spent()
    for _ in range(options.repeat):
        began = time.perf_counter()
        browser.get(address, headers=headers).getvalue()
        times.append((time.perf_counter() - began) * 1000)
    cpu = (spent() - cpu) * 1000 / options.repeat
    if options.profile:
        profile(browser, name, address, headers, options.repeat)
    times.sort()
    return Figures(
        page=name,
        size=size,
        status=answer.status_code,
        kilobytes=len(body) / 1024,
        queries=len(asked),
        p50=statistics.median(times),
        p95=times[max(0, round(0.95 * len(times)) - 1)],
        cpu=cpu,
        scans=sorted({table for query in asked for table in scanned(query["sql"])}),
    )


def spent() -> float:
    """CPU seconds of this process and of the database's process that serves it."""
    from django.db import connection

    connection.ensure_connection()
    fields = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def profile(browser: Any, name: str, address: str, headers: dict[str, str], repeat: int) -> None:
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(repeat):
        browser.get(address, headers=headers).getvalue()
    profiler.disable()
    print(name, flush=True)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def scanned(sql: str) -> list[str]:
    """Large tables that the plan of this query reads from end to end."""
    plan = explained("EXPLAIN " + sql)
    return [table for table in re.findall(r"Seq Scan on (\w+)", plan) if is_large(table)]


def is_large(table: str) -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT max(reltuples) FROM pg_class WHERE relname = %s", [table])
        return (cursor.fetchone()[0] or 0) > LARGE


def plan_of(sql: str) -> str:
    return "\n".join(f"    {line[:200]}" for line in [sql, *explained("EXPLAIN (ANALYZE, BUFFERS) " + sql).split("\n")])


def explained(sql: str) -> str:
    """The plan; empty for what has none, as the statements of transactions."""
    from django.db import Error, connection, transaction

    from incidents.search.sources import told_the_truth

    # The search tells the planner what its questions cost.
    as_asked = told_the_truth() if "to_tsvector" in sql else nullcontext()
    try:
        with as_asked, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            return "\n".join(row[0] for row in cursor.fetchall())
    except Error:
        return ""


if __name__ == "__main__":
    main()
