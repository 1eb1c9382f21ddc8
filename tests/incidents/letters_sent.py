"""Letters of ours for tests of their list: in any state, to any number of recipients."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from incidents.models import Incident, IncidentEmail
from mailbox.models import Outgoing, SmtpAccount
from tests.factories import make_email

RESULTS = {"sent": "accepted", "failed": "refused", "unknown": "unknown"}
_numbers = count(1)


def make_account(**over: Any) -> SmtpAccount:
    n = next(_numbers)
    facts: dict[str, Any] = {"from_address": f"desk{n}@towers.example", "host": "smtp.towers.example", **over}
    return SmtpAccount.objects.create(**{"name": facts["from_address"], **facts})


def recipient(address: str = "noc@operator.example", state: str = "accepted", said: str = "") -> dict[str, str]:
    return {"address": address, "state": state, "said": said}


def make_letter(state: str = "sent", incident: Incident | None = None, *, minutes: float = 3, **over: Any) -> Outgoing:
    """A letter of ours that was queued so long ago. `to` are its recipients, `subject` its subject."""
    at = timezone.now() - timedelta(minutes=minutes)
    email = make_email(direction="out", received_at=at, subject=over.pop("subject", "Re: NT-100001: Отсутствует ВЭС"))
    if incident:
        IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    result = RESULTS.get(state, "waiting")
    to = over.pop("to", None) or [recipient(state=result, said="550 5.7.1 no" if result == "refused" else "")]
    facts: dict[str, Any] = {
        "email": email,
        "state": state,
        "recipients": to,
        "to_address": to[0]["address"],
        "queued_at": at,
        "attempts": 0 if state == "queued" else 1,
        "next_try_at": at if state == "queued" else None,
        "sent_at": at + timedelta(seconds=1) if state == "sent" else None,
        "said": "550 5.7.1 no" if result == "refused" else "",
        **over,
    }
    return Outgoing.objects.create(**facts)
