from celery import shared_task
from django.utils import timezone

from incidents import composer_leaving, events, gathering, intake, ledger_clock, notices, promises, reminders


@shared_task
def take_new_mail() -> int:
    """Take stored letters until none is waiting; returns how many."""
    return intake.take_all(now=timezone.now)


@shared_task
def gather_letters() -> int:
    """Join kept letters whose conversation has an incident by now."""
    return gathering.sweep(now=timezone.now())


@shared_task
def compare_ledger() -> dict[str, int]:
    """Compare the week's letters with the incidents and the stored letters; returns what disagrees, by kind."""
    return ledger_clock.compare(now=timezone.now())


@shared_task
def follow_notices() -> int:
    """Move statuses on whose letters have left; those whose letters have not become errors."""
    return notices.settle(now=timezone.now())


@shared_task
def retry_reactions() -> int:
    """Run reactions that failed, by their plan."""
    return events.retry_failed(now=timezone.now())


@shared_task
def send_planned_letters() -> int:
    """Let letters leave that were written for this moment; returns how many did."""
    return composer_leaving.leave_due(timezone.now())


@shared_task
def ring() -> int:
    """Say what was promised and did not happen, and what people wanted to be reminded of."""
    now = timezone.now()
    return promises.note_missed(now) + reminders.ring(now)
