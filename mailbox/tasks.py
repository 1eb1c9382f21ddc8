from celery import shared_task
from django.utils import timezone

from mailbox import alerts, notices


@shared_task
def check_health() -> int:
    """Look whether mail comes, and send what has to be told; returns how many messages left."""
    alerts.check(timezone.now())
    return notices.deliver(now=timezone.now)
