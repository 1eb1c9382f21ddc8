import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from mailbox import watching
from mailbox.imap import BROKEN, LoginRefused
from mailbox.sealing import WrongKey


class Command(BaseCommand):
    help = "Fetch letters from all watched mailboxes as they come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="take what is there from all folders, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self._once()
            return
        stop = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        watching.watch(stop)

    def _once(self) -> None:
        try:
            stored = watching.look_once()
        except (LoginRefused, WrongKey, *BROKEN) as error:
            raise CommandError(str(error)) from None
        watching.wake()
        self.stdout.write(f"{stored} letters stored.")
