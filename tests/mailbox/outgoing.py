"""Letters of ours for tests of the outbox: queued, sent at a moment of the test's own, seen in a folder."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailbox import inbox, outbox, store
from mailbox.composing import Composed
from mailbox.models import Outgoing, Receipt
from tests.factories import NOW
from tests.written import DESK, letter

A, B, C = "a@operator.example", "b@operator.example", "c@operator.example"


def queue(*recipients: str, **how: Any) -> Outgoing:
    raw = letter(sender=DESK, to=", ".join(recipients or (A,))).replace(b"\n", b"\r\n")
    return outbox.queue(Composed(raw, recipients or (A,)), now=NOW, is_automatic=True, **how)


def state_of(sent: Outgoing) -> str:
    sent.refresh_from_db()
    return sent.state


def send(at: datetime = NOW) -> int:
    return outbox.send_due(now=lambda: at)


def states(sent: Outgoing) -> list[str]:
    return [each["state"] for each in sent.recipients]


def copy_comes(sent: Outgoing, raw: bytes | None = None) -> Receipt:
    """The letter appears in a folder, and is taken."""
    receipt = inbox.receive(raw or store.read(sent.email.sha256), direction="out", received_at=NOW)
    (found,) = inbox.store([inbox.read(receipt)])
    receipt.state, receipt.email = Receipt.State.COPY, found.email
    receipt.save()
    return receipt
