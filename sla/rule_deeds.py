"""What administrators do to rules: each deed makes another document, the one before stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.errors import DomainError

Document = dict[str, Any]


def with_rule(document: Mapping[str, Any], row: Mapping[str, Any], number: int | None) -> Document:
    """The rule in the place of that number; None: after the last one of its clock."""
    rules = list(document["rules"])
    if number is None:
        same = [place for place, rule in enumerate(rules, start=1) if rule["clock"] == row["clock"]]
        rules.insert(same[-1] if same else len(rules), dict(row))
    else:
        rules[number - 1] = dict(row)
    return {**document, "rules": rules}


def without_rule(document: Mapping[str, Any], number: int) -> Document:
    rules = list(document["rules"])
    del rules[number - 1]
    return {**document, "rules": rules}


def earlier(document: Mapping[str, Any], number: int) -> Document:
    """The rule before the one above it of the same clock; the first one stays."""
    rules = list(document["rules"])
    above = [place for place in range(number - 1) if rules[place]["clock"] == rules[number - 1]["clock"]]
    if above:
        rules[above[-1]], rules[number - 1] = rules[number - 1], rules[above[-1]]
    return {**document, "rules": rules}


def with_types(document: Mapping[str, Any], minutes: Mapping[str, int]) -> Document:
    return {**document, "types": {**document["types"], **minutes}}


def with_clock(document: Mapping[str, Any], key: str, row: Mapping[str, Any]) -> Document:
    return {**document, "clocks": {**document.get("clocks", {}), key: dict(row)}}


def without_clock(document: Mapping[str, Any], key: str) -> Document:
    """Without a clock of the customer's own. Raises DomainError while rules name it."""
    if any(rule["clock"] == key for rule in document["rules"]):
        raise DomainError(_("Rules name this clock. Delete them first."))
    return {**document, "clocks": {each: row for each, row in document.get("clocks", {}).items() if each != key}}


def new_clock(version: int) -> str:
    """A key that no clock ever had: every version adds one at most."""
    return f"own:{version + 1}"


def place_of(rule: Mapping[str, Any], document: Mapping[str, Any]) -> int | None:
    """The number that the same rule has in another version; None where it is not, or not so."""
    return next((number for number, each in enumerate(document["rules"], start=1) if each == rule), None)
