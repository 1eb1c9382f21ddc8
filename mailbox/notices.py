"""Messages to the people who keep Dispatch running, by Telegram and by letter: written as rows, sent by the clock.

A message may come twice if the process dies between sending and noting it; it is never forgotten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from mailbox import accounts, telegram
from mailbox.models import Notice
from mailbox.sealing import WrongKey
from mailbox.telegram import NotSent

logger = logging.getLogger(__name__)

Channel, State = Notice.Channel, Notice.State
# Before the next attempt; the last one is repeated until the message is too old to be of use.
PLAN = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60)]
GIVEN_UP_AFTER = timedelta(days=1)
# Another worker may try only when this one has surely given up waiting for the server.
LEASE = timedelta(minutes=3)
SMTP_SECONDS = 10
# One tick does not go on longer than this; the rest is for the next one.
TICK_SECONDS = 30.0
LONGEST_ANSWER = 300


def recipients() -> list[tuple[Notice.Channel, str]]:
    """Who is told, by which way. Never the desk itself: an alert must not open an incident."""
    chats = settings.TG_CHATS if settings.TG_TOKEN else []
    people = settings.ALERT_EMAILS if settings.ALERT_EMAILS and accounts.is_possible() else []
    return [(Channel.TELEGRAM, chat) for chat in chats] + [
        (Channel.EMAIL, address) for address in people if address.lower() not in settings.DESK_ADDRESSES
    ]


def write(title: str, text: str, *, is_good: bool, now: datetime) -> int:
    """Write one message for each recipient, in the transaction that is open; returns how many."""
    rows = [
        Notice(
            channel=channel,
            recipient=recipient,
            # One line: it is the subject of a letter.
            title=" ".join(title.split())[:200],
            text=text,
            is_good=is_good,
            created_at=now,
            next_try_at=now,
        )
        for channel, recipient in recipients()
    ]
    return len(Notice.objects.bulk_create(rows))


def deliver(*, now: Callable[[], datetime]) -> int:
    """Send what is due, each message by itself; returns how many left. Raises nothing for a server that fails."""
    until, sent = time.monotonic() + TICK_SECONDS, 0
    while time.monotonic() < until and (notice := _claim(now())):
        try:
            _send(notice)
        except NotSent as error:
            _postpone(notice, error, now())
        else:
            sent += 1
            notice.state, notice.sent_at, notice.said = State.SENT, now(), ""
            notice.save(update_fields=["state", "sent_at", "said"])
    return sent


def _claim(now: datetime) -> Notice | None:
    """Take the message that is due longest; nobody else takes it before the lease is over."""
    due = Notice.objects.filter(state=State.WAITING, next_try_at__lte=now).order_by("next_try_at", "id")
    with transaction.atomic():
        notice = due.select_for_update(skip_locked=True).first()
        if notice is None:
            return None
        notice.attempts += 1
        notice.next_try_at = now + LEASE
        notice.save(update_fields=["attempts", "next_try_at"])
    return notice


def _postpone(notice: Notice, error: NotSent, now: datetime) -> None:
    """Try again by plan, and never before the server allows it; after a day it is of no use to anybody."""
    notice.said = str(error)
    notice.next_try_at = now + max(PLAN[min(notice.attempts, len(PLAN)) - 1], error.after or timedelta())
    if now - notice.created_at > GIVEN_UP_AFTER:
        notice.state = State.FAILED
    notice.save(update_fields=["said", "next_try_at", "state"])
    logger.warning("alert: message %d by %s was not sent: %s", notice.pk, notice.channel, notice.said)


def _send(notice: Notice) -> None:
    if notice.channel == Channel.TELEGRAM:
        if not telegram.is_configured():
            raise NotSent("Telegram is no longer set up")
        sign = "🟢" if notice.is_good else "🔴"
        telegram.send(notice.recipient, f"{sign} {notice.title}\n\n{notice.text}")
    else:
        _send_letter(notice)


def _send_letter(notice: Notice) -> None:
    # RFC 3834: nobody's robot shall answer.
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    subject = f"Dispatch: {notice.title}"
    try:
        account = accounts.to_send(accounts.choose().pk)
        if account is None:
            raise NotSent("no account for letters out is in use")
        server = get_connection(
            timeout=SMTP_SECONDS,
            host=account.host,
            port=account.port,
            username=account.username,
            password=account.password,
            use_ssl=account.security == accounts.Security.SSL,
            use_tls=account.security == accounts.Security.STARTTLS,
        )
        EmailMessage(
            subject, notice.text, account.address, [notice.recipient], headers=headers, connection=server
        ).send()
    except (SMTPException, OSError, WrongKey, accounts.SendingIsOff) as error:
        raise NotSent(f"{type(error).__name__}: {error}"[:LONGEST_ANSWER]) from None
