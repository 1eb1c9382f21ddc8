"""What is wrong with rules before they are in force, in words for whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from django.utils.translation import gettext as _

from incidents.models import Incident
from sla import clocks
from sla.policy import FACTS, Line, Policy
from sla.rule_words import MOMENTS, STATUS, Names, listing, say

# Two years: a longer time is a slip of the keyboard.
LONGEST = 2 * 366 * 24 * 60
# Beyond, nobody is told that a rule is never chosen.
MOST_COMBINATIONS = 5_000
UNNAMED = "\0"


def problems(document: Mapping[str, Any]) -> list[str]:
    """Sentences that name the rule; nothing: the document may be in force."""
    names = Names((document,))
    for key, row in document.get("calendars", {}).items():
        if len(row.get("week", ())) != 7:
            return [_("The calendar “%(name)s” has no week.") % {"name": row.get("name", key)}]
    policy = Policy(0, document)
    found = [*_of_types(document, names), *_of_clocks(document, names)]
    for line in policy.lines:
        title = say(line, names).title
        found += [f"{title}: {wrong}" for wrong in _of_line(line, policy, names)]
    return found


def _of_types(document: Mapping[str, Any], names: Names) -> Iterator[str]:
    for key, minutes in document["types"].items():
        if not 0 < minutes <= LONGEST:
            yield _("The type “%(name)s” needs a time between one minute and two years.") % {
                "name": names.types.get(key, key)
            }


def _of_clocks(document: Mapping[str, Any], names: Names) -> Iterator[str]:
    taken = {name.casefold() for name in map(names.clock, clocks.KINDS)}
    for row in document.get("clocks", {}).values():
        if row["name"].casefold() in taken:
            yield _("There is a clock “%(name)s” already.") % {"name": row["name"]}
        taken.add(row["name"].casefold())
        if not row["starts"]:
            yield _("The clock “%(name)s” never starts: choose when it does.") % {"name": row["name"]}
        unknown = {*row["starts"], *row["stops"], *row.get("resumes", ())} - _known_words(names)
        for word in sorted(unknown):
            yield _("The clock “%(name)s” waits for “%(word)s”, which there is not.") % {
                "name": row["name"],
                "word": word.removeprefix(STATUS),
            }


def _of_line(line: Line, policy: Policy, names: Names) -> Iterator[str]:
    if line.clock not in policy.kinds:
        yield _("there is no such clock.")
    if line.minutes is not None and not 0 < line.minutes <= LONGEST:
        yield _("the time must be between one minute and two years.")
    if line.calendar not in policy.calendars:
        yield _("there is no calendar “%(name)s”.") % {"name": line.calendar}
    words = (line.starts or frozenset()) | (line.stops or frozenset()) | (line.resumes or frozenset())
    statuses = line.pauses | {word.removeprefix(STATUS) for word in words if word.startswith(STATUS)}
    for key in sorted(statuses - names.statuses.keys()):
        yield _("there is no status “%(name)s”.") % {"name": key}
    for word in sorted(word for word in words if not word.startswith(STATUS) and word not in MOMENTS):
        yield _("nothing is called “%(word)s”.") % {"word": word}
    if line.starts is not None and not line.starts:
        yield _("it never starts: choose when it does.")
    yield from _of_facts(line, names)
    yield from _of_warnings(line)
    over = _takers(line, policy)
    if len(over) == 1:
        yield _("it is never chosen, since rule %(number)d takes all of it before: %(rule)s.") % {
            "number": over[0].number,
            "rule": say(over[0], names).title,
        }
    elif over:
        numbers = listing(str(each.number) for each in over)
        yield _("it is never chosen, since together the rules %(numbers)s take all of it.") % {"numbers": numbers}


def _of_facts(line: Line, names: Names) -> Iterator[str]:
    known: dict[str, Mapping[str, Any]] = {
        "type": names.types,
        "contractor": names.contractors,
        "priority": dict(Incident.Priority.choices),
    }
    for fact, rows in known.items():
        for value in sorted(line.match.get(fact, frozenset()) - rows.keys()):
            yield _("it asks for “%(value)s”, which there is not.") % {"value": value}


def _of_warnings(line: Line) -> Iterator[str]:
    for minutes in line.warn:
        if minutes <= 0:
            yield _("a warning must come before the deadline.")
        elif line.minutes is not None and minutes >= line.minutes:
            yield _("a warning would come before the clock starts: %(minutes)d of %(all)d minutes before its end.") % {
                "minutes": minutes,
                "all": line.minutes,
            }
    if line.escalate is not None and line.escalate < 0:
        yield _("managers cannot be told before the deadline.")


def _takers(line: Line, policy: Policy) -> list[Line]:
    """The rules that leave nothing to this one; none if some incident may get it."""
    rivals = [each for each in policy.lines if each.clock == line.clock]
    domains = {fact: _domain(fact, line, rivals) for fact in FACTS}
    if prod(map(len, domains.values())) > MOST_COMBINATIONS:
        return []
    takers: dict[int, Line] = {}
    for values in product(*domains.values()):
        taker = policy.line(line.clock, dict(zip(domains, values, strict=True)))
        if taker is None or taker is line:
            return []
        takers[taker.number] = taker
    return [takers[number] for number in sorted(takers)]


def _domain(fact: str, line: Line, rivals: Iterable[Line]) -> list[str]:
    """The values that tell the rules apart; what no rule names stands for all the rest, as far as there is any."""
    if fact in line.match:
        return sorted(line.match[fact])
    if fact == "priority":
        return list(Incident.Priority.values)
    return [UNNAMED, *sorted({value for each in rivals for value in each.match.get(fact, ())})]


def _known_words(names: Names) -> set[str]:
    return {*MOMENTS, *(STATUS + key for key in names.statuses)}
