"""Receipts for tests of the ledger: folders, receipts in any fate, letters with their place."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from incidents.models import Incident, IncidentEmail
from mailbox import store
from mailbox.models import Folder, Mailbox, Receipt
from tests.factories import make_email, make_incident

State = Receipt.State
_numbers = count(1)


def make_folder(name: str = "INBOX", role: str = "inbox", **over: Any) -> Folder:
    """A folder in a mailbox of its own."""
    address = f"desk{next(_numbers)}@towers.example"
    mailbox = Mailbox.objects.create(address=address, host="mail.example", login=address)
    return Folder.objects.create(mailbox=mailbox, name=name, role=role, uidvalidity=1, **over)


def make_receipt(**over: Any) -> Receipt:
    """A receipt as a watcher or an import leaves it, with any fate."""
    n = next(_numbers)
    facts: dict[str, Any] = {
        "direction": "in",
        "sha256": f"{n:064x}",
        "size": 1200,
        "received_at": timezone.now() - timedelta(minutes=3),
        **over,
    }
    if facts.get("folder"):
        facts |= {"uid": n, "uidvalidity": 1}
    return Receipt.objects.create(**facts)


def received(
    state: str = State.JOINED, *, minutes: float = 3, code: str = "", raw: bytes = b"", **over: Any
) -> Receipt:
    """A letter with its receipt; an opened or joined one stands in the incident of this code."""
    of_receipt = {name: over.pop(name) for name in ("folder", "rule", "is_old") if name in over}
    moment = timezone.now() - timedelta(minutes=minutes)
    n = next(_numbers)
    direction = over.get("direction", "in")
    sha256 = store.put(raw) if raw else f"{n:064x}"
    if "text" in over:
        over.setdefault("reply_text", over["text"])
    email = make_email(**{"received_at": moment, "sha256": sha256, **over})
    if state in (State.OPENED, State.JOINED):
        code = code or f"NT-{900000 + n}"
        incident = Incident.objects.filter(code=code).first() or make_incident(code=code)
        way = IncidentEmail.Way.OPENED if state == State.OPENED else IncidentEmail.Way.THREAD
        incident.letters.create(email=email, way=way, thread=email.pk)
    facts = {"state": state, "email": email, "received_at": moment, "sha256": sha256, "direction": direction}
    return make_receipt(**facts, **of_receipt)
