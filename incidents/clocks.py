"""What a clock of an incident shows: state, words, share of the time gone. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from incidents.queries import AT_RISK

if TYPE_CHECKING:
    from incidents.models import Incident


class ClockState(StrEnum):
    UNKNOWN = "unknown"
    RUNNING = "running"
    RISK = "risk"
    OVERDUE = "overdue"
    # Stands still, with time left.
    PAUSED = "paused"
    LATE = "late"
    IN_TIME = "in_time"


@dataclass(frozen=True, slots=True)
class ClockFace:
    """A clock as a page draws it. `start` and `due` are given while it runs, so that the page can go on counting."""

    state: ClockState
    words: str
    title: str
    share: int | None = None
    start: datetime | None = None
    due: datetime | None = None


def incident_clock(incident: Incident, now: datetime) -> ClockFace:
    """From the first letter to closing."""
    if incident.clock_left is not None:
        return standing(incident.clock_left)
    if incident.due_at is None and incident.type_id is None:
        return ClockFace(ClockState.UNKNOWN, _("no type"), _("No type, so there is no deadline"))
    return _face(incident.opened_at, incident.due_at, incident.closed_at, now, closed=True)


def contractor_clock(incident: Incident, now: datetime) -> ClockFace:
    """From handing over to the contractor to the end of his work."""
    if incident.contractor_clock_left is not None:
        return standing(incident.contractor_clock_left)
    if incident.contractor_due_at is None and incident.handed_over_at is None:
        return ClockFace(ClockState.UNKNOWN, _("not started"), _("Starts when the contractor has the job"))
    start = incident.handed_over_at or incident.opened_at
    return _face(start, incident.contractor_due_at, incident.contractor_done_at or incident.closed_at, now)


def dispatcher_clock(incident: Incident, now: datetime) -> ClockFace:
    """From the first letter to the first deed of a person."""
    end = incident.first_action_at or incident.closed_at
    return _face(incident.opened_at, incident.first_action_due_at, end, now)


def _face(
    start: datetime, due: datetime | None, end: datetime | None, now: datetime, *, closed: bool = False
) -> ClockFace:
    if due is None:
        return ClockFace(ClockState.UNKNOWN, _("no deadline"), _("No rule sets a deadline here"))
    if end is None:
        return running(start, due, now)
    until = _("The deadline was %(moment)s") % {"moment": exact(due)}
    if end > due:
        said = _("Closed late") if closed else _("Done late")
        return ClockFace(ClockState.LATE, f"+{span(end - due)}", f"{said}. {until}", share=100)
    said = _("Closed in time") if closed else _("Done in time")
    return ClockFace(ClockState.IN_TIME, span(end - start), f"{said}. {until}", share=_share(start, due, end))


def running(start: datetime, due: datetime, now: datetime) -> ClockFace:
    """A clock that nothing has stopped yet."""
    left = due - now
    until = _("Deadline %(moment)s") % {"moment": exact(due)}
    if left < timedelta():
        return ClockFace(ClockState.OVERDUE, f"−{span(-left)}", f"{_('Overdue, open')}. {until}", 100, start, due)
    state, said = ClockState.RUNNING, _("Time left")
    if left < AT_RISK:
        state, said = ClockState.RISK, _("Less than an hour left")
    return ClockFace(state, span(left), f"{said}. {until}", _share(start, due, now), start, due)


def standing(left: timedelta) -> ClockFace:
    """A clock that stands still; what was over before stays over, and grows no more."""
    if left < timedelta():
        said = _("Overdue, and stands still")
        return ClockFace(ClockState.OVERDUE, f"−{span(-left)}", said, share=100)
    said = _("Stands still, %(left)s left") % {"left": span(left)}
    return ClockFace(ClockState.PAUSED, _("idle, %(left)s") % {"left": brief(left)}, said)


def _share(start: datetime, due: datetime, at: datetime) -> int:
    whole = (due - start).total_seconds()
    return round(100 * min(max((at - start).total_seconds() / whole, 0), 1)) if whole > 0 else 100


def span(length: timedelta) -> str:
    """“0 h 42 m” within a day, “1 d 21 h” beyond: two numbers, as the rows have room for."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 24 * 60:
        return _("%(hours)d h %(minutes)02d m") % {"hours": minutes // 60, "minutes": minutes % 60}
    return _("%(days)d d %(hours)d h") % {"days": minutes // 1440, "hours": minutes // 60 % 24}


def brief(length: timedelta) -> str:
    """A length in one number: “42 m”, “47 h”, “3 d”."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 60:
        return _("%(minutes)d m") % {"minutes": minutes}
    if minutes < 48 * 60:
        return _("%(hours)d h") % {"hours": minutes // 60}
    return _("%(days)d d") % {"days": minutes // 1440}


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in one short word; the date beyond four weeks."""
    minutes = int((now - moment).total_seconds()) // 60
    if minutes < 1:
        return pgettext("unit of time", "now")
    if minutes < 60:
        return _("%(minutes)d m") % {"minutes": minutes}
    if minutes < 24 * 60:
        return _("%(hours)d h") % {"hours": minutes // 60}
    if minutes < 28 * 24 * 60:
        return _("%(days)d d") % {"days": minutes // 1440}
    return timezone.localtime(moment).strftime("%d.%m.%y")


def exact(moment: datetime) -> str:
    """The moment in the desk's time zone, with the zone's name."""
    local = timezone.localtime(moment)
    return f"{local:%d.%m.%Y %H:%M} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    if name == "MSK":
        return _("MSK")
    return f"UTC{name}" if name[:1] in "+-" else name
