"""Stretches of minutes as addresses and pages write them: `120-240` is two hours and more, less than four."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.utils.translation import gettext as _

_FORM = re.compile(r"(\d{1,7})-(\d{1,7})?", re.ASCII)
HOUR, DAY = 60, 24 * 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """From so many minutes on to less than so many; `to` is None where there is no end."""

    since: int
    to: int | None = None

    @classmethod
    def parse(cls, word: str) -> Self | None:
        found = _FORM.fullmatch(word)
        if found is None:
            return None
        since, to = int(found[1]), int(found[2]) if found[2] else None
        return cls(since, to) if to is None or since < to else None

    def __str__(self) -> str:
        return f"{self.since}-{'' if self.to is None else self.to}"

    @property
    def lengths(self) -> tuple[timedelta, timedelta | None]:
        return timedelta(minutes=self.since), None if self.to is None else timedelta(minutes=self.to)

    @property
    def words(self) -> str:
        """“2–4 h”, “under 5 min”, “3+ d”: in the largest unit that both ends are whole in."""
        unit, form = self._unit()
        return form % {"span": self.bare(unit)}

    def bare(self, unit: int) -> str:
        """Without the unit, which is so many minutes."""
        since, to = self.since // unit, None if self.to is None else self.to // unit
        if to is None:
            return f"{since}+"
        return _("under %(span)s") % {"span": to} if not since else f"{since}–{to}"

    def _unit(self) -> tuple[int, str]:
        ends = [end for end in (self.since, self.to) if end]
        if all(end % DAY == 0 for end in ends) and max(ends, default=0) > DAY:
            return DAY, _("%(span)s d")
        if all(end % HOUR == 0 for end in ends):
            return HOUR, _("%(span)s h")
        return 1, _("%(span)s min")
