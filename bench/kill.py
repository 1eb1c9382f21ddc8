"""Kill -9 of worker, watcher, broker and database, one after another, in the middle of arriving letters.

    python bench/kill.py --rounds 1 --letters 200

A round appends the letters to the demo mailbox (half of them open incidents, half answer them) and kills each of
the four once while they arrive. Then every letter must stand in the ledger once, in one incident with its answer.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import own_copy  # noqa: E402

VICTIMS = ["worker", "watcher", "broker", "database"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--letters", type=int, default=200)
    options = parser.parse_args()
    failures = 0
    with own_copy.running() as copy:
        os.environ["VAR_DIR"] = str(copy.var)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        for number in range(1, options.rounds + 1):
            failures += not play(copy, number, options.letters)
    sys.exit(bool(failures))


def play(copy: own_copy.Copy, number: int, letters: int) -> bool:
    """One round; prints what was found, returns whether nothing was lost and nothing doubled."""
    pairs = letters // 2
    began = time.monotonic()
    killer = threading.Thread(target=kill_all, args=(copy, letters))
    killer.start()
    ids = append(copy, number, pairs)
    killer.join()
    appended = time.monotonic() - began
    try:
        own_copy.until(lambda: taken(ids) >= len(ids), 180)
    except TimeoutError as error:
        print(f"round {number}: {error}")
    healed = time.monotonic() - began - appended
    return judge(number, ids, pairs, appended, healed)


def append(copy: own_copy.Copy, number: int, pairs: int) -> list[str]:
    """APPEND openings and answers in turn; returns their Message-IDs. The mail server itself is not killed."""
    from bench import letters
    from towers.models import Pole

    codes = _patient(lambda: list(Pole.objects.standing().order_by("pk").values_list("code", flat=True)[:pairs]))
    ids: list[str] = []
    with copy.imap() as client:
        to = copy.ports()["imap_login"]
        for n in range(pairs):
            first, raw = letters.opening(number * 10_000 + n, codes[n % len(codes)], to)
            client.append("INBOX", raw)
            second, raw = letters.reply(number * 10_000 + n, codes[n % len(codes)], to, first)
            client.append("INBOX", raw)
            ids += [first, second]
            time.sleep(0.05)
    return ids


def kill_all(copy: own_copy.Copy, letters: int) -> None:
    for victim in VICTIMS:
        time.sleep(max(1.0, letters * 0.05 / 2 / (len(VICTIMS) + 1)))
        pids = find(copy, victim)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        print(f"  killed {victim}: {pids}", flush=True)


def find(copy: own_copy.Copy, victim: str) -> list[int]:
    servers = {"broker": "valkey", "database": "postgres"}
    if victim in servers:
        return [copy.server_pid(servers[victim])]
    return copy.pids({"worker": "celery -A config worker", "watcher": "manage.py watch_mail"}[victim])


def taken(ids: list[str]) -> int:
    from mailbox.models import Email

    return int(_patient(lambda: Email.objects.filter(message_id__in=ids, place__isnull=False).count()))


def judge(number: int, ids: list[str], pairs: int, appended: float, healed: float) -> bool:
    from incidents.models import Incident, IncidentEvent
    from mailbox.models import Email, Receipt

    mine = Email.objects.filter(message_id__in=ids)
    incidents = Incident.objects.filter(letters__email__in=mine).distinct()
    found = {
        "letters": mine.count(),
        "receipts": Receipt.objects.filter(email__in=mine).count(),
        "incidents": incidents.count(),
        "of two letters": incidents.filter(letter_count=2).count(),
        "assigned once": IncidentEvent.objects.filter(incident__in=incidents, kind="assigned").count(),
        "with a pole": incidents.filter(pole__isnull=False).count(),
    }
    wanted = {
        "letters": 2 * pairs,
        "receipts": 2 * pairs,
        "incidents": pairs,
        "of two letters": pairs,
        "assigned once": pairs,
        "with a pole": pairs,
    }
    good = found == wanted
    print(f"round {number}: {'ok' if good else 'FAILED'} {found}")
    print(f"  appended in {appended:.1f} s, all taken {healed:.1f} s later", flush=True)
    return good


def _patient(question: object) -> object:
    """Ask the database again while it is being killed."""
    from django.db import Error, connection

    for _ in range(300):
        try:
            return question()  # type: ignore[operator]
        except Error:
            connection.close()
            time.sleep(0.2)
    raise TimeoutError("the database did not come back")


if __name__ == "__main__":
    main()
