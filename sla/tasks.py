from celery import shared_task
from django.utils import timezone

from sla import (
    rule_following,
    telegram_connecting,
    telling,
    telling_letters,
    telling_telegram,
    ticks,
    trials,
    warnings,
    weekly_letter,
)
from sla.figures import following, rebuilding


@shared_task
def follow_rules() -> int:
    """Tell the clocks of open incidents anew after the rules were changed; returns how many changed."""
    return rule_following.follow(now=timezone.now)


@shared_task
def try_rules() -> int:
    """Count what rules would do that somebody has before him; returns how many incidents were looked at."""
    return trials.count(now=timezone.now)


@shared_task
def warn() -> int:
    """Say what people have to be warned of by now, and take back what is true no more; returns how much was said."""
    now = timezone.now()
    tick = ticks.note(ticks.WARNINGS, now)
    said = warnings.find(now, since=tick.since)
    telling.drop_outdated(now)
    return said


@shared_task
def tell() -> int:
    """Let warnings leave by e-mail and Telegram; returns how many messages did."""
    telegram_connecting.listen(now=timezone.now)
    return telling_letters.deliver(timezone.now()) + telling_telegram.deliver(now=timezone.now)


@shared_task
def follow_figures() -> bool:
    """Count for the dashboard what has happened; whatever was never counted, as after an upgrade, is counted now."""
    now = timezone.now()
    return following.follow(now) if following.state() else rebuilding.rebuild(now)


@shared_task
def write_weekly() -> int:
    """Write to managers about the week before, once; returns how many letters."""
    return weekly_letter.send_due(timezone.now())


@shared_task
def sum_months() -> int:
    """Sum months of the dashboard that are over and were changed; returns how many."""
    return rebuilding.sum_months(timezone.now())


@shared_task
def compare_figures() -> int:
    """Compare the figures with what they are made of and mend them; returns how many incidents were counted wrong."""
    return len(rebuilding.mend(timezone.now()).facts)
