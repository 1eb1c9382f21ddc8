"""Random work on both sides of the mirror, a tracker that fails, workers that die; then both sides compared.

    python bench/bridge.py --incidents 10000

Against the look-alike of Yandex Tracker: one call in ten is answered with 429, or with 500 after its effect, or 503, or
the page of a proxy, is stale, hangs beyond the timeout, is dropped before or after its effect, or is answered after
those that came later; searches are late, each change by another time, and tokens end early. Meanwhile people change
types, sites, persons, statuses and write on both sides, letters come in with files, incidents are merged, closed and
opened again, issues are created by hand, and workers are killed. In the end every incident has one issue, both say the
same, and every letter, note and comment stands once on the other side, with its files. Prints what an incident cost.
Exits 1 on any deviation.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from demo.tracker import Tracker

WORKERS = 8
BY_THEMSELVES = "workers that ended by themselves"
HEALING_LIMIT = 900.0
QUIET_SECONDS = 5
FAULT_SHARE = 0.1
LAG_MS = 1000
# The worker waits 0.7 s for an answer (bench/bridge_worker.py).
HANG_SECONDS = 1.0
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 429},
    {"status": 500, "after": True},
    {"status": 503},
    {"kind": "html", "status": 502, "after": True},
    {"kind": "html", "status": 200},
    {"status": 409, "method": "PATCH"},
    {"kind": "drop"},
    {"kind": "drop", "after": True},
    {"kind": "hang"},
    {"kind": "hang", "after": True},
    {"kind": "slow"},
    {"kind": "slow"},
)
# All workers stand still for as long, so that it comes half as often as each of the others.
TOO_MANY = {"status": 429, "retry_after": "1"}
FIELDS = {
    "YT_DATABASE_ID_GLOBAL_FIELD_ID": "incidentDbId",
    "YT_EMAILS_IDS_GLOBAL_FIELD_ID": "emailIds",
    "YT_POLE_NUMBER_GLOBAL_FIELD_ID": "poleNumber",
    "YT_BASE_STATION_GLOBAL_FIELD_ID": "baseStation",
    "YT_EMAIL_DATETIME_GLOBAL_FIELD_ID": "emailDatetime",
    "YT_IS_NEW_MSG_GLOBAL_FIELD_ID": "isNewMessage",
    "YT_SLA_DEADLINE_GLOBAL_FIELD_ID": "slaDeadline",
    "YT_IS_SLA_EXPIRED_GLOBAL_FIELD_ID": "isSlaExpired",
    "YT_OPERATOR_NAME_GLOBAL_FIELD_NAME": "operatorName",
    "YT_AVR_NAME_GLOBAL_FIELD_ID": "avrName",
    "YT_TYPE_OF_INCIDENT_LOCAL_FIELD_ID": "typeOfProblem",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"$ bench/bridge.py {' '.join(sys.argv[1:])}    {_commit()} {time.strftime('%Y-%m-%d %H:%M %Z')}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        var = Path(folder).resolve()
        os.environ |= {"VAR_DIR": str(var), "LOG_LEVEL": "CRITICAL", "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ |= {"TRACKER_BACKEND": "yandex", "YT_QUEUE": "DISPATCH", "YT_ORGANIZATION_ID": "1", **FIELDS}
        os.environ |= {
            "TRACKER_CALLS_PER_SECOND": "0",
            "YT_ACCESS_TOKEN": "demo-token",
            "YT_REFRESH_TOKEN": "demo-refresh",
        }
        os.environ |= {"YT_CLIENT_ID": "demo-client", "YT_CLIENT_SECRET": "demo-secret"}
        from demo.tracker import Tracker

        with Tracker(wait=HANG_SECONDS) as tracker:
            os.environ |= {"YT_API_URL": tracker.url, "YT_OAUTH_URL": f"{tracker.url}/oauth"}
            from config.embedded import postgres

            with postgres.shared(var, fast=True):
                import django

                django.setup()
                is_good = Run(tracker, options).run()
    sys.exit(not is_good)


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip()


class Run:
    """One run: both sides work, workers die, everything is compared."""

    def __init__(self, tracker: Tracker, options: argparse.Namespace) -> None:
        self.tracker, self.options, self.rng = tracker, options, Random(options.seed)
        self.workers: list[Any] = []
        self.happened: Counter[str] = Counter()

    def run(self) -> bool:
        from django.core.management import call_command
        from django.db import connections

        from bench import bridge_worker
        from bench.bridge_deeds import Deeds

        call_command("migrate", verbosity=0)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bench.bridge_worker"])
        self.work = bridge_worker.work
        self.tracker.store.rules.search_lag_ms = LAG_MS
        self.tracker.store.rules.search_lag_varies = True
        deeds = Deeds(self.tracker, self.rng, self.happened)
        began = time.monotonic()
        try:
            self.live(deeds)
            worked = time.monotonic() - began
            print(f"{self.options.incidents} incidents worked on both sides within {worked:.0f} s", flush=True)
            self.heal()
            return self.judge(time.monotonic() - began)
        finally:
            self.stop()
            connections.close_all()
            connections["default"].close_pool()  # type: ignore[attr-defined]

    def live(self, deeds: Any) -> None:
        """Incidents are opened in lots; after each, some of both sides' are changed, and a worker may die."""
        from demo.tracker.faults import Fault

        lots = max(self.options.kills, 1)
        size = -(-self.options.incidents // lots)
        kinds = [Fault(**each) for each in (*FAULTS, *FAULTS, TOO_MANY)]
        self.tracker.faults.storm(FAULT_SHARE, kinds, self.options.seed)
        self.workers = [self.started(number == 0) for number in range(WORKERS)]
        for lot in range(lots):
            deeds.lot(min(size, self.options.incidents - lot * size))
            if self.rng.random() < 0.1:
                with self.tracker.lock:
                    self.tracker.tokens.expire()
                self.happened["tokens ended"] += 1
            if lot < self.options.kills:
                self.kill()
            self.wait_for_workers(size)

    def wait_for_workers(self, size: int) -> None:
        """People do not work faster than the mirror for long, or each change would meet those of hours."""
        from tracker_bridge.models import Job

        while Job.objects.filter(state=Job.State.WAITING).count() > 2 * size + 20:
            self.paste_tokens()
            time.sleep(0.2)

    def paste_tokens(self) -> None:
        """A new pair whose answer was lost, or whose receiver was killed, is lost for good: a person gives another."""
        from django.utils import timezone

        from demo.tracker.tokens import YEAR, Pair
        from tracker_bridge import credentials, mirrors, oauth
        from tracker_bridge.models import Mirror

        tracker = mirrors.configured()
        if tracker is None or not Mirror.objects.filter(state=Mirror.State.AUTH).exists():
            return
        access, refresh = (f"pasted-{kind}-{self.happened['tokens pasted']}" for kind in ("access", "refresh"))
        with self.tracker.lock:
            given = Pair(access, refresh, self.tracker.store.robot, time.time() + YEAR)
            self.tracker.tokens.pairs.append(given)
        credentials.save(tracker, oauth.Pair(access, refresh), now=timezone.now())
        self.happened["tokens pasted"] += 1

    # --- Workers ------------------------------------------------------------------------------

    def started(self, reads: bool) -> Any:
        process = self.context.Process(target=self.work, args=(reads,), daemon=True)
        process.start()
        return process

    def kill(self) -> None:
        self.look_after()
        time.sleep(self.rng.uniform(0, 0.5))
        number = self.rng.randrange(WORKERS)
        self.workers[number].kill()
        self.workers[number].join()
        self.happened["workers killed"] += 1
        self.workers[number] = self.started(number == 0)

    def look_after(self) -> None:
        """One that ended by itself has met a failure that is none of the tracker's: a deviation, too."""
        for number, worker in enumerate(self.workers):
            if not worker.is_alive():
                self.happened[BY_THEMSELVES] += 1
                self.workers[number] = self.started(number == 0)

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()

    def heal(self) -> None:
        """No more trouble, and time to come to rest: nothing waits, and nothing was written or read for a while."""
        from tracker_bridge.models import Job

        self.tracker.faults.clear()
        began, quiet, known = time.monotonic(), 0, -1
        while quiet < QUIET_SECONDS and time.monotonic() - began < HEALING_LIMIT:
            time.sleep(1)
            self.paste_tokens()
            self.look_after()
            # Searches go on for ever.
            calls = sum("_search" not in path for _, path in list(self.tracker.calls))
            is_quiet = calls == known and not Job.objects.filter(state=Job.State.WAITING).exists()
            quiet, known = quiet + 1 if is_quiet else 0, calls
        took = time.monotonic() - began - QUIET_SECONDS
        print(f"at rest {max(took, 0):.0f} s after the last change", flush=True)

    # --- The judgement ------------------------------------------------------------------------

    def judge(self, seconds: float) -> bool:
        from django.db.models import Sum

        from bench.bridge_verdict import deviations
        from incidents.models import Incident
        from tracker_bridge.models import Conflict, IssueLink, Job

        self.stop()
        incidents, links = Incident.objects.count(), IssueLink.objects.count()
        print(f"{incidents} incidents, {links} links, {len(self.tracker.store.issues)} issues")
        _table("done, and what happened", self.happened)
        faults = self.tracker.faults.happened
        _table(f"{sum(faults.values())} faults", faults)
        jobs = Job.objects.filter(state=Job.State.DONE)
        _table("jobs", Counter(Job.objects.values_list("state", flat=True)))
        more = (jobs.aggregate(n=Sum("attempts"))["n"] or 0) - jobs.count()
        print(f"{more} attempts more than jobs; {Conflict.objects.count()} conflicts in the journal")
        for words, number in Counter(Job.objects.filter(state="dead").values_list("error", "said")).most_common(9):
            print(f"  not done: {number} {words}")
        self.cost(incidents, seconds)
        wrong = deviations(self.tracker)
        wrong[BY_THEMSELVES] = self.happened[BY_THEMSELVES]
        _table("deviations", wrong, all_of_them=True)
        print(f"{sum(wrong.values())} deviations")
        return not sum(wrong.values())

    def cost(self, incidents: int, seconds: float) -> None:
        kinds = Counter(_kind(method, path) for method, path in self.tracker.calls)
        searches = kinds.pop("search", 0)
        asked = sum(kinds.values())
        print(f"{asked} calls and {searches} searches in {seconds:.0f} s: {asked / seconds:.0f} a second")
        print(f"{asked / incidents:.1f} calls an incident:")
        for kind, number in kinds.most_common():
            print(f"  {number / incidents:7.2f} {kind}")


def _kind(method: str, path: str) -> str:
    """What a call is for, without names of issues."""
    for part in ("_search", "_findByUnique", "_execute", "comments", "changelog", "attachments"):
        if part in path:
            kind = part.strip("_") + (" written" if method == "POST" and part[0] != "_" else "")
            return kind + (" rewritten" if method == "PATCH" else "")
    if path.startswith("issues"):
        return {"GET": "issue read", "POST": "issue created", "PATCH": "fields written"}[method]
    return "people, queue and fields"


def _table(words: str, numbers: Counter[str], *, all_of_them: bool = False) -> None:
    print(f"{words}:")
    for name, number in sorted(numbers.items()):
        if number or all_of_them:
            print(f"{number:8} {name}")


if __name__ == "__main__":
    main()
