"""Warnings in the words of people: what is the matter, how late it is said, and as a message for a telephone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from incidents import clocks as faces
from incidents.models import Promise
from sla import clocks
from sla.models import DeadlineWarning
from sla.policies import Policies
from sla.rule_words import Names

if TYPE_CHECKING:
    from django.utils.functional import Promise as Lazy

Kind = DeadlineWarning.Kind
# A tick comes every quarter of a minute: so much later than planned is nobody's fault.
PROMPT = timedelta(seconds=60)
# Warnings of one message, each in full.
MOST_IN_MESSAGE = 8

NEAR: dict[str, str | Lazy] = {
    clocks.INCIDENT: gettext_lazy("%(left)s until the incident's deadline"),
    clocks.CONTRACTOR: gettext_lazy("%(left)s until the contractor's deadline"),
    clocks.FIRST_ANSWER: gettext_lazy("%(left)s to answer the letter"),
    clocks.FIRST_ACTION: gettext_lazy("%(left)s to begin the work"),
}
OVER: dict[str, str | Lazy] = {
    clocks.INCIDENT: gettext_lazy("The incident's deadline is over"),
    clocks.CONTRACTOR: gettext_lazy("The contractor's deadline is over"),
    clocks.FIRST_ANSWER: gettext_lazy("The first answer is late"),
    clocks.FIRST_ACTION: gettext_lazy("Nobody has begun the work"),
}
MISSED: dict[str, str | Lazy] = {
    "us": pgettext_lazy("promise missed", "We did not keep a promise"),
    "operator": pgettext_lazy("promise missed", "The operator did not keep a promise"),
    "contractor": pgettext_lazy("promise missed", "The contractor did not keep a promise"),
    "energy": pgettext_lazy("promise missed", "The energy company did not keep a promise"),
}


class Words:
    """What warnings say; names of the customer's own clocks are read once."""

    def __init__(self) -> None:
        self._names: Names | None = None

    def clock(self, key: str) -> str:
        if self._names is None:
            policies = Policies()
            self._names = Names(tuple(each.document for each in (policies.newest(), *policies.earlier())))
        return self._names.clock(key)

    def title(self, warning: DeadlineWarning) -> str:
        """What was the matter when it was said, in one line."""
        if warning.kind == Kind.PROMISE:
            return _promise(warning.promise)
        if warning.kind == Kind.NOBODY:
            alone = warning.at - warning.due_at + timedelta(minutes=settings.UNASSIGNED_WARN_MINUTES)
            return _("Nobody takes it for %(time)s") % {"time": _length(alone)}
        if warning.kind == Kind.NEAR:
            left = {"left": _length(warning.due_at - warning.at)}
            return str(NEAR[warning.clock]) % left if warning.clock in NEAR else self._of_other(warning, left)
        said = str(OVER[warning.clock]) if warning.clock in OVER else self._of_other(warning, {})
        late = warning.at - warning.due_at
        return _("%(said)s: %(late)s late") % {"said": said, "late": _length(late)} if late >= PROMPT else said

    def _of_other(self, warning: DeadlineWarning, left: Mapping[str, str]) -> str:
        facts = {"clock": self.clock(warning.clock), **left}
        return (_("%(clock)s: %(left)s left") if left else _("%(clock)s: the deadline is over")) % facts


def _promise(promise: Promise | None) -> str:
    if promise is None:
        return pgettext("warning", "promise missed")
    said = str(MISSED[promise.by])
    return f"{said}: «{promise.text}»" if promise.text else said


def lateness(warning: DeadlineWarning) -> str:
    """By how much it was said later than the rules want; nothing where it came in time."""
    late = warning.at - warning.planned_at
    if late < PROMPT:
        return ""
    return _("said %(late)s late") % {"late": _length(late)}


def sign(warning: DeadlineWarning) -> str:
    """The mark of a message in Telegram."""
    return "🟠" if warning.kind == Kind.NEAR else "🔴"


def _length(length: timedelta) -> str:
    """“60 min”, beyond an hour and a half in two numbers. Rounded: a tick never comes to the second."""
    minutes = round(length.total_seconds() / 60)
    return _("%(minutes)d min") % {"minutes": minutes} if minutes <= 90 else faces.span(timedelta(minutes=minutes))


# --- Messages ---------------------------------------------------------------------------------


def message(warnings: Sequence[DeadlineWarning], now: datetime, *, is_repeated: bool = False) -> str:
    """One message about all of them; without any it only says that it arrives."""
    if not warnings:
        return "🟢 " + _("Warnings of the desk will come here.")
    words = Words()
    parts = [_paragraph(words, warning) for warning in warnings[:MOST_IN_MESSAGE]]
    if more := len(warnings) - len(parts):
        parts.append(ngettext("and %(n)d warning more", "and %(n)d warnings more", more) % {"n": more})
        if settings.DESK_URL:
            parts[-1] += f"\n{settings.DESK_URL.rstrip('/')}/sla/warnings/"
    waited = now - min(warning.at for warning in warnings)
    if waited >= PROMPT:
        parts.append(_("This message was on its way for %(time)s.") % {"time": _length(waited)})
    if is_repeated:
        parts.append(_("It may have come before: nobody knows whether the first attempt arrived."))
    return "\n\n".join(parts)


def subject(warnings: Sequence[DeadlineWarning]) -> str:
    """The subject of a letter about them."""
    if not warnings:
        return _("Test of the warnings")
    if len(warnings) == 1:
        return f"{warnings[0].incident.code}: {Words().title(warnings[0])}"
    number = len(warnings)
    return ngettext("%(n)d warning of the desk", "%(n)d warnings of the desk", number) % {"n": number}


def _paragraph(words: Words, warning: DeadlineWarning) -> str:
    incident = warning.incident
    late = lateness(warning)
    site = " · ".join(filter(None, [incident.pole.code, incident.pole.region_ru] if incident.pole else []))
    owner = incident.assignee.full_name if incident.assignee else _("nobody has it")
    # Until when somebody should have taken it is nobody's deadline.
    moment = {"moment": _moment(warning.due_at, warning.at)}
    due = "" if warning.kind == Kind.NOBODY else _("Deadline %(moment)s") % moment
    lines = [
        f"{sign(warning)} {incident.code} · {words.title(warning)}" + (f" ({late})" if late else ""),
        " ".join(incident.subject.split())[:140],
        due,
        " · ".join(filter(None, [site, owner])),
    ]
    if settings.DESK_URL:
        lines.append(settings.DESK_URL.rstrip("/") + incident.get_absolute_url())
    return "\n".join(filter(None, lines))


def _moment(moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    return date_format(local, "H:i" if local.date() == timezone.localtime(now).date() else "d.m H:i")
