"""The desk's own housekeeping, by the clock of config/schedule.py."""

import logging

from celery import shared_task
from django.utils import timezone

from config import backup as backups
from config import retention

logger = logging.getLogger(__name__)


@shared_task
def backup() -> str:
    """A copy of the database; old ones go once the new one is good. Returns its path."""
    file = backups.make(now=timezone.now())
    old = backups.rotate(now=timezone.now())
    logger.info("backup: wrote %s (%d bytes), removed %d old", file, file.stat().st_size, len(old))
    return str(file)


@shared_task
def cleanup() -> None:
    """Remove what is too old; `manage.py cleanup` shows it beforehand."""
    for found in retention.sweep(now=timezone.now(), delete=True):
        logger.info("cleanup: %s: %d, %d bytes", found.what, found.count, found.size)
