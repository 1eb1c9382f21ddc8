"""Where letters may be moved to: what is likely before anything is typed, then what the typed words mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from incidents.codes import code_in_subject
from incidents.models import Incident, Suggestion
from incidents.queries import IncidentQuerySet
from mailbox.models import Email
from towers.models import Pole
from towers.queries import pole_code_begins

OFFERED = 8
# Words are sought among what changed lately: a common word stands in half of all subjects ever.
LATELY = timedelta(days=30)
SITES = 50


@dataclass(frozen=True, slots=True)
class Target:
    """An incident that can take the letters, and why it is offered."""

    incident: Incident
    why: str


def likely(source: Incident, letters: Sequence[Email]) -> list[Target]:
    """What the machine proposed, codes the letters name, open incidents of the pole and of the sender."""
    proposed = Suggestion.objects.filter(incident=source, state=Suggestion.State.OPEN, email__in=letters)
    codes = {code for letter in letters if (code := code_in_subject(letter.subject))}
    senders = {letter.from_email for letter in letters if letter.direction == Email.Direction.IN and letter.from_email}
    lists: list[tuple[str, Iterable[Incident]]] = [
        (_("proposed"), [each.other.final for each in proposed.select_related("other") if each.other]),
        (_("named in the subject"), [each.final for each in Incident.objects.filter(code__in=codes)]),
    ]
    if source.pole_id:
        lists.append((_("same pole"), _rows(source).filter(pole=source.pole_id).order_by("-opened_at")[:OFFERED]))
    if senders:
        same = Q()
        for sender in senders:
            same |= Q(requester_email__iexact=sender)
        lists.append((_("same sender"), _rows(source).open().filter(same).order_by("-active_at", "-pk")[:OFFERED]))
    return _once(source, lists)


def meant(source: Incident, typed: str, now: datetime) -> list[Target]:
    """Incidents that the typed words may mean: a code, the beginning of a pole's code, words of the subject."""
    typed = " ".join(typed.replace("\0", "").split())
    rows = _rows(source)
    lists: list[tuple[str, Iterable[Incident]]] = []
    if code := _code(typed):
        lists.append((_("this code"), [each.final for each in Incident.objects.filter(code=code)]))
        lists.append((_("this code"), rows.filter(code__startswith=code).order_by("-pk")[:OFFERED]))
    if len(typed) >= 2:
        poles = list(Pole.objects.filter(pole_code_begins(typed)).values_list("pk", flat=True)[:SITES])
        lists.append((_("this pole"), rows.filter(pole__in=poles).order_by("-opened_at")[:OFFERED] if poles else []))
    if len(typed) >= 3:
        words = Q()
        for word in typed.split():
            words &= Q(subject__icontains=word)
        found = rows.filter(words, active_at__gte=now - LATELY)
        lists.append((_("these words"), found.order_by("-active_at", "-pk")[:OFFERED]))
    return _once(source, lists)


def exactly(source: Incident, typed: str, now: datetime) -> Incident | None:
    """The incident of this code, or the only one the words may mean."""
    code = _code(typed.strip())
    found = Incident.objects.filter(code=code).first() if code else None
    if found:
        return found.final
    possible = meant(source, typed, now)
    return possible[0].incident if len(possible) == 1 else None


def _code(typed: str) -> str | None:
    if typed.isascii() and typed.isdigit():
        return f"{settings.INCIDENT_PREFIX}-{typed}"
    return code_in_subject(typed)


def _rows(source: Incident) -> IncidentQuerySet:
    return Incident.objects.for_rows().exclude(pk=source.pk).filter(merged_into=None)


def _once(source: Incident, lists: Iterable[tuple[str, Iterable[Incident]]]) -> list[Target]:
    """Each incident once, by its first reason, open ones first; no more than a look takes in."""
    found: dict[int, Target] = {}
    for why, incidents in lists:
        for incident in incidents:
            if incident.pk != source.pk:
                found.setdefault(incident.pk, Target(incident, why))
    return sorted(found.values(), key=lambda each: not each.incident.is_open)[:OFFERED]
