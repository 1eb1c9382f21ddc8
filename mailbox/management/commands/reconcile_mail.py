from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from mailbox import reconciling, watching


class Command(BaseCommand):
    help = "Compare every letter on the mail servers with the ledger, and fetch what is missing. Ends with 1 if any is."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = reconciling.reconcile_all(timezone.now)
        for row in rows:
            self.stdout.write(reconciling.told(row))
        if not rows:
            self.stdout.write("No folder is watched.")
        if not all(map(reconciling.is_good, rows)):
            watching.wake()
            raise CommandError("Server and ledger did not agree.", returncode=1)
