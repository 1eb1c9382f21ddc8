"""One-line reasons: why this pole, why this person, why this deadline. Pure but for translation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents.models import Incident
from incidents.occurrences import Happened

if TYPE_CHECKING:
    from dispatchers.models import User

# Pieces of evidence and loads that a popover has room for.
MOST_LINES = 6

_PLACES = {
    "subject": gettext_lazy("subject"),
    "reply": gettext_lazy("text"),
    "quote": gettext_lazy("quotation"),
    "attachment": gettext_lazy("name of a file"),
    "thread": gettext_lazy("earlier letter"),
}
# Rules of towers.matching, for a pole and for a station; `value` is the registry's spelling.
_POLE_RULES = {
    "exact": gettext_lazy("Code %(text)s is in the registry exactly so"),
    "respelled": gettext_lazy("%(text)s is %(value)s in the registry, written another way"),
    "lookalike": gettext_lazy("%(text)s is %(value)s in the registry: some letters only look alike"),
    "padded": gettext_lazy("%(text)s is %(value)s in the registry: zeros were left out or added"),
    "prefix": gettext_lazy("%(text)s is the beginning of %(value)s"),
    "labelled": gettext_lazy("The word beside %(text)s says that it is a pole: %(value)s"),
    "unknown": gettext_lazy("%(text)s looks like a code, but the registry has no such pole"),
}
_STATION_RULES = {
    "exact": gettext_lazy("Base station %(text)s is in the registry exactly so"),
    "respelled": gettext_lazy("Base station %(text)s is %(value)s in the registry"),
    "lookalike": gettext_lazy("Base station %(text)s is %(value)s: some letters only look alike"),
    "padded": gettext_lazy("Base station %(text)s is %(value)s: zeros were left out or added"),
    "prefix": gettext_lazy("%(text)s is the beginning of base station %(value)s"),
    "labelled": gettext_lazy("The word beside %(text)s says that it is a base station: %(value)s"),
    "unknown": gettext_lazy("%(text)s looks like a base station, but the registry has none"),
}
_SEVERAL = gettext_lazy("%(text)s fits several sites of the registry")

# Email.auto_reasons: what in a letter says that no automatic letter may answer it.
_AUTOMATIC = {
    "kind": gettext_lazy("It is no letter of a person"),
    "return-path": gettext_lazy("It wants no answer: its return path is empty"),
    "from: empty": gettext_lazy("It does not say who sent it"),
    "from: machine": gettext_lazy("Its sender is a program by its name"),
    "auto-submitted": gettext_lazy("A program sent it: Auto-Submitted is “%(value)s”"),
    "precedence": gettext_lazy("It goes to many: Precedence is “%(value)s”"),
    "x-auto-response-suppress": gettext_lazy("It forbids automatic answers: X-Auto-Response-Suppress"),
    "subject": gettext_lazy("Its subject is that of an automatic letter"),
    "list-id": gettext_lazy("It came by a mailing list: List-Id"),
    "list-post": gettext_lazy("It came by a mailing list: List-Post"),
    "list-unsubscribe": gettext_lazy("It offers to unsubscribe: List-Unsubscribe"),
    "x-dispatch-loop": gettext_lazy("It is a letter of the desk that came back: X-Dispatch-Loop"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One reason: for (`agrees`) or against, and where it stands."""

    text: str
    place: str = ""
    agrees: bool = True


def site(reading: Mapping[str, Any], placed: Happened | None) -> list[Line]:
    """Why this pole: who said so if a person did, then what the letter names, then the runners-up."""
    lines = []
    if placed and placed.event.actor:
        lines.append(
            Line(
                _("%(name)s chose the site") % {"name": placed.event.actor.full_name},
                _moment(placed.event.at),
            )
        )
    evidence = told_once(reading.get("evidence", ()))
    lines += [evidence_line(each) for each in evidence[:MOST_LINES]]
    if reading.get("rule") == "from_station" and reading.get("pole_code"):
        said = _("The letter names no pole; the base station stands on %(pole)s only")
        lines.append(Line(said % {"pole": reading["pole_code"]}))
    named = {each["value"] for each in evidence}
    lines += [
        Line(_("%(code)s: named beside the chosen one") % {"code": code}, agrees=False)
        for code in reading.get("runners_up", ())[:3]
        if code not in named
    ]
    if reading.get("truncated"):
        lines.append(Line(_("The letter is very long; its end was not read"), agrees=False))
    return lines


def thing(evidence: Mapping[str, Any]) -> tuple[str, str]:
    """What a piece of evidence names, in however many places."""
    return evidence["kind"], evidence["value"] or evidence["text"]


def told_once(evidence: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each thing read once, at its first place; what speaks for the chosen pole first."""
    first = {thing(each): each for each in reversed(list(evidence))}
    return sorted(first.values(), key=lambda each: (not each["supports"], each["part"], each["start"]))


def evidence_line(each: Mapping[str, Any]) -> Line:
    """By which rule this was read, and where it stands."""
    rules = _POLE_RULES if each["kind"] == "pole" else _STATION_RULES
    text = rules.get(each["rule"], rules["exact"]) if each["value"] or each["rule"] == "unknown" else _SEVERAL
    place = f"{_PLACES.get(each['source'], each['source'])}, {each['start'] + 1}–{each['end']}"
    return Line(str(text) % {"text": each["text"], "value": each["value"]}, place, agrees=each["supports"])


def summary(reading: Mapping[str, Any]) -> str:
    """“Read: pole, base station.” for the letter itself; empty when nothing was read."""
    kinds = {each["kind"] for each in reading.get("evidence", ()) if each["rule"] != "unknown"}
    names = [name for kind, name in (("pole", _("pole")), ("station", _("base station"))) if kind in kinds]
    return _("Read: %(names)s") % {"names": ", ".join(names)} if names else ""


def automatic(reasons: Iterable[str]) -> list[Line]:
    """Why no automatic letter may answer this one, in words; a header we have no words for by its name."""
    lines = []
    for reason in reasons:
        name, _colon, value = reason.partition(": ")
        said = _AUTOMATIC.get(reason) or _AUTOMATIC.get(name)
        # Headers of vacation programs are many; each says the same by its mere presence.
        lines.append(
            Line(str(said) % {"value": value} if said else _("A header of programs: %(name)s") % {"name": reason})
        )
    return lines


def person(given: Happened | None, people: Mapping[int, User]) -> list[Line]:
    """Why this person: the loads the machine compared, or who gave it."""
    if given is None:
        return []
    if given.event.actor:
        name = given.event.actor.full_name
        said = _("%(name)s took it") if given.is_taken else _("%(name)s gave it")
        return [Line(said % {"name": name}, _moment(given.event.at))]
    loads = given.event.data.get("why", {}).get("loads", {})
    chosen = given.person.pk if given.person else None
    ranked = sorted(((int(pk), load) for pk, load in loads.items()), key=lambda pair: (pair[1], pair[0] != chosen))
    lines = [
        Line(
            people[pk].full_name,
            ngettext("%(n)d open", "%(n)d open", load) % {"n": load},
            agrees=pk == chosen,
        )
        for pk, load in ranked
        if pk in people
    ]
    return lines[:MOST_LINES] or [Line(_("The freest dispatcher on shift"), _moment(given.event.at))]


def ids_of_loads(given: Happened | None) -> set[int]:
    """Whose names `person` needs."""
    if given is None or given.event.actor_id:
        return set()
    return {int(pk) for pk in given.event.data.get("why", {}).get("loads", {})}


def dispatcher_deadline(incident: Incident) -> str:
    due = incident.first_action_due_at
    if due is None:
        return _("no rule sets a time for it")
    if incident.first_action_at:
        return _("first action %(at)s, was due %(due)s") % {"at": _clock(incident.first_action_at), "due": _clock(due)}
    if incident.closed_at:
        return _("closed without an action of a person")
    return _("until %(due)s, %(minutes)d minutes to the first action") % {
        "due": _clock(due),
        "minutes": (due - incident.opened_at) // timedelta(minutes=1),
    }


def incident_deadline(incident: Incident) -> str:
    if incident.clock_left is not None:
        return _stands(incident, incident.clock_left)
    if incident.type is None and incident.due_at is None:
        return _("set the type, and the clock starts") if incident.is_open else _("the type was never set")
    if incident.due_at is None:
        return _("no rule sets a time for it")
    words = {"due": _moment(incident.due_at), "allowed": allowed(incident.due_at - incident.opened_at)}
    if not _is_plain(incident, incident.opened_at, incident.due_at):
        return _by_rules(incident.due_at)
    if incident.registration == Incident.Registration.MANUAL:
        return _("until %(due)s, %(allowed)s from registration") % words
    return _("until %(due)s, %(allowed)s from the first letter") % words


def contractor_deadline(incident: Incident) -> str:
    if incident.contractor_clock_left is not None:
        return _stands(incident, incident.contractor_clock_left)
    handed, due = incident.handed_over_at, incident.contractor_due_at
    if handed is None and due is None:
        return _("starts when the contractor has the job") if incident.is_open else _("was never handed over")
    if due is None:
        said = _("no rule sets a time for it") if incident.type else _("handed over %(at)s; set the type")
        return said % {"at": _moment(handed or incident.opened_at)}
    if handed is None:
        return _by_rules(due)
    if incident.contractor_done_at:
        return _("finished %(at)s, was due %(due)s") % {"at": _moment(incident.contractor_done_at), "due": _moment(due)}
    if not _is_plain(incident, handed, due):
        return _by_rules(due)
    words = {"due": _moment(due), "allowed": allowed(due - handed)}
    return _("until %(due)s, %(allowed)s from the hand-over") % words


def _stands(incident: Incident, left: timedelta) -> str:
    if left < timedelta():
        return _("overdue, stands still in “%(status)s”") % {"status": incident.status.name}
    return _("stands still in “%(status)s”") % {"status": incident.status.name}


def _is_plain(incident: Incident, start: datetime, due: datetime) -> bool:
    """Only the type's own time, round the clock: then the sentence may say how it was counted."""
    return incident.type is not None and due - start == incident.type.sla


def _by_rules(due: datetime) -> str:
    return _("until %(due)s, by the rules for clocks") % {"due": _moment(due)}


def allowed(length: timedelta) -> str:
    """The time a type allows, in the unit the contracts use."""
    minutes = int(length.total_seconds()) // 60
    if minutes % 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h") % {"hours": minutes // 60}


def change(happened: Happened) -> str:
    """What somebody did meanwhile, in one sentence, for whoever clicked too late."""
    who = happened.event.actor.full_name if happened.event.actor else _("Dispatch")
    at = _moment(happened.event.at)
    if happened.after:
        what = _("set “%(status)s”") % {"status": happened.after.name}
    elif happened.kind == "assigned":
        to = happened.person.full_name if happened.person else _("the common queue")
        what = _("took it") if happened.is_taken else _("gave it to %(name)s") % {"name": to}
    elif happened.kind == "type_set":
        what = _("set the type “%(type)s”") % {"type": happened.type.name if happened.type else "—"}
    elif happened.kind == "error":
        return _("%(who)s wrote what is wrong at %(at)s.") % {"who": who, "at": at}
    elif happened.words:
        return _("%(who)s at %(at)s: %(what)s.") % {"who": who, "what": happened.words, "at": at}
    else:
        what = _("set the site %(pole)s") % {"pole": happened.pole.code if happened.pole else "—"}
    return _("%(who)s %(what)s at %(at)s.") % {"who": who, "what": what, "at": at}


def latest(happened: Sequence[Happened], kind: str) -> Happened | None:
    return next((each for each in reversed(happened) if each.kind == kind), None)


def _clock(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%H:%M")


def _moment(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d.%m %H:%M")
