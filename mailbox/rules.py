"""Which incoming letter may open an incident, and the names of the rules that keep one without.

A letter that answers something of ours joins before anybody asks here. When in doubt a letter opens: an incident
too many is closed with one click, an alarm nobody saw is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_noop

from mailbox.models import Email, Receipt, SenderRule

# Receipt.rule → the sentence beside the letter, to be translated where it is shown.
KEPT_BY: dict[str, str] = {
    "sent": gettext_noop("a letter we sent that belongs to no incident"),
    "automatic": gettext_noop("an automatic letter that answers nothing of ours"),
    "sender": gettext_noop("a rule says that this sender opens no incidents"),
    "flood": gettext_noop("too many incidents from this sender within an hour"),
    "ours": gettext_noop("an automatic letter of the desk came back"),
}
FLOOD_SPAN = timedelta(hours=1)
# Email.auto_reasons of a letter with our own loop mark, from whatever address a relay made it come.
LOOP_MARK = "x-dispatch-loop"
TOUCHED_SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rules:
    """What administrators said about senders, as loaded once for a batch of letters."""

    # Sender or "@domain", in lower case → SenderRule.Action.
    actions: Mapping[str, str]
    # Incidents one sender may open within an hour.
    most_opened: int

    @classmethod
    def load(cls) -> Rules:
        """The rules of this moment: one query."""
        rows = SenderRule.objects.order_by().values_list("sender", "action")
        return cls(dict(rows), settings.INCIDENTS_PER_SENDER_HOUR)

    def key(self, sender: str) -> str:
        """By which name something is said about this address; the full address is stronger than its domain."""
        sender = sender.lower()
        return sender if sender in self.actions else f"@{sender.rpartition('@')[2]}"

    def action(self, sender: str) -> str:
        """What is said about this address; "" for nothing."""
        return self.actions.get(self.key(sender), "")

    def kept_by(self, email: Email, *, opened_lately: int = 0) -> str:
        """The rule (a key of KEPT_BY) by which a letter that belongs nowhere opens nothing; "" if it opens.

        `opened_lately`: incidents its sender opened within FLOOD_SPAN.
        """
        if LOOP_MARK in email.auto_reasons:
            return "ours"
        if email.direction == Email.Direction.OUT:
            return "sent"
        action = self.action(email.from_email)
        if action == SenderRule.Action.KEEP:
            return "sender"
        if email.kind in (Email.Kind.BOUNCE, Email.Kind.FEEDBACK):
            return "automatic"
        # Newsletters and alarms carry the same marks (Precedence, List-Id, Auto-Submitted: auto-generated), and
        # are of kind HUMAN both: only an administrator can tell them apart, by KEEP.
        if email.kind == Email.Kind.AUTOREPLY and action != SenderRule.Action.OPEN:
            return "automatic"
        if opened_lately >= self.most_opened and action != SenderRule.Action.OPEN:
            return "flood"
        return ""


@dataclass(frozen=True, slots=True)
class Touched:
    """Letters of the last month that a rule speaks of: those that answered nothing, by what became of them."""

    opened: int = 0
    kept: int = 0


def touched(senders: Collection[str], now: datetime) -> dict[str, Touched]:
    """For each of these senders (addresses or "@domain") the letters a rule about it would decide; two queries.

    A letter counts for the strongest rule only: those of an address with a rule of its own not for its domain.
    """
    asked = Rules({**dict.fromkeys(senders, "asked"), **Rules.load().actions}, 0)
    waited = Receipt.objects.filter(
        state__in=[Receipt.State.OPENED, Receipt.State.KEPT],
        direction=Email.Direction.IN,
        received_at__gt=now - TOUCHED_SPAN,
    ).annotate(sender=Lower("email__from_email"))
    domain = Func(F("sender"), Value("^.*@"), Value("@"), function="regexp_replace")
    of_them = waited.annotate(domain=domain).filter(Q(sender__in=senders) | Q(domain__in=senders))
    counts: Counter[tuple[str, str]] = Counter()
    for sender, state, number in of_them.values_list("sender", "state").annotate(Count("pk")):
        counts[asked.key(sender), state] += number
    return {each: Touched(counts[each, Receipt.State.OPENED], counts[each, Receipt.State.KEPT]) for each in senders}
