from celery import shared_task
from django.utils import timezone

from mailbox import alerts, in_doubt, notices, outbox, reconciling, sent_copies, watching


@shared_task
def check_health() -> int:
    """Look whether mail comes, and send what has to be told; returns how many messages left."""
    alerts.check(timezone.now())
    return notices.deliver(now=timezone.now)


@shared_task
def send_mail_due() -> int:
    """Send queued letters; returns how many left."""
    return outbox.send_due(now=timezone.now)


@shared_task
def look_after_sent() -> int:
    """Ask mail servers for letters of unknown fate, and put copies beside them; returns how many were settled."""
    found = in_doubt.settle_by_folder(timezone.now())
    return found + sent_copies.keep_due(timezone.now())


@shared_task
def reconcile() -> int:
    """Compare every letter on the mail servers with the ledger; returns how many were missing, and are fetched now."""
    rows = reconciling.reconcile_all(timezone.now)
    missing = sum(len(row.missing) for row in rows)
    if missing:
        watching.wake()
    return missing
