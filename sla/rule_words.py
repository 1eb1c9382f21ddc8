"""Rules in the words of people: whose clock, for whom, how long, by which calendar, when it stands still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from incidents.models import Incident, IncidentType, Status
from sla import clocks
from sla.clock import Words
from sla.policy import Line, Policy
from towers.models import Contractor

if TYPE_CHECKING:
    from django.utils.functional import Promise

HOUR, DAY = 60, 24 * 60
CLOCKS: dict[str, str | Promise] = {
    clocks.INCIDENT: gettext_lazy("Incident's clock"),
    clocks.CONTRACTOR: gettext_lazy("Contractor's clock"),
    clocks.FIRST_ANSWER: pgettext_lazy("clock", "First answer"),
    clocks.FIRST_ACTION: pgettext_lazy("clock", "First deed of a dispatcher"),
    clocks.of_work("avr"): pgettext_lazy("clock", "AVR, emergency repair"),
    clocks.of_work("rvr"): pgettext_lazy("clock", "RVR, restoration repair"),
    clocks.of_work("dgu"): pgettext_lazy("clock", "DGU, diesel generator"),
    clocks.of_work("eks"): pgettext_lazy("clock", "EKS, maintenance"),
}
# What may start, stop and resume a clock, beside the statuses.
MOMENTS: dict[str, str | Promise] = {
    clocks.OPENED: gettext_lazy("the incident is opened"),
    clocks.REOPENED: gettext_lazy("the incident is opened again"),
    clocks.HANDED_OVER: gettext_lazy("it is handed over to the contractor"),
    clocks.CONTRACTOR_DONE: gettext_lazy("the contractor has finished"),
    clocks.ACTION: gettext_lazy("a person does the first thing"),
    clocks.ANSWER: gettext_lazy("our first letter leaves"),
    clocks.END: gettext_lazy("the incident is closed"),
    "work:avr:started": gettext_lazy("AVR begins"),
    "work:avr:ended": gettext_lazy("AVR ends"),
    "work:rvr:started": gettext_lazy("RVR begins"),
    "work:rvr:ended": gettext_lazy("RVR ends"),
    "work:dgu:started": gettext_lazy("the generator starts"),
    "work:dgu:ended": gettext_lazy("the generator stops"),
    "work:eks:started": gettext_lazy("maintenance begins"),
    "work:eks:ended": gettext_lazy("maintenance ends"),
}
STATUS = "status:"


@dataclass(frozen=True)
class Names:
    """How statuses, types and contractors of these documents are called; each table is read once, if it is asked."""

    documents: tuple[Mapping[str, Any], ...]

    @cached_property
    def statuses(self) -> dict[str, str]:
        return {status.key: status.name for status in Status.objects.all()}

    @cached_property
    def types(self) -> dict[str, str]:
        return {kind.key: kind.name for kind in IncidentType.objects.all()}

    @cached_property
    def contractors(self) -> dict[str, str]:
        rules = [rule for document in self.documents for rule in document["rules"]]
        keys = {key for rule in rules for key in rule.get("match", {}).get("contractor", ()) if key.isdecimal()}
        return {str(pk): name for pk, name in Contractor.objects.filter(pk__in=keys).values_list("pk", "name")}

    def clock(self, key: str) -> str:
        for document in self.documents:
            if key in document.get("clocks", {}):
                return str(document["clocks"][key]["name"])
        return str(CLOCKS.get(key, key))

    def calendar(self, key: str) -> str:
        for document in self.documents:
            if key in document.get("calendars", {}):
                return str(document["calendars"][key]["name"])
        return key

    def word(self, word: str) -> str:
        if word.startswith(STATUS):
            key = word.removeprefix(STATUS)
            return _("status “%(name)s”") % {"name": self.statuses.get(key, key)}
        return str(MOMENTS.get(word, word))

    def fact(self, name: str, value: str) -> str:
        if name == "type":
            return self.types.get(value, value)
        if name == "contractor":
            return self.contractors.get(value, f"№ {value}")
        return str(dict(Incident.Priority.choices).get(value, value)) if name == "priority" else value

    def facts(self, name: str, values: Words) -> str:
        """All that a rule asks of one fact."""
        if name == "priority":
            said = ", ".join(self.fact(name, value) for value in Incident.Priority if value in values)
            return _("priority “%(name)s”") % {"name": said}
        return ", ".join(sorted(self.fact(name, value) for value in values))


@dataclass(frozen=True, slots=True)
class Said:
    """A rule as it is read: its parts, each ready for the page; `rest` are sentences without a full stop."""

    clock: str
    name: str
    # Whom it is for, fact by fact; nothing: everybody.
    whom: tuple[str, ...]
    time: str
    calendar: str
    rest: tuple[str, ...]

    @property
    def title(self) -> str:
        return " · ".join([self.clock, *(self.whom or (_("all incidents"),))])

    def __str__(self) -> str:
        parts = [f"{self.title}: {self.time}", self.calendar, *self.rest]
        return ", ".join(parts) + (f" ({self.name})" if self.name else "")


def say(line: Line, names: Names) -> Said:
    rest = []
    if line.pauses:
        quoted = (_("“%(name)s”") % {"name": names.statuses.get(key, key)} for key in sorted(line.pauses))
        listed = ", ".join(quoted)
        rest.append(_("stands still in %(statuses)s") % {"statuses": listed})
    rest += _own_words(line, names)
    if line.warn:
        rest.append(_("warns %(times)s before") % {"times": listing(length(each) for each in line.warn)})
    if line.escalate is not None:
        rest.append(
            _("tells the managers %(time)s after the deadline") % {"time": length(line.escalate)}
            if line.escalate
            else _("tells the managers at the deadline")
        )
    return Said(
        clock=names.clock(line.clock),
        name=line.name,
        whom=tuple(names.facts(fact, values) for fact, values in line.match.items()),
        time=length(line.minutes) if line.minutes is not None else _("as long as the type allows"),
        calendar=_("by the calendar “%(name)s”") % {"name": names.calendar(line.calendar)}
        if line.calendar
        else _("round the clock"),
        rest=tuple(rest),
    )


def _own_words(line: Line, names: Names) -> list[str]:
    said = []
    if line.starts is not None:
        said.append(_("starts when %(words)s") % {"words": either(line.starts, names)})
    if line.stops is not None:
        said.append(_("stops when %(words)s") % {"words": either(line.stops | {clocks.END}, names)})
    if line.resumes:
        said.append(_("goes on when %(words)s") % {"words": either(line.resumes, names)})
    return said


def course(key: str, policy: Policy, names: Names) -> str:
    """When a clock starts, stops and goes on, as a sentence."""
    kind = policy.kinds[key]
    said = _("Starts when %(starts)s; stops when %(stops)s") % {
        "starts": either(kind.starts, names),
        "stops": either(kind.stops, names),
    }
    if kind.resumes:
        said += "; " + _("goes on when %(words)s") % {"words": either(kind.resumes, names)}
    return f"{said}."


def either(words: Words, names: Names) -> str:
    """“a, b or c”, in the order in which the desk lists them."""
    order = [*MOMENTS, *(STATUS + key for key in names.statuses)]
    known = [word for word in order if word in words] + sorted(words - set(order))
    said = [names.word(word) for word in known]
    if len(said) < 2:
        return "".join(said)
    return pgettext("alternatives", "%(first)s or %(last)s") % {"first": ", ".join(said[:-1]), "last": said[-1]}


def listing(parts: Iterable[str]) -> str:
    said = list(parts)
    if len(said) < 2:
        return "".join(said)
    return pgettext("a list", "%(first)s and %(last)s") % {"first": ", ".join(said[:-1]), "last": said[-1]}


def length(minutes: int) -> str:
    """“15 days”, “24 h”, “1 h 30 min”."""
    if minutes >= 2 * DAY and minutes % DAY == 0:
        days = minutes // DAY
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    hours, rest = divmod(minutes, HOUR)
    said = [_("%(n)d h") % {"n": hours}] if hours else []
    if rest or not hours:
        said.append(_("%(n)d min") % {"n": rest})
    return " ".join(said)
