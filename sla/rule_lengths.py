"""Lengths of time as people type them: “24 h”, “1 ч 30 мин”, “15 дней”; a bare number is minutes."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from incidents.errors import DomainError

_PART = re.compile(r"(\d{1,6})\s*([^\W\d_]*)\.?")
_UNITS = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes", "м", "мин", "минута", "минуты", "минут"), 1),
    **dict.fromkeys(("h", "hr", "hour", "hours", "ч", "час", "часа", "часов"), 60),
    **dict.fromkeys(("d", "day", "days", "д", "дн", "день", "дня", "дней", "сут", "сутки", "суток"), 24 * 60),
}


def minutes(typed: str) -> int:
    """Raises DomainError for what is no length."""
    words = typed.strip().lower()
    found = list(_PART.finditer(words))
    if not found or _PART.sub("", words).strip(" +") or any(part[2] not in _UNITS for part in found):
        said = _("“%(words)s” is not understood. Type a length as 90 min, 24 h or 15 days.")
        raise DomainError(said % {"words": typed.strip()[:60]})
    return sum(int(part[1]) * _UNITS[part[2]] for part in found)


def several(typed: str) -> list[int]:
    """Lengths with commas between them, the longest first, each once."""
    parts = re.split(r"[,;]|\s+(?:и|and)\s+", typed)
    return sorted({minutes(part) for part in parts if part.strip()}, reverse=True)
