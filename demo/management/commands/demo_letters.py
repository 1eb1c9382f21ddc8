"""Letters for the demo's mailbox, one after another."""

import os
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.paths import var_dir
from config.env import WrongSetting, env_str
from demo import places, registry, simulator

DEFAULT_SECONDS = 10.0


class Command(BaseCommand):
    help = "Keep sending letters of all shapes to the demo's desk, about one every ten seconds."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, help="seconds between letters (default: DEMO_LETTER_SECONDS or 10)")
        parser.add_argument("--count", type=int, help="stop after so many (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        var = var_dir()
        if not places.read_ports(var):
            raise CommandError("The demo servers never ran here; `manage.py up` starts them.")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        every = _seconds() if options["every"] is None else options["every"]
        parent = os.getppid()
        # The ports are read anew each time: the servers may have been started again elsewhere.
        for letter in simulator.run(registry.build(), lambda: places.read_ports(var), every, options["count"]):
            self.stdout.write(f"{letter.shape}: {letter.draft.subject}")
            self.stdout.flush()
            if os.getppid() != parent:
                return


def _seconds() -> float:
    value = env_str("DEMO_LETTER_SECONDS", str(DEFAULT_SECONDS))
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise WrongSetting("DEMO_LETTER_SECONDS", "a number of seconds above zero")
    return seconds
