"""Letters of ours that came back: which recipient did not get which letter, and why.

A report of delivery (RFC 3464) says it address by address; where a server writes only prose, its words are searched
for the addresses we sent to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from django.db import transaction

from mailbox import answering, inbox, outcomes, store
from mailbox.answering import counted
from mailbox.models import Email, Outgoing, Settled, ThreadId
from mailbox.parsing import parse
from mailbox.smtp import Answer, Result

# Reports stand before the letter they return, which may be large.
_READ_BYTES = 2**20
_LONGEST_WORDS = 500
# What a bounce quotes of the letter that came back begins so; not every address below was refused.
_QUOTED_HEADERS = re.compile(r"^[ >|]*(?:received|return-path|message-id|from|to|subject):", re.I | re.M)
_CODE = re.compile(r"\b5\d\d\b|\b5\.\d{1,3}\.\d{1,3}\b")


@transaction.atomic
def note(bounce: Email, *, now: datetime) -> list[str]:
    """Write it to the letter that came back, and mark the addresses as bad; returns them, in counted spelling."""
    raw = _bytes_of(bounce)
    email = _returned(bounce, raw)
    if email is None:
        return []
    letter = Outgoing.objects.select_for_update().filter(email=email).first()
    failed = _failed(bounce, raw, _recipients(email, letter))
    if letter and _mark(letter, failed, now):
        letter.bounces.add(bounce)
        # Whoever had seen to the letter has not seen this.
        Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=letter.pk).delete()
    return [answering.mark_bad(each, now=now, bounce=bounce, said=failed[each]) for each in sorted(failed)]


def read(raw: bytes) -> dict[str, str]:
    """Addresses a report calls failed, in counted spelling, with the server's words. Empty where it is only prose."""
    message = message_from_bytes(raw[:_READ_BYTES], policy=compat32)
    failed: dict[str, str] = {}
    for block in _reports(message):
        if not _has_failed(block):
            continue
        words = _value(block, "Diagnostic-Code") or _value(block, "Status")
        # Original-Recipient is whom we wrote to; the final one may stand behind a forwarding.
        for name in ("Original-Recipient", "Final-Recipient"):
            if address := _value(block, name).strip("<> "):
                failed[counted(address)] = words
    named = getaddresses([str(each) for each in message.get_all("X-Failed-Recipients", [])])
    return {counted(address): "" for _name, address in named if address} | failed


def _bytes_of(bounce: Email) -> bytes:
    try:
        return store.read(bounce.sha256)
    except OSError:
        return b""


def _returned(bounce: Email, raw: bytes) -> Email | None:
    """The letter of ours that came back. A report may also mention those that it answered."""
    ids = ThreadId.objects.filter(email=bounce).values("message_id")
    ours = Email.objects.filter(direction=Email.Direction.OUT, message_id__in=ids).order_by("-pk")
    named = inbox.short_id(parse(raw).bounced_message_id) if raw else ""
    return (named and ours.filter(message_id=named).first()) or ours.first()


def _recipients(email: Email, letter: Outgoing | None) -> set[str]:
    """Whom it went to beside the desk, in counted spelling."""
    people = [each["email"] for each in (*email.to, *email.cc) if each.get("email")]
    envelope = [each["address"] for each in letter.recipients] if letter else []
    own = inbox.own_addresses()
    return {counted(each) for each in (*people, *envelope) if each.lower() not in own and counted(each) not in own}


def _failed(bounce: Email, raw: bytes, recipients: set[str]) -> dict[str, str]:
    """Those of the recipients that did not get it, with the words for it."""
    told = _QUOTED_HEADERS.split(bounce.text, maxsplit=1)[0]
    report = read(raw)
    named = recipients & report.keys()
    if not named and len(recipients) == 1:
        named = recipients
    if not named:
        named = {each for each in recipients if each in told.lower()}
    return {each: report.get(each) or _words(told) for each in named}


def _mark(letter: Outgoing, failed: Mapping[str, str], now: datetime) -> bool:
    """Its recipients have not got it, whatever the first server said. False if that was known of all of them."""
    answers = {
        each["address"]: Answer(Result.BOUNCED, failed[counted(each["address"])])
        for each in letter.recipients
        if counted(each["address"]) in failed and each["state"] in (Result.ACCEPTED, Result.UNKNOWN)
    }
    if not answers:
        return False
    if letter.state == Outgoing.State.UNKNOWN:
        # What came back has left: the others have got it.
        has_left = outcomes.for_all(
            letter, Result.UNKNOWN, Answer(Result.ACCEPTED, "it came back from another address")
        )
        outcomes.save(letter, has_left | answers, now)
        return True
    for each in letter.recipients:
        if answer := answers.get(each["address"]):
            each["state"], each["said"] = answer.result, answer.said
    letter.said, letter.is_lacking = next(iter(answers.values())).said, outcomes.lacks_somebody(letter)
    letter.save(update_fields=["recipients", "said", "is_lacking"])
    return True


def _reports(message: Message) -> Iterator[Message]:
    """The blocks of a delivery report, one a recipient."""
    for part in message.walk():
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            blocks = part.get_payload()
            if isinstance(blocks, list):
                yield from (each for each in blocks if isinstance(each, Message))


def _has_failed(block: Message) -> bool:
    action = str(block.get("Action", "")).split("(")[0].strip().lower()
    return action == "failed" or (not action and str(block.get("Status", "")).strip().startswith("5"))


def _value(block: Message, name: str) -> str:
    """What stands behind the type: `rfc822; a@b.example`, `smtp; 550 no such user`."""
    said = " ".join(str(block.get(name, "")).replace("\x00", "").split())
    _kind, semicolon, value = said.partition(";")
    return (value if semicolon else said).strip()[:_LONGEST_WORDS]


def _words(told: str) -> str:
    """The line of the prose that carries a code, else its beginning."""
    lines = [" ".join(line.split()) for line in told.splitlines() if line.strip()]
    return next((line for line in lines if _CODE.search(line)), lines[0] if lines else "")[:_LONGEST_WORDS]
