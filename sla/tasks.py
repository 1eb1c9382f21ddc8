from celery import shared_task
from django.utils import timezone

from sla import rule_following, trials


@shared_task
def follow_rules() -> int:
    """Tell the clocks of open incidents anew after the rules were changed; returns how many changed."""
    return rule_following.follow(now=timezone.now)


@shared_task
def try_rules() -> int:
    """Count what rules would do that somebody has before him; returns how many incidents were looked at."""
    return trials.count(now=timezone.now)
