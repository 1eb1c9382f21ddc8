"""From the words of addresses to the numbers that facts hold, and from numbers to names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model
from django.utils.translation import gettext as _

from incidents.models import IncidentType
from sla.figures.chosen import CONTRACTOR, DISPATCHER, GROUP, NONE, OPERATOR, REGION, TYPE
from sla.figures.counting import Narrowed
from sla.models import Region
from towers.models import Contractor, Operator

_MODELS: dict[str, type[Model]] = {
    TYPE: IncidentType,
    OPERATOR: Operator,
    CONTRACTOR: Contractor,
    DISPATCHER: get_user_model(),
}


def narrowed(filters: Mapping[str, Iterable[str]]) -> Narrowed:
    """The same in numbers. A word that names nothing finds nothing; operators and groups have to agree."""
    found: dict[str, set[int]] = {}
    for dimension, words in filters.items():
        column = OPERATOR if dimension == GROUP else dimension
        taken = _keys(dimension, set(words))
        found[column] = found[column] & taken if column in found else taken
    return tuple((column, tuple(sorted(keys))) for column, keys in sorted(found.items()))


def _keys(dimension: str, words: set[str]) -> set[int]:
    nothing = {0} if NONE in words else set()
    if dimension == REGION:
        return nothing | set(Region.objects.filter(name__in=words).values_list("pk", flat=True))
    if dimension == GROUP:
        groups = {"" if word == NONE else word for word in words}
        return nothing | set(Operator.objects.filter(group__in=groups).values_list("pk", flat=True))
    return nothing | {int(word) for word in words if word.isdecimal() and len(word) < 10 and int(word)}


def named(dimension: str, keys: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(word, name) of each number that names a row; one query. Operators of a group all have the group's."""
    wanted, none = set(keys), (NONE, nothing(dimension))
    if dimension == GROUP:
        groups = Operator.objects.filter(pk__in=wanted).values_list("pk", "group")
        return {0: none} | {key: (group, group) if group else none for key, group in groups}
    if dimension == REGION:
        return {0: none} | {row.pk: (row.name, row.name) for row in Region.objects.filter(pk__in=wanted)}
    rows = _MODELS[dimension]._default_manager.filter(pk__in=wanted)
    return {0: none} | {row.pk: (str(row.pk), _name(row)) for row in rows}


def nothing(dimension: str) -> str:
    """What stands where there is none."""
    return {
        TYPE: _("Without a type"),
        REGION: _("Without a region"),
        GROUP: _("Without a group"),
        OPERATOR: _("Unknown operator"),
        CONTRACTOR: _("Without a contractor"),
        DISPATCHER: _("Nobody"),
    }[dimension]


def _name(row: Any) -> str:
    return str(getattr(row, "full_name", "") or row.name)
