"""Where words may stand: in letters, names of files, notes, incidents themselves; and incidents at a named site.

Each source answers with (incident, moment, kind, row): what was found, when it was said. All are asked in one query.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.db import connection, transaction
from django.db.models import IntegerField, QuerySet, Value

from incidents.models import Comment, Incident
from incidents.models.conversation import SEARCH_OF_NOTES
from incidents.models.incident import SEARCH_OF_INCIDENTS
from incidents.search.questions import Question
from mailbox.models import Attachment, Email
from mailbox.models.letters import SEARCH, SEARCH_OF_FILES

# PostgreSQL supposes half a per cent of the rows of a table to have a word that begins so (DEFAULT_TS_MATCH_SEL), or a
# little more; where it says so of all tables, it knows nothing.
UNKNOWN = 0.012


class Said(IntEnum):
    """Where it was said; of two at one moment the earlier here is shown."""

    LETTER = 0
    NOTE = 1
    FILE = 2
    INCIDENT = 3
    PLACE = 4


@dataclass(frozen=True, slots=True)
class Match:
    """One place where it was found."""

    incident: int
    at: datetime
    said: Said
    row: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is looked through: a stretch of time, both ends included, or these incidents; by default everything."""

    since: datetime | None = None
    until: datetime | None = None
    incidents: Collection[int] | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows that answer, and where each has its incident and its moment."""

    said: Said
    rows: Callable[[Question], QuerySet[Any] | None]
    incident: str
    at: str

    def matches(self, question: Question, stretch: Stretch) -> QuerySet[Any] | None:
        rows = self.rows(question)
        if rows is None:
            return None
        rows = rows.filter(**{f"{self.incident}__isnull": False})
        if stretch.incidents is not None:
            rows = rows.filter(**{f"{self.incident}__in": stretch.incidents})
        if stretch.since:
            rows = rows.filter(**{f"{self.at}__gte": stretch.since})
        if stretch.until:
            rows = rows.filter(**{f"{self.at}__lte": stretch.until})
        kind = Value(int(self.said), output_field=IntegerField())
        answers: QuerySet[Any] = rows.order_by().annotate(said=kind).values_list(self.incident, self.at, "said", "pk")
        return answers


def _letters(question: Question) -> QuerySet[Any] | None:
    return Email.objects.annotate(found=SEARCH).filter(found=question.words) if question.words else None


def _notes(question: Question) -> QuerySet[Any] | None:
    return Comment.objects.annotate(found=SEARCH_OF_NOTES).filter(found=question.words) if question.words else None


def _files(question: Question) -> QuerySet[Any] | None:
    if not question.words:
        return None
    return Attachment.objects.filter(inline=False).annotate(found=SEARCH_OF_FILES).filter(found=question.words_of_files)


def _incidents(question: Question) -> QuerySet[Any] | None:
    return Incident.objects.annotate(found=SEARCH_OF_INCIDENTS).filter(found=question.words) if question.words else None


def _places(question: Question) -> QuerySet[Any] | None:
    return Incident.objects.filter(question.places) if question.places else None


_SOURCES = (
    _Source(Said.LETTER, _letters, "place__incident_id", "received_at"),
    _Source(Said.NOTE, _notes, "incident_id", "at"),
    _Source(Said.FILE, _files, "email__place__incident_id", "email__received_at"),
    _Source(Said.INCIDENT, _incidents, "pk", "opened_at"),
    _Source(Said.PLACE, _places, "pk", "opened_at"),
)


def matches(question: Question, stretch: Stretch, most: int | None = None) -> list[Match]:
    """What is found in the stretch, in no order: everything, or at most so much of it."""
    asked = [rows for rows in (each.matches(question, stretch) for each in _SOURCES) if rows is not None]
    if not asked:
        return []
    found = asked[0].union(*asked[1:], all=True)
    return [Match(incident, at, Said(said), row) for incident, at, said, row in found[:most]]


def estimate(question: Question) -> int:
    """About how many matches there are, by the planner's statistics; costs no look at the rows.

    Of a word that is only begun it knows nothing unless a frequent one begins so; then the whole words decide.
    """
    expected = _expected(replace(question, words=question.whole, words_of_files=question.whole))
    if question.words == question.whole:
        return expected
    begun = _expected(question)
    everything = planned(_union([each.model._default_manager.all() for each in _asked(question)]))
    return expected if begun - expected <= UNKNOWN * everything else begun


def _expected(question: Question) -> int:
    asked = _asked(question)
    return planned(_union(asked)) if asked else 0


def _asked(question: Question) -> list[QuerySet[Any]]:
    return [rows for rows in (each.rows(question) for each in _SOURCES) if rows is not None]


def _union(asked: Sequence[QuerySet[Any]]) -> QuerySet[Any]:
    keys = [rows.order_by().values("pk") for rows in asked]
    return keys[0].union(*keys[1:], all=True)


def planned(rows: QuerySet[Any]) -> int:
    """How many rows the planner expects."""
    return plan(rows)[0]


def plan(rows: QuerySet[Any]) -> tuple[int, float]:
    """How many rows the planner expects, and what it thinks they cost."""
    said = rows.explain(format="json")
    if not said:
        return 0, 0.0  # a condition that nothing can fulfil is not even asked
    top = json.loads(said)[0]["Plan"]
    return int(top["Plan Rows"]), float(top["Total Cost"])


# For the search alone. Taking a letter's text to words is dear (by default a thousand texts seem cheaper than one look
# into the index); there is room for a bitmap of all letters; a page takes one processor, as every page does. Of a word
# it does not know the planner expects thousands, and to read all places of letters for those; they are looked up.
_TRUTH = {
    "cpu_operator_cost": "0.1",
    "work_mem": "64MB",
    "max_parallel_workers_per_gather": "0",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


@contextmanager
def told_the_truth() -> Iterator[None]:
    """The planner knows what the questions of the search cost."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            asked = ", ".join("set_config(%s, %s, true)" for _ in _TRUTH)
            cursor.execute(f"SELECT {asked}", [word for pair in _TRUTH.items() for word in pair])
        yield
