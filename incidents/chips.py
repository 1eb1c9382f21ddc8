"""The filter as the page shows it: a chip for what is chosen, a menu for every field, and the links of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict

from incidents.fields import FIELDS, Choices, Field, Option
from incidents.filters import DeskFilter
from incidents.queues import EVERYWHERE, QUEUES, Queue

NAMED = 2
# A longer list of values gets a box that narrows it.
LONG = 12
DAYS = ("from", "to")
CLOSING_DAYS = ("closed_from", "closed_to")


@dataclass(frozen=True, slots=True)
class Menu:
    """A field with its values. `without`: the link that takes the chip off; `others`: what its form carries on."""

    field: Field
    options: list[Option]
    chosen: tuple[Option, ...]
    without: str
    others: list[tuple[str, str]]

    @property
    def named(self) -> tuple[Option, ...]:
        return self.chosen[:NAMED]

    @property
    def more(self) -> int:
        return len(self.chosen) - NAMED if len(self.chosen) > NAMED else 0

    @property
    def is_long(self) -> bool:
        return len(self.options) > LONG


def menus(filters: DeskFilter, choices: Choices, kept: QueryDict) -> list[Menu]:
    """A menu for every field that this queue can be narrowed by."""
    return [
        menu(field, filters.said.get(field.name, ()), choices, filters.queue, kept)
        for field in FIELDS.values()
        if not (field.only_open and filters.queue.is_history) and (field.is_offered or field.name in filters.said)
    ]


def menu(field: Field, chosen: tuple[Option, ...], choices: Choices, queue: Queue, kept: QueryDict) -> Menu:
    """One field as its menu shows it, with what is chosen but not offered after what is."""
    options = field.options(choices, queue) if field.options else []
    if options or field.parse:
        options = options + [option for option in chosen if option.value not in {each.value for each in options}]
    return Menu(field, options, chosen, without(kept, (field.name,)), pairs(kept, (field.name,)))


def pairs(kept: QueryDict, names: Iterable[str]) -> list[tuple[str, str]]:
    """What a form carries on in hidden fields beside its own names."""
    return [(name, value) for name, values in kept.lists() if name not in names for value in values]


def without(kept: QueryDict, names: Iterable[str]) -> str:
    """The query without these names, for a link."""
    left = kept.copy()
    for name in names:
        left.pop(name, None)
    return "?" + left.urlencode()


def only_queue(filters: DeskFilter) -> str:
    return "?" if filters.queue in (QUEUES["open"], EVERYWHERE) else f"?queue={filters.queue.name}"
