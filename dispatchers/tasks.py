from celery import shared_task
from django.utils import timezone

from dispatchers import assignment


@shared_task
def hand_out() -> int:
    """Give waiting incidents as soon as somebody is eligible."""
    return assignment.hand_out(at=timezone.now())
