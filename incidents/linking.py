"""How incidents have to do with each other: a person links them, both timelines say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents import events, moving, placing, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, IncidentLink

if TYPE_CHECKING:
    from dispatchers.models import User

Kind = IncidentLink.Kind
LINKED, UNLINKED = "linked", "unlinked"
KINDS = frozenset({LINKED, UNLINKED})


@dataclass(frozen=True, slots=True)
class Side:
    """A kind of link as one of the two incidents sees it."""

    kind: IncidentLink.Kind
    # This incident is the link's source.
    forward: bool
    words: str | Promise


# By the name under which forms and events know them.
SIDES: dict[str, Side] = {
    "related": Side(Kind.RELATED, True, gettext_lazy("related to")),
    "duplicate": Side(Kind.DUPLICATE, True, gettext_lazy("a duplicate of")),
    "has_duplicate": Side(Kind.DUPLICATE, False, gettext_lazy("has the duplicate")),
    "blocks": Side(Kind.BLOCKS, True, pgettext_lazy("link", "blocks")),
    "blocked_by": Side(Kind.BLOCKS, False, gettext_lazy("blocked by")),
    "parent": Side(Kind.PARENT, True, gettext_lazy("the parent of")),
    "child": Side(Kind.PARENT, False, gettext_lazy("a part of")),
}
_OTHER_SIDE = {
    "related": "related",
    "duplicate": "has_duplicate",
    "has_duplicate": "duplicate",
    "blocks": "blocked_by",
    "blocked_by": "blocks",
    "parent": "child",
    "child": "parent",
}

_ENDS = ("source__status", "source__merged_into", "target__status", "target__merged_into")


@dataclass(frozen=True, slots=True)
class Shown:
    """A link on the card of one of its incidents."""

    link: IncidentLink
    side: str
    other: Incident

    @property
    def words(self) -> str:
        return str(SIDES[self.side].words)

    @property
    def holds_back(self) -> bool:
        """This incident cannot be closed before the other one."""
        there = self.other.final
        return self.side == "blocked_by" and there.is_open and there.pk != self.link.target_id


def links_of(incident: Incident) -> list[Shown]:
    """Its links, what holds it back first; one query, and one more for the other incidents if there are any."""
    links = list(IncidentLink.objects.filter(Q(source=incident) | Q(target=incident)).order_by("pk"))
    ends = {pk for each in links for pk in (each.source_id, each.target_id)} - {incident.pk}
    others = Incident.objects.select_related("status", "merged_into").in_bulk(ends)
    shown = []
    for link in links:
        forward = link.source_id == incident.pk
        shown.append(Shown(link, _side(link.kind, forward), others[link.target_id if forward else link.source_id]))
    return sorted(shown, key=lambda each: not each.holds_back)


@moving.tried_again
@transaction.atomic
def link(incident: Incident, side: str, other: Incident, *, by: User, at: datetime) -> IncidentEvent | None:
    """Say that `incident` is `side` ("blocks", "child", …) of `other`. Saying it again records nothing."""
    if incident.pk == other.pk:
        raise DomainError(_("This is the incident itself. Name another one."))
    incident, other = placing.lock(incident, other)
    for each in (incident, other):
        if each.merged_into_id:
            said = _("%(code)s was merged into %(into)s. Go on there.")
            raise DomainError(said % {"code": each.code, "into": each.final.code})
    meant = SIDES[side]
    source, target = (incident, other) if meant.forward else (other, incident)
    if _is_said(source, target, meant.kind):
        return None
    _require_sense(source, target, meant.kind)
    made = IncidentLink.objects.create(source=source, target=target, kind=meant.kind, author=by, at=at)
    return _recorded(LINKED, incident, side, other, made.pk, by, at)


@moving.tried_again
@transaction.atomic
def unlink(incident: Incident, pk: int, *, by: User, at: datetime) -> IncidentEvent | None:
    """Remove a link of this incident; one that somebody has removed already is harmless."""
    found = IncidentLink.objects.filter(Q(source=incident) | Q(target=incident), pk=pk).first()
    if found is None:
        return None
    forward = found.source_id == incident.pk
    other = found.target if forward else found.source
    incident, other = placing.lock(incident, other)
    removed, _rows = IncidentLink.objects.filter(pk=pk).delete()
    if not removed:
        return None
    return _recorded(UNLINKED, incident, _side(found.kind, forward), other, pk, by, at)


def _side(kind: str, forward: bool) -> str:
    return kind if forward else _OTHER_SIDE[kind]


def _is_said(source: Incident, target: Incident, kind: str) -> bool:
    pair = Q(source=source, target=target)
    if kind == Kind.RELATED:
        pair |= Q(source=target, target=source)
    return IncidentLink.objects.filter(pair, kind=kind).exists()


def _require_sense(source: Incident, target: Incident, kind: str) -> None:
    """Nobody waits for himself, is part of himself, or is part of two."""
    if kind == Kind.RELATED:
        return
    if _leads(target, source, kind):
        said = _("%(other)s and %(code)s are linked the other way round already. Remove that link first.")
        raise DomainError(said % {"other": target.code, "code": source.code})
    parent = target.links_in.filter(kind=Kind.PARENT).select_related("source").first() if kind == Kind.PARENT else None
    if parent:
        said = _("%(code)s is a part of %(parent)s already. Remove that link first.")
        raise DomainError(said % {"code": target.code, "parent": parent.source.code})


def _leads(start: Incident, end: Incident, kind: str) -> bool:
    """Whether links of this kind lead from one incident to the other, over however many; one query a step."""
    seen, edge = {start.pk}, {start.pk}
    while edge:
        after = IncidentLink.objects.filter(kind=kind, source__in=edge).values_list("target", flat=True)
        edge = set(after) - seen
        if end.pk in edge:
            return True
        seen |= edge
    return False


def _recorded(
    kind: str, incident: Incident, side: str, other: Incident, link: int, by: User, at: datetime
) -> IncidentEvent:
    """In both timelines, each in its own words; the deed counts for the incident it was done on."""
    services.touch(incident, by=by, at=at)
    services.save(other, at)
    here = events.record(incident, kind, actor=by, at=at, other=other.pk, what=side, link=link)
    events.record(other, kind, actor=by, at=at, other=incident.pk, what=_OTHER_SIDE[side], link=link)
    return here
