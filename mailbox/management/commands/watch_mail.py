import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from mailbox import watching
from mailbox.imap import BROKEN, LoginRefused


class Command(BaseCommand):
    help = "Fetch letters from the desk's mailbox as they come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one pass over all folders, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        account = settings.MAIL_ACCOUNT
        if account is None:
            raise CommandError("No mailbox: set PARSING_EMAIL_SERVER, PARSING_EMAIL_LOGIN and PARSING_EMAIL_PSWD.")
        if options["once"]:
            self._once(account)
            return
        stop = threading.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        watching.watch(account, stop)

    def _once(self, account: dict[str, Any]) -> None:
        try:
            stored = watching.look_once(account)
        except (LoginRefused, *BROKEN) as error:
            raise CommandError(f"{account['host']}:{account['port']}: {error}") from None
        self.stdout.write(f"{stored} letters stored.")
