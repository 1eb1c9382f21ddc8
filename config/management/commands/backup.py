"""`manage.py backup`: a copy of the database now; old copies go afterwards."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import backup


class Command(BaseCommand):
    help = "Write a copy of the database to DATA_DIR/backups and delete copies older than BACKUP_KEEP_DAYS."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = backup.make(now=timezone.now())
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        size = filesizeformat(file.stat().st_size)
        self.stdout.write(_("Written: %(file)s (%(size)s)") % {"file": file, "size": size})
        if old := backup.rotate(now=timezone.now()):
            said = ngettext("%(count)d old copy was deleted.", "%(count)d old copies were deleted.", len(old))
            self.stdout.write(said % {"count": len(old)})
