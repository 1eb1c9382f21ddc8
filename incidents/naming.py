"""Statuses, types, people and companies of a list's rows, from the tables that its filters have read anyway.

Joining them to every row cost more than all else the database does for the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey

from incidents.fields import Choices, Option
from incidents.models import Incident


def attach(rows: Sequence[Incident], choices: Choices) -> None:
    """Give the rows of `IncidentQuerySet.for_list` what they name; at most one query beside those of the filters."""
    known: dict[str, Mapping[Any, Any]] = {
        "status": {status.pk: status for status in choices.statuses},
        "type": _things(choices.types),
        "operator": _things(choices.operators),
        "contractor": _things(choices.contractors),
        "assignee": _people(rows, choices),
    }
    for name, things in known.items():
        field = Incident._meta.get_field(name)
        assert isinstance(field, ForeignKey)
        for row in rows:
            # A row made this very moment is not among them: it is read when it is drawn.
            if thing := things.get(getattr(row, field.attname)):
                field.set_cached_value(row, thing)


def _things(options: Iterable[Option]) -> dict[Any, Any]:
    return {option.key: option.thing for option in options}


def _people(rows: Iterable[Incident], choices: Choices) -> dict[int, Any]:
    """Those of the filter, and those who have left but stand in old rows."""
    people = {person.pk: person for person in choices.people}
    others = {row.assignee_id for row in rows if row.assignee_id} - people.keys()
    return {**people, **get_user_model()._default_manager.in_bulk(others)} if others else people
