"""Letters that people have planned, in the list of letters of ours: the soonest first, and what managers do with them.

They are no letters yet (incidents.composer_leaving): each is composed, and checked once more, at its moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from incidents import composer_leaving
from incidents.models import WrittenLetter
from incidents.outgoing_deeds import ACTS
from incidents.outgoing_list import SIZE, OutgoingFilter
from incidents.paging import Cursor

if TYPE_CHECKING:
    from dispatchers.models import User

# Of them above the whole list, where they are not what was asked for.
SOONEST = 5


@dataclass(frozen=True, slots=True)
class Page:
    """Planned letters, and where the next page begins; None at the end."""

    rows: list[WrittenLetter]
    after: Cursor | None


def rows(filters: OutgoingFilter) -> QuerySet[WrittenLetter]:
    """Those that fit; programs plan nothing."""
    found = WrittenLetter.objects.filter(outgoing=None).exclude(leaves_at=None)
    if filters.writer == "automatic":
        return found.none()
    if filters.account or filters.of_settings:
        found = found.filter(form__account=str(filters.account.pk) if filters.account else "")
    if code := filters.code:
        return found.filter(incident__code=code)
    return found.filter(form__to__icontains=filters.text) if filters.text else found


def page(filters: OutgoingFilter, after: Cursor | None = None, size: int = SIZE) -> Page:
    """Those behind the cursor, or the first ones; one query."""
    found = rows(filters)
    if after and after.moment:
        # The first condition says nothing new: it lets the index start at the cursor.
        found = found.filter(leaves_at__gte=after.moment)
        found = found.filter(Q(leaves_at__gt=after.moment) | Q(pk__gt=after.pk))
    named = found.select_related("person", "incident__merged_into").order_by("leaves_at", "pk")
    shown = list(named[: size + 1])
    last = shown[size - 1] if len(shown) > size else None
    return Page(shown[:size], Cursor(last.leaves_at, last.pk) if last else None)


def send_now(written: WrittenLetter, *, by: User, at: datetime) -> None:
    """Let it leave at once. Raises DomainError with what forbids it."""
    _require(by)
    composer_leaving.leave_now(written, by=by, at=at)


def cancel(written: WrittenLetter, *, by: User, at: datetime) -> None:
    """It does not leave; its words are a draft of who wrote it. Raises DomainError if it waits no more."""
    _require(by)
    composer_leaving.drop(written, by=by, at=at)


def _require(by: User) -> None:
    if not by.has_perm(ACTS):
        raise PermissionDenied
