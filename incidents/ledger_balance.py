"""The page of the balance: the last days with their numbers and bars, and the last comparison of each folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from incidents import ledger, ledger_clock
from incidents.ledger import Alarm, Line
from incidents.ledger_filters import BY_HAND
from incidents.ledger_rows import LOOKS, folder_name
from mailbox.models import Folder, Receipt, Reconciliation

State = Receipt.State


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a day's bar, in per cent of the fullest day."""

    fate: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of the table, and what of the list it counts."""

    fate: str
    number: int
    query: str


@dataclass(frozen=True, slots=True)
class Row:
    """A day, or a folder's part of it."""

    line: Line
    name: str
    query: str
    cells: Sequence[Cell]
    bar: Sequence[Segment] = ()
    parts: Sequence[Row] = ()
    is_today: bool = False
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """A folder with its last comparison, if there was one."""

    folder: Folder
    name: str
    last: Reconciliation | None
    alarms: Sequence[Alarm]


@dataclass(frozen=True, slots=True)
class Balance:
    days: Sequence[Row]
    total: Row
    folders: Sequence[tuple[str, str]]
    chosen: str
    by_folder: bool
    alarms: Sequence[Alarm]
    # When the days before the last one were compared with the world; None: just now, as the last day.
    checked_at: datetime | None
    compared: Sequence[Compared]


def load(now: datetime, chosen: str, by_folder: bool) -> Balance:
    """The balance of the last DAYS days; `chosen` is a folder's key, "none" for letters fed by hand, or nothing."""
    last = timezone.localdate(now)
    first = last - timedelta(days=ledger.DAYS - 1)
    folders = list(Folder.objects.select_related("mailbox").order_by("mailbox__address", "role", "name"))
    lines = ledger.balance(first, last)
    named = _names(folders, lines)
    chosen = chosen if chosen in named else ""
    if chosen:
        lines = [line for line in lines if _key(line) == chosen]
    days = ledger.by_day(lines, first, last)
    most = max((line.received for line in days), default=0) or 1
    parts = {} if chosen or not by_folder else _parts(lines, named)
    known = ledger_clock.before(now)
    rows = [_row(line, "", chosen, most, parts.get(line.day, ()), is_today=line.day == last) for line in days]
    total = Line(last, None, _sum(days))
    return Balance(
        days=rows,
        total=Row(total, "", _query(first, last, chosen), _cells(total, _query(first, last, chosen))),
        folders=list(named.items()),
        chosen=chosen,
        by_folder=by_folder and not chosen,
        alarms=ledger_clock.alarms(now, known),
        checked_at=known.at,
        compared=_compared(folders, now),
    )


def _names(folders: Sequence[Folder], lines: Sequence[Line]) -> dict[str, str]:
    several = len({folder.mailbox_id for folder in folders}) > 1
    named = {
        str(folder.pk): f"{folder.mailbox.address}, {folder_name(folder)}" if several else folder_name(folder)
        for folder in folders
    }
    return named | ({BY_HAND: folder_name(None)} if any(line.folder_id is None for line in lines) else {})


def _key(line: Line) -> str:
    return str(line.folder_id) if line.folder_id else BY_HAND


def _parts(lines: Sequence[Line], named: dict[str, str]) -> dict[date, list[Row]]:
    parts: dict[date, list[Row]] = {}
    for line in sorted(lines, key=lambda each: list(named).index(_key(each))):
        parts.setdefault(line.day, []).append(_row(line, named[_key(line)], _key(line), 0, ()))
    return parts


def _row(line: Line, name: str, folder: str, most: int, parts: Sequence[Row], *, is_today: bool = False) -> Row:
    query = _query(line.day, line.day, folder)
    bar = _bar(line, most) if most else ()
    free = line.day.weekday() > 4
    return Row(line, name, query, _cells(line, query), bar, parts, is_today, free)


def _query(first: date, last: date, folder: str) -> str:
    return f"from={first}&to={last}" + (f"&folder={folder}" if folder else "")


def _cells(line: Line, query: str) -> list[Cell]:
    shown = [*ledger.FINAL, State.NEW]
    return [Cell(fate.value, line.counts.get(fate, 0), f"{query}&fate={fate.value}") for fate in shown]


def _bar(line: Line, most: int) -> list[Segment]:
    segments: list[Segment] = []
    at = 0.0
    for fate in LOOKS:
        number = line.counts.get(fate, 0)
        if number and fate in (*ledger.FINAL, State.NEW):
            width = round(100 * number / most, 2)
            segments.append(Segment(fate.value, round(at, 2), width))
            at += width
    return segments


def _sum(lines: Sequence[Line]) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines:
        for state, number in line.counts.items():
            total[state] = total.get(state, 0) + number
    return total


def _compared(folders: Sequence[Folder], now: datetime) -> list[Compared]:
    last = {row.folder_id: row for row in ledger.reconciliations()}
    shown = [(folder, last.get(folder.pk)) for folder in folders if folder.is_watched or folder.pk in last]
    return [
        Compared(folder, folder_name(folder), row, ledger.compared(row, now) if row else ()) for folder, row in shown
    ]
