"""Letters that wait to be taken: claim some, read them, say what became of each. The rest of the system starts here.

    with transaction.atomic():
        receipts = inbox.claim(now)
        readings = [inbox.read(receipt) for receipt in receipts]
        inbox.lock(...)                        # whatever decides about these letters
        letters = inbox.store(readings)
        ...                                    # decide
        inbox.finish(fates)

The claim is a row lock: a process that dies gives the letters back untouched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from mailbox import store as files
from mailbox.models import Attachment, Email, Mailbox, Receipt, Settled, SmtpAccount, ThreadId
from mailbox.parsing import ParsedEmail, content_key, parse, synthesized_id

# Letters in one transaction: enough to share its costs, few enough to be done in a fraction of a second.
BATCH, BATCH_BYTES = 50, 8 * 2**20
# Minutes between attempts at a letter that fails; after the last one it is quarantined with the reason.
PLAN = [timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)]
# An index row holds at most 2,704 bytes; no honest Message-ID comes near.
LONGEST_ID = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """A letter as read, not stored yet. `key` tells two deliveries of one letter from two letters."""

    receipt: Receipt
    parsed: ParsedEmail
    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as stored and as read. `is_copy`: it was stored before, from another folder or file."""

    receipt: Receipt
    email: Email
    parsed: ParsedEmail
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a letter; `rule` says why one was kept (mailbox.rules.KEPT_BY)."""

    receipt: Receipt
    state: str
    email: Email
    rule: str = ""


def claim(now: datetime, most: int = BATCH) -> list[Receipt]:
    """Lock the oldest letters that wait and that nobody else is taking, news before history.

    Needs an open transaction. A letter that failed before comes alone: it must not take others down with it.
    """
    receipts: list[Receipt] = []
    size = 0
    for receipt in _waiting(now).order_by("is_old", "id")[:most]:
        size += receipt.size
        if receipts and (size > BATCH_BYTES or receipt.attempts):
            break
        receipts.append(receipt)
        if receipt.attempts:
            break
    return receipts


def claim_one(pk: int, now: datetime) -> Receipt | None:
    """Lock this letter if it still waits."""
    return _waiting(now).filter(pk=pk).first()


def _waiting(now: datetime) -> QuerySet[Receipt]:
    waiting = Receipt.objects.filter(state=Receipt.State.NEW).filter(Q(next_try_at=None) | Q(next_try_at__lte=now))
    return waiting.select_for_update(skip_locked=True, of=("self",))


def quarantine() -> QuerySet[Receipt]:
    """Letters that could not be taken, and that no person has settled."""
    settled = Settled.objects.filter(kind=Settled.Kind.RECEIPT, number=OuterRef("pk"))
    return Receipt.objects.filter(state=Receipt.State.QUARANTINED).exclude(Exists(settled))


def receive(raw: bytes, *, direction: str, received_at: datetime) -> Receipt:
    """Store a letter that comes from a file, not from a folder; it is taken like any other."""
    return Receipt.objects.create(direction=direction, sha256=files.put(raw), size=len(raw), received_at=received_at)


def read(receipt: Receipt) -> Reading:
    """Parse the letter. Raises FileNotFoundError without bytes."""
    raw = files.read(receipt.sha256)
    parsed = parse(raw)
    # Without id and date two alarms of the same words would look like one letter: then only equal bytes are.
    key = content_key(parsed) if parsed.message_id or parsed.date_header else receipt.sha256
    return Reading(receipt, parsed, key, len(raw))


def store(readings: Sequence[Reading]) -> list[Letter]:
    """Store what the letters say, once for all copies of each; their keys must be locked and differ."""
    known = _known(readings)
    fresh = [each for each in readings if each.key not in known]
    own = own_addresses() if fresh else frozenset()
    emails = Email.objects.bulk_create(Email(content_key=each.key, **_facts(each, own)) for each in fresh)
    created = {email.content_key: email for email in emails}
    pairs = [(each.parsed, created[each.key]) for each in fresh]
    ThreadId.objects.bulk_create(
        ThreadId(email=email, message_id=each)
        for parsed, email in pairs
        for each in sorted({short_id(each) for each in (email.message_id, *thread_ids(parsed))})
    )
    Attachment.objects.bulk_create(
        Attachment(
            email=email,
            name=each.name[:255],
            content_type=each.content_type[:255],
            size=each.size,
            sha256=each.sha256,
            inline=each.inline,
            content_id=each.content_id[:998],
        )
        for parsed, email in pairs
        for each in parsed.attachments
    )
    return [
        Letter(each.receipt, created.get(each.key) or known[each.key], each.parsed, is_copy=each.key in known)
        for each in readings
    ]


def _known(readings: Sequence[Reading]) -> dict[str, Email]:
    """Letters that are stored already, by key. Equal bytes are one letter, however differently we read them once."""
    keys, hashes = [each.key for each in readings], [each.receipt.sha256 for each in readings]
    rows = list(Email.objects.filter(Q(content_key__in=keys) | Q(sha256__in=hashes)))
    by_hash, by_key = {row.sha256: row for row in rows}, {row.content_key: row for row in rows}
    sent = _sent(readings)
    found = ((each.key, by_key.get(each.key) or by_hash.get(each.receipt.sha256)) for each in readings)
    return {**sent, **{key: email for key, email in found if email}}


def _sent(readings: Sequence[Reading]) -> dict[str, Email]:
    """Letters that we sent ourselves, told by the Message-ID we gave them: servers rewrite what they keep in Sent.

    Only in a folder of sent letters the id alone is proof; elsewhere anybody may write it.
    """
    keys = {each.parsed.message_id: each.key for each in readings if each.receipt.direction == Email.Direction.OUT}
    keys.pop("", None)
    ours = Email.objects.filter(message_id__in=keys, outgoing__isnull=False) if keys else ()
    return {keys[email.message_id]: email for email in ours}


def store_own(raw: bytes, now: datetime) -> Email:
    """Store a letter that we are about to send; when its copy comes back from a folder, it is known as one."""
    receipt = Receipt(
        direction=Email.Direction.OUT, sha256=files.put(raw), size=len(raw), received_at=now, state=Receipt.State.NEW
    )
    reading = read(receipt)
    lock([reading.key])
    return store([reading])[0].email


def thread_ids(parsed: ParsedEmail) -> list[str]:
    """The ids this letter answers, the most telling first: In-Reply-To, a bounced letter's, References from the end."""
    ids = [*parsed.in_reply_to, parsed.bounced_message_id, *reversed(parsed.references)]
    return list(dict.fromkeys(short_id(each) for each in ids if each))


def lock(keys: Iterable[str]) -> None:
    """Let letters that share a key be decided one after another, whoever takes them; ends with the transaction.

    Sorted, so that two takers never wait for each other.
    """
    numbers = sorted({int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True) for key in keys})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [numbers])


def finish(fates: Sequence[Fate]) -> None:
    """Write what became of the letters; in the same transaction as its consequences."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailbox_receipt AS row
            SET state = new.state, email_id = new.email, rule = new.rule, reason = '', next_try_at = NULL
            FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[]) AS new (id, state, email, rule)
            WHERE row.id = new.id
            """,
            [
                [each.receipt.pk for each in fates],
                [str(each.state) for each in fates],
                [each.email.pk for each in fates],
                [each.rule for each in fates],
            ],
        )


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


def own_addresses() -> frozenset[str]:
    """The desk's own addresses, in lower case: of the settings, of every mailbox and account; one query."""
    accounts = SmtpAccount.objects.order_by().values_list("from_address", flat=True)
    rows = Mailbox.objects.order_by().values_list("address", flat=True).union(accounts)
    return frozenset(settings.DESK_ADDRESSES) | {address.lower() for address in rows}


def is_ours(address: str) -> bool:
    """Whether this is an address of the settings; for pages, which ask about each person they show."""
    return address.lower() in settings.DESK_ADDRESSES


def _facts(reading: Reading, own: frozenset[str]) -> dict[str, object]:
    receipt, parsed, size = reading.receipt, reading.parsed, reading.size
    out = receipt.direction == Email.Direction.OUT or parsed.from_email.lower() in own
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
        "reply_to": [{"name": each.name, "email": each.email} for each in parsed.reply_to],
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
        "security": parsed.security,
        "auto_reasons": list(parsed.auto_reasons),
    }
