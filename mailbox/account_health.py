"""How each account for letters out is doing, for the page: state, last letter, letters of the hour, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from mailbox import accounts
from mailbox.accounts import Account
from mailbox.advice import Advice
from mailbox.models import AccountState, Outgoing, SmtpAccount
from mailbox.smtp_advice import advise_smtp

HOUR = timedelta(hours=1)


class State(StrEnum):
    """The first that fits."""

    OFF = "off"
    # The account of the settings, beside others that people added.
    UNUSED = "unused"
    FAILING = "failing"
    WORKS = "works"
    # No letter has left by it yet.
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Health:
    """One account as the page shows it. `row` is empty for the account of the settings."""

    account: Account
    row: SmtpAccount | None
    state: State
    known: AccountState | None
    hour: int
    waiting: int
    now: datetime

    @property
    def advice(self) -> Advice | None:
        return advise_smtp(self.known.said) if self.known and self.known.said and self.state == State.FAILING else None

    @property
    def paused_until(self) -> datetime | None:
        until = self.known.paused_until if self.known else None
        return until if until and until > self.now and self.state == State.FAILING else None

    @property
    def failed_since(self) -> datetime | None:
        return self.known.failed_since if self.known else None

    @property
    def last_sent_at(self) -> datetime | None:
        return self.known.last_sent_at if self.known else None


def of_all(now: datetime) -> list[Health]:
    """Every account, those in use first; the number of queries does not depend on how many there are."""
    rows = SmtpAccount.objects.select_related("state", "mailbox", "copies_to__mailbox").annotate(
        hour=_number(_of_hour(now).filter(account=OuterRef("pk"))),
        waiting=_number(_waiting().filter(account=OuterRef("pk"))),
    )
    found = [_of_row(row, now) for row in rows.order_by("-is_active", "-is_default", "name", "pk")]
    if not settings.EMAIL_HOST:
        return found
    in_use = any(each.state != State.OFF for each in found)
    return [*found, _of_settings(now)] if in_use else [_of_settings(now, is_used=True), *found]


def _of_row(row: SmtpAccount, now: datetime) -> Health:
    known = getattr(row, "state", None)
    state = State.OFF if not row.is_active else _state(known)
    hour, waiting = row.hour, row.waiting  # type: ignore[attr-defined]
    return Health(accounts.of_row(row), row, state, known, hour, waiting, now)


def _of_settings(now: datetime, *, is_used: bool = False) -> Health:
    known = AccountState.objects.filter(account=None).first()
    state = _state(known) if is_used else State.UNUSED
    hour, waiting = _of_hour(now).filter(account=None).count(), _waiting().filter(account=None).count()
    return Health(accounts.of_settings(), None, state, known, hour, waiting, now)


def _state(known: AccountState | None) -> State:
    if known and known.failed_since:
        return State.FAILING
    return State.WORKS if known and known.last_sent_at else State.NEW


def _of_hour(now: datetime) -> QuerySet[Outgoing]:
    return Outgoing.objects.filter(tried_at__gt=now - HOUR, state=Outgoing.State.SENT)


def _waiting() -> QuerySet[Outgoing]:
    return Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.RETRYING])


def _number(rows: QuerySet[Outgoing]) -> Any:
    counted = rows.order_by().values("account").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
