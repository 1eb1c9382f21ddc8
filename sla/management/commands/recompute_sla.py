"""manage.py recompute_sla [--check] [--open]: bring stored clocks up to the events, or only say which are not."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from incidents.models import Incident
from sla.recomputing import load, locked, recompute

STEP = 500
SHOWN = 20


class Command(BaseCommand):
    help = "Compute every clock anew from events, rules and calendars, and write what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if anything differs")
        parser.add_argument("--open", action="store_true", help="open incidents only")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Incident.objects.filter(closed_at=None) if options["open"] else Incident.objects.all()
        seen, wrong, last = 0, [], 0
        while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:STEP]):
            with transaction.atomic():
                incidents = load(keys) if options["check"] else locked(keys)
                wrong += [each.code for each in recompute(incidents, timezone.now(), write=not options["check"])]
            seen, last = seen + len(keys), keys[-1]
        for code in wrong[:SHOWN]:
            self.stdout.write(code)
        self.stdout.write(f"{seen} incidents, {len(wrong)} differences")
        if wrong and options["check"]:
            raise CommandError("stored clocks differ from what the events say; without --check they are written anew")
