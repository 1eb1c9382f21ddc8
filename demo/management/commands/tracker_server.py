"""Yandex Tracker as a stand-in on this machine, to see the mirror without an organisation."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.tracker import Tracker


class Command(BaseCommand):
    help = "Serve a look-alike of Yandex Tracker on a loopback port until SIGTERM; / is a page to act as its user."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8090)

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        try:
            tracker = Tracker(port=options["port"])
        except OSError as error:
            raise CommandError(f"port {options['port']}: {error}") from None
        with tracker:
            self.stdout.write(
                f"YT_API_URL={tracker.url} YT_OAUTH_URL={tracker.url}/oauth YT_QUEUE={tracker.store.queue}"
            )
            self.stdout.flush()
            stop.wait()
