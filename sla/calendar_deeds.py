"""What administrators do to calendars: each deed makes another document of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.errors import DomainError
from sla.calendar_sheets import Sheet

PREFIX = "calendar-"


def with_sheet(document: Mapping[str, Any], key: str, sheet: Sheet) -> dict[str, Any]:
    """The rules with this calendar as it is here."""
    return {**document, "calendars": {**document.get("calendars", {}), key: sheet.document()}}


def without(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The rules without this calendar. Raises DomainError where rules still count by it."""
    used = users(document, key)
    if used:
        said = _("Rules count by this calendar: %(rules)s. Give them another one first.")
        raise DomainError(said % {"rules": ", ".join(f"№ {number}" for number in used)})
    kept = {each: row for each, row in document.get("calendars", {}).items() if each != key}
    return {**document, "calendars": kept}


def users(document: Mapping[str, Any], key: str) -> list[int]:
    """The numbers of the rules that count by this calendar, from one on."""
    return [number for number, rule in enumerate(document["rules"], start=1) if rule.get("calendar", "") == key]


def new_key(document: Mapping[str, Any]) -> str:
    """A key that no calendar of this document has."""
    taken = document.get("calendars", {})
    number = len(taken) + 1
    while f"{PREFIX}{number}" in taken:
        number += 1
    return f"{PREFIX}{number}"


def names(document: Mapping[str, Any], *, but: str | None) -> frozenset[str]:
    """The names that other calendars have, folded."""
    return frozenset(row["name"].casefold() for key, row in document.get("calendars", {}).items() if key != but)
