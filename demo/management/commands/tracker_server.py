"""Yandex Tracker as a stand-in on this machine, to see the mirror without an organisation."""

import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.paths import var_dir
from config.env import env_int
from demo.tracker import Tracker, run
from demo.tracker.keeping import Keeper

SAVE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Serve a look-alike of Yandex Tracker on a loopback port until SIGTERM; / is a page to act as its user."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8090)
        parser.add_argument(
            "--keep",
            action="store_true",
            help="for `manage.py up`: the demo's people, any port, the queue kept in VAR_DIR",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        if options["keep"]:
            self._serve_kept(stop)
            return
        try:
            tracker = Tracker(port=options["port"])
        except OSError as error:
            raise CommandError(f"port {options['port']}: {error}") from None
        with tracker:
            self._say(tracker)
            stop.wait()

    def _serve_kept(self, stop: threading.Event) -> None:
        """Until SIGTERM, or the end of the process that started this one."""
        var, parent = var_dir(), os.getppid()
        tracker, keeper = _on_port(run.known_port(var)), Keeper(run.queue_file(var))
        run.employ(tracker)
        keeper.load(tracker)
        secret = run.call_the_desk(tracker, env_int("PORT", 8000))
        with tracker:
            run.write_card(var, tracker, secret)
            self._say(tracker)
            while not stop.wait(SAVE_SECONDS) and os.getppid() == parent:
                keeper.save(tracker)
        keeper.save(tracker)

    def _say(self, tracker: Tracker) -> None:
        self.stdout.write(f"YT_API_URL={tracker.url} YT_OAUTH_URL={tracker.url}/oauth YT_QUEUE={tracker.store.queue}")
        self.stdout.flush()


def _on_port(port: int) -> Tracker:
    """On this one if it is free, else on any. What the environment says of a real tracker does not concern it."""
    try:
        return Tracker(env={}, port=port)
    except OSError:
        return Tracker(env={})
