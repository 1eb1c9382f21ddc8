"""Letters by day: what reached the desk and what left it, each letter once, whatever incident it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from incidents.ledger_filters import midnight
from sla.figures import sql
from sla.figures.facts import zone
from sla.models import LetterSum

_DAYS = """
SELECT (received_at AT TIME ZONE %(zone)s)::date, count(*) FILTER (WHERE direction = 'in')::int,
    count(*) FILTER (WHERE direction = 'out')::int
FROM mailbox_email WHERE received_at >= %(since)s AND received_at < %(until)s GROUP BY 1
"""


def days_beyond(email: int) -> list[date]:
    """The days of the letters with larger numbers."""
    beyond = "SELECT DISTINCT (received_at AT TIME ZONE %(zone)s)::date FROM mailbox_email WHERE id > %(email)s"
    return [day for (day,) in sql.rows(beyond, {"zone": zone(), "email": email})]


def count(days: Iterable[date]) -> bool:
    """Count the letters of these days anew; whether any number was another one."""
    return any([_store(day, day) for day in days])


def count_all() -> None:
    """Count every letter, from end to end of the table."""
    ((first, last),) = sql.rows("SELECT min(received_at), max(received_at) FROM mailbox_email", {})
    LetterSum.objects.all().delete()
    if first:
        _store(first.date() - timedelta(days=1), last.date() + timedelta(days=1))


def differences() -> int:
    """How many days have other numbers than their letters come to."""
    stored = {(row.day, row.came, row.left) for row in LetterSum.objects.all()}
    true = set(_counted(date(1971, 1, 1), date(2200, 1, 1)))
    return len({day for day, *_ in stored ^ true})


def _store(since: date, until: date) -> bool:
    before = {row.day: (row.came, row.left) for row in LetterSum.objects.filter(day__range=(since, until))}
    rows = [row for row in _counted(since, until) if before.pop(row[0], None) != row[1:]]
    LetterSum.objects.bulk_create(
        [LetterSum(day=day, came=came, left=left) for day, came, left in rows],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["came", "left"],
    )
    LetterSum.objects.filter(day__in=before).delete()
    return bool(rows or before)


def _counted(since: date, until: date) -> list[tuple[date, int, int]]:
    given = {"zone": zone(), "since": midnight(since), "until": midnight(until + timedelta(days=1))}
    return [(day, came, left) for day, came, left in sql.rows(_DAYS, given)]
