"""The page of warnings: one's own, or everybody's; by kind, clock and days; with what became of each message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from sla.models import DeadlineWarning, Told
from sla.warning_words import Words, lateness

if TYPE_CHECKING:
    from django.utils.functional import Promise as Lazy

    from dispatchers.models import User

Kind, Channel, State = DeadlineWarning.Kind, Told.Channel, Told.State
SIZE = 50
# People of a warning that are shown at once.
MOST_PEOPLE = 3
MINE, ALL = "mine", "all"
DAYS: dict[str, tuple[timedelta, str | Lazy]] = {
    "1": (timedelta(days=1), pgettext_lazy("warnings", "24 hours")),
    "7": (timedelta(days=7), pgettext_lazy("warnings", "7 days")),
    "30": (timedelta(days=30), pgettext_lazy("warnings", "30 days")),
}
LOOKS = {
    Kind.NEAR: ("is-risk", "hourglass"),
    Kind.BREACH: ("is-over", "alarm"),
    Kind.PROMISE: ("is-over", "message"),
    Kind.NOBODY: ("is-wait", "user"),
}
STATE_LOOKS = {
    State.WAITING: ("is-new", "clock"),
    State.SENDING: ("is-new", "send"),
    State.SENT: ("is-done", "check"),
    State.FAILED: ("is-over", "circle-x"),
    State.UNKNOWN: ("is-wait", "help"),
    State.DROPPED: ("is-new", "arrow-back-up"),
}


@dataclass(frozen=True, slots=True)
class WarningFilter:
    """What an address asks for; anything it says wrongly counts as not said."""

    whose: str = MINE
    only_unread: bool = False
    kind: str = ""
    clock: str = ""
    days: str = ""

    @classmethod
    def read(cls, address: QueryDict, *, sees_all: bool, clocks: Iterable[str]) -> WarningFilter:
        def said(name: str, known: Iterable[str]) -> str:
            value = address.get(name, "")
            return value if value in known else ""

        whose = ALL if sees_all and address.get("whose") == ALL else MINE
        return cls(
            whose=whose,
            only_unread=whose == MINE and address.get("unread") == "1",
            kind=said("kind", Kind.values),
            clock=said("clock", clocks),
            days=said("days", DAYS),
        )

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on."""
        said = QueryDict(mutable=True)
        values = {"whose": self.whose if self.whose == ALL else "", "unread": "1" if self.only_unread else ""}
        for name, value in (values | {"kind": self.kind, "clock": self.clock, "days": self.days}).items():
            if value:
                said[name] = value
        return said

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kind or self.clock or self.days or self.only_unread)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message."""

    told: Told
    look: str
    icon: str
    words: str

    @property
    def is_trouble(self) -> bool:
        return self.told.state in (State.FAILED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Row:
    """A warning as the page shows it; `people`: to whom it went, by which ways, those first whom it did not reach."""

    warning: DeadlineWarning
    day: date
    title: str
    late: str
    look: str
    icon: str
    is_unread: bool
    people: Sequence[tuple[User, list[Delivery]]]

    @property
    def first(self) -> Sequence[tuple[User, list[Delivery]]]:
        """As many as a row has room for, all of them if one more would be left."""
        return self.people if len(self.people) <= MOST_PEOPLE + 1 else self.people[:MOST_PEOPLE]

    @property
    def rest(self) -> Sequence[tuple[User, list[Delivery]]]:
        return self.people[len(self.first) :]


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    # The key after which the next page begins; None: this is the last one.
    after: int | None


def page(filters: WarningFilter, person: User, now: datetime, *, after: int | None = None, size: int = SIZE) -> Page:
    """A page of warnings, the newest first. A constant number of queries."""
    found = list((_mine if filters.whose == MINE else _all)(filters, person, now, after)[: size + 1])
    keys = dict(found[:size])
    warnings = DeadlineWarning.objects.select_related("incident__assignee", "promise").in_bulk(list(keys.values()))
    told = Told.objects.filter(warning__in=list(keys.values()))
    if filters.whose == MINE:
        told = told.filter(person=person)
    messages: dict[int | None, list[Told]] = defaultdict(list)
    for row in told.select_related("person", "outgoing").order_by("person__last_name", "person", "pk"):
        messages[row.warning_id].append(row)
    words = Words()
    rows = [_row(warnings[key], messages[key], person, words) for key in keys.values()]
    return Page(rows, found[size - 1][0] if len(found) > size else None)


# Keys by which pages go on, and of the warnings.
Keys: TypeAlias = "QuerySet[Any, tuple[int, int]]"


def _mine(filters: WarningFilter, person: User, now: datetime, after: int | None) -> Keys:
    rows = Told.objects.filter(person=person, channel=Channel.DESK, warning__isnull=False)
    if filters.only_unread:
        rows = rows.filter(read_at=None)
    rows = rows.filter(**{f"warning__{name}": value for name, value in _chosen(filters, now).items()})
    return (rows.filter(pk__lt=after) if after else rows).order_by("-pk").values_list("pk", "warning")


def _all(filters: WarningFilter, person: User, now: datetime, after: int | None) -> Keys:
    rows = DeadlineWarning.objects.filter(**_chosen(filters, now))
    return (rows.filter(pk__lt=after) if after else rows).order_by("-pk").values_list("pk", "pk")


def _chosen(filters: WarningFilter, now: datetime) -> dict[str, Any]:
    since = now - DAYS[filters.days][0] if filters.days else None
    chosen = {"kind": filters.kind, "clock": filters.clock, "at__gte": since}
    return {name: value for name, value in chosen.items() if value}


def _row(warning: DeadlineWarning, messages: Iterable[Told], person: User, words: Words) -> Row:
    people: dict[User, list[Delivery]] = {}
    is_unread = False
    for told in messages:
        people.setdefault(told.person, []).append(delivery(told))
        is_unread |= told.person_id == person.pk and told.channel == Channel.DESK and told.read_at is None
    look, icon = LOOKS[Kind(warning.kind)]
    ordered = sorted(people.items(), key=lambda pair: not any(each.is_trouble for each in pair[1]))
    day = timezone.localtime(warning.at).date()
    return Row(warning, day, words.title(warning), lateness(warning), look, icon, is_unread, ordered)


def delivery(told: Told) -> Delivery:
    look, icon = STATE_LOOKS[State(told.state)]
    if told.channel == Channel.DESK and told.state == State.SENT:
        words = pgettext_lazy("warning", "seen") if told.read_at else pgettext_lazy("warning", "not seen yet")
        look, icon = ("is-done", "eye") if told.read_at else ("is-new", "circle-dashed")
        return Delivery(told, look, icon, str(words))
    return Delivery(told, look, icon, str(State(told.state).label))
