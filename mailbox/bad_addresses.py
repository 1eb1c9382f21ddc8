"""Addresses that letters of ours came back from: which of them programs write to no more, and since when."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from mailbox import answering
from mailbox.models import BadAddress

logger = logging.getLogger(__name__)
SIZE = 50
_LONG = ("bounce__text", "bounce__reply_text", "bounce__safe_html")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, the newest first; `after` is the key of the last one where there are more."""

    rows: Sequence[BadAddress]
    after: int | None


def in_force(now: datetime) -> QuerySet[BadAddress]:
    """Those that nothing is sent to by itself at present."""
    return BadAddress.objects.filter(at__gt=now - answering.BAD_FOR)


def page(now: datetime, *, part: str = "", after: int | None = None) -> Page:
    """The rows behind this one, or the first; `part` of an address narrows them."""
    rows = in_force(now).select_related("bounce__place__incident").defer(*_LONG)
    if part:
        rows = rows.filter(address__contains=part.lower())
    last = BadAddress.objects.filter(pk=after).first() if after else None
    if last:
        # The first condition says nothing new: it lets the index start here.
        rows = rows.filter(at__lte=last.at).filter(Q(at__lt=last.at) | Q(pk__lt=last.pk))
    found = list(rows.order_by("-at", "-pk")[: SIZE + 1])
    return Page(found[:SIZE], found[SIZE - 1].pk if len(found) > SIZE else None)


def among(addresses: Iterable[str], now: datetime) -> dict[str, BadAddress]:
    """Which of these are bad now, each as it was given; one query."""
    names = {address: answering.counted(address) for address in addresses}
    bad = {each.address: each for each in in_force(now).filter(address__in=set(names.values()))} if names else {}
    return {address: bad[name] for address, name in names.items() if name in bad}


def until(bad: BadAddress) -> datetime:
    """When it may be tried again by itself."""
    length: timedelta = answering.BAD_FOR
    return bad.at + length


def clear(bad: BadAddress, *, by: str) -> None:
    """It works again: a person says so."""
    pk = bad.pk
    bad.delete()
    logger.info("bad address %d is cleared by %s", pk, by)
