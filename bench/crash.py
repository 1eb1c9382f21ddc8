"""Kill -9 of a random part of a running copy at random moments while letters arrive, then the ledger against the truth.

    python bench/crash.py --kills 100 --letters 5000

A copy of its own (mail server of the demo, watcher, worker, web, PostgreSQL, Valkey) gets the letters of bench.mix over
IMAP, both folders. Watcher, worker, web, broker or database is killed again and again. When the last letter is taken,
every letter must stand in the ledger once, with one final fate, in the incident of its conversation and of nobody else,
and every incident must have its site and have been given to somebody once. Exits 1 on any deviation.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import ground_truth, own_copy  # noqa: E402
from bench.mix import Known, Mix  # noqa: E402
from bench.shapes import OUT, Letter, Site  # noqa: E402

DOMAINS = ["t2.example", "megafon.example", "beeline.example"]
WITH_FILES = 0.01
# Whoever was killed is back after this, or nearly so.
PAUSE = 6.0
# Letters of one APPEND after another, then a pause.
BATCH = 10
HEALING_LIMIT = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--letters", type=int, default=5000)
    parser.add_argument("--pause", type=float, default=PAUSE, help="seconds between two kills, on the average")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with own_copy.running() as copy:
        os.environ["VAR_DIR"] = str(copy.var)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        # Every killed database would be a page of warnings here.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        is_good = Crash(copy, options).run()
    sys.exit(not is_good)


class Crash:
    """One run on a copy that stands."""

    def __init__(self, copy: own_copy.Copy, options: argparse.Namespace) -> None:
        from mailbox.models import Receipt

        self.copy, self.count, self.seed = copy, options.letters, options.seed
        self.kills, self.pause = options.kills, options.pause
        self.desk: str = copy.ports()["imap_login"]
        self.before: int = Receipt.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.delivered: list[Letter] = []

    def run(self) -> bool:
        letters, conversations = self.write()
        seconds = self.kills * self.pause
        killer, taking = Killer(self.copy, self.kills, seconds, self.seed), Taking(self)
        began = time.monotonic()
        taking.start()
        killer.start()
        self.append(letters, seconds)
        killer.join()
        last_kill = time.monotonic()
        try:
            own_copy.until(lambda: self.waiting() == 0, HEALING_LIMIT)
        except TimeoutError as error:
            print(error)
        taking.stop()
        killed = ", ".join(f"{name} {number}" for name, number in sorted(killer.killed.items()))
        print(f"{sum(killer.killed.values())} kills within {last_kill - began:.0f} s: {killed}")
        print(f"{len(self.delivered)} letters; all taken {time.monotonic() - last_kill:.1f} s after the last kill")
        print(f"healing took at most {taking.longest:.1f} s (letters waited, none was taken)")
        verdict = ground_truth.judge(self.delivered, conversations)
        self.judge_server(verdict)
        verdict.print()
        print("ok" if verdict.is_good else "FAILED")
        return verdict.is_good

    def write(self) -> tuple[list[Letter], list[Any]]:
        """The letters to come. Some name codes of incidents; those stand before anybody is killed."""
        from django.utils import timezone

        from incidents.models import Incident

        sites = own_copy.patient(sites_of_the_copy)
        start = timezone.now() - timedelta(hours=1)
        mix = Mix(seed=self.seed, desk=self.desk, start=start, sites=sites)
        first = mix.openings(max(2, self.count // 50))
        self.append(first, 0)
        own_copy.until(lambda: self.waiting() == 0, HEALING_LIMIT)
        found = Incident.objects.filter(letters__email__sha256__in=[each.sha256 for each in first])
        codes = dict(found.values_list("letters__email__sha256", "code"))
        known = [Known(talk, codes[each.sha256]) for talk, each in zip(mix.conversations, first, strict=True)]
        return mix.letters(self.count - len(first), with_files=WITH_FILES, known=known), mix.conversations

    def append(self, letters: list[Letter], seconds: float) -> None:
        """Hand the letters to the mail server, evenly over so many seconds."""
        began = time.monotonic()
        with self.copy.imap() as client:
            sent = client.find_special_folder(b"\\Sent")
            for number, letter in enumerate(letters):
                if number % BATCH == 0:
                    time.sleep(max(0.0, began + seconds * number / len(letters) - time.monotonic()))
                client.append(sent if letter.direction == OUT else "INBOX", letter.raw)
                self.delivered.append(letter)

    def waiting(self) -> int:
        """How many of the delivered letters have no final fate yet. Nobody else writes letters meanwhile."""
        from mailbox.models import Receipt

        mine = Receipt.objects.filter(pk__gt=self.before).exclude(state=Receipt.State.NEW)
        delivered = len(self.delivered)
        return max(0, delivered - own_copy.patient(mine.count))

    def judge_server(self, verdict: ground_truth.Verdict) -> None:
        """Every UID that the server shows has one row with a final fate."""
        from mailbox.models import Folder, Receipt

        for folder in Folder.objects.filter(mailbox__address=self.desk):
            with self.copy.imap() as client:
                client.folder_encode = False  # rows hold the server's own spelling
                shown = client.select_folder(folder.name, readonly=True)
                uids = set(client.search("ALL"))
            rows = Receipt.objects.filter(folder=folder, uidvalidity=shown[b"UIDVALIDITY"], uid__gte=folder.first_uid)
            fates = dict(rows.values_list("uid", "state"))
            uids = {uid for uid in uids if uid >= folder.first_uid}
            for uid in uids - set(fates):
                verdict.note("lost", f"{folder}: UID {uid} has no row")
            for uid, state in fates.items():
                if state == "new":
                    verdict.note("not taken", f"{folder}: UID {uid}")
            print(f"{folder}: {len(uids)} UIDs on the server, {len(fates)} rows in the ledger")


class Killer(threading.Thread):
    """Kills somebody who lives, at random moments, so many times within so many seconds."""

    def __init__(self, copy: own_copy.Copy, kills: int, seconds: float, seed: int) -> None:
        super().__init__()
        self.copy = copy
        self.killed: Counter[str] = Counter()
        self._rng = Random(f"crash {seed}")
        self._moments = sorted(self._rng.uniform(0, seconds) for _ in range(kills))

    def run(self) -> None:
        began = time.monotonic()
        for moment in self._moments:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            while not self._kill(self._rng.choice(own_copy.PARTS)):
                time.sleep(0.1)

    def _kill(self, part: str) -> bool:
        """Kill this part; False if it is dead already, from the last time."""
        pids = self.copy.part(part)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pids = []
        self.killed[part] += bool(pids)
        return bool(pids)


class Taking(threading.Thread):
    """Watches how long letters wait while none is taken."""

    def __init__(self, crash: Crash) -> None:
        super().__init__(daemon=True)
        self.crash, self.longest = crash, 0.0
        self._is_over = threading.Event()

    def run(self) -> None:
        from django.db import connection

        moved, before = time.monotonic(), (0, 0)
        while not self._is_over.wait(0.3):
            delivered = len(self.crash.delivered)
            now = (delivered, delivered - self.crash.waiting())
            if now[1] > before[1] or now[0] == now[1]:
                moved = time.monotonic()
            self.longest = max(self.longest, time.monotonic() - moved)
            before = now
        connection.close()

    def stop(self) -> None:
        self._is_over.set()
        self.join()


def sites_of_the_copy() -> list[Site]:
    """Stations of the demo's registry whose name only one pole has."""
    from django.db.models import Count

    from towers.models import BaseStation

    once = BaseStation.objects.values("name").annotate(number=Count("pk")).filter(number=1).values("name")
    rows = BaseStation.objects.filter(name__in=once, gone_at=None, pole__gone_at=None).order_by("pole", "pk")
    first = {pole: (code, name) for pole, code, name in rows.values_list("pole", "pole__code", "name")}
    return [Site(code, name, DOMAINS[n % len(DOMAINS)]) for n, (code, name) in enumerate(first.values())]


if __name__ == "__main__":
    main()
