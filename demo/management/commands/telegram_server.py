"""Telegram's Bot API as a stand-in on this machine, to see alerts without a bot."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.telegram import TOKEN, Telegram


class Command(BaseCommand):
    help = "Serve a look-alike of Telegram's Bot API on a loopback port until SIGTERM; / shows what was sent."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8081)
        parser.add_argument("--token", default=TOKEN, help=f"the bot's token ({TOKEN})")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        try:
            telegram = Telegram(token=options["token"], port=options["port"])
        except OSError as error:
            raise CommandError(f"port {options['port']}: {error}") from None
        with telegram:
            self.stdout.write(f"TG_API_URL={telegram.url} TG_TOKEN={telegram.token} TG_DEFAULT_USER_ID=1")
            self.stdout.flush()
            stop.wait()
