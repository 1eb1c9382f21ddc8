"""A real letter to whoever looks after an account, through the outbox as every other one, and what becomes of it.

A trial (mailbox.smtp_trial) ends at the recipient's name; only a letter shows that letters come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from mailbox import composing, outbox
from mailbox.accounts import Account
from mailbox.advice import Advice
from mailbox.composing import Mail, Person
from mailbox.models import Outgoing
from mailbox.smtp_advice import advise_smtp

if TYPE_CHECKING:
    from dispatchers.models import User

# So long its fate stands beside the account.
SHOWN_FOR = timedelta(hours=1)
_State = Outgoing.State


@dataclass(frozen=True, slots=True)
class Fate:
    """What has become of a test letter, and of what the server said about it."""

    letter: Outgoing

    @property
    def address(self) -> str:
        return str(self.letter.recipients[0]["address"])

    @property
    def has_left(self) -> bool:
        return self.letter.state == _State.SENT and not self.letter.is_lacking

    @property
    def is_wrong(self) -> bool:
        return self.letter.state in (_State.FAILED, _State.UNKNOWN) or self.letter.is_lacking

    @property
    def seconds(self) -> int:
        """From the button to the server's word."""
        left = self.letter.sent_at or self.letter.queued_at
        return max(1, round((left - self.letter.queued_at).total_seconds()))

    @property
    def advice(self) -> Advice | None:
        return advise_smtp(self.letter.said) if self.letter.said and not self.has_left else None


def send(account: Account, *, to: User, now: datetime) -> Outgoing:
    """Queue it. Raises composing.WrongAddress where the person has no address."""
    words = _("This is a test letter. Since you read it, letters leave by the account %(address)s.")
    mail = Mail(
        subject=_("Test letter from %(address)s") % {"address": account.address},
        text=words % {"address": account.address},
        to=[Person(to.full_name, to.email)],
        now=now,
        account=account,
    )
    return outbox.queue(composing.notice(None, mail), now=now, account=account, by=to)


def fates(sent: Mapping[str, int], now: datetime) -> dict[int, Fate]:
    """Of the letters sent lately, by account (0 is that of the settings); one query, none where nothing was sent."""
    rows = Outgoing.objects.filter(pk__in=sent.values(), queued_at__gt=now - SHOWN_FOR) if sent else []
    return {letter.account_id or 0: Fate(letter) for letter in rows}
