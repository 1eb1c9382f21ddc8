"""The states by which the map colours open incidents, worst first. One is true of each: what is late is not "new"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, Value, When
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from incidents.models import StatusClass
from incidents.queries import AT_RISK


@dataclass(frozen=True, slots=True)
class State:
    """`letter` is its word where thousands are sent; `look` its colour, and `#wm-LOOK` its shape."""

    letter: str
    name: str
    title: str | Promise
    look: str


STATES = (
    State("o", "over", pgettext_lazy("incidents of the map", "Overdue"), "is-over"),
    State("r", "risk", pgettext_lazy("incidents of the map", "At risk"), "is-risk"),
    State("n", "new", pgettext_lazy("incidents of the map", "New"), "is-new"),
    State("a", "work", pgettext_lazy("incidents of the map", "In work"), "is-work"),
    State("w", "wait", pgettext_lazy("incidents of the map", "Waiting"), "is-wait"),
)
BY_LETTER = {state.letter: state for state in STATES}


def worst(letters: Iterable[str]) -> State:
    return min((BY_LETTER[letter] for letter in letters), key=STATES.index)


def state_of(now: datetime) -> Case:
    """The letter of an open incident's state as an expression, as the desk's queues mean it."""
    return Case(
        When(due_at__lt=now, then=Value("o")),
        When(due_at__lt=now + AT_RISK, then=Value("r")),
        When(status__status_class=StatusClass.START, then=Value("n")),
        When(status__status_class=StatusClass.PAUSED, then=Value("w")),
        default=Value("a"),
        output_field=CharField(),
    )


def read_hidden(said: str) -> frozenset[str]:
    """The letters of the states that an address hides; all of them would be none."""
    hidden = {state.letter for state in STATES if state.name in said.split(".")}
    return frozenset(hidden) if len(hidden) < len(STATES) else frozenset()


def said_hidden(hidden: Iterable[str]) -> str:
    """The same as an address says it."""
    return ".".join(state.name for state in STATES if state.letter in hidden)
