"""The database is away for an hour while letters go on arriving; then it comes back, and the ledger meets the truth.

    python bench/outage.py --minutes 60

A copy of its own with watcher, worker and clock gets letters over IMAP (a real Dovecot where one is installed), some
before, most while its database is down, some after. It prints what /readyz, the desk and the logs said meanwhile, what
memory and CPU it cost, and how long after the return the first and the last letter was stored and taken. Every letter
must stand in the ledger once, with one fate, in the right incident. Exits 1 on any deviation.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
import requests  # noqa: E402
from imapclient import IMAPClient  # noqa: E402

from bench import crash, ground_truth, logs, own_copy, processes  # noqa: E402
from bench.mix import Mix  # noqa: E402
from bench.shapes import OUT, Letter  # noqa: E402
from config.embedded import keeper  # noqa: E402

A_MINUTE, LEAST = 20, 40
# Shares of the letters that come before and after.
BEFORE, AFTER = 0.05, 0.05
WATCHED = ("watcher", "worker", "web")
HEALING_LIMIT = 600.0
# Lines of the table of what was seen meanwhile.
ROWS = 15


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server: the desk's address there, how to connect, and its folder of sent letters."""

    name: str
    desk: str
    connect: Callable[[], IMAPClient]
    sent: bytes | str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--letters", type=int, default=0, help=f"{A_MINUTE} a minute unless told")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with own_copy.running() as copy:
        os.environ["VAR_DIR"] = str(copy.var)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        with mail_server(copy) as server:
            is_good = Outage(copy, server, options).run()
    sys.exit(not is_good)


@contextmanager
def mail_server(copy: own_copy.Copy) -> Iterator[Server]:
    """Dovecot, connected to the copy as people would do it on the page; without it, the demo's server."""
    from tests import dovecot

    with dovecot.running() if dovecot.is_installed() else nullcontext() as real:
        if real is None:
            yield Server("the demo's server", copy.ports()["imap_login"], *demo_server(copy))
        else:
            connect_to_the_copy(real.port, dovecot.LOGIN, dovecot.PASSWORD)
            yield Server("Dovecot", dovecot.LOGIN, real.client, dovecot.SENT)


def demo_server(copy: own_copy.Copy) -> tuple[Callable[[], IMAPClient], bytes | str]:
    def connect() -> IMAPClient:
        client = copy.imap()
        client.folder_encode = False  # rows hold the server's own spelling
        return client

    with connect() as client:
        return connect, client.find_special_folder(b"\\Sent")


def connect_to_the_copy(port: int, login: str, password: str) -> None:
    """Have the mailbox watched, and wait until its folders are."""
    from mailbox import sealing
    from mailbox.models import Folder, Mailbox

    facts = {"port": port, "security": Mailbox.Security.NONE, "start": Mailbox.Start.ALL}
    Mailbox.objects.create(address=login, host="127.0.0.1", login=login, password=sealing.seal(password), **facts)
    watched = Folder.objects.filter(mailbox__address=login, connected_at__isnull=False)
    own_copy.until(lambda: watched.count() == 2, 60)


class Outage:
    """One run on a copy that stands."""

    def __init__(self, copy: own_copy.Copy, server: Server, options: argparse.Namespace) -> None:
        from django.utils import timezone

        self.copy, self.server, self.seconds = copy, server, options.minutes * 60
        self.database = Database(copy)
        count = options.letters or max(LEAST, round(A_MINUTE * options.minutes))
        start, sites = timezone.now() - timedelta(hours=1), crash.sites_of_the_copy()
        mix = Mix(seed=options.seed, desk=server.desk, start=start, sites=sites)
        self.letters = mix.letters(count, with_files=0.05)
        self.conversations = mix.conversations
        self.delivered: list[Letter] = []
        self.before = self.database.newest_receipt()

    def run(self) -> bool:
        count = len(self.letters)
        first, last = round(count * BEFORE), round(count * (1 - AFTER))
        self.deliver(self.letters[:first], 0)
        own_copy.until(self.is_all_taken, 60)
        lives, written = self.pids(), logs.sizes(self.copy.var)
        print(f"{self.server.name}: {first} letters before, {last - first} while the database is away, ", end="")
        print(f"{count - last} after; {self.seconds / 60:g} minutes", flush=True)
        watch = Watch(self.copy, self.seconds)
        self.database.stop()
        try:
            watch.start()
            self.deliver(self.letters[first:last], self.seconds)
            watch.stop()
        finally:
            said = logs.since(self.copy.var, written)
            self.database.start()
        healing = self.heal(last)
        self.deliver(self.letters[last:], 0)
        own_copy.until(self.is_all_taken, HEALING_LIMIT)
        watch.print(ROWS)
        self.print_processes(lives)
        logs.print_summary(said, self.seconds)
        print("after the return, in seconds: " + ", ".join(f"{what} {after:.1f}" for what, after in healing.items()))
        return self.judge()

    def deliver(self, letters: Sequence[Letter], seconds: float) -> None:
        """Hand the letters to the mail server, evenly over so many seconds."""
        began = time.monotonic()
        with self.server.connect() as client:
            for number, letter in enumerate(letters):
                wait_until = began + seconds * (number + 1) / len(letters) if seconds else 0.0
                while (left := wait_until - time.monotonic()) > 0:
                    time.sleep(min(left, 60))
                    client.noop()  # servers end sessions that are silent for long
                client.append(self.server.sent if letter.direction == OUT else "INBOX", letter.raw)
                self.delivered.append(letter)

    def heal(self, expected: int) -> dict[str, float]:
        """When what worked again, counted from the return of the database."""
        began = time.monotonic()
        steps: dict[str, Callable[[], bool]] = {
            "the database answers": self.database.answers,
            "first letter stored": lambda: self.counted()[0] > taken_before,
            "first letter taken": lambda: self.counted()[1] > taken_before,
            "last letter stored": lambda: self.counted()[0] >= expected,
            "last letter taken": lambda: self.counted()[1] >= expected,
            "/readyz says 200": lambda: get(f"{self.copy.address}/readyz")[0] == 200,
        }
        taken_before = round(len(self.letters) * BEFORE)
        found: dict[str, float] = {}
        while len(found) < len(steps) and time.monotonic() - began < HEALING_LIMIT:
            for what, is_so in steps.items():
                if what not in found and is_so():
                    found[what] = time.monotonic() - began
                elif what not in found:
                    break  # each step needs the one before
            time.sleep(0.1)
        return found | {what: float("inf") for what in steps if what not in found}

    def counted(self) -> tuple[int, int]:
        """How many letters of this run are stored, and how many of them taken."""
        return self.database.receipts_after(self.before)

    def is_all_taken(self) -> bool:
        return self.counted()[1] >= len(self.delivered)

    def pids(self) -> dict[str, list[int]]:
        return {name: self.copy.part(name) for name in WATCHED}

    def print_processes(self, before: dict[str, list[int]]) -> None:
        now = self.pids()
        died = [name for name in WATCHED if not set(before[name]) <= set(now[name])]
        print(f"processes that ended meanwhile: {', '.join(died) or 'none'}")

    def judge(self) -> bool:
        verdict = ground_truth.judge(self.delivered, self.conversations)
        self.judge_server(verdict)
        verdict.print()
        print("ok" if verdict.is_good else "FAILED")
        return verdict.is_good

    def judge_server(self, verdict: ground_truth.Verdict) -> None:
        """Every UID that the server shows has one row with a final fate."""
        from mailbox.models import Folder, Receipt

        for folder in Folder.objects.filter(mailbox__address=self.server.desk):
            with self.server.connect() as client:
                shown = client.select_folder(folder.name, readonly=True)
                uids = {uid for uid in client.search("ALL") if uid >= folder.first_uid}
            rows = Receipt.objects.filter(folder=folder, uidvalidity=shown[b"UIDVALIDITY"], uid__gte=folder.first_uid)
            fates = dict(rows.values_list("uid", "state"))
            for uid in uids - set(fates):
                verdict.note("lost", f"{folder}: UID {uid} has no row")
            for uid, state in fates.items():
                if state == "new":
                    verdict.note("not taken", f"{folder}: UID {uid}")
            print(f"{folder}: {len(uids)} UIDs on the server, {len(fates)} rows in the ledger")


class Database:
    """The copy's PostgreSQL, stopped in order and kept from being started again; asked past every pool."""

    def __init__(self, copy: own_copy.Copy) -> None:
        from django.db import connection

        self.copy = copy
        wanted = connection.get_connection_params()
        self._place = {name: wanted[name] for name in ("dbname", "user", "password", "host", "port") if name in wanted}

    def stop(self) -> None:
        """Its keeper is held still first, since it would start it again at once."""
        from django.db import connection

        connection.close()
        connection.close_pool()
        os.kill(self._keeper(), signal.SIGSTOP)
        os.kill(self.copy.server_pid("postgres"), signal.SIGINT)
        own_copy.until(lambda: not self.answers(), 60)

    def start(self) -> None:
        os.kill(self._keeper(), signal.SIGCONT)

    def answers(self) -> bool:
        try:
            self._ask("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def newest_receipt(self) -> int:
        return int(self._ask("SELECT coalesce(max(id), 0) FROM mailbox_receipt")[0])

    def receipts_after(self, receipt: int) -> tuple[int, int]:
        stored, taken = self._ask(
            "SELECT count(*), count(*) FILTER (WHERE state <> 'new') FROM mailbox_receipt WHERE id > %s", receipt
        )
        return int(stored), int(taken)

    def _ask(self, question: str, *values: object) -> tuple[Any, ...]:
        with psycopg.connect(**self._place, connect_timeout=5, autocommit=True) as connection:
            row = connection.execute(question.encode(), values or None).fetchone()
        return row or ()

    def _keeper(self) -> int:
        return int(str(keeper.state_of(self.copy.var, "postgres")["keeper"]).partition(":")[0])


@dataclass(frozen=True, slots=True)
class Sample:
    """What could be seen from outside at one moment."""

    minute: float
    readyz: str
    desk: str
    memory: tuple[float, ...]
    cpu: tuple[float, ...]
    log: int


class Watch(threading.Thread):
    """Looks at the copy again and again, as a person signed in at the desk and as whoever keeps it running."""

    def __init__(self, copy: own_copy.Copy, seconds: float) -> None:
        super().__init__(daemon=True)
        self.copy, self.pause = copy, max(1.0, seconds / 120)
        self.samples: list[Sample] = []
        self._is_over = threading.Event()
        self._person = signed_in(copy)
        self._began, self._first_log = time.monotonic(), sum(logs.sizes(copy.var).values())

    def run(self) -> None:
        while not self._is_over.wait(self.pause):
            self.samples.append(self._look())

    def stop(self) -> None:
        self._is_over.set()
        self.join()

    def print(self, most: int) -> None:
        names = "".join(f"{name:>19}" for name in WATCHED)
        print(f"minute   /readyz                        desk             {names}       log")
        for sample in self.samples[:: max(1, len(self.samples) // most)]:
            costs = "".join(f"{m:8.0f} MB {c:6.1f} s" for m, c in zip(sample.memory, sample.cpu, strict=True))
            print(f"{sample.minute:6.1f}   {sample.readyz:<30} {sample.desk:<17}{costs}{sample.log / 1024:8.0f} KB")

    def _look(self) -> Sample:
        roots = [min(self.copy.part(name), default=0) for name in WATCHED]
        code, answer, seconds = get(f"{self.copy.address}/readyz")
        ready = f"{code} {', '.join(answer.get('missing', []))} ({seconds:.1f} s)"
        code, _, seconds = get(f"{self.copy.address}/", self._person)
        return Sample(
            minute=(time.monotonic() - self._began) / 60,
            readyz=ready,
            desk=f"{code} ({seconds:.1f} s)",
            memory=tuple(processes.memory_of(pid) for pid in roots),
            cpu=tuple(processes.cpu_of_tree(pid) for pid in roots),
            log=sum(logs.sizes(self.copy.var).values()) - self._first_log,
        )


def signed_in(copy: own_copy.Copy) -> requests.Session:
    person = requests.Session()
    page = f"{copy.address}/sign-in/"
    person.get(page, timeout=30)
    token = next(value for name, value in person.cookies.items() if name.startswith("csrf"))
    facts = {"username": "dispatcher", "password": copy.password("dispatcher"), "csrfmiddlewaretoken": token}
    person.post(page, facts, timeout=30).raise_for_status()
    return person


def get(address: str, person: requests.Session | None = None) -> tuple[int, dict[str, Any], float]:
    """Status (0: nobody answered), what a JSON answer says, and seconds."""
    began = time.monotonic()
    try:
        answer = (person or requests).get(address, timeout=60, allow_redirects=False)
    except requests.RequestException:
        return 0, {}, time.monotonic() - began
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    return answer.status_code, answer.json() if is_json else {}, time.monotonic() - began


if __name__ == "__main__":
    main()
