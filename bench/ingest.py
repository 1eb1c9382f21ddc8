"""Letters a second through the whole pipeline: store, parse, thread, match, open, assign.

    python bench/ingest.py --letters 2000 --mix text --workers 1,2 --behind 1000000

Each run stores the letters by the code that the watcher uses, then has them taken by one worker process or by two at
once, on an empty database and behind so many letters; then everything is compared with what is true of the letters.
CPU is that of Python (storing, and workers with their children), of the database server and of the broker. Exits 1
when anything is wrong, or when the figure behind many letters is under nine tenths of that on the empty database.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import ground_truth, processes  # noqa: E402
from bench.mix import Known, Mix  # noqa: E402
from bench.shapes import Letter, Site  # noqa: E402

DESK = "desk@towers.example"
WITH_FILES = {"text": 0.0, "mixed": 0.2}
# Incidents that stand before, whose codes some letters name.
KNOWN = 60
LEAST_RATIO = 0.9
# A server that runs for days has read its tables and planned its queries.
WARM_UP = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Seconds are of the clock unless they say CPU."""

    mix: str
    behind: int
    workers: int
    letters: int
    megabytes: float
    store_seconds: float
    take_seconds: float
    python_cpu: float
    database_cpu: float
    broker_cpu: float
    wrong: dict[str, int]

    @property
    def per_second(self) -> float:
        return self.letters / (self.store_seconds + self.take_seconds)

    @property
    def cpu(self) -> float:
        return self.python_cpu + self.database_cpu + self.broker_cpu

    def line(self) -> str:
        thousands = self.letters / 1000
        return (
            f"{self.mix:<6} {self.behind:>9,} {self.workers:>7} {self.letters:>7} {self.megabytes:>6.0f}"
            f" {self.letters / self.store_seconds:>8.0f} {self.letters / self.take_seconds:>8.0f}"
            f" {self.per_second:>8.0f} {self.letters / self.python_cpu:>9.0f} {self.letters / self.cpu:>9.0f}"
            f" {self.python_cpu / thousands:>8.2f} {self.database_cpu / thousands:>8.2f}"
            f" {self.broker_cpu / thousands:>7.2f}  {sum(self.wrong.values())}"
        )


HEADER = (
    "                                           letters a second           letters a CPU s     CPU s a thousand\n"
    "mix       behind workers letters     MB    store     take      all    Python       all   Python database"
    "  broker  wrong"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--mix", choices=[*WITH_FILES, "both"], default="both")
    parser.add_argument("--workers", default="1,2", help="worker processes at once, one run for each number")
    parser.add_argument("--behind", default="0", help="letters that stand already, one run for each number")
    parser.add_argument("--settle", type=int, default=10_000, help="letters taken unmeasured before those behind many")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--poles", type=int, default=5000)
    parser.add_argument(
        "--least-ratio", type=float, default=LEAST_RATIO, help="behind many letters, of the empty one's"
    )
    parser.add_argument("--json", action="store_true", help="print figures as JSON, one run a line")
    parser.add_argument("--profile", action="store_true", help="print where one worker spends its time")
    parser.add_argument("--take", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if options.take:
        take(profiled=options.profile)
        return
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        var = Path(folder).resolve()
        os.environ |= {"VAR_DIR": str(var), "DESK_ADDRESSES": DESK, "LOG_LEVEL": "WARNING"}
        from config.embedded import postgres, valkey

        with postgres.shared(var), valkey.shared(var):
            import django

            django.setup()
            try:
                is_good = Bench(var, options).run()
            finally:
                from django.db import connections

                connections.close_all()
                connections["default"].close_pool()  # type: ignore[attr-defined]
    sys.exit(not is_good)


class Bench:
    """All runs on one database server."""

    def __init__(self, var: Path, options: argparse.Namespace) -> None:
        self.var, self.options = var, options
        self.runs = 0
        self.sites: list[Site] = []
        self.sites_of_a_run = max(options.letters, WARM_UP) + KNOWN
        self.settling = -(-options.settle // options.letters)

    def run(self) -> bool:
        from django.core.management import call_command
        from django.utils import timezone

        from bench import million, world
        from bench.shelf import Shelf

        call_command("migrate", verbosity=0)
        mixes = list(WITH_FILES) if self.options.mix == "both" else [self.options.mix]
        workers = [int(each) for each in self.options.workers.split(",")]
        rows = [int(each) for each in self.options.behind.split(",")]
        total = len(mixes) * len(workers) * len(rows) * self.options.repeat
        total += self.settling * sum(map(bool, rows))
        self.shelf = Shelf(DESK, timezone.now())
        # Each run has sites of its own; the open ones among old incidents have theirs.
        self.sites = world.build(max(self.options.poles, (total + 1) * self.sites_of_a_run + million.OPEN))
        found: list[Figures] = []
        self.measure(mixes[0], 0, 1, WARM_UP)
        if not self.options.json:
            print(HEADER)
        for behind in sorted(rows):
            if behind:
                million.fill(behind, quiet=self.options.json)
                # After a checkpoint PostgreSQL logs each page whole when it is first touched, and random keys touch
                # another page with each letter. Under a load that lasts that is paid once in minutes.
                for _ in range(self.settling):
                    self.measure(mixes[0], 0, 1, self.options.letters)
                million.close_all_but(million.OPEN)
            for mix in mixes:
                for count in workers:
                    found += [self.one(mix, behind, count) for _ in range(self.options.repeat)]
        return all(not sum(each.wrong.values()) for each in found) & judge_ratios(found, self.options.least_ratio)

    def one(self, mix: str, behind: int, workers: int) -> Figures:
        figures, verdict = self.measure(mix, behind, workers, self.options.letters, profiled=self.options.profile)
        print(json.dumps(asdict(figures)) if self.options.json else figures.line(), flush=True)
        if not verdict.is_good:
            verdict.print()
        return figures

    def measure(
        self, mix: str, behind: int, workers: int, count: int, *, profiled: bool = False
    ) -> tuple[Figures, ground_truth.Verdict]:
        from django.utils import timezone

        letters, conversations = self.prepare(mix, count)
        hands = [Worker(profiled) for _ in range(workers)]
        for hand in hands:
            hand.wait_until_ready()
        before = self.servers()
        stored = Spent(lambda: self.shelf.put(letters, timezone.now()))
        taking = Spent(lambda: [hand.wait() for hand in [each.go() for each in hands]])
        database, broker = (after - early for after, early in zip(self.servers(), before, strict=True))
        for hand in hands:
            hand.close()
        verdict = ground_truth.judge(letters, conversations)
        figures = Figures(
            mix=mix,
            behind=behind,
            workers=workers,
            letters=len(letters),
            megabytes=sum(len(each.raw) for each in letters) / 2**20,
            store_seconds=stored.seconds,
            take_seconds=taking.seconds,
            python_cpu=stored.cpu + sum(hand.cpu for hand in hands),
            database_cpu=database,
            broker_cpu=broker,
            wrong={name: number for name, number in verdict.counts().items() if number},
        )
        return figures, verdict

    def prepare(self, mix: str, count: int) -> tuple[list[Letter], list[Any]]:
        """Letters of a new seed on sites of their own; the incidents that some of them name stand already."""
        from django.utils import timezone

        from incidents import intake
        from incidents.models import Incident

        each = self.sites_of_a_run
        start = timezone.now().replace(microsecond=0) - timedelta(days=1)
        sites = self.sites[self.runs * each : (self.runs + 1) * each]
        self.runs += 1
        writer = Mix(seed=self.runs, desk=DESK, start=start, sites=sites)
        first = writer.openings(KNOWN)
        self.shelf.put(first, timezone.now())
        intake.take_all(timezone.now)
        codes = dict(
            Incident.objects.filter(letters__email__sha256__in=[letter.sha256 for letter in first]).values_list(
                "letters__email__sha256", "code"
            )
        )
        known = [Known(talk, codes[letter.sha256]) for talk, letter in zip(writer.conversations, first, strict=True)]
        return writer.letters(count, with_files=WITH_FILES[mix], known=known), writer.conversations

    def servers(self) -> tuple[float, float]:
        """CPU seconds of the database server and of the broker since they were started."""
        from config.embedded import keeper

        pids = [int(keeper.state_of(self.var, name)["server"].split(":")[0]) for name in ("postgres", "valkey")]
        return processes.cpu_of_tree(pids[0]), processes.cpu_of_tree(pids[1])


class Spent:
    """How long something took, and the CPU of this process meanwhile."""

    def __init__(self, deed: Any) -> None:
        began, cpu = time.perf_counter(), time.process_time()
        deed()
        self.seconds, self.cpu = time.perf_counter() - began, time.process_time() - cpu


class Worker:
    """A worker process: it waits for the word, then takes all letters that wait."""

    def __init__(self, profiled: bool) -> None:
        words = [sys.executable, __file__, "--take"] + ["--profile"] * profiled
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.cpu = 0.0

    def _hear(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a worker process ended")
        return line.strip()

    def wait_until_ready(self) -> None:
        self._hear()

    def go(self) -> Worker:
        assert self.process.stdin
        self.cpu = processes.cpu_of_tree(self.process.pid)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self

    def wait(self) -> None:
        self._hear()
        self.cpu = processes.cpu_of_tree(self.process.pid) - self.cpu

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


def take(*, profiled: bool) -> None:
    """A worker process: get ready, take all letters, say so."""
    import cProfile
    import pstats

    import django

    django.setup()
    from django.db import connection
    from django.utils import timezone

    from incidents import intake
    from towers import lookup
    from towers.matching import Part

    lookup.find([Part("subject", "")])  # a worker that runs for days has its index
    print("ready", flush=True)
    sys.stdin.readline()
    profile = cProfile.Profile()
    if profiled:
        profile.enable()
    intake.take_all(timezone.now)
    profile.disable()
    print("done", flush=True)
    sys.stdin.read()
    if profiled:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(70)
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(40)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def judge_ratios(found: Sequence[Figures], least: float) -> bool:
    """Print how the figures behind many letters compare with those on the empty database."""
    good = True
    for mix, workers, empty, behind in _pairs(found):
        rate = {
            rows: median(each.per_second for each in found if _is(each, mix, workers, rows)) for rows in (empty, behind)
        }
        ratio = rate[behind] / rate[empty]
        good &= ratio >= least
        print(
            f"{mix}, {workers} workers: behind {behind:,} letters {ratio:.2f} of the figure behind {empty:,}",
            file=sys.stderr,
        )
    return good


def _pairs(found: Sequence[Figures]) -> Iterator[tuple[str, int, int, int]]:
    for mix, workers in sorted({(each.mix, each.workers) for each in found}):
        rows = sorted({each.behind for each in found if (each.mix, each.workers) == (mix, workers)})
        for behind in rows[1:]:
            yield mix, workers, rows[0], behind


def _is(each: Figures, mix: str, workers: int, behind: int) -> bool:
    return (each.mix, each.workers, each.behind) == (mix, workers, behind)


if __name__ == "__main__":
    main()
