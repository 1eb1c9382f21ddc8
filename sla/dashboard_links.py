"""The list behind each number: addresses of the desk that show exactly what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict
from django.urls import reverse

from incidents.fields import NOBODY
from incidents.stretches import Stretch
from sla.dashboard_address import NAME_OF
from sla.desk_fields import IN_TIME, LATE, OVERDUE, Days
from sla.figures.answers import Bin
from sla.figures.chosen import CONTRACTOR

MERGED = {"merged": "no"}


@dataclass(frozen=True, slots=True)
class Links:
    """For days and fields that are chosen. `said` names one field more, or says one anew."""

    first: date
    last: date
    narrowed: QueryDict

    def arrived(self, **said: str) -> str:
        """Opened in the period."""
        return self.to(**{"queue": "all", **self._opened, **MERGED, **said})

    def ended(self, **said: str) -> str:
        """Closed in the period."""
        return self.to(queue="closed", **self._closed, **MERGED, **said)

    def judged(self, **said: str) -> str:
        """Closed in the period, and there was a deadline."""
        address = self._address({"queue": "closed", **self._closed, **MERGED, **said})
        address.setlist("kept", [IN_TIME, LATE])
        return _desk(address)

    def worked(self, **said: str) -> str:
        """The contractor ended in the period."""
        return self.to(queue="all", done=str(Days(self.first, self.last)), **MERGED, **said)

    def open(self, **said: str) -> str:
        """As it stands now, whatever the period."""
        return self.to(**said)

    def open_in(self, statuses: Sequence[str]) -> str:
        """Open now, in one of these statuses."""
        address = self.narrowed.copy()
        address.setlist("status", list(statuses))
        return _desk(address)

    def of(self, dimension: str, key: str) -> dict[str, str]:
        """What `said` has to say for one row of a table."""
        return {NAME_OF[dimension]: key or NOBODY}

    def late(self, dimension: str, key: str) -> str:
        """Contractors are judged by their own clock."""
        of = self.of(dimension, key)
        return self.worked(work=LATE, **of) if dimension == CONTRACTOR else self.ended(kept=LATE, **of)

    def in_time(self, dimension: str, key: str) -> str:
        of = self.of(dimension, key)
        return self.worked(work=IN_TIME, **of) if dimension == CONTRACTOR else self.ended(kept=IN_TIME, **of)

    def overdue(self, dimension: str, key: str) -> str:
        of = self.of(dimension, key)
        return self.open(work=OVERDUE, **of) if dimension == CONTRACTOR else self.open(queue="overdue", **of)

    def within(self, day: date, until: date) -> Links:
        """Some of the days."""
        return Links(day, until, self.narrowed)

    def to(self, **said: str) -> str:
        return _desk(self._address(said))

    @property
    def _opened(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    @property
    def _closed(self) -> dict[str, str]:
        return {"closed_from": self.first.isoformat(), "closed_to": self.last.isoformat()}

    def _address(self, said: dict[str, str]) -> QueryDict:
        address = self.narrowed.copy()
        for name, word in said.items():
            address[name] = word
        return address


def stretch(of: Bin) -> Stretch:
    """A bin in whole minutes, as addresses say it."""
    to = None if of.to is None else round(of.to.total_seconds() / 60)
    return Stretch(round(of.since.total_seconds() / 60), to)


def _desk(address: QueryDict) -> str:
    return f"{reverse('incidents:desk')}?{address.urlencode(safe='~')}"
