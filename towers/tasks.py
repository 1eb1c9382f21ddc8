from celery import shared_task
from django.utils import timezone

from towers import sync


@shared_task
def sync_towers() -> str:
    """Synchronise the registry with TowerStore; returns the state of the run."""
    return sync.sync(timezone.now()).state
