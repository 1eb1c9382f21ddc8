"""What people put on an incident, beside letters and notes: it goes along when the incident is merged, and comes back.

What the other incident has already (the same tag, watcher, tick, or a running work of the kind) stays where it is.
Everything here needs both incidents locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from incidents.models import ChecklistMark, Incident, IncidentTag, Promise, Reminder, Watch, WorkPeriod

if TYPE_CHECKING:
    from django.db.models import Model

_MODELS: dict[str, type[Model]] = {
    "tags": IncidentTag,
    "watches": Watch,
    "ticks": ChecklistMark,
    "works": WorkPeriod,
    "promises": Promise,
    "reminders": Reminder,
}


def carry(source: Incident, target: Incident) -> dict[str, list[int]]:
    """Give everything to `target`; returns the keys of what went, for `bring_back`."""
    moved: dict[str, list[int]] = {}
    for name, stays in _stays(target).items():
        rows: Any = _MODELS[name]._default_manager.filter(incident=source).exclude(stays)
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if keys:
            moved[name] = keys
            _MODELS[name]._default_manager.filter(pk__in=keys).update(incident=target)
    return moved


def bring_back(moved: Mapping[str, Sequence[int]], source: Incident, target: Incident) -> None:
    """Undo `carry`; what was taken off `target` meanwhile is gone for good."""
    for name, keys in moved.items():
        _MODELS[name]._default_manager.filter(pk__in=keys, incident=target).update(incident=source)


def _stays(target: Incident) -> dict[str, Q]:
    running = target.work_periods.filter(ended_at=None).values("kind")
    return {
        "tags": Q(tag__in=target.tag_rows.values("tag")),
        "watches": Q(person__in=target.watches.values("person")),
        "ticks": Q(item__in=target.checklist_marks.values("item")),
        "works": Q(ended_at=None, kind__in=running),
        # No two of these are the same.
        "promises": Q(),
        "reminders": Q(),
    }
