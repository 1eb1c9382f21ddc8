"""What one version of the rules says otherwise than another, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sla import calendar_words
from sla.policy import Line, Policy
from sla.rule_words import Names, course, length, listing, say

SHOWN_DAYS = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing: what it was, what it is. `was` empty: new; `now` empty: gone."""

    title: str
    was: str = ""
    now: str = ""


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    names = Names((after, before))
    return [
        *_of_rules(Policy(0, before), Policy(0, after), names),
        *_of_types(before, after, names),
        *_of_clocks(before, after, names),
        *_of_calendars(before, after),
    ]


def _of_rules(before: Policy, after: Policy, names: Names) -> Iterator[Difference]:
    gone, new = _apart(before, after)
    for line in list(new):
        was = _twin(line, gone)
        if was:
            gone.remove(was)
            new.remove(line)
            yield Difference(say(line, names).title, _rest(was, names), _rest(line, names))
    for line in gone:
        yield Difference(_("Rule deleted"), was=str(say(line, names)))
    for line in new:
        yield Difference(_("New rule"), now=str(say(line, names)))
    order_before, order_after = _order(before), _order(after)
    if order_before != order_after and sorted(order_before) == sorted(order_after):
        yield Difference(_("Order of the rules"), _in_order(before, names), _in_order(after, names))


def _apart(before: Policy, after: Policy) -> tuple[list[Line], list[Line]]:
    """The rules that only one of them has, however they are numbered."""
    gone, new = list(before.lines), []
    for line in after.lines:
        same = next((each for each in gone if _words(each) == _words(line)), None)
        if same:
            gone.remove(same)
        else:
            new.append(line)
    return gone, new


def _words(line: Line) -> tuple[Any, ...]:
    return (
        line.clock, line.minutes, line.calendar, line.match, line.pauses, line.name, line.warn, line.escalate,
        line.starts, line.stops, line.resumes,
    )  # fmt: skip


def _twin(line: Line, among: Sequence[Line]) -> Line | None:
    """The rule that was changed into this one: for the same incidents, else of the same clock and number."""
    same = [each for each in among if each.clock == line.clock]
    for each in same:
        if each.match == line.match:
            return each
    return next((each for each in same if each.number == line.number), None)


def _rest(line: Line, names: Names) -> str:
    said = say(line, names)
    whom = ", ".join(said.whom) or _("all incidents")
    return ", ".join([f"{whom}: {said.time}", said.calendar, *said.rest]) + (f" ({said.name})" if said.name else "")


def _order(policy: Policy) -> list[str]:
    return [repr(_words(line)) for line in policy.lines]


def _in_order(policy: Policy, names: Names) -> str:
    return "; ".join(f"{line.number}. {say(line, names).title}" for line in policy.lines)


def _of_types(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> Iterator[Difference]:
    was, now = before["types"], after["types"]
    for key in _keys(was, now):
        if was.get(key) != now.get(key):
            title = _("Time of the type “%(name)s”") % {"name": names.types.get(key, key)}
            yield Difference(title, length(was[key]) if key in was else "", length(now[key]) if key in now else "")


def _of_clocks(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> Iterator[Difference]:
    was, now = before.get("clocks", {}), after.get("clocks", {})
    for key in _keys(was, now):
        if was.get(key) != now.get(key):
            title = _("Clock “%(name)s”") % {"name": names.clock(key)}
            said = [
                f"{rows[key]['name']}. {course(key, Policy(0, document), names)}" if key in rows else ""
                for rows, document in ((was, before), (now, after))
            ]
            yield Difference(title, *said)


def _of_calendars(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    was, now = before.get("calendars", {}), after.get("calendars", {})
    for key in _keys(was, now):
        one, other = was.get(key), now.get(key)
        if one == other:
            continue
        title = _("Calendar “%(name)s”") % {"name": (other or one)["name"]}
        if one is None or other is None:
            yield Difference(title, _calendar(one), _calendar(other))
            continue
        if _calendar(one) != _calendar(other):
            yield Difference(title, _calendar(one), _calendar(other))
        if one.get("days", {}) != other.get("days", {}):
            yield Difference(_("%(calendar)s: days") % {"calendar": title}, *_days(one, other))


def _calendar(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    week = [tuple((since, to) for since, to in day) for day in row["week"]]
    return ", ".join([row["name"], *calendar_words.week(week), row.get("zone", "")]).rstrip(", ")


def _days(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, str]:
    """The days that differ, the first few by name; how many there are in all."""
    was, now = one.get("days", {}), other.get("days", {})
    changed = [day for day in _keys(was, now) if was.get(day) != now.get(day)]
    return _listed(changed, was), _listed(changed, now)


def _listed(changed: Sequence[str], days: Mapping[str, Any]) -> str:
    said = [
        f"{'.'.join(reversed(day.split('-')))} "
        + (calendar_words.said(tuple((since, to) for since, to in days[day])) if day in days else _("as in the week"))
        for day in sorted(changed)[:SHOWN_DAYS]
    ]
    more = len(changed) - SHOWN_DAYS
    if more > 0:
        said.append(ngettext("%(n)d day more", "%(n)d days more", more) % {"n": more})
    return listing(said)


def _keys(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))
