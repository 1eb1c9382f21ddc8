"""Facts as a list of what happened: an arrival, an end, an end of the contractor's. All counting rests on it.

A code is what happened and how long it had taken: 100 times one of the numbers below and the bin, NO_BIN where nothing
was measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sla.figures.chosen import CONTRACTOR, DISPATCHER, OPERATOR, REGION, TYPE

ARRIVED, IN_TIME, LATE, UNDATED, BY_CONTRACTOR = 0, 1, 2, 3, 4
THEIRS_IN_TIME, THEIRS_LATE, THEIRS_UNDATED = 4, 5, 6
NO_BIN = 99

# What facts are alike in, by the numbers that sums name them by. A group is made of its operators.
ALL, DAYS, HOURS = 0, 6, 7
# By LIGHT more the sums have what happened without how long it took.
LIGHT = 10
DIMENSIONS = {TYPE: 1, OPERATOR: 2, REGION: 3, CONTRACTOR: 4, DISPATCHER: 5}
COLUMNS = ", ".join(DIMENSIONS)


class Stage(NamedTuple):
    """One thing that happens to incidents, by columns of Fact: on which day, what, after how long, in which hour."""

    day: str
    what: str
    took: str
    hour: str = "NULL::smallint"


ARRIVAL = Stage("opened_on", str(ARRIVED), "answer_bin", "hour")
END = Stage("closed_on", f"({IN_TIME} + coalesce(outcome, 2))", "repair_bin")
CONTRACTORS_END = Stage(
    "contractor_closed_on", f"({BY_CONTRACTOR} + coalesce(contractor_outcome, 2))", "contractor_bin"
)
STAGES = (ARRIVAL, END, CONTRACTORS_END)


def said(stages: Iterable[Stage], source: str, among: str) -> str:
    """SELECT of day, what, code, hour and dimensions from the source. `{day}` in `among` is the day's column."""
    return " UNION ALL ".join(
        f"SELECT {stage.day} AS day, {stage.what} AS what, "
        f"100 * {stage.what} + coalesce({stage.took}, {NO_BIN}) AS code, {stage.hour} AS hour, {COLUMNS} "
        f"FROM {source} WHERE {among.format(day=stage.day)}"
        for stage in stages
    )
