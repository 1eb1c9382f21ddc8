"""manage.py sla_figures [--check|--rebuild]: follow what happened, compare all figures, or make them all anew."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from incidents.models import Incident
from sla.figures import following, rebuilding

SHOWN = 20
BUSY = "Somebody else writes the figures at this moment. Try again in a minute."


class Command(BaseCommand):
    help = "Bring the figures of the dashboard up to what has happened; without a choice only what is new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--check", action="store_true", help="compare all; end with 1 if anything differs")
        choice.add_argument("--rebuild", action="store_true", help="make all anew, while the desk is worked")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        elif options["rebuild"] or following.state() is None:
            self._rebuild()
        elif not following.follow(timezone.now()):
            raise CommandError(BUSY)

    def _rebuild(self) -> None:
        began = time.monotonic()

        def say(done: str) -> None:
            self.stdout.write(f"{time.monotonic() - began:7.1f} s  {done}")
            self.stdout.flush()

        if not rebuilding.rebuild(timezone.now(), say):
            raise CommandError(BUSY)

    def _check(self) -> None:
        if following.state() is None:
            raise CommandError("There are no figures yet, or those of another time zone. Say --rebuild.")
        found = rebuilding.check(timezone.now())
        for code in Incident.objects.filter(pk__in=found.facts[:SHOWN]).values_list("code", flat=True):
            self.stdout.write(code)
        self.stdout.write(
            f"{found.seen} incidents, {len(found.facts)} differences; {found.cells} differences in "
            f"{found.months} summed months; {found.days} days with other letters"
        )
        if found:
            raise CommandError("figures differ from what they are made of; --rebuild makes them anew")
