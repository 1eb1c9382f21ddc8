"""What the dashboard and the clocks cost with 10 thousand, 100 thousand and a million incidents, side by side.

    python bench/sla.py
    python bench/sla.py --keep FOLDER --sizes 1000000 --only year

Each size has a database of its own, filled by `make_bulk` over three years; with --keep it stays in FOLDER/SIZE and is
not filled again (those of bench/pages.py will do). Every answer is asked for anew: nothing is kept in memory between.
"Page" is all that can be asked for at once, the period before included, and "page by HTTP" the page itself. Then every
open incident gets another deadline by a changed rule, and the figures follow a thousand incidents; both are rolled
back. CPU is that of Python and of the database's process together, and hardly depends on what else the machine does.
Ends with 1 if a page takes longer than half a second.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

    from sla.figures.chosen import Chosen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import sizes  # noqa: E402 - our own modules are found from here on

GOAL_MS = 500
SLICE = 500
FOLLOWED = 1000


@dataclass(frozen=True, slots=True)
class Figures:
    """One answer with so many incidents behind it; milliseconds, or a number for what is counted a second."""

    name: str
    size: int
    p50: float
    p95: float
    cpu: float = 0
    unit: str = "ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10000,100000,1000000", help="incidents, one database for each number")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder for the databases, which stay there")
    parser.add_argument("--only", default="", help="answers with this in their name")
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
    return (Figures(**each) for each in sizes.measured(__file__, size, folder, words))


def report(found: list[Figures], numbers: list[int]) -> bool:
    """Print all answers, each on a line; False if a page is too slow."""
    by_name: dict[str, dict[int, Figures]] = {}
    for each in found:
        by_name.setdefault(each.name, {})[each.size] = each
    print(f"{'':<36}" + "".join(f"{size:>17,} incidents" for size in numbers))
    print(f"{'':<36}" + "".join(f"{'p50':>10}{'p95':>9}{'CPU':>8}" for _ in numbers) + "   ratio")
    is_good = True
    for name, of_size in by_name.items():
        first, last = of_size[numbers[0]], of_size[numbers[-1]]
        slow = [each for each in of_size.values() if name.startswith("page") and each.p95 > GOAL_MS]
        is_good &= not slow
        told = "".join(f"{each.p50:10,.1f}{each.p95:9,.1f}{each.cpu:8,.1f}" for each in of_size.values())
        print(f"{name:<36}{told}{last.p50 / first.p50:8.2f} {last.unit}{'  SLOW' * bool(slow)}")
    return is_good


def measure_one(options: argparse.Namespace) -> None:
    """In a process of its own: fill the database if it is empty, ask everything, print figures as JSON."""
    var = sizes.set_up(options.keep)
    from config.embedded import postgres

    with postgres.shared(var, fast=True), sizes.closed_at_the_end():
        fill(options.one)
    with postgres.shared(var), sizes.closed_at_the_end():
        for name, ask in questions():
            if options.only in name:
                tell(Figures(name, options.one, *timed(ask, options.repeat)))
        for measured in (recomputed, followed):
            if options.only in measured.__name__:
                for name, value, unit in measured():
                    tell(Figures(name, options.one, value, value, unit=unit))


def tell(figures: Figures) -> None:
    print(json.dumps(asdict(figures)), flush=True)


def fill(incidents: int) -> None:
    """A full database with clocks and figures; those that were filled before there were any get them now."""
    from django.utils import timezone

    from sla import bulk_clocks
    from sla.figures import following, rebuilding
    from sla.models import IncidentClock

    sizes.fill(incidents)
    if not IncidentClock.objects.exists():
        bulk_clocks.fill(timezone.now())
    if following.state() is None:
        rebuilding.rebuild(timezone.now())


def timed(ask: Callable[[], object], repeat: int) -> tuple[float, float, float]:
    """(p50, p95, CPU) of asking with nothing kept; the first time, which warms the database, is not counted."""
    from bench.pages import spent
    from sla.figures import counting, live

    times, cpu = [], 0.0
    for number in range(repeat + 1):
        counting.forget()
        live.forget()
        cpu = spent() if number == 1 else cpu
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    times = sorted(times[1:])
    return statistics.median(times), times[max(0, round(0.95 * len(times)) - 1)], (spent() - cpu) * 1000 / repeat


def questions() -> Iterator[tuple[str, Callable[[], object]]]:
    """Whole pages for each period and narrowing, then each question of a year alone."""
    from django.utils import timezone

    from sla.figures.chosen import Chosen

    now = timezone.now()
    today = timezone.localdate(now)
    lengths = {"week": 7, "quarter": 91, "year": 365}
    common = commonest(today)
    narrowings: dict[str, dict[str, tuple[str, ...]]] = {"all": {}}
    narrowings |= {name: {name: (key,)} for name, key in common.items()}
    pairs = [("type", "operator"), ("type", "region"), ("region", "contractor"), ("operator", "dispatcher")]
    narrowings |= {f"{a} and {b}": {a: (common[a],), b: (common[b],)} for a, b in pairs}
    for length, days in lengths.items():
        for narrowing, filters in narrowings.items():
            chosen = Chosen(today - timedelta(days=days - 1), today, filters)
            yield f"page, {length}, {narrowing}", partial(page, chosen, now)
    yield from whole_pages(common)
    year = Chosen(today - timedelta(days=364), today)
    yield from ((f"year: {name}", partial(ask, year)) for name, ask in each_question(now).items())


def whole_pages(common: dict[str, str]) -> Iterator[tuple[str, Callable[[], object]]]:
    """The page itself through the whole of Django, as a browser of a dispatcher gets it."""
    from django.urls import reverse

    from bench.addresses import client

    browser = client()
    narrowings = {"all": {}, **{name: {name: common[name]} for name in ("type", "region", "operator", "contractor")}}
    narrowings["type and operator"] = {name: common[name] for name in ("type", "operator")}
    for period in ("week", "year"):
        for name, chosen in narrowings.items():
            address = reverse("sla:dashboard", query={"p": period, **chosen})
            yield f"page by HTTP, {period}, {name}", partial(got, browser, address)


def got(browser: Client, address: str) -> None:
    answer = browser.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answers {answer.status_code}")


def commonest(today: date) -> dict[str, str]:
    """Of each dimension the key with most incidents: it costs most to narrow to."""
    from sla.figures import asking
    from sla.figures.chosen import DIMENSIONS, NONE, Chosen

    year = Chosen(today - timedelta(days=364), today)
    rows = {name: asking.by(name, year, datetime.now().astimezone()) for name in DIMENSIONS}
    return {
        name: max((row for row in each if row.key != NONE), key=lambda row: row.arrived).key
        for name, each in rows.items()
    }


def each_question(now: datetime) -> dict[str, Callable[[Chosen], object]]:
    from sla.figures import asking
    from sla.figures.chosen import DIMENSIONS

    return {
        "compliance": lambda chosen: asking.compliance(chosen, now),
        **{f"by {name}": partial(asking.by, name, now=now) for name in DIMENSIONS},
        "days": asking.days,
        "arrivals by hour": asking.arrivals,
        "first answers": lambda chosen: asking.spread(asking.FIRST_ANSWER, chosen),
        "repairs": lambda chosen: asking.spread(asking.REPAIR, chosen),
        "backlog": lambda chosen: asking.backlog(chosen, now),
        "letters": asking.letters,
        "repeat sites": asking.repeat_sites,
        "at risk": lambda chosen: asking.at_risk(chosen, now),
    }


def page(chosen: Chosen, now: datetime) -> None:
    """Everything at once."""
    from sla.figures import asking

    asking.compliance(chosen.before(), now)
    for ask in each_question(now).values():
        ask(chosen)


def recomputed() -> Iterator[tuple[str, float, str]]:
    """Every open incident after every type got an hour more, without and with writing it; one process."""
    from django.db import transaction
    from django.utils import timezone

    from incidents.models import Incident
    from sla import recomputing
    from sla.models import PolicyVersion

    with transaction.atomic():
        newest = PolicyVersion.objects.order_by("number").last()
        assert newest
        document = newest.document | {"types": {key: minutes + 60 for key, minutes in newest.document["types"].items()}}
        PolicyVersion.objects.create(number=newest.number + 1, document=document)
        keys = list(Incident.objects.open().order_by("pk").values_list("pk", flat=True))
        for name, write in (("computed", False), ("recomputed", True)):
            began, changed = time.perf_counter(), 0
            for start in range(0, len(keys), SLICE):
                loaded = recomputing.load(keys[start : start + SLICE])
                changed += len(recomputing.recompute(loaded, timezone.now(), write=write))
            took = time.perf_counter() - began
            print(f"{name}: {changed:,} of {len(keys):,} open ones have another deadline, {took:.1f} s", flush=True)
            yield f"{name}, open incidents a second", len(keys) / took, "1/s"
        transaction.set_rollback(True)


def followed() -> Iterator[tuple[str, float, str]]:
    """A step of the figures when nothing happened, and after so many incidents were assigned to somebody else."""
    from django.db import transaction
    from django.utils import timezone

    from incidents.models import Incident, IncidentEvent
    from sla.figures import following

    now = timezone.now()
    following.follow(now)
    following.follow(now)
    yield "followed, nothing new", clocked(lambda: following.follow(now)), "ms"
    with transaction.atomic():
        some = list(Incident.objects.open().order_by("-pk")[:FOLLOWED])
        Incident.objects.filter(pk__in=[each.pk for each in some]).update(assignee=None)
        IncidentEvent.objects.bulk_create(IncidentEvent(incident=each, kind="assigned", at=now) for each in some)
        yield f"followed, {FOLLOWED:,} incidents", clocked(lambda: following.follow(now)), "ms"
        transaction.set_rollback(True)


def clocked(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
