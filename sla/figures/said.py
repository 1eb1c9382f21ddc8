"""Facts as a list of what happened: an arrival, an end, an end of the contractor's. All counting rests on it.

A code is what happened and how long it had taken: 100 times one of the numbers below and the bin, NO_BIN where nothing
was measured.
"""

from __future__ import annotations

from sla.figures.chosen import CONTRACTOR, DISPATCHER, OPERATOR, REGION, TYPE

ARRIVED, IN_TIME, LATE, UNDATED, BY_CONTRACTOR = 0, 1, 2, 3, 4
THEIRS_IN_TIME, THEIRS_LATE, THEIRS_UNDATED = 4, 5, 6
NO_BIN = 99

# What facts are alike in, by the numbers that sums name them by. A group is made of its operators.
ALL, DAYS, HOURS = 0, 6, 7
DIMENSIONS = {TYPE: 1, OPERATOR: 2, REGION: 3, CONTRACTOR: 4, DISPATCHER: 5}
COLUMNS = ", ".join(DIMENSIONS)

# (the day on which it happened, what, how long it had taken, the hour of the week)
_KINDS = (
    ("opened_on", f"{ARRIVED}", "answer_bin", "hour"),
    ("closed_on", f"{IN_TIME} + coalesce(outcome, 2)", "repair_bin", "NULL"),
    ("contractor_closed_on", f"{BY_CONTRACTOR} + coalesce(contractor_outcome, 2)", "contractor_bin", "NULL"),
)


def said(among: str) -> str:
    """SELECT of day, what, bin, hour and dimensions. `among` narrows the facts; `{day}` in it is the day's column."""
    return " UNION ALL ".join(
        f"SELECT {day} AS day, {what} AS what, coalesce({took}, {NO_BIN}) AS bin, {hour} AS hour, {COLUMNS} "
        f"FROM sla_fact WHERE {among.format(day=day)}"
        for day, what, took, hour in _KINDS
    )
