"""The journal of conflicts: which the address asks for, and one page of them, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from incidents.ledger_filters import midnight
from incidents.paging import Cursor
from tracker_bridge import field_words, named
from tracker_bridge.field_words import NAMES
from tracker_bridge.fields import FIELDS, Owner
from tracker_bridge.models import Conflict
from tracker_bridge.value_words import ValueWords

SIZE = 50
MOST_TEXT = 200
Winner = Conflict.Winner
# Look and icon of a row by who was right.
LOOKS = {
    Winner.DISPATCH: ("is-work", "antenna"),
    Winner.TRACKER: ("is-wait", "arrows-exchange"),
    Winner.NOBODY: ("is-over", "alert-octagon"),
}


@dataclass(frozen=True, slots=True)
class ConflictFilter:
    """The choices of one address; what an address says wrongly counts as not said."""

    field: str = ""
    winner: str = ""
    # A login over there.
    person: str = ""
    first: date | None = None
    last: date | None = None
    # Code of an incident, or key of an issue.
    text: str = ""

    @classmethod
    def read(cls, address: Mapping[str, str]) -> ConflictFilter:
        field, winner = address.get("field", ""), address.get("winner", "")
        return cls(
            field=field if field in NAMES else "",
            winner=winner if winner in Winner.values else "",
            person=address.get("person", "").replace("\0", "")[:MOST_TEXT],
            first=_day(address.get("from", "")),
            last=_day(address.get("to", "")),
            text="".join(address.get("q", "").replace("\0", "").split())[:MOST_TEXT],
        )

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on."""
        said = QueryDict(mutable=True)
        values = {"field": self.field, "winner": self.winner, "person": self.person, "q": self.text}
        for name, value in {**values, "from": self.first, "to": self.last}.items():
            if value:
                said[name] = str(value)
        return said

    def rows(self, backend: str) -> QuerySet[Conflict]:
        found = Conflict.objects.filter(link__backend=backend)
        exact = {"field": self.field, "winner": self.winner, "author": self.person}
        found = found.filter(**{name: value for name, value in exact.items() if value})
        if self.first:
            found = found.filter(at__gte=midnight(self.first))
        if self.last:
            found = found.filter(at__lt=midnight(self.last + timedelta(days=1)))
        if self.text:
            found = found.filter(link__incident__in=named.incidents(backend, self.text))
        return found


@dataclass(frozen=True, slots=True)
class Row:
    """A conflict in words."""

    conflict: Conflict
    look: str
    icon: str
    field: str
    base: str
    ours: str
    theirs: str
    author: str
    # Why this side was right.
    why: str

    @property
    def day(self) -> date:
        return timezone.localdate(self.conflict.at)


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    after: Cursor | None = None


def page(filters: ConflictFilter, backend: str, words: ValueWords, after: Cursor | None = None) -> Page:
    """The page behind the cursor, or the first one; one query."""
    rows = filters.rows(backend)
    if after and after.moment:
        # The first condition says nothing new: it lets the index start at the cursor.
        rows = rows.filter(at__lte=after.moment).filter(Q(at__lt=after.moment) | Q(pk__lt=after.pk))
    found = list(rows.order_by("-at", "-pk").select_related("link__incident")[: SIZE + 1])
    last = found[SIZE - 1] if len(found) > SIZE else None
    return Page([_row(each, words) for each in found[:SIZE]], Cursor(last.at, last.pk) if last else None)


def _row(conflict: Conflict, words: ValueWords) -> Row:
    base, ours, theirs = (words.of(conflict.field, value) for value in (conflict.base, conflict.ours, conflict.theirs))
    look, icon = LOOKS[Winner(conflict.winner)]
    name, author = field_words.name(conflict.field), words.person(conflict.author)
    return Row(conflict, look, icon, name, base, ours, theirs, author, _why(conflict))


def _why(conflict: Conflict) -> str:
    if conflict.winner == Winner.NOBODY:
        return _("Both sides kept setting it back, so it is left alone for an hour.")
    if conflict.winner == Winner.TRACKER:
        return _("Both sides changed it at once; what people set in the tracker counts.")
    field = FIELDS.get(conflict.field)
    if field and field.owner is Owner.DISPATCH:
        return _("Dispatch alone sets this field; it was put back over there.")
    return _("The incident does not take this value; it was put back over there.")


def _day(said: str) -> date | None:
    try:
        day = parse_date(said)
    except ValueError:
        return None
    # Midnights beyond these cannot be computed in every time zone.
    return day if day and date(1971, 1, 1) <= day <= date(2200, 1, 1) else None
