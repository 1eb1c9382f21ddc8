"""The rows of the desk's list as HTML: each cell is a function of the incident and of who reads the page.

Functions and not templates, since a page has up to 1,500 cells: drawn by templates, these took most of its time.
`html` escapes whatever comes from outside, as a template would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from incidents import chronic, clocks, drawing, work_words
from incidents.chronic import Repeats
from incidents.drawing import html, icon
from incidents.models import Incident
from incidents.paging import Cursor, Order

if TYPE_CHECKING:
    from dispatchers.models import User

NOTHING = SafeString('<span class="dim">—</span>')


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the rows are drawn, and when. `may_choose`: rows have a box for deeds on many."""

    person: User
    now: datetime
    may_choose: bool
    # Of the poles of these rows.
    repeats: Mapping[int, Repeats]

    @classmethod
    def of(cls, person: User, now: datetime, rows: Iterable[Incident]) -> Reader:
        repeats = chronic.of_poles({row.pole_id for row in rows if row.pole_id}, now)
        return cls(person, now, person.has_perm("incidents.work_incident"), repeats)


Draw = Callable[[Incident, Reader], SafeString]


def row(incident: Incident, cells: Sequence[tuple[str, Draw]], order: Order, reader: Reader) -> SafeString:
    """The line of an incident. Pages find it by `#rows [data-code]`, and its place among others by `data-key`."""
    drawn = "".join([f'<td class="c-{css}">{draw(incident, reader)}</td>' for css, draw in cells])
    return html(
        '<tr class="{}" data-code="{}" data-key="{}">{}{}</tr>\n',
        "dk-row unread" if incident.has_news else "dk-row",
        incident.code,
        Cursor.of(incident, order),
        box(incident) if reader.may_choose else "",
        SafeString(drawn),
    )


def box(incident: Incident) -> SafeString:
    """What chooses the row; it says which events the page knew (incidents.bulk.with_seen)."""
    return html(
        '<td class="c-sel"><label><input type="checkbox" class="form-check-input" name="row" form="bulk"'
        ' value="{}~{}" aria-label="{}" autocomplete="off"></label></td>',
        incident.code,
        getattr(incident, "seen", 0),
        _("Choose %(code)s") % {"code": incident.code},
    )


def unread(incident: Incident, reader: Reader) -> SafeString:
    if not incident.has_news:
        return SafeString('<span class="dk-dot"></span>')
    said = _("Unread letter")
    return html('<span class="dk-dot" title="{}"></span><span class="visually-hidden">{}</span>', said, said)


def code(incident: Incident, reader: Reader) -> SafeString:
    return drawing.code(incident.code)


def subject(incident: Incident, reader: Reader) -> SafeString:
    return html(
        '<a class="subj" href="{}" title="{}">{}{}<span class="t cut">{}</span>{}{}</a>',
        _address(incident.code),
        incident.subject,
        drawing.operator_mark(incident.operator),
        drawing.raised(incident.priority),
        incident.subject,
        _power_back(incident),
        _letters(incident.letter_count) if incident.letter_count else "",
    )


def _address(code: str) -> str:
    before, after = _around_code(get_script_prefix())
    return f"{before}{quote(code)}{after}"


@lru_cache(maxsize=4)
def _around_code(_prefix: str) -> tuple[str, str]:
    """The address of every card but for its code."""
    before, _code, after = reverse("incidents:card", args=("CODE",)).partition("CODE")
    return before, after


def _power_back(incident: Incident) -> str:
    if not incident.power_back_at or incident.closed_at:
        return ""
    said = _("The operator says that power is back, %(moment)s") % {"moment": clocks.exact(incident.power_back_at)}
    return html('<span class="dk-badge is-done on" title="{}">{}</span>', said, icon("bolt", "sm"))


def _letters(number: int) -> SafeString:
    return html('<span class="n" title="{}">{}</span>', _("Letters: %(n)s") % {"n": number}, number)


def site(incident: Incident, reader: Reader) -> SafeString:
    pole = incident.pole
    if not pole:
        said = _("Without site")
        return html('<span class="dk-st is-wait">{}<span>{}</span></span>', icon("map-pin"), said)
    return html(
        '<span class="code" title="{}">{}</span>{}<span title="{}, {}">{}</span>',
        pole.code,
        pole.code,
        drawing.chronic_mark(reader.repeats.get(pole.pk), "icon"),
        pole.region_ru,
        pole.address,
        drawing.short_region(pole.region_ru),
    )


def status(incident: Incident, reader: Reader) -> SafeString:
    return drawing.status_mark(incident.status)


def assignee(incident: Incident, reader: Reader) -> SafeString:
    return drawing.person_mark(incident.assignee, reader.person)


def clock(incident: Incident, reader: Reader) -> SafeString:
    return drawing.clock(clocks.incident_clock(incident, reader.now))


def changed(incident: Incident, reader: Reader) -> SafeString:
    return drawing.ago(incident.active_at, reader.now)


def opened(incident: Incident, reader: Reader) -> SafeString:
    return drawing.ago(incident.opened_at, reader.now)


def type_(incident: Incident, reader: Reader) -> SafeString:
    return _named(incident.type.name) if incident.type else NOTHING


def priority(incident: Incident, reader: Reader) -> SafeString:
    return drawing.priority(incident.priority)


def operator(incident: Incident, reader: Reader) -> SafeString:
    return _named(incident.operator.name) if incident.operator else NOTHING


def station(incident: Incident, reader: Reader) -> SafeString:
    if not incident.base_station:
        return NOTHING
    return html('<span class="code">{}</span>', incident.base_station.name)


def region(incident: Incident, reader: Reader) -> SafeString:
    if not incident.pole:
        return NOTHING
    name = incident.pole.region_ru
    return html('<span title="{}">{}</span>', name, drawing.short_region(name))


def contractor(incident: Incident, reader: Reader) -> SafeString:
    return _named(incident.contractor.name) if incident.contractor else NOTHING


def ball(incident: Incident, reader: Reader) -> SafeString:
    since = drawing.ago(incident.ball_since, reader.now) if incident.ball_since else ""
    return html("<span>{}</span> {}", work_words.BALLS.get(incident.ball, incident.ball), since)


def requester(incident: Incident, reader: Reader) -> SafeString:
    name = incident.requester_name or incident.requester_email
    return html('<span title="{}">{}</span>', incident.requester_email, name)


def _named(name: str) -> SafeString:
    return html('<span title="{}">{}</span>', name, name)
