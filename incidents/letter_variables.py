"""What templates of letters may name, and what each name means for an incident: plain words, never rows.

Letters are Russian documents, so values are Russian whatever language the desk is shown in. What nobody knows is
empty, so that `{% if name %}` asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from incidents.letter_language import Scope
from incidents.models import Incident
from incidents.templatetags.sites import map_link
from mailbox.models import Email
from mailbox.parsing import strip_prefixes
from towers.models import BaseStation, Pole

if TYPE_CHECKING:
    from dispatchers.models import User

# Of the letters so far: so many of the newest, each so long at most.
LETTERS, LONGEST_LETTER = 20, 4000
STATIONS = 50
# What is not of the incident: whoever renders gives it.
GIVEN = frozenset({"attached", "left_out", "for_contractor"})

Group = str | Promise


@dataclass(frozen=True)
class Facts:
    """An incident at a moment, and who writes; nobody where Dispatch writes by itself."""

    incident: Incident
    by: User | None
    now: datetime
    given: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def pole(self) -> Pole | None:
        return self.incident.pole

    @cached_property
    def reason(self) -> str:
        steps = self.incident.events.filter(kind__in=("sending", "status_changed")).order_by("-id")
        return next((each.data.get("reason", "") for each in steps[:1]), "")


@dataclass(frozen=True, slots=True)
class Variable:
    """A name, what it means, what it may look like, and how it is known. `items`: the words of a list's item."""

    name: str
    label: str | Promise
    example: str
    of: Callable[[Facts], Any]
    group: Group
    items: Mapping[str, str | Promise] = field(default_factory=dict)


def values(facts: Facts, names: Collection[str]) -> dict[str, Any]:
    """What these names mean; nothing else is asked of the database."""
    return {name: VARIABLES[name].of(facts) for name in names if name in VARIABLES}


def examples() -> dict[str, Any]:
    """A value for every name, where there is no incident to look at."""
    return {
        each.name: [{name: str(label) for name, label in each.items.items()}] if each.items else each.example
        for each in VARIABLES.values()
    }


def moment(at: datetime | None) -> str:
    """`18.08.2026 15:00 (UTC+3)`: whoever reads it may sit in another zone."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    zone = f"{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"
    return f"{local:%d.%m.%Y %H:%M} (UTC{zone})"


def length(span: timedelta | None) -> str:
    """`4 ч`, `1 ч 30 мин`, `2 сут`."""
    if span is None:
        return ""
    minutes = int(span.total_seconds()) // 60
    if minutes % 1440 == 0 and minutes > 1440:
        return f"{minutes // 1440} сут"
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} ч"] if hours else []), *([f"{rest} мин"] if rest or not hours else [])])


def _degrees(value: float | None) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if value is not None and math.isfinite(value) else ""


def _coordinates(pole: Pole | None) -> str:
    both = [_degrees(pole.latitude), _degrees(pole.longitude)] if pole else []
    return ", ".join(both) if both and all(both) else ""


def _operator(incident: Incident) -> str:
    return incident.operator.name if incident.operator else ""


def _operators(incident: Incident) -> str:
    """All that stand at the station; without one, whoever wrote."""
    station = incident.base_station
    return ", ".join(sorted(each.name for each in station.operators.all())) if station else _operator(incident)


def _stations(incident: Incident) -> list[dict[str, str]]:
    """The station of the incident first, then the others of its pole."""
    if incident.pole_id is None:
        return []
    standing = BaseStation.objects.filter(pole_id=incident.pole_id, gone_at=None).order_by("name")
    rows = list(standing.prefetch_related("operators")[:STATIONS])
    rows.sort(key=lambda each: each.pk != incident.base_station_id)
    return [{"name": each.name, "operators": ", ".join(sorted(o.name for o in each.operators.all()))} for each in rows]


def _letters(incident: Incident) -> list[dict[str, str]]:
    """What people wrote, the oldest first."""
    written = Email.objects.filter(place__incident=incident, kind=Email.Kind.HUMAN)
    written = written.exclude(outgoing__is_automatic=True).order_by("-received_at", "-pk")
    columns = ("received_at", "from_name", "from_email", "subject")
    rows = list(written.annotate(words=Left("reply_text", LONGEST_LETTER + 1)).values(*columns, "words")[:LETTERS])
    return [_letter(row) for row in reversed(rows)]


def _letter(row: Mapping[str, Any]) -> dict[str, str]:
    words = row["words"].strip()
    return {
        "at": moment(row["received_at"]),
        "sender": row["from_name"] or row["from_email"],
        "address": row["from_email"],
        "subject": row["subject"],
        "text": words if len(words) <= LONGEST_LETTER else f"{words[:LONGEST_LETTER]}…",
    }


def _contractor_deadline(facts: Facts) -> datetime | None:
    """While the letter is on its way the clock has not begun: what the rules would give from now on."""
    incident = facts.incident
    if incident.handed_over_at or incident.contractor_due_at:
        return incident.contractor_due_at
    expected: datetime | None = import_string(settings.CONTRACTOR_DEADLINE)(incident, facts.now)
    return expected


def _of_pole(name: str) -> Callable[[Facts], str]:
    return lambda facts: str(getattr(facts.pole, name)) if facts.pole else ""


def _of_contact(name: str) -> Callable[[Facts], str]:
    """Addresses belong to the pair of contractor and pole."""

    def of(facts: Facts) -> str:
        pole = facts.pole
        fits = pole is not None and pole.contractor_id == facts.incident.contractor_id
        return ", ".join(getattr(pole, name)) if fits else ""

    return of


def _of_incident(name: str) -> Callable[[Facts], str]:
    return lambda facts: str(getattr(facts.incident, name) or "")


def _moment_of(name: str) -> Callable[[Facts], str]:
    return lambda facts: moment(getattr(facts.incident, name))


_INCIDENT, _SITE, _PEOPLE, _LETTERS, _DESK = (
    _("Incident"), _("Site"), _("People and companies"), _("Letters and files"), _("The desk"),
)  # fmt: skip

_ALL = (
    Variable("code", _("code of the incident"), "NT-163341", _of_incident("code"), _INCIDENT),
    Variable("subject", _("what it is about"), "Отсутствует ВЭС KI0075",
             lambda f: strip_prefixes(f.incident.subject), _INCIDENT),
    Variable("type", _("incident type"), "Авария по питанию РФ",
             lambda f: f.incident.type.name_ru if f.incident.type else "", _INCIDENT),
    Variable("type_meaning", _("what the type means, as administrators describe it"),
             "Пропало внешнее электроснабжение: восстановить питание площадки",
             lambda f: f.incident.type.description_ru.strip() if f.incident.type else "", _INCIDENT),
    Variable("time_allowed", _("time that the type allows"), "24 ч",
             lambda f: length(f.incident.type.sla if f.incident.type else None), _INCIDENT),
    Variable("status", _("status now"), "В работе", lambda f: f.incident.status.name_ru, _INCIDENT),
    Variable("opened_at", _("registered"), "18.08.2026 15:00 (UTC+3)", _moment_of("opened_at"), _INCIDENT),
    Variable("deadline", _("deadline of the incident"), "19.08.2026 15:00 (UTC+3)", _moment_of("due_at"), _INCIDENT),
    Variable("contractor_deadline", _("deadline of the contractor"), "19.08.2026 15:20 (UTC+3)",
             lambda f: moment(_contractor_deadline(f)), _INCIDENT),
    Variable("power_back_at", _("power is back since"), "18.08.2026 17:40 (UTC+3)",
             _moment_of("power_back_at"), _INCIDENT),
    Variable("closed_at", _("closed"), "18.08.2026 18:00 (UTC+3)", _moment_of("closed_at"), _INCIDENT),
    Variable("reason", _("words of the last change of status"), "Заменён автомат", lambda f: f.reason, _INCIDENT),
    Variable("pole", _("code of the pole"), "41960-P-43-1-1", _of_pole("code"), _SITE),
    Variable("region", _("region"), "Кировская область", _of_pole("region_ru"), _SITE),
    Variable("address", _("address"), "Слободской р-н, д. Стулово", _of_pole("address"), _SITE),
    Variable("coordinates", _("latitude and longitude"), "58.873361, 49.404611",
             lambda f: _coordinates(f.pole), _SITE),
    Variable("map_link", _("address of the place on the map"), "https://maps.example/58.873361,49.404611",
             lambda f: map_link(f.pole) if f.pole and _coordinates(f.pole) else "", _SITE),
    Variable("station", _("base station"), "KI0075",
             lambda f: f.incident.base_station.name if f.incident.base_station else "", _SITE),
    Variable("stations", _("all base stations of the pole"), "", lambda f: _stations(f.incident), _SITE,
             {"name": _("name"), "operators": _("its operators")}),
    Variable("operator", _("operator who wrote"), "Т2", lambda f: _operator(f.incident), _PEOPLE),
    Variable("operators", _("operators at the station"), "МТС, Т2", lambda f: _operators(f.incident), _PEOPLE),
    Variable("requester", _("requester's name"), "NOC Т2", _of_incident("requester_name"), _PEOPLE),
    Variable("requester_email", _("requester's e-mail"), "noc@operator.example",
             _of_incident("requester_email"), _PEOPLE),
    Variable("contractor", _("contractor"), "ООО «Пример-Энерго»",
             lambda f: f.incident.contractor.name if f.incident.contractor else "", _PEOPLE),
    Variable("contractor_phones", _("contractor's phones for this pole"), "+7 900 000-00-00",
             _of_contact("contractor_phones"), _PEOPLE),
    Variable("contractor_emails", _("contractor's e-mails for this pole"), "avr@contractor.example",
             _of_contact("contractor_emails"), _PEOPLE),
    Variable("for_contractor", _("“yes” in a letter to the contractor"), "да",
             lambda f: f.given.get("for_contractor", ""), _PEOPLE),
    Variable("letters", _("the letters so far"), "", lambda f: _letters(f.incident), _LETTERS,
             {"at": _("when"), "sender": _("who"), "address": _("his address"), "subject": _("subject"),
              "text": _("its new words")}),
    Variable("attached", _("files that go along"), "фото.jpg (1,2 МБ)", lambda f: f.given.get("attached", ""),
             _LETTERS),
    Variable("left_out", _("files that were too large to go along"), "видео.mp4 (64 МБ)",
             lambda f: f.given.get("left_out", ""), _LETTERS),
    Variable("dispatcher", _("who writes; empty where Dispatch does by itself"), "Иванова Анна",
             lambda f: f.by.full_name if f.by else "", _DESK),
    Variable("dispatcher_phone", _("his phone"), "+7 900 000-00-01", lambda f: f.by.phone if f.by else "", _DESK),
    Variable("desk", _("name of the desk"), "Диспетчерская служба", lambda f: settings.EMAIL_FROM_NAME, _DESK),
    Variable("desk_email", _("address of the desk"), "desk@towers.example",
             lambda f: settings.DEFAULT_FROM_EMAIL, _DESK),
    Variable("now", _("the moment of writing"), "18.08.2026 15:20 (UTC+3)", lambda f: moment(f.now), _DESK),
    # The promise is kept by incidents.intake.
    Variable("reopens", _("“yes” if the next letter opens the closed incident again"), "да",
             lambda f: "да" if f.incident.letters_since_closing + 1 >= settings.REOPEN_AT_LETTER else "", _DESK),
    Variable("object_until", _("until when it may be said that the failure is still there"),
             "21.08.2026 15:20 (UTC+3)", lambda f: moment(f.now + settings.OBJECT_WITHIN), _DESK),
)  # fmt: skip

VARIABLES: dict[str, Variable] = {each.name: each for each in _ALL}
SCOPE = Scope(
    frozenset(each.name for each in _ALL if not each.items),
    {each.name: frozenset(each.items) for each in _ALL if each.items},
)
