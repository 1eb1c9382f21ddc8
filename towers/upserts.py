"""Rows of a feed into the registry, in bulk: a temporary table by COPY, then one statement a step.

Each function runs in the transaction of its caller, which holds the lock of the synchronisation: nobody else
writes these tables. A row that did not change is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from towers.keys import pole_key, station_key
from towers.reasons import reason
from towers.rows import ContractorRow, Feed, Notes, PoleRow, StationRow


@dataclass(slots=True)
class Outcome:
    """What one feed did to the registry. `held` rows are missing, but may be among those that could not be read."""

    taken: int = 0
    created: int = 0
    changed: int = 0
    gone: int = 0
    held: int = 0


class TooLittle(Exception):
    """The feed would take too much away; nothing was written."""

    def __init__(self, code: str, **figures: Any) -> None:
        super().__init__(code)
        self.reason = reason(code, **figures)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a feed may take away: at least this share must come, at most so many rows may vanish."""

    least_share: int
    most_gone: int

    def check(self, *, taken: int, usable: int, standing: int, missing: int, unidentified: int) -> Outcome:
        """What may be taken away, as an Outcome to be filled in; TooLittle when the feed must not be used."""
        if not usable:
            raise TooLittle("empty")
        if usable * 100 < standing * self.least_share:
            raise TooLittle("short", rows=usable, standing=standing, share=self.least_share)
        if missing <= unidentified:
            return Outcome(taken=taken, held=missing)
        if missing > self.most_gone:
            raise TooLittle("many_gone", gone=missing, most=self.most_gone)
        return Outcome(taken=taken)


_NOT_IN_FEED = """
NOT EXISTS (SELECT FROM feed WHERE feed.code = p.code) AND NOT EXISTS (SELECT FROM spared WHERE spared.pole_id = p.id)
"""


# --- poles

_POLE_NUMBERS = ("site_id", "latitude", "longitude", "height")
_POLE_TEXTS = ("code_key", "name", "state", "region", "region_ru", "address", "company", "anchor_operator")
_POLE_COLUMNS = (*_POLE_NUMBERS, *_POLE_TEXTS)
# A value that could not be read leaves the one we have.
_KEEP_WHAT_STANDS = (
    "UPDATE feed SET "
    + ", ".join(f"{name} = COALESCE(feed.{name}, p.{name})" for name in _POLE_NUMBERS)
    + "".join(f", {name} = COALESCE(NULLIF(feed.{name}, ''), p.{name})" for name in _POLE_TEXTS)
    + " FROM towers_pole p WHERE p.code = feed.code AND feed.incomplete"
)


def take_poles(feed: Feed[PoleRow], limits: Limits, now: datetime) -> Outcome:
    names = ", ".join(_POLE_COLUMNS)
    mine = ", ".join(f"p.{name}" for name in _POLE_COLUMNS)
    theirs = ", ".join(f"f.{name}" for name in _POLE_COLUMNS)
    with connection.cursor() as cursor:
        _fill(
            cursor,
            f"AS SELECT code, {names}, FALSE AS incomplete FROM towers_pole WITH NO DATA",
            ((*_pole_values(row), n in feed.notes.incomplete) for n, row in feed.rows),
        )
        _spare(cursor, feed)
        _run(cursor, _KEEP_WHAT_STANDS)
        gone = f"p.gone_at IS NULL AND {_NOT_IN_FEED}"
        done = limits.check(
            taken=len(feed.rows),
            usable=len(feed.rows),
            standing=_count(cursor, "towers_pole WHERE gone_at IS NULL"),
            missing=_count(cursor, f"towers_pole p WHERE {gone}"),
            unidentified=feed.unidentified,
        )
        done.changed = _run(
            cursor,
            f"UPDATE towers_pole p SET ({names}, gone_at, updated_at) = ROW({theirs}, NULL, %s) FROM feed f "
            f"WHERE p.code = f.code AND (p.gone_at IS NOT NULL OR ({mine}) IS DISTINCT FROM ({theirs}))",
            now,
        )
        done.created = _run(
            cursor,
            f"INSERT INTO towers_pole (code, {names}, contractor_emails, contractor_phones, contractor_excluded, "
            f"updated_at) SELECT f.code, {theirs}, '{{}}', '{{}}', FALSE, %s FROM feed f "
            "WHERE NOT EXISTS (SELECT FROM towers_pole p WHERE p.code = f.code)",
            now,
        )
        if not done.held:
            done.gone = _run(cursor, f"UPDATE towers_pole p SET gone_at = %s WHERE {gone}", now)
        cursor.execute("ANALYZE towers_pole")
    return done


def _pole_values(row: PoleRow) -> tuple[Any, ...]:
    numbers = row.site_id, row.latitude, row.longitude, row.height
    texts = row.name, row.state, row.region, row.region_ru, row.address, row.company, row.anchor_operator
    return row.code, *numbers, pole_key(row.code), *texts


# --- contractors

# What a row of the feed leaves on a pole.
_HAS_CONTRACTOR = (
    "(p.contractor_id IS NOT NULL OR p.contractor_excluded OR p.contractor_emails <> '{}' "
    "OR p.contractor_phones <> '{}')"
)


def take_contractors(
    feed: Feed[ContractorRow], limits: Limits, now: datetime, *, default_emails: Sequence[str]
) -> Outcome:
    """Each pole's contractor; a pole that vanished from the feed has none any more, the company stays."""
    with connection.cursor() as cursor:
        _fill(
            cursor,
            "(row int, code varchar, contractor varchar, excluded bool, emails varchar[], phones varchar[])",
            (
                (n, row.pole_code, row.contractor, row.excluded, list(row.emails or default_emails), list(row.phones))
                for n, row in feed.rows
            ),
        )
        _spare(cursor, feed)
        unknown = _drop_unknown_poles(cursor, feed.notes)
        usable = len(feed.rows) - unknown
        gone = f"{_HAS_CONTRACTOR} AND {_NOT_IN_FEED}"
        done = limits.check(
            taken=usable,
            usable=usable,
            standing=_count(cursor, f"towers_pole p WHERE {_HAS_CONTRACTOR}"),
            missing=_count(cursor, f"towers_pole p WHERE {gone}"),
            unidentified=feed.unidentified,
        )
        _run(
            cursor,
            "INSERT INTO towers_contractor (name) SELECT DISTINCT contractor FROM feed WHERE contractor <> '' "
            "ON CONFLICT (name) DO NOTHING",
        )
        done.created = _count(cursor, f"towers_pole p, {_WITH_COMPANY} WHERE {_DIFFERS} AND NOT {_HAS_CONTRACTOR}")
        done.changed = _run(cursor, _SET_CONTRACTOR, now) - done.created
        if not done.held:
            done.gone = _run(cursor, _CLEAR_CONTRACTOR + gone, now)
    return done


_WITH_COMPANY = "feed f LEFT JOIN towers_contractor c ON c.name = f.contractor"
_DIFFERS = """
p.code = f.code AND (p.contractor_id, p.contractor_emails, p.contractor_phones, p.contractor_excluded)
    IS DISTINCT FROM (c.id, f.emails, f.phones, f.excluded)
"""
_SET_CONTRACTOR = f"""
UPDATE towers_pole p
SET contractor_id = c.id, contractor_emails = f.emails, contractor_phones = f.phones,
    contractor_excluded = f.excluded, updated_at = %s
FROM {_WITH_COMPANY} WHERE {_DIFFERS}
"""
_CLEAR_CONTRACTOR = """
UPDATE towers_pole p
SET contractor_id = NULL, contractor_emails = '{}', contractor_phones = '{}', contractor_excluded = FALSE,
    updated_at = %s
WHERE """


# --- stations


def take_stations(feed: Feed[StationRow], limits: Limits, now: datetime) -> Outcome:
    """Stations with their operators; one name on one pole is one station, whoever shares it."""
    with connection.cursor() as cursor:
        _fill(
            cursor,
            "(row int, code varchar, name varchar, name_key varchar, operator varchar, grp varchar)",
            ((n, row.pole_code, row.name, station_key(row.name), row.operator, row.group) for n, row in feed.rows),
        )
        _spare(cursor, feed)
        unknown = _drop_unknown_poles(cursor, feed.notes)
        _run(cursor, _SITES)
        _run(cursor, "ANALYZE site")
        done = limits.check(
            taken=len(feed.rows) - unknown,
            usable=_count(cursor, "site"),
            standing=_count(cursor, "towers_basestation WHERE gone_at IS NULL"),
            missing=_count(cursor, f"towers_basestation s WHERE {_STATION_GONE}"),
            unidentified=feed.unidentified,
        )
        _take_operators(cursor)
        changed = _ids(cursor, _CHANGE_STATIONS)
        created = _ids(cursor, _ADD_STATIONS)
        changed |= _take_links(cursor, drop=feed.unidentified == 0)
        done.created, done.changed = len(created), len(changed - created)
        if not done.held:
            done.gone = _run(cursor, f"UPDATE towers_basestation s SET gone_at = %s WHERE {_STATION_GONE}", now)
        cursor.execute("ANALYZE towers_basestation, towers_basestation_operators")
    return done


_SITES = """
CREATE TEMP TABLE site AS
SELECT p.id AS pole_id, feed.name, min(feed.name_key) AS name_key
FROM feed JOIN towers_pole p ON p.code = feed.code GROUP BY p.id, feed.name
"""
_STATION_GONE = """
s.gone_at IS NULL
AND NOT EXISTS (SELECT FROM site WHERE site.pole_id = s.pole_id AND site.name = s.name)
AND NOT EXISTS (SELECT FROM spared WHERE spared.pole_id = s.pole_id)
"""
_CHANGE_STATIONS = """
UPDATE towers_basestation s SET gone_at = NULL, name_key = site.name_key FROM site
WHERE s.pole_id = site.pole_id AND s.name = site.name
  AND (s.gone_at IS NOT NULL OR s.name_key <> site.name_key)
RETURNING s.id
"""
_ADD_STATIONS = """
INSERT INTO towers_basestation (name, name_key, pole_id)
SELECT site.name, site.name_key, site.pole_id FROM site
WHERE NOT EXISTS (SELECT FROM towers_basestation s WHERE s.pole_id = site.pole_id AND s.name = site.name)
RETURNING id
"""
_LINKS = """
CREATE TEMP TABLE link AS
SELECT DISTINCT s.id AS basestation_id, o.id AS operator_id
FROM feed
JOIN towers_pole p ON p.code = feed.code
JOIN towers_basestation s ON s.pole_id = p.id AND s.name = feed.name
JOIN towers_operator o ON o.name = feed.operator
"""
_ADD_LINKS = """
INSERT INTO towers_basestation_operators (basestation_id, operator_id)
SELECT basestation_id, operator_id FROM link
WHERE NOT EXISTS (
    SELECT FROM towers_basestation_operators l
    WHERE l.basestation_id = link.basestation_id AND l.operator_id = link.operator_id
)
RETURNING basestation_id
"""
_DROP_LINKS = """
DELETE FROM towers_basestation_operators l
USING towers_basestation s, site
WHERE s.id = l.basestation_id AND site.pole_id = s.pole_id AND site.name = s.name
  AND NOT EXISTS (
    SELECT FROM link WHERE link.basestation_id = l.basestation_id AND link.operator_id = l.operator_id
  )
  AND NOT EXISTS (SELECT FROM spared WHERE spared.pole_id = s.pole_id)
RETURNING l.basestation_id
"""


def _take_links(cursor: CursorWrapper, *, drop: bool) -> set[int]:
    """Who shares which station; returns the stations whose operators changed."""
    cursor.execute(_LINKS)
    cursor.execute("ANALYZE link")
    return _ids(cursor, _ADD_LINKS) | (_ids(cursor, _DROP_LINKS) if drop else set())


def _take_operators(cursor: CursorWrapper) -> None:
    """New operators, and the group the feed names first; where it names none, ours stands."""
    _run(
        cursor,
        "INSERT INTO towers_operator (name, \"group\", domains) SELECT DISTINCT operator, '', '{}'::varchar[] "
        "FROM feed WHERE operator <> '' ON CONFLICT (name) DO NOTHING",
    )
    _run(
        cursor,
        'UPDATE towers_operator o SET "group" = f.grp '
        "FROM (SELECT DISTINCT ON (operator) operator, grp FROM feed WHERE grp <> '' ORDER BY operator, row) f "
        'WHERE o.name = f.operator AND o."group" <> f.grp',
    )


# --- steps


def _fill(cursor: CursorWrapper, create: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """The temporary table `feed` with these rows, known to the planner."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.feed, pg_temp.spared, pg_temp.site, pg_temp.link")
    cursor.execute(f"CREATE TEMP TABLE feed {create}")
    with cursor.copy("COPY feed FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute("ANALYZE feed")


def _spare(cursor: CursorWrapper, feed: Feed[Any]) -> None:
    """The table `spared`: poles with a row that could not be read lose nothing."""
    codes = [*feed.unreadable]
    cursor.execute("CREATE TEMP TABLE spared AS SELECT id AS pole_id FROM towers_pole WHERE code = ANY(%s)", [codes])
    cursor.execute("ANALYZE spared")


def _drop_unknown_poles(cursor: CursorWrapper, notes: Notes) -> int:
    """Rows for poles we do not have are skipped; returns how many."""
    cursor.execute(
        "DELETE FROM feed WHERE NOT EXISTS (SELECT FROM towers_pole p WHERE p.code = feed.code) RETURNING row, code"
    )
    unknown = sorted(cursor.fetchall())
    for row, code in unknown:
        notes.skip(row, reason("unknown_pole", value=code))
    return len(unknown)


def _run(cursor: CursorWrapper, statement: str, *values: Any) -> int:
    """Rows written."""
    cursor.execute(statement, values or None)
    return int(cursor.rowcount)


def _count(cursor: CursorWrapper, of: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {of}")
    (number,) = cursor.fetchone() or (0,)
    return int(number)


def _ids(cursor: CursorWrapper, statement: str) -> set[int]:
    cursor.execute(statement)
    return {int(number) for (number,) in cursor.fetchall()}
