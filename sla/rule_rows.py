"""What the pages of the rules show: the clocks with their rules as sentences, the history with what each change did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from incidents.clocks import exact
from incidents.models import IncidentType
from sla import clocks, rule_differences
from sla.models import PolicyVersion, Trial
from sla.policy import Line, Policy
from sla.rule_differences import Difference
from sla.rule_words import Names, Said, course, length, say

PAGE = 20
# Why versions that came with Dispatch were made, as its migrations say it.
SHIPPED = (gettext_noop("Restoration repairs by priority, and when to warn"),)


@dataclass(frozen=True, slots=True)
class Row:
    """A rule of the list."""

    line: Line
    said: Said
    is_first: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A clock with its rules; without any it is not kept."""

    key: str
    name: str
    course: str
    is_own: bool
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class TypeTime:
    name: str
    time: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A version of the history, and what it changed."""

    version: PolicyVersion
    differences: Sequence[Difference]
    # What the database holds was written by people in their language; what came with Dispatch is translated.
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """An incident of a trial with the clock that changes most."""

    code: str
    subject: str
    clock: str
    before: str
    after: str
    is_overdue: bool
    is_relieved: bool


def sections(document: Mapping[str, Any]) -> list[Section]:
    """The clocks in the order of the code, then the customer's own."""
    policy, names = Policy(0, document), Names((document,))
    found = []
    for key in policy.kinds:
        lines = [line for line in policy.lines if line.clock == key]
        rows = [Row(line, say(line, names), place == 0) for place, line in enumerate(lines)]
        is_own = key not in clocks.KINDS
        found.append(Section(key, names.clock(key), course(key, policy, names), is_own, rows))
    return found


def times(document: Mapping[str, Any]) -> list[TypeTime]:
    given = document["types"]
    return [
        TypeTime(kind.name, length(given[kind.key]) if kind.key in given else "", kind.is_active)
        for kind in IncidentType.objects.all()
    ]


def history(before: int | None) -> tuple[list[Change], int | None]:
    """Versions, the newest first, and the number before which the next page begins."""
    rows = PolicyVersion.objects.select_related("by").order_by("-number")
    versions = list(rows.filter(number__lt=before)[: PAGE + 1] if before else rows[: PAGE + 1])
    changes = [
        Change(version, rule_differences.between(earlier.document, version.document) if earlier else [], why(version))
        for version, earlier in zip(versions, [*versions[1:], None], strict=True)
    ]
    is_last = len(versions) <= PAGE
    return changes[:PAGE], None if is_last else versions[PAGE - 1].number


def why(version: PolicyVersion) -> str:
    return _(version.why) if version.why in SHIPPED and not version.by else version.why


def examples(trial: Trial) -> list[Example]:
    names = Names((trial.document,))
    rows = sorted(trial.examples, key=lambda row: (not row["is_overdue"], row["code"]))
    return [
        Example(
            row["code"],
            row["subject"],
            names.clock(row["clock"]),
            _face(row["before"]),
            _face(row["after"]),
            row["is_overdue"],
            row["is_relieved"],
        )
        for row in rows
    ]


def by_clock(trial: Trial) -> list[tuple[str, int]]:
    names = Names((trial.document,))
    return sorted(((names.clock(key), number) for key, number in trial.by_clock.items()), key=lambda pair: -pair[1])


def _face(value: str | int | None) -> str:
    """A deadline, or what is left of a clock that stands still."""
    if value is None:
        return _("no clock")
    if isinstance(value, int):
        left = length(value) if value >= 0 else f"−{length(-value)}"
        return _("stands still, %(left)s left") % {"left": left}
    moment: datetime | None = parse_datetime(value)
    return exact(moment) if moment else _("no deadline")
