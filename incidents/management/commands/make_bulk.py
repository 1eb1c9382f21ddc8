from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.module_loading import import_string

from incidents import bulk_data
from incidents.bulk_data import sql


class Command(BaseCommand):
    help = (
        "Fill an empty database with years of incidents and letters in minutes, to measure or to try things out. "
        "Half of the last month's incidents are open; nobody can sign in as the people it makes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--incidents", type=int, default=10_000)
        parser.add_argument("--letters", type=int, help="five for each incident, if nothing is said")
        parser.add_argument("--seed", type=int, default=1, help="another number makes other rows")
        parser.add_argument("--add", action="store_true", help="to what the database has already")

    def handle(self, *args: Any, **options: Any) -> None:
        incidents = options["incidents"]
        letters = options["letters"] or 5 * incidents
        if incidents < 1 or letters < incidents:
            raise CommandError("At least one incident, and at least as many letters as incidents.")
        began = time.monotonic()
        before = {model: _rows(model) for model in bulk_data.TABLES}

        def say(done: str) -> None:
            self.stdout.write(f"{time.monotonic() - began:7.1f} s  {done}")
            self.stdout.flush()

        now = timezone.now()
        try:
            bulk_data.fill(incidents, letters, now=now, seed=options["seed"], add=options["add"], say=say)
        except bulk_data.NotEmpty:
            raise CommandError("The database is not empty. Say --add to fill it further.") from None
        for path in settings.AFTER_MAKE_BULK:
            import_string(path)(now, say)
        for model in bulk_data.TABLES:
            self.stdout.write(f"{_rows(model) - before[model]:12,}  {model._meta.db_table}")
        size = sql.run("SELECT pg_size_pretty(pg_database_size(current_database()))")[0][0]
        self.stdout.write(f"{time.monotonic() - began:7.1f} s, the database has {size}")


def _rows(model: Any) -> int:
    return int(model._default_manager.count())
