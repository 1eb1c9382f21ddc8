"""The desk's marks as HTML: icon, code, status, person, operator, clock, moment. One look everywhere, no queries.

Templates have them as tags (templatetags/desk.py), rows of the list as cells (incidents/cells.py). What depends on a
few words only is kept: a page has hundreds of these, of a few dozen kinds (`typed`, since a word that is safe HTML
already equals the same word that is not).
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from incidents import clocks, work_words
from incidents.clocks import ClockFace, ClockState
from incidents.models import Incident, Status, StatusClass

if TYPE_CHECKING:
    from dispatchers.models import User
    from incidents.chronic import Repeats
    from towers.models import Operator

STATUS_LOOK = {
    StatusClass.START: "is-new",
    StatusClass.ACTIVE: "is-work",
    StatusClass.SENDING: "is-work",
    StatusClass.PAUSED: "is-wait",
    StatusClass.END: "is-done",
}
# Look and icon; static/js/clocks.js has the same three of the running ones, which it counts on.
CLOCK_LOOK = {
    ClockState.UNKNOWN: ("", "circle-dashed"),
    ClockState.RUNNING: ("", "clock"),
    ClockState.RISK: ("is-risk", "hourglass"),
    ClockState.OVERDUE: ("is-over", "alert-octagon"),
    ClockState.PAUSED: ("is-wait", "player-pause"),
    ClockState.LATE: ("is-late", "alert-octagon"),
    ClockState.IN_TIME: ("is-done", "circle-check"),
}
# An arrow says it, no colour: colours are states.
PRIORITY_ICON = {Incident.Priority.URGENT: "arrow-up", Incident.Priority.HIGH: "arrow-up", "low": "arrow-down"}
# As the desk has called them for years; other operators get their first letters.
OPERATOR_MARKS = {"tele2": "Т2", "megafon": "МФ", "vimpelcom": "ВК", "mts": "МТС"}
_KIND_OF_REGION = re.compile(r"\b(область|обл\.?|край|республика|респ\.?|автономный округ|АО)(?!\w)", re.IGNORECASE)
LEGAL_FORMS = {"ООО", "ПАО", "АО", "ОАО", "ЗАО"}


def html(form: str, *words: object) -> SafeString:
    """`format_html` at half its price, for what is drawn hundreds of times: words stand in their order."""
    return SafeString(form.format(*[word if type(word) is SafeString else escape(str(word)) for word in words]))


@lru_cache(maxsize=512, typed=True)
def icon(name: str, size: str = "", extra: str = "") -> SafeString:
    """An icon of static/icons.svg; `size` is empty, "sm" or "lg". Always decoration: say it in words beside it."""
    classes = " ".join(filter(None, ["i", size and f"i-{size}", extra]))
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, static("icons.svg"), name
    )


def code(value: str) -> SafeString:
    """An incident's code: the constant prefix dimmed, the number bold."""
    prefix, dash, number = value.rpartition("-")
    return html('<span class="code"><i>{}{}</i><b>{}</b></span>', prefix, dash, number)


def priority(value: str) -> SafeString:
    """How urgent it is, with an arrow where that is not as usual."""
    sign = icon(PRIORITY_ICON[value], "sm") if value in PRIORITY_ICON else ""
    word = str(work_words.PRIORITIES.get(value, value))
    return html('<span class="dk-prio is-{}">{}<span>{}</span></span>', value, sign, word)


def raised(value: str) -> SafeString | str:
    """A small mark beside the subject of what is more urgent than usual; nothing for the rest."""
    if value not in (Incident.Priority.URGENT, Incident.Priority.HIGH):
        return ""
    said = _("Priority: %(name)s") % {"name": str(work_words.PRIORITIES[value]).lower()}
    return html(
        '<span class="dk-prio is-{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        value, said, icon("arrow-up", "sm"), said,
    )  # fmt: skip


def status_mark(status: Status, fill: bool = False) -> SafeString:
    """A status: plain in lists, `fill=True` in headers."""
    return _status(STATUS_LOOK[StatusClass(status.status_class)], fill, status.icon, status.name)


@lru_cache(maxsize=512, typed=True)
def _status(look: str, fill: bool, sign: str, name: str) -> SafeString:
    return format_html(
        '<span class="dk-st {}{}">{}<span>{}</span></span>', look, " fill" if fill else "", icon(sign), name
    )


def person_mark(person: User | None, reader: User | None, size: str = "") -> SafeString:
    """The round mark of a person, filled for the one who looks; dashed for nobody."""
    if person is None:
        return _round("none", size, _("Not assigned"), "–")
    if reader is not None and reader.pk == person.pk:
        return _round("me", size, _("%(name)s (you)") % {"name": person.full_name}, person.initials)
    return _round("", size, person.full_name, person.initials)


@lru_cache(maxsize=512, typed=True)
def _round(look: str, size: str, name: str, letters: str) -> SafeString:
    return format_html(
        '<span class="{}" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></span>',
        " ".join(filter(None, ["dk-who", look, size])),
        name,
        letters,
        name,
    )


def operator_mark(operator: Operator | None) -> SafeString:
    """The operator in two or three letters, the whole name on hover."""
    if operator is None:
        return _operator(_("Operator unknown"), "—")
    return _operator(operator.name, _letters_of(operator.name, operator.group))


@lru_cache(maxsize=512, typed=True)
def _operator(name: str, letters: str) -> SafeString:
    return format_html('<span class="dk-op" title="{}">{}</span>', name, letters)


@lru_cache(maxsize=512, typed=True)
def _letters_of(name: str, group: str) -> str:
    known = OPERATOR_MARKS.get(group)
    if known:
        return known
    words = [word for word in name.replace("«", " ").replace("»", " ").split() if word not in LEGAL_FORMS]
    return "".join(words)[:2].upper()


def clock(face: ClockFace) -> SafeString:
    look, sign = CLOCK_LOOK[face.state]
    counting = SafeString("")
    if face.start and face.due:
        counting = html(' data-start="{}" data-due="{}"', face.start.isoformat(), face.due.isoformat())
    return html(
        '<span class="dk-clock {}" title="{}"{}>{}<span class="v">{}</span>{}</span>',
        look,
        face.title,
        counting,
        icon(sign),
        face.words,
        "" if face.share is None else bar(face.share),
    )


@lru_cache(maxsize=128, typed=True)
def bar(share: int) -> SafeString:
    """A thin bar filled by `share` per cent; an SVG, since the policy of the page allows no style attribute."""
    return format_html(
        '<svg class="dk-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="t" width="100" height="2"/><rect class="v" width="{}" height="2"/></svg>',
        share,
    )


def ago(moment: datetime, now: datetime) -> SafeString:
    """How long ago, counted on by the page; the exact moment on hover."""
    return html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(),
        clocks.exact(moment),
        clocks.ago(moment, now),
    )


@lru_cache(maxsize=512, typed=True)
def short_region(name: str) -> str:
    """A region without the word for its kind, as a narrow column has room for: «Кировская область» is «Кировская»."""
    return _KIND_OF_REGION.sub("", name).strip() or name


@lru_cache(maxsize=4096, typed=True)
def box(name: str, value: str, said: SafeString, is_chosen: bool) -> SafeString:
    """A line of a menu with a box before it."""
    return format_html(
        '<label class="row"><input class="form-check-input" type="checkbox" name="{}" value="{}"{}>{}</label>',
        name,
        value,
        SafeString(" checked") if is_chosen else "",
        said,
    )


@lru_cache(maxsize=4096, typed=True)
def cut(words: str) -> SafeString:
    """Words in one line, cut where there is no room."""
    return format_html('<span class="cut">{}</span>', words)


def chronic_mark(repeats: Repeats | None, size: str = "") -> SafeString:
    """The mark of a chronic site, nothing for another one: with its number, by "full" its words, by "icon" neither."""
    if repeats is None or not repeats.is_chronic:
        return SafeString("")
    title = repeats.title
    if size == "icon":
        shown, look = SafeString(""), "dk-again"
    else:
        words = repeats.words if size == "full" else f"×{repeats.number}"
        shown, look = format_html('<span class="num">{}</span>', words), "dk-badge is-risk on"
    return format_html(
        '<span class="{} dk-chronic" title="{}">{}{}<span class="visually-hidden">{}</span></span>',
        look,
        title,
        icon("refresh", "sm"),
        shown,
        title,
    )
