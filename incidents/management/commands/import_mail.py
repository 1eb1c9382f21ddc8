from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from incidents import intake
from incidents.letter_files import letters_in
from mailbox import inbox
from mailbox.models import Email, Receipt
from mailbox.parsing import parse


class Command(BaseCommand):
    help = "Take letters from files (.eml, folders of them, mbox) exactly as if they had come by mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        pks, skipped = [], 0
        for letter in letters_in(options["paths"]):
            if letter.problem:
                skipped += 1
                self.stderr.write(f"{letter.path}: {letter.problem}")
                continue
            pks.append(self._receive(letter.raw))
        intake.take_all(timezone.now)
        self._report(pks, skipped)

    def _receive(self, raw: bytes) -> int:
        # No server says when the letter came, so its own date stands in, if it is not in the future.
        parsed, now = parse(raw), timezone.now()
        came = min(parsed.date or now, now)
        if came < datetime(1990, 1, 1, tzinfo=UTC):
            came = now
        return inbox.receive(raw, direction=Email.Direction.IN, received_at=came).pk

    def _report(self, pks: list[int], skipped: int) -> None:
        rows = Receipt.objects.filter(pk__in=pks)
        fates = Counter(rows.values_list("state", flat=True))
        words = ", ".join(f"{number} {state}" for state, number in sorted(fates.items()))
        self.stdout.write(f"{len(pks)} letters: {words or 'none'}; {skipped} files skipped.")
        waiting = list(rows.filter(state__in=[Receipt.State.NEW, Receipt.State.QUARANTINED]))
        for receipt in waiting:
            self.stderr.write(f"letter {receipt.pk} ({receipt.sha256[:12]}…): {receipt.reason}")
        if waiting:
            raise CommandError(f"{len(waiting)} letters could not be taken in; they stay stored and are tried again.")
