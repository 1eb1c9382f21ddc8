"""How fast an account may send: the letters of its server's last minute, and the pauses after that one's trouble."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from mailbox.accounts import Account
from mailbox.models import AccountState, Outgoing, SmtpAccount

MINUTE = timedelta(minutes=1)
# A server that is down is asked again soon, one that does not let us in rarely: insisting locks accounts.
DOWN, LOCKED_OUT = timedelta(minutes=1), timedelta(minutes=10)
# It took a letter and gave no answer: a queue sent into that would become a queue that nobody knows of.
SILENT = timedelta(minutes=5)


def may_send(account: Account, now: datetime) -> bool:
    """Whether the account may try a letter now. Who asks must be the only one who sends by it.

    A server counts whatever comes to it, so letters of other accounts there count as well.
    """
    if AccountState.objects.filter(account=account.pk, paused_until__gt=now).exists():
        return False
    if account.per_minute is None:
        return True
    # By their keys, so that the index of the last minute is used.
    there = SmtpAccount.objects.filter(host__iexact=account.host, port=account.port).values_list("pk", flat=True)
    by_neighbours = Q(account__in=list(there))
    if (account.host.lower(), account.port) == (settings.EMAIL_HOST.lower(), settings.EMAIL_PORT):
        by_neighbours |= Q(account=None)
    tried = Outgoing.objects.filter(by_neighbours, tried_at__gt=now - MINUTE)
    return tried.count() < account.per_minute


def pause(pk: int | None, said: str, *, now: datetime, until: datetime) -> None:
    """The account's server is in trouble: nobody asks it for a while. `pk` of None is the settings' account."""
    state, _created = AccountState.objects.get_or_create(account_id=pk)
    state.paused_until, state.said, state.failed_since = until, said, state.failed_since or now
    state.save(update_fields=["paused_until", "said", "failed_since"])


def note_sent(pk: int | None, now: datetime) -> None:
    """A letter left: whatever was wrong is over."""
    facts = {"last_sent_at": now, "paused_until": None, "failed_since": None, "said": ""}
    AccountState.objects.update_or_create(account_id=pk, defaults=facts)


def resume(pk: int | None) -> None:
    """Somebody has seen to it: the account is tried at once."""
    AccountState.objects.filter(account=pk).update(paused_until=None)
