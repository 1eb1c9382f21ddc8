"""Moments as people type them: “15:30”, “+2ч”, “завтра 9:00”, “18.08 9:00”, in the desk's time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from incidents.errors import DomainError

# A bare time is the next such moment, but not nearly a day away: 15:30 typed at 15:40 is a slip, not tomorrow.
DAY = timedelta(days=1)
NEAREST_WITHIN = timedelta(hours=16)
FARTHEST = timedelta(days=366)

_TIME = r"(?P<hour>\d{1,2})(?:[:.\-](?P<minute>\d{2}))?(?:\s*(?:ч|час(?:а|ов)?|h))?"
_BARE = re.compile(r"(?:(?:в|к|до|at|by)\s+)?(?P<hour>\d{1,2})[:.\-]?(?P<minute>\d{2})")
_BARE_HOUR = re.compile(r"(?:в|к|до|at|by)\s+(?P<hour>\d{1,2})(?P<minute>)")
_DAYS = {"сегодня": 0, "завтра": 1, "послезавтра": 2, "today": 0, "tomorrow": 1}
_NAMED_DAY = re.compile(rf"(?P<day>{'|'.join(_DAYS)})\s*,?\s*(?:(?:в|к|до|at|by)\s+)?{_TIME}")
_DATE = re.compile(
    rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})(?:\.(?P<year>\d{{4}}|\d{{2}}))?\s*,?\s+(?:(?:в|к|до|at|by)\s+)?{_TIME}"
)
_ISO = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})[t\s]+{_TIME}")
_NUMBER = r"\d{1,5}(?:[.,]\d)?"
_UNITS = {
    "days": r"д(?:н(?:я|ей))?|день|сут(?:ки|ок)?|d(?:ays?)?",
    "hours": r"ч(?:ас(?:а|ов)?)?|h(?:ours?)?",
    "minutes": r"м(?:ин(?:ут(?:ы|у)?)?)?|m(?:in(?:utes?)?)?",
}
_AFTER = re.compile(
    r"(?:\+|через|in)\s*"
    + r"\s*".join(rf"(?:(?P<{unit}>{_NUMBER})\s*(?:{names})\.?)?" for unit, names in _UNITS.items())
)
_AFTER_BARE = re.compile(r"\+\s*(?P<minutes>\d{1,4})")
_IN_WORDS = {
    "через час": timedelta(hours=1),
    "через полчаса": timedelta(minutes=30),
    "через день": timedelta(days=1),
    "in an hour": timedelta(hours=1),
}


def parse(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment somebody means, always after `now`. Raises DomainError that says how to write it."""
    words = " ".join(typed.lower().replace("\N{NO-BREAK SPACE}", " ").split())
    local = now.astimezone(zone)
    try:
        moment = _after(words, now) or _named_day(words, local) or _date(words, local) or _bare(words, local)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise DomainError(
            _("“%(typed)s” is no time. Write 15:30, +2h, tomorrow 9:00 or 18.08 9:00.") % {"typed": typed}
        )
    if moment <= now:
        said = _("%(moment)s has passed already.")
        raise DomainError(said % {"moment": moment.astimezone(zone).strftime("%d.%m.%Y %H:%M")})
    if moment - now > FARTHEST:
        raise DomainError(_("That is more than a year away."))
    return moment


def _after(words: str, now: datetime) -> datetime | None:
    length = _IN_WORDS.get(words)
    found = None if length else _AFTER.fullmatch(words) or _AFTER_BARE.fullmatch(words)
    if found:
        length = timedelta(**{unit: float(n.replace(",", ".")) for unit, n in found.groupdict().items() if n})
    return now + length if length else None


def _named_day(words: str, local: datetime) -> datetime | None:
    found = _NAMED_DAY.fullmatch(words)
    return _at(local.date() + timedelta(days=_DAYS[found["day"]]), found, local) if found else None


def _date(words: str, local: datetime) -> datetime | None:
    found = _DATE.fullmatch(words) or _ISO.fullmatch(words)
    if not found:
        return None
    year = int(found["year"] or local.year)
    day = date(year + 2000 if year < 100 else year, int(found["month"]), int(found["day"]))
    if not found["year"] and day < local.date():
        # “2.01” said in December.
        day = day.replace(year=local.year + 1)
    return _at(day, found, local)


def _bare(words: str, local: datetime) -> datetime | None:
    found = _BARE.fullmatch(words) or _BARE_HOUR.fullmatch(words)
    if not found:
        return None
    moment = _at(local.date(), found, local)
    if moment > local:
        return moment
    tomorrow = _at(local.date() + timedelta(days=1), found, local)
    if tomorrow - local <= NEAREST_WITHIN:
        return tomorrow
    said = _("%(time)s has passed already. If you mean tomorrow, write “tomorrow %(time)s”.")
    raise DomainError(said % {"time": f"{moment:%H:%M}"})


def _at(day: date, found: re.Match[str], local: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, int(found["hour"]), int(found["minute"] or 0), tzinfo=local.tzinfo)
