"""Events of an incident with the people, statuses, types and sites they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import Model

from incidents import linking, moving, undoing, work_words
from incidents.events import ELSEWHERE
from incidents.models import Incident, IncidentEvent, IncidentType, Status
from towers.models import BaseStation, Pole

if TYPE_CHECKING:
    from dispatchers.models import User

Named = TypeVar("Named", bound=Model)

# Kinds of a step from one status to another.
STEPS = frozenset({"status_changed", "error", "closed", "reopened", "sending", "handed_over"})
# Kinds that name another incident.
BESIDE = moving.KINDS | linking.KINDS | {undoing.DISMISSED}
# Letters, notes and their files are in the timeline themselves; an opening by a letter is that letter.
SHOWN_ELSEWHERE = frozenset({"letter", "comment", "note_file"}) | work_words.QUIET


@dataclass(frozen=True, slots=True)
class Happened:
    """One event in terms the page can show; what an event does not speak of is None."""

    event: IncidentEvent
    before: Status | None = None
    after: Status | None = None
    person: User | None = None
    type: IncidentType | None = None
    pole: Pole | None = None
    station: BaseStation | None = None
    # Where letters went or came from.
    other: Incident | None = None
    # A deed that nobody has taken back; whether its time is not over `may_be_undone` says.
    stands: bool = False

    @property
    def kind(self) -> str:
        return self.event.kind

    @property
    def elsewhere(self) -> str:
        """Who did it in another program; empty where it was done here."""
        return str(self.event.data.get(ELSEWHERE, ""))

    @property
    def is_step(self) -> bool:
        return self.after is not None

    @property
    def is_taken(self) -> bool:
        """The actor gave it to himself."""
        return self.kind == "assigned" and self.person is not None and self.person.pk == self.event.actor_id

    @property
    def count(self) -> int:
        """Letters that were moved."""
        return int(self.event.data.get("count", 0))

    @property
    def what(self) -> str:
        """The kind of the deed that was taken back, or of the suggestion that was dismissed."""
        return str(self.event.data.get("what") or self.event.data.get("about") or "")

    @property
    def words(self) -> str:
        """What was done beside talking, in words; empty for other kinds."""
        return work_words.sentence(self.event)

    @property
    def icon(self) -> str:
        return work_words.ICONS.get(self.kind, "")

    @property
    def reason(self) -> str:
        return str(self.event.data.get("reason", ""))

    def stands_beside(self, others: Sequence[Happened]) -> bool:
        """Whether this can share a line: one step at most, never a second one of a kind, no explanations,
        and nothing that names another incident."""
        if self.reason or any(other.reason for other in others):
            return False
        if self.kind in BESIDE or any(other.kind in BESIDE for other in others):
            return False
        return all(self.kind != other.kind and not (self.is_step and other.is_step) for other in others)


def describe(events: Iterable[IncidentEvent], incident: Incident | None = None) -> list[Happened]:
    """The events worth a line, with everything they name, in a constant number of queries.

    Most of it is what the incident has now: with it, loaded by `cards.find`, only the rest is asked for.
    """
    shown = [each for each in events if each.kind not in SHOWN_ELSEWHERE and not _opened_by_letter(each)]
    actors = [each.actor for each in shown]
    here = [incident.status, incident.type, incident.assignee, incident.pole, incident.base_station] if incident else []
    known: dict[tuple[type[Model], int], Model] = {(type(each), each.pk): each for each in (*actors, *here) if each}
    statuses = _named(Status, _ids(shown, STEPS, "from") | _ids(shown, STEPS, "to"), known)
    people = _named(get_user_model(), _ids(shown, {"assigned"}, "to"), known)
    types = _named(IncidentType, _ids(shown, {"type_set"}, "to"), known)
    poles = _named(Pole, _ids(shown, {"site_linked"}, "pole"), known)
    stations = _named(BaseStation, _ids(shown, {"site_linked"}, "station"), known)
    incidents = Incident.objects.in_bulk(_ids(shown, BESIDE, "other"))
    undone = _ids(shown, {"undone"}, "event")
    happened = []
    for event in shown:
        data = event.data
        if event.kind in STEPS:
            found = Happened(event, before=statuses.get(data.get("from")), after=statuses.get(data.get("to")))
        elif event.kind == "assigned":
            found = Happened(event, person=people.get(data.get("to")))
        elif event.kind == "type_set":
            found = Happened(event, type=types.get(data.get("to")))
        elif event.kind == "site_linked":
            found = Happened(event, pole=poles.get(data.get("pole")), station=stations.get(data.get("station")))
        elif event.kind in BESIDE:
            stands = event.kind != "undone" and data.get("of", event.pk) not in undone
            found = Happened(event, other=incidents.get(data.get("other")), stands=stands)
        else:
            found = Happened(event)
        happened.append(found)
    return happened


def _named(model: type[Named], ids: set[int], known: Mapping[tuple[type[Model], int], Model]) -> dict[int, Named]:
    """The rows with these ids, out of what is known where all of them are, else in one query."""
    there = {pk: row for (kind, pk), row in known.items() if kind is model and isinstance(row, model)}
    return there if ids <= there.keys() else there | model._default_manager.in_bulk(ids - there.keys())


def _opened_by_letter(event: IncidentEvent) -> bool:
    return event.kind in {"opened", "imported"} and "email" in event.data


def _ids(events: Iterable[IncidentEvent], kinds: Iterable[str], name: str) -> set[int]:
    return {each.data[name] for each in events if each.kind in kinds and each.data.get(name)}
