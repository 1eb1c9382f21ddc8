"""What people do about mail problems: settle one that needs nothing more, have a letter sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from incidents import events, outgoing_deeds
from incidents.models import IncidentEmail
from mailbox.models import Email, Outgoing, Receipt, Reconciliation, Settled

if TYPE_CHECKING:
    from django.db.models import Model

    from dispatchers.models import User

_ROWS: dict[str, type[Model]] = {
    Settled.Kind.RECEIPT: Receipt,
    Settled.Kind.OUTGOING: Outgoing,
    Settled.Kind.BOUNCE: Email,
    Settled.Kind.RECONCILIATION: Reconciliation,
}


@transaction.atomic
def settle(kind: str, number: int, *, by: User, at: datetime) -> bool:
    """Nobody has to look at this one any more; False if somebody said so before. Its incident remembers who did.

    Raises the model's DoesNotExist for a row that is not there.
    """
    _require(by)
    row: Any = _ROWS[kind]._default_manager.get(pk=number)
    _row, is_new = Settled.objects.get_or_create(kind=kind, number=number, defaults={"person": by, "at": at})
    if is_new:
        email = row.pk if kind == Settled.Kind.BOUNCE else getattr(row, "email_id", None)
        _record("mail_settled", email, by, at, what=kind)
    return is_new


@transaction.atomic
def send_again(letter: Outgoing, *, by: User, at: datetime, instead: Mapping[str, str] | None = None) -> bool:
    """Have a letter of ours tried anew for those who have not got it; False if nobody is left.

    `instead`: the right address for a wrong one. Raises DomainError without a mail server, or for a wrong address.
    """
    _require(by)
    instead = {old: new for old, new in (instead or {}).items() if old != new}
    is_queued = outgoing_deeds.again(letter, instead, at)
    if is_queued:
        _record("letter_sent_again", letter.email_id, by, at, **({"instead": instead} if instead else {}))
    return is_queued


def _record(kind: str, email: int | None, by: User, at: datetime, **data: Any) -> None:
    """Into the timeline of the incident that the letter is in, if it is in one."""
    place = IncidentEmail.objects.select_related("incident").filter(email=email).first() if email else None
    if place:
        events.record(place.incident, kind, actor=by, at=at, email=email, **data)


def _require(by: User) -> None:
    if not by.has_perm("incidents.work_incident"):
        raise PermissionDenied
