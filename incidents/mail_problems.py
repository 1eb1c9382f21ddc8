"""The queue "mail problems": everything of the mail that a person has to look at, and how many there are.

Two parts: what is wrong with the mail now (folders, comparisons, the ledger, the brake), which a page shows whole,
and letters that went wrong, page by page. Each goes when it is solved, or when somebody settles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value

from incidents import ledger, ledger_clock
from incidents.models import Incident
from incidents.paging import Cursor
from mailbox import answering, health, inbox, outbox, stuck
from mailbox.models import Email, Outgoing, Settled

SIZE = 50
# Seconds for which every open page of this process is told the same number.
NUMBER_SECONDS = 15
# A letter that came back longer ago is history.
BOUNCED_WITHIN = timedelta(days=30)
# Rows of several tables in one order: the moment, then the key times this, plus the place of the kind.
_KINDS = ("quarantine", "outgoing", "bounce", "error")
_APART = 8
_CACHED = "mail-problems"


@dataclass(frozen=True, slots=True)
class Named:
    """A row of the list, not read yet: of which kind, and its key."""

    kind: str
    pk: int


@dataclass(frozen=True, slots=True)
class Page:
    """The problems of one page, the newest first, and where the next one begins; None at the end."""

    named: list[Named]
    after: Cursor | None


def number(now: datetime) -> int:
    """How many there are, seconds old at most."""
    cache = caches["calls"]
    known: int | None = cache.get(_CACHED)
    if known is None:
        known = sum(counts(now).values())
        cache.set(_CACHED, known, NUMBER_SECONDS)
    return known


def known_number() -> int | None:
    """The same without asking the database: None if nobody has asked for it lately."""
    known: int | None = caches["calls"].get(_CACHED)
    return known


def forget_number() -> None:
    """Something was settled: the next one who asks is told anew."""
    caches["calls"].delete(_CACHED)


def counts(now: datetime) -> dict[str, int]:
    """How many of each kind, in a few queries over indexes. What disagrees counts once, however many letters do."""
    hour = Outgoing.objects.filter(is_automatic=True, queued_at__gt=now - timedelta(hours=1))
    asked: dict[str, QuerySet[Any]] = {
        **letters(now),
        "folder": health.ill_folders(now),
        "compared": ledger.bad_reconciliations(),
        "brake": hour,
    }
    found = ledger.counted(asked)
    amiss = ledger_clock.disagreements(now, ledger_clock.before(now))
    once = {alarm.kind: 1 for alarm in amiss}
    once["stuck"] = int(stuck.find(now) is not None)
    return found | once | {"brake": int(found["brake"] >= settings.AUTO_ANSWERS_PER_HOUR)}


def letters(now: datetime) -> dict[str, QuerySet[Any]]:
    """The letters that went wrong, by kind, and the incidents that an unclear letter left with an error."""
    settled = Settled.objects.filter(kind=Settled.Kind.BOUNCE, number=OuterRef("pk"))
    # What it says stands with the letter that came back, where that is known.
    told = Outgoing.bounces.through.objects.filter(email=OuterRef("pk"))
    bounces = Email.objects.filter(kind=Email.Kind.BOUNCE, received_at__gt=now - BOUNCED_WITHIN)
    return {
        "quarantine": inbox.quarantine(),
        "outgoing": outbox.troubled(),
        "bounce": bounces.filter(place__incident__closed_at=None, place__isnull=False).exclude(
            Exists(settled) | Exists(told)
        ),
        "error": Incident.objects.open().filter(status__key="error").exclude(error_reason=""),
    }


def page(now: datetime, after: Cursor | None = None) -> Page:
    """The problems of letters behind the cursor, or the first ones; one query."""
    moments = {"quarantine": "received_at", "outgoing": "queued_at", "bounce": "received_at", "error": "active_at"}
    parts = []
    for place, kind in enumerate(_KINDS):
        key = ExpressionWrapper(F("pk") * _APART + place, output_field=BigIntegerField())
        rows = letters(now)[kind].annotate(moment=F(moments[kind]), key=key, kind_name=Value(kind))
        if after and after.moment:
            rows = rows.filter(**{f"{moments[kind]}__lte": after.moment})
            rows = rows.filter(Q(**{f"{moments[kind]}__lt": after.moment}) | Q(key__lt=after.pk))
        parts.append(rows.order_by("-moment", "-key").values_list("moment", "key", "pk", "kind_name")[: SIZE + 1])
    found = list(parts[0].union(*parts[1:], all=True).order_by("-moment", "-key")[: SIZE + 1])
    shown = found[:SIZE]
    last = Cursor(shown[-1][0], shown[-1][1]) if len(found) > SIZE else None
    return Page([Named(kind, pk) for _moment, _key, pk, kind in shown], last)


def brake_is_on(now: datetime) -> bool:
    return answering.brake_is_on(now)
