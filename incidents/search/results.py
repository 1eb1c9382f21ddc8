"""A page of results: the incidents as the desk lists them, each with the lines that say why it is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from incidents.models import Incident
from incidents.paging import Cursor
from incidents.queries import IncidentQuerySet
from incidents.search import snippets
from incidents.search.finding import find
from incidents.search.known import Known, known
from incidents.search.questions import Question
from incidents.search.snippets import Line

# As many are written into a file; nobody reads on.
MOST_AT_ONCE = 2_000
# A result is the line of a list and one or two of what was said.
LINES_OF_A_RESULT = 2


@dataclass(frozen=True, slots=True)
class Results:
    """Incidents in the order of what was said last. `looked_back_to`: what is older was not looked at yet."""

    rows: list[Incident]
    lines: dict[int, list[Line]] = field(default_factory=dict)
    after: Cursor | None = None
    looked_back_to: datetime | None = None
    known: list[Known] = field(default_factory=list)
    # Later pages have earlier ones.
    is_first: bool = True

    def __iter__(self) -> Iterator[tuple[Incident, list[Line]]]:
        return ((row, self.lines.get(row.pk, [])) for row in self.rows)


def results(
    text: str, among: IncidentQuerySet, shown: IncidentQuerySet, *, size: int, after: Cursor | None = None
) -> Results:
    """The page behind the cursor, as long as one of `size` rows in a list.

    `among`: the incidents that may be found; `shown`: as the list needs them.
    """
    question = Question.read(text)
    found = find(question, among, size=-(-size // LINES_OF_A_RESULT), after=after)
    rows = shown.in_bulk([hit.incident for hit in found.hits])
    hits = [hit for hit in found.hits if hit.incident in rows]
    return Results(
        rows=[rows[hit.incident] for hit in hits],
        lines=snippets.lines(hits, rows, question),
        after=found.after,
        looked_back_to=found.looked_back_to,
        known=known(text) if after is None else [],
        is_first=after is None,
    )


def all_found(text: str, among: IncidentQuerySet) -> list[int]:
    """The incidents themselves, at most MOST_AT_ONCE of them, for a file."""
    return [hit.incident for hit in find(Question.read(text), among, size=MOST_AT_ONCE).hits]
