"""The incident's timeline: letters, notes and events in one order, with the silences between them.

`load` reads everything in a number of queries that does not depend on how much there is; `arrange` is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from incidents.conversation import Letter, load_letters
from incidents.models import Comment, Incident, IncidentEvent
from incidents.occurrences import Happened, describe

# A stretch without events that gets a line of its own.
SILENCE = timedelta(hours=6)
# Deeds of one actor this close together are one line: “assigned, type set, deadline”.
TOGETHER = timedelta(seconds=2)
# Newest first; the rest is shown on request, so that a mail loop of thousands of letters opens at once.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of the timeline: a letter, a note, or the things done in one go."""

    key: str
    at: datetime
    letter: Letter | None = None
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

    @property
    def actor_id(self) -> int | None:
        return self.happened[0].event.actor_id if self.happened else None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the card shows. `seen` is the newest event of the incident: forms say with it what they knew."""

    entries: tuple[Entry, ...]
    seen: int
    hidden: int


def load(incident: Incident, zone: ZoneInfo, *, everything: bool = False) -> Timeline:
    """The timeline of the incident, oldest first; at most MOST_SHOWN of each kind unless `everything`."""
    most = None if everything else MOST_SHOWN
    letters, hidden = load_letters(incident, most)
    comments = list(incident.comments.select_related("author").order_by("-id")[:most])
    events = list(incident.events.select_related("actor").order_by("-id")[:most])
    cut = [rows[-1].at for rows in (comments, events) if most and len(rows) == most]
    since = max(cut, default=None)
    entries = [Entry(f"letter-{each.pk}", each.at, letter=each) for each in letters]
    entries += [Entry(f"note-{each.pk}", each.at, note=each) for each in comments]
    entries += [Entry(f"event-{each.event.pk}", each.event.at, happened=(each,)) for each in describe(reversed(events))]
    if since:
        entries = [each for each in entries if each.at >= since or each.letter]
    seen = events[0].pk if events else 0
    return Timeline(arrange(entries, zone), seen, hidden)


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
            and last.actor_id == row.actor_id
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
