"""The incident's timeline: letters, notes and events in one order, with the silences between them.

`load` reads everything in a number of queries that does not depend on how much there is; `arrange` is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from incidents.conversation import Letter, load_letters
from incidents.models import Comment, Incident, IncidentEvent
from incidents.occurrences import Happened, describe

if TYPE_CHECKING:
    from dispatchers.models import User

# A stretch without events that gets a line of its own.
SILENCE = timedelta(hours=6)
# Deeds of one actor this close together are one line: “assigned, type set, deadline”.
TOGETHER = timedelta(seconds=2)
# Of each kind on one page of the timeline; older ones come on request, so that a mail loop of thousands opens at once.
MOST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of the timeline: a letter, a note, or the things done in one go."""

    key: str
    at: datetime
    letter: Letter | None = None
    # Who of the desk wrote the letter on the card.
    writer: User | None = None
    note: Comment | None = None
    happened: tuple[Happened, ...] = ()
    # Time since the entry before; None for the first one.
    interval: timedelta | None = None
    # Set where the entry is the first of its day.
    day: date | None = None
    # Set where the entry ends a silence.
    silence: timedelta | None = None
    is_night: bool = False
    is_last: bool = False
    # A letter that nobody has read yet, and the first of them.
    is_new: bool = False
    is_first_new: bool = False

    @property
    def whose(self) -> tuple[int | None, str] | None:
        """Who did it, here or elsewhere."""
        return (self.happened[0].event.actor_id, self.happened[0].elsewhere) if self.happened else None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the card shows. `seen` is the newest event of the incident: forms say with it what they knew."""

    entries: tuple[Entry, ...]
    seen: int
    # The opening letter, where a part between it and `entries` is not shown.
    opening: Entry | None = None
    # The next page lies before this moment; None: this is all there is.
    older: datetime | None = None
    hidden: int = 0
    newest_first: bool = False
    # Nothing lies before it or after it.
    is_whole: bool = False

    @property
    def happened(self) -> list[Happened]:
        """The deeds it shows, the oldest first."""
        in_order = reversed(self.entries) if self.newest_first else self.entries
        return [each for entry in in_order for each in entry.happened]


def load(
    incident: Incident,
    zone: ZoneInfo,
    *,
    everything: bool = False,
    before: datetime | None = None,
    newest_first: bool = False,
) -> Timeline:
    """A page of the timeline, the newest one unless `before` is given; at most MOST_SHOWN of each kind."""
    most = None if everything else MOST_SHOWN
    letters, first, more_letters = load_letters(incident, most, before)
    comments, more_comments = _page(incident.comments.select_related("author").prefetch_related("files"), most, before)
    events, more_events = _page(incident.events.select_related("actor"), most, before)
    # Where one kind goes on, the others stop as well: the next page takes all of them up at the same moment.
    kinds = ((letters, more_letters), (comments, more_comments), (events, more_events))
    since = max((rows[0].at for rows, has_more in kinds if has_more and rows), default=None)
    if since and first is None and before is None and letters and letters[0].at < since:
        first = letters[0]
    writers = {each.data.get("email"): each.actor for each in events if each.kind == "letter"}
    entries = [Entry(f"letter-{each.pk}", each.at, letter=each, writer=writers.get(each.pk)) for each in letters]
    entries += [Entry(f"note-{each.pk}", each.at, note=each) for each in comments]
    entries += [Entry(f"event-{each.event.pk}", each.event.at, happened=(each,)) for each in describe(events, incident)]
    shown = arrange([each for each in entries if since is None or each.at >= since], zone)
    shown = _with_new(shown, _unread(incident, events))
    return Timeline(
        turned(shown, zone) if newest_first else shown,
        seen=_newest(incident, None if more_events or before else events),
        opening=arrange([Entry(f"letter-{first.pk}", first.at, letter=first)], zone)[0] if first else None,
        older=since,
        hidden=_hidden(incident, letters, since, before) if since else 0,
        newest_first=newest_first,
        is_whole=since is None and before is None,
    )


def _page(rows: QuerySet[Any], most: int | None, before: datetime | None) -> tuple[list[Any], bool]:
    """The newest rows from before a moment, oldest first, those of one moment together; and whether there are more."""
    rows = rows.order_by("-at", "-id")
    if before:
        rows = rows.filter(at__lt=before)
    page = list(rows[: most + 1] if most else rows)
    if most is None or len(page) <= most:
        return page[::-1], False
    # Whatever happened in the moment of the first one left out is left out with it, unless that is all there is.
    edge = page[most].at
    kept = [each for each in page if each.at > edge] or [*page, *rows.filter(at=edge, pk__lt=page[most].pk)]
    return kept[::-1], True


def _newest(incident: Incident, events: Sequence[IncidentEvent] | None) -> int:
    """The newest event by its number, as it was stored; not asked for where all of them are at hand."""
    if events is not None:
        return max((each.pk for each in events), default=0)
    return incident.events.order_by("-id").values_list("pk", flat=True).first() or 0


def _hidden(incident: Incident, letters: Sequence[Letter], since: datetime, before: datetime | None) -> int:
    """Letters of older pages; the opening one is shown."""
    if before is None:
        return max(0, incident.letter_count - 1 - sum(each.at >= since for each in letters))
    return max(0, incident.letters.filter(email__received_at__lt=since).count() - 1)


def _unread(incident: Incident, events: Iterable[IncidentEvent]) -> set[int]:
    """Letters that came since somebody last read them; none where all of them are new."""
    if not incident.has_news or incident.read_up_to is None:
        return set()
    return {each.data.get("email", 0) for each in events if each.kind == "letter" and each.pk > incident.read_up_to}


def _with_new(entries: tuple[Entry, ...], unread: set[int]) -> tuple[Entry, ...]:
    marked: list[Entry] = []
    has_new = False
    for entry in entries:
        is_new = entry.letter is not None and entry.letter.pk in unread and not entry.letter.is_out
        is_first = is_new and not has_new
        has_new = has_new or is_new
        marked.append(replace(entry, is_new=is_new, is_first_new=is_first) if is_new else entry)
    return tuple(marked)


def turned(entries: Sequence[Entry], zone: ZoneInfo) -> tuple[Entry, ...]:
    """The newest first; a day is named at the first of its places from above."""
    shown: list[Entry] = []
    before: date | None = None
    for entry in reversed(entries):
        today = entry.at.astimezone(zone).date()
        shown.append(replace(entry, day=today if today != before else None))
        before = today
    return tuple(shown)


def arrange(entries: Iterable[Entry], zone: ZoneInfo) -> tuple[Entry, ...]:
    """In order of time, deeds done together joined, with day, interval and silence of each place."""
    rows = _joined(sorted(entries, key=_order))
    arranged: list[Entry] = []
    before: Entry | None = None
    for number, row in enumerate(rows, 1):
        arranged.append(_placed(row, before, zone, is_last=number == len(rows)))
        before = row
    return tuple(arranged)


def _order(entry: Entry) -> tuple[datetime, int, int]:
    """At one moment the letter comes before what it caused, and deeds stand as they were done."""
    rank = 0 if entry.letter else 1 if entry.happened else 2
    return entry.at, rank, entry.happened[0].event.pk if entry.happened else 0


def _joined(rows: Sequence[Entry]) -> list[Entry]:
    joined: list[Entry] = []
    for row in rows:
        last = joined[-1] if joined else None
        if (
            last
            and last.happened
            and row.happened
            and last.whose == row.whose
            and row.at - last.happened[-1].event.at <= TOGETHER
            and row.happened[0].stands_beside(last.happened)
        ):
            joined[-1] = replace(last, happened=last.happened + row.happened)
        else:
            joined.append(row)
    return joined


def _placed(row: Entry, before: Entry | None, zone: ZoneInfo, *, is_last: bool) -> Entry:
    today = row.at.astimezone(zone).date()
    if before is None:
        return replace(row, day=today, is_last=is_last)
    interval = row.at - before.at
    yesterday = before.at.astimezone(zone).date()
    silence = interval if interval >= SILENCE else None
    return replace(
        row,
        interval=interval,
        day=today if today != yesterday else None,
        silence=silence,
        is_night=silence is not None and interval < timedelta(days=1) and today != yesterday,
        is_last=is_last,
    )


def newer(incident: Incident, seen: int, kinds: frozenset[str], *, than_own: int | None) -> IncidentEvent | None:
    """The newest event of these kinds after `seen` that somebody else caused, if there is one."""
    events = incident.events.filter(pk__gt=seen, kind__in=kinds).exclude(actor_id=than_own)
    return events.select_related("actor").order_by("-id").first()
