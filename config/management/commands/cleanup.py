"""`manage.py cleanup`: what is too old; `--delete` removes it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from config import retention


class Command(BaseCommand):
    help = "Show old logs, letters without incident, unneeded files and backups; delete them with --delete."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="really delete; without it nothing changes")

    def handle(self, *args: Any, delete: bool, **options: Any) -> None:
        findings = retention.sweep(now=timezone.now(), delete=delete)
        width = max(len(found.what) for found in findings)
        for found in findings:
            self.stdout.write(f"{found.what:<{width}}  {found.count:>8}  {filesizeformat(found.size):>10}")
        if delete:
            self.stdout.write(_("Deleted."))
        elif any(found.count for found in findings):
            self.stdout.write(_("Nothing was deleted. `manage.py cleanup --delete` does it."))
