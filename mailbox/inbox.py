"""Letters that wait to be taken: claim one, read it, say what became of it. The rest of the system starts here.

    with transaction.atomic():
        receipt = inbox.claim_next(now)
        letter = inbox.read(receipt)
        ...                                   # decide
        inbox.finish(receipt, State.JOINED, letter.email)

The claim is a row lock: a process that dies gives the letter back untouched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q

from mailbox import store
from mailbox.models import Attachment, Email, Receipt, ThreadId
from mailbox.parsing import ParsedEmail, content_key, parse, synthesized_id

# Minutes between attempts at a letter that fails; after the last one it is quarantined with the reason.
PLAN = [timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)]
# An index row holds at most 2,704 bytes; no honest Message-ID comes near.
LONGEST_ID = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as stored and as read. `is_copy`: it was stored before, from another folder or file."""

    email: Email
    parsed: ParsedEmail
    is_copy: bool


def claim_next(now: datetime) -> Receipt | None:
    """Lock the oldest letter that waits and that nobody else is taking; needs an open transaction."""
    waiting = Receipt.objects.filter(state=Receipt.State.NEW).filter(Q(next_try_at=None) | Q(next_try_at__lte=now))
    return waiting.select_for_update(skip_locked=True, of=("self",)).order_by("id").first()


def receive(raw: bytes, *, direction: str, received_at: datetime) -> Receipt:
    """Store a letter that comes from a file, not from a folder; it is taken like any other."""
    return Receipt.objects.create(direction=direction, sha256=store.put(raw), size=len(raw), received_at=received_at)


def read(receipt: Receipt) -> Letter:
    """Parse the letter and store what it says, once for all its copies. Raises FileNotFoundError without bytes."""
    raw = store.read(receipt.sha256)
    parsed = parse(raw)
    # Without id and date two alarms of the same words would look like one letter: then only equal bytes are.
    key = content_key(parsed) if parsed.message_id or parsed.date_header else receipt.sha256
    email, created = Email.objects.get_or_create(content_key=key, defaults=_facts(receipt, parsed, len(raw)))
    if created:
        ids = {short_id(each) for each in (email.message_id, *thread_ids(parsed))}
        ThreadId.objects.bulk_create(ThreadId(email=email, message_id=each) for each in sorted(ids))
        Attachment.objects.bulk_create(
            Attachment(
                email=email,
                name=each.name[:255],
                content_type=each.content_type[:255],
                size=each.size,
                sha256=store.put(each.content),
                inline=each.inline,
                content_id=each.content_id[:998],
            )
            for each in parsed.attachments
        )
    return Letter(email, parsed, is_copy=not created)


def thread_ids(parsed: ParsedEmail) -> list[str]:
    """The ids this letter answers, the most telling first: In-Reply-To, a bounced letter's, References from the end."""
    ids = [*parsed.in_reply_to, parsed.bounced_message_id, *reversed(parsed.references)]
    return list(dict.fromkeys(short_id(each) for each in ids if each))


def lock_threads(keys: Sequence[str]) -> None:
    """Let letters that share a key be decided one after another, whoever takes them; ends with the transaction.

    Sorted, so that two letters never wait for each other.
    """
    numbers = sorted({int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True) for key in keys})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [numbers])


def finish(receipt: Receipt, state: str, email: Email, reason: str = "") -> None:
    """Write the letter's fate; in the same transaction as its consequences."""
    receipt.state, receipt.email, receipt.reason = state, email, reason
    receipt.next_try_at = None
    receipt.save(update_fields=["state", "email", "reason", "next_try_at"])


def postpone(pk: int, error: str, now: datetime) -> None:
    """After a failure, in a transaction of its own: try again by plan, at last quarantine with the reason."""
    receipt = Receipt.objects.select_for_update().get(pk=pk)
    if receipt.state != Receipt.State.NEW:
        return
    receipt.attempts += 1
    receipt.reason = error[:2000]
    if receipt.attempts > len(PLAN):
        receipt.state, receipt.next_try_at = Receipt.State.QUARANTINED, None
    else:
        receipt.next_try_at = now + PLAN[receipt.attempts - 1]
    receipt.save(update_fields=["attempts", "reason", "state", "next_try_at"])


def short_id(message_id: str) -> str:
    """The id itself, or a name of fixed length for one too long to be indexed."""
    if len(message_id.encode()) <= LONGEST_ID:
        return message_id
    return f"<{hashlib.sha256(message_id.encode()).hexdigest()}@long.local>"


def is_ours(address: str) -> bool:
    """Whether this is the desk's own address."""
    return address.lower() in settings.DESK_ADDRESSES


def _facts(receipt: Receipt, parsed: ParsedEmail, size: int) -> dict[str, object]:
    out = receipt.direction == Email.Direction.OUT or is_ours(parsed.from_email)
    problems = [{"code": each.code, "detail": each.detail} for each in parsed.problems]
    if receipt.size > size:
        problems.append({"code": "letter-cut", "detail": str(receipt.size)})
    return {
        "sha256": receipt.sha256,
        "size": receipt.size,
        "direction": Email.Direction.OUT if out else Email.Direction.IN,
        "kind": parsed.kind.value,
        "subject": parsed.subject,
        "from_name": parsed.from_name,
        "from_email": parsed.from_email[:320],
        "to": [{"name": each.name, "email": each.email} for each in parsed.to],
        "cc": [{"name": each.name, "email": each.email} for each in parsed.cc],
        "received_at": receipt.received_at,
        "date": parsed.date,
        "message_id": short_id(parsed.message_id or synthesized_id(receipt.sha256)),
        "in_reply_to": [short_id(each) for each in parsed.in_reply_to],
        "references": [short_id(each) for each in parsed.references],
        "text": parsed.text,
        "reply_text": parsed.reply_text,
        "safe_html": parsed.safe_html,
        "has_remote_images": parsed.has_remote_images,
        "problems": problems,
    }
