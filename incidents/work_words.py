"""What happened beside talking, as sentences of the timeline: they follow the name of whoever did it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from incidents.models import Incident, WorkPeriod

if TYPE_CHECKING:
    from django.utils.functional import Promise as Lazy

    from incidents.models import IncidentEvent

BALLS: dict[str, str | Lazy] = {
    Incident.Ball.US: pgettext_lazy("whose move", "Ours"),
    Incident.Ball.OPERATOR: pgettext_lazy("whose move", "Operator"),
    Incident.Ball.CONTRACTOR: pgettext_lazy("whose move", "Contractor"),
    Incident.Ball.ENERGY: pgettext_lazy("whose move", "Energy company"),
}
# Whole sentences: Russian declines the names.
MOVE: dict[str, str | Lazy] = {
    Incident.Ball.US: gettext_lazy("the next move is ours"),
    Incident.Ball.OPERATOR: gettext_lazy("the next move is the operator's"),
    Incident.Ball.CONTRACTOR: gettext_lazy("the next move is the contractor's"),
    Incident.Ball.ENERGY: gettext_lazy("the next move is the energy company's"),
}
PROMISED: dict[str, str | Lazy] = {
    Incident.Ball.US: gettext_lazy("we promised “%(text)s” by %(moment)s"),
    Incident.Ball.OPERATOR: gettext_lazy("the operator promised “%(text)s” by %(moment)s"),
    Incident.Ball.CONTRACTOR: gettext_lazy("the contractor promised “%(text)s” by %(moment)s"),
    Incident.Ball.ENERGY: gettext_lazy("the energy company promised “%(text)s” by %(moment)s"),
}
OF_PROMISE: dict[str, str | Lazy] = {
    "promise_kept": gettext_lazy("promise kept: “%(text)s”"),
    "promise_cancelled": gettext_lazy("promise dropped: “%(text)s”"),
    "promise_missed": gettext_lazy("promise missed: “%(text)s” by %(moment)s"),
}
CORRECTED: dict[str, str | Lazy] = {
    "subject": gettext_lazy("subject: “%(to)s”"),
    "operator": gettext_lazy("operator: %(to)s"),
    "requester": gettext_lazy("requester: %(to)s"),
}
# The names the trade uses; the long ones stand in the choices of the model.
SHORT_KINDS: dict[str, str | Lazy] = {
    WorkPeriod.Kind.EMERGENCY: gettext_lazy("AVR"),
    WorkPeriod.Kind.RESTORATION: gettext_lazy("RVR"),
    WorkPeriod.Kind.GENERATOR: gettext_lazy("DGU"),
    WorkPeriod.Kind.MAINTENANCE: gettext_lazy("EKS"),
}
LONG_KINDS: dict[str, str | Lazy] = {
    WorkPeriod.Kind.EMERGENCY: pgettext_lazy("beside its short name", "emergency repair"),
    WorkPeriod.Kind.RESTORATION: pgettext_lazy("beside its short name", "restoration repair"),
    WorkPeriod.Kind.GENERATOR: pgettext_lazy("beside its short name", "diesel generator"),
    WorkPeriod.Kind.MAINTENANCE: pgettext_lazy("beside its short name", "maintenance"),
}
PRIORITIES: dict[str, str | Lazy] = {
    Incident.Priority.URGENT: pgettext_lazy("priority", "Urgent"),
    Incident.Priority.HIGH: pgettext_lazy("priority", "High"),
    Incident.Priority.NORMAL: pgettext_lazy("priority", "Normal"),
    Incident.Priority.LOW: pgettext_lazy("priority", "Low"),
}
ICONS = {
    "priority_set": "adjustments",
    "ball_passed": "arrows-exchange",
    "promised": "hourglass",
    "promise_kept": "circle-check",
    "promise_cancelled": "x",
    "promise_missed": "alert-octagon",
    "work_started": "tool",
    "work_ended": "tool",
    "tagged": "bookmark",
    "untagged": "bookmark",
    "checked": "check",
    "unchecked": "circle-dashed",
    "corrected": "pencil",
    "mail_settled": "check",
    "letter_sent_again": "refresh",
    "letter_taken_back": "arrow-back-up",
    "letter_planned": "clock",
    "letter_unplanned": "x",
    "letter_held": "player-pause",
    "letter_hastened": "send",
    "letter_cancelled": "x",
    "letter_copy_asked": "copy",
    "clock_link_made": "link",
    "clock_link_revoked": "x",
}
# Of letters that went wrong; see incidents.mail_problem_deeds.
OF_MAIL: dict[str, str | Lazy] = {
    "mail_settled": gettext_lazy("settled a mail problem: nothing more has to be done about it"),
    "letter_sent_again": gettext_lazy("had a letter sent again"),
    "letter_taken_back": gettext_lazy("took a letter back before it left"),
    "letter_planned": gettext_lazy("wrote a letter for later"),
    "letter_unplanned": gettext_lazy("took back a letter that was to leave later"),
    "letter_held": gettext_lazy("held a letter that was to leave: who wrote it should look once more"),
    "letter_hastened": gettext_lazy("had a letter leave at once"),
    "letter_cancelled": gettext_lazy("cancelled a letter before it left"),
    "letter_copy_asked": gettext_lazy("asked for a copy of a letter in the Sent folder"),
}
# Of links by which strangers check a clock; see sla.dispute_links.
OF_CLOCKS: dict[str, str | Lazy] = {
    "clock_link_made": gettext_lazy("made a link for the contractor to check a clock"),
    "clock_link_revoked": gettext_lazy("revoked a link by which the contractor could check a clock"),
}
# No line of the timeline: the card names who watches, reminders are one person's own, and warnings have their page.
QUIET = frozenset({"watched", "unwatched", "reminder_set", "reminder_moved", "reminder_done", "reminder_due", "warned"})


def sentence(event: IncidentEvent) -> str:
    """The event in words; empty for kinds that are told elsewhere."""
    data = event.data
    if event.kind == "ball_passed":
        return str(MOVE.get(data.get("to", ""), ""))
    if event.kind == "promised" or event.kind in OF_PROMISE:
        said = PROMISED.get(data.get("by", ""), "") if event.kind == "promised" else OF_PROMISE[event.kind]
        due = datetime.fromisoformat(data["due"])
        return str(said) % {"text": data.get("text", ""), "moment": moment(due, event.at)}
    if event.kind == "priority_set":
        return _("priority: %(to)s") % {"to": str(PRIORITIES.get(data.get("to", ""), "—")).lower()}
    if event.kind in {"work_started", "work_ended"}:
        return _of_work(event)
    if event.kind in {"tagged", "untagged"}:
        said = _("added the tag “%(name)s”") if event.kind == "tagged" else _("removed the tag “%(name)s”")
        return said % {"name": data.get("name", "")}
    if event.kind == "corrected":
        return str(CORRECTED.get(data.get("what", ""), "")) % {"to": data.get("to") or "—"}
    if event.kind in {"checked", "unchecked"}:
        name = data.get("name_en" if (get_language() or "").startswith("en") else "name_ru", "")
        said = _("done: %(name)s") if event.kind == "checked" else _("not done after all: %(name)s")
        return said % {"name": name}
    return str(OF_MAIL.get(event.kind) or OF_CLOCKS.get(event.kind, ""))


def _of_work(event: IncidentEvent) -> str:
    names = {"kind": SHORT_KINDS.get(event.data.get("kind_of_work", ""), "")}
    if event.kind == "work_ended":
        return _("%(kind)s has ended") % names
    since = datetime.fromisoformat(event.data["since"])
    if abs((event.at - since).total_seconds()) < 60:
        return _("%(kind)s has begun") % names
    return _("%(kind)s has begun at %(moment)s") % {**names, "moment": moment(since, event.at)}


def moment(at: datetime, near: datetime) -> str:
    """“15:30” on the day of `near`, else with the date."""
    local = timezone.localtime(at)
    return local.strftime("%H:%M" if local.date() == timezone.localtime(near).date() else "%d.%m %H:%M")
