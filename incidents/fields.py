"""What the list can be narrowed by: each field's words in an address, its choices, and what it asks the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import Incident, IncidentType, Status, StatusClass, Watch
from incidents.queues import Queue
from incidents.stretches import Stretch
from incidents.work_words import BALLS, PRIORITIES
from towers.models import BaseStation, Contractor, Operator, Pole
from towers.queries import pole_code_begins, station_name_begins
from towers.regions import region_names

if TYPE_CHECKING:
    from dispatchers.models import User

NOBODY = "none"
ME = "me"
MOST_WORDS = 60
MOST_VALUES = 10
MOST_SITES = 2000
# Longer numbers are no keys of rows.
MOST_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a field: its word in the address, its name on the page, what the column holds."""

    value: str
    label: str | Promise
    key: Any
    # The row it stands for, which the page may draw with its mark.
    thing: Model | None = None


class Choices:
    """The rows that filters choose among. Each table is read once, and only if something asks for it."""

    def __init__(self, person: User) -> None:
        self.person = person

    @cached_property
    def statuses(self) -> list[Status]:
        return list(Status.objects.all())

    @cached_property
    def people(self) -> list[User]:
        return list(get_user_model().objects.assignable().order_by("last_name", "first_name", "username"))

    @cached_property
    def types(self) -> list[Option]:
        return [*_rows(IncidentType.objects.all()), Option(NOBODY, _("Without a type"), None)]

    @cached_property
    def operators(self) -> list[Option]:
        return [*_rows(Operator.objects.all()), Option(NOBODY, _("Unknown"), None)]

    @cached_property
    def groups(self) -> list[Option]:
        names = sorted({each.thing.group for each in self.operators if isinstance(each.thing, Operator)} - {""})
        return [*(Option(name, name, name) for name in names), Option(NOBODY, _("Without a group"), None)]

    @cached_property
    def contractors(self) -> list[Option]:
        return [*_rows(Contractor.objects.all()), Option(NOBODY, _("Without a contractor"), None)]

    @cached_property
    def regions(self) -> list[Option]:
        return [*(Option(name, name, name) for name in region_names()), Option(NOBODY, _("Without a region"), None)]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the filter. With `options` a value is one of them, without it any text."""

    name: str
    title: str | Promise
    icon: str
    narrow: Callable[[list[Any]], Q]
    options: Callable[[Choices, Queue], list[Option]] | None = None
    hint: str | Promise = ""
    # No index finds these among a million closed ones; the open ones have an index of their own.
    only_open: bool = False
    # What a word means that is none of the options; None: nothing.
    parse: Callable[[str], Option | None] | None = None
    # Numbers of other pages name their incidents by the others; the desk shows their chips and offers no menu.
    is_offered: bool = True

    def read(self, said: Iterable[str], choices: Choices, queue: Queue) -> tuple[Option, ...]:
        """The values that the address names and that exist; several of one field mean any of them."""
        words = list(dict.fromkeys(filter(None, (" ".join(word.replace("\0", "").split()) for word in said))))
        if not words or (self.only_open and queue.is_history):
            return ()
        if self.options is None and self.parse is None:
            return tuple(Option(word, word, word) for word in (each[:MOST_WORDS] for each in words[:MOST_VALUES]))
        known = [option for option in self.options(choices, queue) if option.value in words] if self.options else []
        if self.parse:
            rest = [word for word in words[:MOST_VALUES] if word not in {option.value for option in known}]
            known += filter(None, map(self.parse, rest))
        return tuple(known)


def _rows(rows: QuerySet[Any]) -> list[Option]:
    return [Option(str(row.pk), row.name, row.pk, row) for row in rows]


def _statuses(choices: Choices, queue: Queue) -> list[Option]:
    """Those that an incident of this queue can have."""
    ended = (True, False) if queue.is_everywhere else (queue.is_history,)
    fitting = [each for each in choices.statuses if (each.status_class == StatusClass.END) in ended]
    return [Option(each.key, each.name, each.pk, each) for each in fitting]


def _people(choices: Choices, queue: Queue) -> list[Option]:
    """ "Me" is whoever looks, so that a shared view means everybody's own."""
    first = [Option(ME, _("me"), choices.person.pk, choices.person), Option(NOBODY, _("nobody"), None)]
    return first + [Option(str(each.pk), each.full_name, each.pk, each) for each in choices.people]


def _somebody(word: str) -> Option | None:
    """Whoever has left the desk: the menu does not name him, what he did stays in his name."""
    if not (word.isascii() and word.isdigit() and len(word) < MOST_DIGITS):
        return None
    person = get_user_model().objects.filter(pk=int(word)).first()
    return Option(word, person.full_name, person.pk, person) if person else None


def _in_regions(names: list[Any]) -> Q:
    """At poles of these regions; None among them: or at no pole, or at one of no region."""
    named = [name for name in names if name is not None]
    found = standing_at("pole", Pole.objects.filter(region_ru__in=named)) if named else Q()
    return found | Q(pole=None) | Q(pole__region_ru="") if None in names else found


def _in_groups(names: list[Any]) -> Q:
    """Of operators of these groups; None among them: or of no operator, or of one without a group."""
    named = [name for name in names if name is not None]
    found = Q(operator__group__in=named) if named else Q()
    return found | Q(operator=None) | Q(operator__group="") if None in names else found


def taking(word: str) -> Option | None:
    stretch = Stretch.parse(word)
    return Option(word, stretch.words, stretch) if stretch else None


def lasting(since: str, to: str) -> Callable[[list[Any]], Q]:
    """From one moment of the row to another it took as long as one of the stretches says."""

    def narrow(stretches: list[Any]) -> Q:
        return any_of(_lasted(since, to, stretch) for stretch in stretches)

    return narrow


def _lasted(since: str, to: str, stretch: Stretch) -> Q:
    least, most = stretch.lengths
    found = Q(**{f"{to}__gte": F(since) + least})
    return found if most is None else found & Q(**{f"{to}__lt": F(since) + most})


def _aged(stretches: list[Any]) -> Q:
    return any_of(_opened_ago(stretch) for stretch in stretches)


def _opened_ago(stretch: Stretch) -> Q:
    least, most = stretch.lengths
    found = Q(opened_at__lte=Now() - least)
    return found if most is None else found & Q(opened_at__gt=Now() - most)


def _weekdays(choices: Choices, queue: Queue) -> list[Option]:
    return [Option(str(number), WEEKDAYS[number - 1], number) for number in range(1, 8)]


def _hours(choices: Choices, queue: Queue) -> list[Option]:
    return [Option(str(hour), f"{hour:02d}:00–{hour:02d}:59", hour) for hour in range(24)]


def _any_of(column: str) -> Callable[[list[Any]], Q]:
    """The column holds one of the keys; None among them: or nothing."""

    def narrow(keys: list[Any]) -> Q:
        named = [key for key in keys if key is not None]
        found = Q(**{f"{column}__in": named}) if named else Q()
        return found | Q(**{f"{column}__isnull": True}) if None in keys else found

    return narrow


def _beginning(column: str, model: type[Model], begins: Callable[[str], Q]) -> Callable[[list[Any]], Q]:
    """The site's name begins with one of the texts."""

    def narrow(texts: list[Any]) -> Q:
        return standing_at(column, model._default_manager.filter(any_of(begins(text) for text in texts)))

    return narrow


def standing_at(column: str, sites: QuerySet[Any]) -> Q:
    """Incidents at these sites, said so that the database takes the right index however many sites they are."""
    # Sites where nothing ever happened find nothing, and would make a rare beginning look like a common one.
    happened = Incident.objects.filter(**{column: OuterRef("pk")}).order_by().values(column)[:1]
    used = sites.alias(happened=Subquery(happened)).filter(happened__isnull=False)
    # Ids themselves tell it how rare they are.
    ids = list(used.values_list("pk", flat=True)[: MOST_SITES + 1])
    if len(ids) <= MOST_SITES:
        return Q(**{f"{column}__in": ids})
    # So many are met soon in any order. The second half is never true: it keeps the database from gathering them all.
    return Q(**{f"{column}__in": sites.values("pk")}) | Q(pk=0)


def any_of(ways: Iterable[Q]) -> Q:
    either = Q()
    for way in ways:
        either |= way
    return either


# How the incident's clock goes; what it says of overdue ones are queues.
_CLOCK = {
    "runs": Option("runs", pgettext_lazy("clock", "runs"), Q(due_at__isnull=False, clock_left=None)),
    "stands": Option("stands", pgettext_lazy("clock", "stands still"), Q(clock_left__isnull=False)),
    NOBODY: Option(NOBODY, pgettext_lazy("clock", "no deadline"), Q(due_at=None, clock_left=None)),
}

FIELDS = {
    field.name: field
    for field in (
        Field("status", _("Status"), "circle-dot", _any_of("status_id"), _statuses),
        Field("who", _("Assignee"), "user", _any_of("assignee_id"), _people, parse=_somebody),
        Field("type", _("Type"), "bolt", _any_of("type_id"), lambda choices, queue: choices.types),
        Field(
            "priority",
            _("Priority"),
            "arrow-up",
            _any_of("priority"),
            lambda choices, queue: [Option(value, PRIORITIES[value], value) for value in Incident.Priority],
            only_open=True,
        ),
        Field("operator", _("Operator"), "antenna", _any_of("operator_id"), lambda choices, queue: choices.operators),
        Field("group", _("Operator group"), "antenna", _in_groups, lambda choices, queue: choices.groups),
        Field(
            "region",
            _("Region"),
            "map-2",
            _in_regions,
            lambda choices, queue: choices.regions,
        ),
        Field(
            "contractor", _("Contractor"), "tool", _any_of("contractor_id"), lambda choices, queue: choices.contractors
        ),
        Field(
            "pole",
            _("Pole"),
            "building-broadcast-tower",
            _beginning("pole", Pole, pole_code_begins),
            hint=_("The code begins with"),
        ),
        Field(
            "station",
            _("Station"),
            "map-pin",
            _beginning("base_station", BaseStation, station_name_begins),
            hint=_("The name begins with"),
        ),
        Field(
            "ball",
            _("Whose move"),
            "arrows-exchange",
            _any_of("ball"),
            lambda choices, queue: [Option(value, BALLS[value], value) for value in Incident.Ball],
            only_open=True,
        ),
        Field("clock", _("Clock"), "clock", any_of, lambda choices, queue: list(_CLOCK.values()), only_open=True),
        Field(
            "watched",
            _("Watched by"),
            "eye",
            lambda people: Q(pk__in=Watch.objects.filter(person__in=people).values("incident")),
            lambda choices, queue: [Option(ME, _("me"), choices.person.pk)],
            only_open=True,
        ),
        Field(
            "registration",
            _("Registered"),
            "inbox",
            _any_of("registration"),
            lambda choices, queue: [Option(value, label, value) for value, label in Incident.Registration.choices],
            only_open=True,
        ),
        Field(
            "unread",
            _("Unread letter"),
            "mail",
            lambda keys: Q(has_news=True),
            lambda choices, queue: [Option("1", _("yes"), True)],
            only_open=True,
        ),
        Field(
            "merged",
            _("Merged into others"),
            "git-merge",
            lambda keys: Q(merged_into=None),
            lambda choices, queue: [Option("no", _("no"), False)],
            is_offered=False,
        ),
        Field(
            "site",
            _("Site"),
            "building-broadcast-tower",
            lambda codes: Q(pole__code__in=codes),
            parse=lambda word: Option(word, word, word),
            is_offered=False,
        ),
        Field(
            "weekday", _("Day of the week"), "calendar", _any_of("opened_at__iso_week_day"), _weekdays, is_offered=False
        ),
        Field("hour", _("Hour of the day"), "clock", _any_of("opened_at__hour"), _hours, is_offered=False),
        Field(
            "took", _("Repaired within"), "hourglass", lasting("opened_at", "closed_at"), parse=taking, is_offered=False
        ),
        Field("age", _("Opened ago"), "history", _aged, parse=taking, is_offered=False),
    )
}
