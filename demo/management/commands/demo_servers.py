"""The servers a desk without a mailbox needs, as stand-ins on this machine."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.embedded.paths import var_dir
from demo.servers import AlreadyServed, serve


class Command(BaseCommand):
    help = "Serve a TowerStore look-alike, IMAP and SMTP on loopback ports until SIGTERM."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(serve(var_dir(), self._say))
        except AlreadyServed as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
