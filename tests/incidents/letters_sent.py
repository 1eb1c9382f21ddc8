"""Letters of ours for tests of their list, in any state, to any number of recipients; and the list as one reads it."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone

from dispatchers.models import User
from incidents.models import Incident, IncidentEmail
from mailbox.models import Outgoing, SmtpAccount
from tests.factories import make_email

PAGE = "/letters/out/"
ENGLISH = {"accept-language": "en"}
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


def browser(person: User) -> Client:
    client = Client(headers=ENGLISH)
    client.force_login(person)
    client.cookies["django_language"] = "en"
    return client


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.text


def shown(client: Client, query: str = "") -> list[int]:
    return [int(pk) for pk in re.findall(r'id="out-(\d+)"', page(client, query))]


def row_of(letter: Outgoing, text: str) -> str:
    """The row in words, without its markup."""
    row = text.partition(f'id="out-{letter.pk}"')[2].partition('<li class="lo-row')[0].partition("</main>")[0]
    assert row
    return " ".join(re.sub(r"^[^>]*>|<[^>]+>", " ", row).split())


def act(client: Client, **posted: Any) -> str:
    answer = client.post(f"{PAGE}act/", posted, follow=True)
    assert answer.status_code == 200
    return answer.text
