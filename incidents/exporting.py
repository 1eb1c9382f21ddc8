"""The desk's list as a file: its columns, its rows in batches by cursor, and the two forms it is written in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from incidents import work_words, xlsx
from incidents.models import Incident
from incidents.paging import Order, page
from incidents.queries import IncidentQuerySet
from incidents.xlsx import Value

MOST = 100_000
BATCH = 1000
# A spreadsheet takes a cell that begins so for a formula, in whatever width the sign is written.
FORMULA_SIGNS = frozenset("=+-@|%＝＋－＠")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, its width in a workbook, and what stands below it."""

    title: str | Promise
    width: int
    value: Callable[[Incident, datetime], str | int | datetime | None]


COLUMNS = (
    Column(gettext_lazy("Code"), 12, lambda each, now: each.code),
    Column(gettext_lazy("Subject"), 60, lambda each, now: each.subject),
    Column(gettext_lazy("Status"), 18, lambda each, now: each.status.name),
    Column(gettext_lazy("Type"), 22, lambda each, now: each.type.name if each.type else ""),
    Column(gettext_lazy("Priority"), 12, lambda each, now: str(work_words.PRIORITIES[each.priority])),
    Column(gettext_lazy("Operator"), 14, lambda each, now: each.operator.name if each.operator else ""),
    Column(gettext_lazy("Pole"), 18, lambda each, now: each.pole.code if each.pole else ""),
    Column(gettext_lazy("Base station"), 14, lambda each, now: each.base_station.name if each.base_station else ""),
    Column(gettext_lazy("Region"), 24, lambda each, now: each.pole.region_ru if each.pole else ""),
    Column(gettext_lazy("Address"), 40, lambda each, now: each.pole.address if each.pole else ""),
    Column(gettext_lazy("Contractor"), 28, lambda each, now: each.contractor.name if each.contractor else ""),
    Column(gettext_lazy("Assignee"), 22, lambda each, now: each.assignee.full_name if each.assignee else ""),
    Column(gettext_lazy("Opened"), 17, lambda each, now: each.opened_at),
    Column(gettext_lazy("Changed"), 17, lambda each, now: each.active_at),
    Column(gettext_lazy("Deadline"), 17, lambda each, now: each.due_at),
    Column(pgettext_lazy("column", "Overdue"), 11, lambda each, now: _overdue(each, now)),
    Column(gettext_lazy("First action"), 17, lambda each, now: each.first_action_at),
    Column(gettext_lazy("Handed over"), 17, lambda each, now: each.handed_over_at),
    Column(gettext_lazy("Contractor's deadline"), 17, lambda each, now: each.contractor_due_at),
    Column(gettext_lazy("Contractor finished"), 17, lambda each, now: each.contractor_done_at),
    Column(gettext_lazy("Power is back"), 17, lambda each, now: each.power_back_at),
    Column(pgettext_lazy("column", "Closed"), 17, lambda each, now: each.closed_at),
    Column(gettext_lazy("Letters"), 9, lambda each, now: each.letter_count),
    Column(gettext_lazy("Requester"), 24, lambda each, now: each.requester_name),
    Column(gettext_lazy("Requester's e-mail"), 30, lambda each, now: each.requester_email),
)


def _overdue(incident: Incident, now: datetime) -> str:
    """Past the deadline while open, or at closing."""
    late = incident.due_at is not None and incident.due_at < (incident.closed_at or now)
    return _("yes") if late else _("no")


def lines(
    parts: Sequence[IncidentQuerySet], order: Order, *, now: datetime, zone: ZoneInfo, most: int = MOST
) -> Iterator[list[Value]]:
    """The cells of each row, BATCH rows a query. Moments come as the clock of the zone shows them.

    Where there are more than `most`, the last line says so.
    """
    after, left = None, most
    while True:
        found = page(parts, order, after=after, size=min(BATCH, left))
        for incident in found.rows:
            yield [_shown(column.value(incident, now), zone) for column in COLUMNS]
        left -= len(found.rows)
        after = found.after
        if after is None:
            return
        if left <= 0:
            said = ngettext("Only the first %(n)d row is here.", "Only the first %(n)d rows are here.", most)
            yield [said % {"n": most}]
            return


def _shown(value: str | int | datetime | None, zone: ZoneInfo) -> Value:
    return value.astimezone(zone).replace(tzinfo=None) if isinstance(value, datetime) else value


def as_xlsx(rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """A workbook: numbers as numbers, moments as moments, the headings always in sight."""
    return xlsx.workbook(_("Incidents"), [(str(column.title), column.width) for column in COLUMNS], rows)


def as_csv(rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """The same columns as text."""
    return written_as_csv([str(column.title) for column in COLUMNS], rows)


def written_as_csv(titles: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """Text as spreadsheets open it by a double click: UTF-8 that says so, semicolons, nothing that is a formula."""
    held = io.StringIO()
    writer = csv.writer(held, delimiter=";")
    held.write("\ufeff")
    writer.writerow(titles)
    for number, row in enumerate(rows, 1):
        writer.writerow([_safe(value) for value in row])
        if number % BATCH == 0:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def _safe(value: Value) -> str:
    """One line of text. What a spreadsheet would compute gets an apostrophe before it, which makes it text."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | float):
        return str(value)
    text = " ".join((value or "").replace("\0", "").encode(errors="replace").decode().split())
    return f"'{text}" if text[:1] in FORMULA_SIGNS else text


FORMS = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
