from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from incidents import ledger
from mailbox.models import Receipt

MOST_DAYS = 3650
HEADS = {
    Receipt.State.OPENED: "opened",
    Receipt.State.JOINED: "joined",
    Receipt.State.COPY: "copies",
    Receipt.State.KEPT: "kept",
    Receipt.State.QUARANTINED: "quarantined",
    Receipt.State.NEW: "waiting",
}


class Command(BaseCommand):
    help = "Print what became of the letters of the last days; exit with 1 if the ledger does not add up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=_days, default=ledger.DAYS, help="so many days up to today")

    def handle(self, *args: Any, **options: Any) -> None:
        now, days = timezone.now(), options["days"]
        last = timezone.localdate(now)
        first = last - timedelta(days=days - 1)
        lines = [line for line in ledger.by_day(ledger.balance(first, last), first, last) if line.received]
        self.stdout.write("day         received" + "".join(f"{head:>12}" for head in HEADS.values()))
        for line in lines:
            counts = "".join(f"{line.counts.get(fate, 0):>12}" for fate in HEADS)
            self.stdout.write(f"{line.day}  {line.received:>8}{counts}")
        found = ledger.alarms(now, days=days)
        for alarm in found:
            where = f"{alarm.folder}: " if alarm.folder else ""
            self.stderr.write(f"ALARM {alarm.kind}: {where}{alarm.words}")
        if found:
            raise CommandError("The ledger does not add up.", returncode=1)
        self.stdout.write("The ledger adds up.")


def _days(said: str) -> int:
    if not said.isdigit() or not 1 <= int(said) <= MOST_DAYS:
        raise ArgumentTypeError(f"a number from 1 to {MOST_DAYS}")
    return int(said)
