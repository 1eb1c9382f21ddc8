"""What the demo has before the first letter comes: people, a registry, and a month of history."""

import json
import subprocess
import sys
import time
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.embedded.paths import var_dir
from demo import history, mailbox_client, operators, places, registry, staff, stories
from demo.deeds import Deeds
from demo.stories import Story
from incidents.models import Incident
from towers import sync
from towers.models import Pole

MOSCOW = ZoneInfo("Europe/Moscow")


class Command(BaseCommand):
    help = "Fill the demo: people of every role, the registry over HTTP, a month of incidents. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # The second process of a seeding: does the deeds of the days that stdin names.
        parser.add_argument("--deeds-until", type=datetime.fromisoformat, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_other_mailboxes()
        if options["deeds_until"]:
            self._do_deeds(_month(options["deeds_until"].astimezone(MOSCOW)))
            return
        var = var_dir()
        staff.employ(var)
        if not Pole.objects.exists():
            self._say(f"registry: {sync.sync(timezone.now()).state}")
        operators.give_domains()
        marker = var / "demo" / "history.json"
        end, finished = _read(marker)
        if finished and Incident.objects.exists():
            return
        # An empty desk beside an old plan is a new database: its month ends now.
        if not Incident.objects.exists() and timezone.now() - end > timedelta(hours=1):
            end = datetime.now(MOSCOW).replace(microsecond=0)
        places.write_private(marker, json.dumps({"end": end.isoformat(), "finished": False}))
        self._live(end)
        places.write_private(marker, json.dumps({"end": end.isoformat(), "finished": True}))

    def _refuse_other_mailboxes(self) -> None:
        """Letters are written into the mailbox that demo_servers of this VAR_DIR serves, and into no other."""
        ports, account = places.read_ports(var_dir()), settings.MAIL_ACCOUNT
        if not ports or account is None or (account["host"], account["port"]) != ("127.0.0.1", ports["imap"]):
            raise CommandError("demo_seed works on the demo's own mailbox only; `manage.py up` starts both.")

    def _live(self, end: datetime) -> None:
        """Letters here, deeds one process further: people work while the next letters come."""
        began = time.monotonic()
        history.hurry()
        with mailbox_client.opened(places.read_ports(var_dir())) as mailbox:
            letters = history.Correspondence(_month(end), mailbox)
            with _second_process(end) as people:
                for day in letters.days():
                    people.write(f"{day.isoformat()}\n")
                    people.flush()
                    self._say(f"history: {day:%d.%m}, {Incident.objects.count()} incidents")
            letters.finish()
        self._say(f"history stands after {time.monotonic() - began:.0f} s")

    def _do_deeds(self, plan: list[Story]) -> None:
        history.hurry()
        deeds = Deeds(plan)
        for line in sys.stdin:
            deeds.do(datetime.fromisoformat(line.strip()).astimezone(MOSCOW))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _month(end: datetime) -> list[Story]:
    return stories.month(registry.build(), end)


@contextmanager
def _second_process(end: datetime) -> Iterator[Any]:
    """Its stdin; it ends with the block. Raises CommandError if it failed."""
    manage = settings.BASE_DIR / "manage.py"
    command = [sys.executable, str(manage), "demo_seed", "--deeds-until", end.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        yield process.stdin
        process.stdin.close()
        if process.wait() != 0:
            raise CommandError("the deeds of the history could not be done; see above")


def _read(marker: Path) -> tuple[datetime, bool]:
    """The moment the history ends and whether it is written; now and no, if it was never begun."""
    try:
        known = json.loads(marker.read_text())
        return datetime.fromisoformat(known["end"]).astimezone(MOSCOW), bool(known["finished"])
    except (OSError, ValueError, KeyError):
        return datetime.now(MOSCOW).replace(microsecond=0), False
