"""The matching index of this process: built from the database, built anew when the registry has changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection

from towers.matching import Index, Match, Part
from towers.models import BaseStation, Operator, Pole

logger = logging.getLogger(__name__)

LOOK_AGAIN_AFTER = 1.0
# Changes whenever the registry may have: a run has ended, or a row was added.
_STAMP = """
SELECT (SELECT max(id) FROM towers_syncrun WHERE finished_at IS NOT NULL),
       (SELECT max(id) FROM towers_pole), (SELECT max(id) FROM towers_basestation)
"""

Stamp = tuple[int | None, ...]


class _Keeper:
    """One index, shared by all threads. While one thread builds a new one, the others are served the old one."""

    def __init__(self) -> None:
        self._building = threading.Lock()
        self._built: tuple[Stamp, Index] | None = None
        self._looked_at = float("-inf")

    def index(self) -> Index:
        built = self._built
        if built is not None and time.monotonic() - self._looked_at < LOOK_AGAIN_AFTER:
            return built[1]
        if not self._building.acquire(blocking=built is None):
            assert built is not None  # only a thread that has none waits
            return built[1]
        try:
            return self._refreshed()
        finally:
            self._building.release()

    def forget(self) -> None:
        with self._building:
            self._built = None

    def _refreshed(self) -> Index:
        stamp = _stamp()
        if self._built is None or self._built[0] != stamp:
            self._built = stamp, _build()
        self._looked_at = time.monotonic()
        return self._built[1]


def _stamp() -> Stamp:
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        return tuple(cursor.fetchone() or ())


def _build() -> Index:
    """Standing rows only: a letter about a tower that is gone is for a person to decide."""
    begun = time.monotonic()
    poles = Pole.objects.standing().order_by("id").values_list("id", "code")
    stations = BaseStation.objects.filter(gone_at=None, pole__gone_at=None).order_by("id")
    index = Index.build(
        poles.iterator(10_000),
        stations.values_list("id", "name", "pole_id").iterator(10_000),
        own_prefixes=[settings.INCIDENT_PREFIX],
    )
    logger.info("the index of the registry was built in %.1f s", time.monotonic() - begun)
    return index


_keeper = _Keeper()


def find(parts: Sequence[Part]) -> Match:
    """The pole and station that a letter is about, by the registry as it stood at most a second ago."""
    return _keeper.index().find(parts)


def forget() -> None:
    """Build the index anew at the next question, without waiting for the second to pass."""
    _keeper.forget()


def operator_of_sender(email: str) -> Operator | None:
    """The operator whose mail domain this is, the longest domain first; None when two of them share it."""
    return operators_of_senders([email]).get(email)


def operators_of_senders(emails: Iterable[str]) -> dict[str, Operator]:
    """The same for many addresses in one query; those of nobody are left out."""
    parents = {email: _parents(email) for email in emails}
    asked = list({parent for each in parents.values() for parent in each})
    owners = list(Operator.objects.filter(domains__overlap=asked)) if asked else []
    found = ((email, _owner(each, owners)) for email, each in parents.items())
    return {email: operator for email, operator in found if operator}


def _parents(email: str) -> list[str]:
    """The address's domain and those above it, the longest first."""
    labels = email.rpartition("@")[2].strip().rstrip(".").lower().split(".")
    return [".".join(labels[n:]) for n in range(len(labels))] if labels != [""] else []


def _owner(parents: Sequence[str], operators: Sequence[Operator]) -> Operator | None:
    for parent in parents:
        owning = [operator for operator in operators if parent in operator.domains]
        if owning:
            return owning[0] if len(owning) == 1 else None
    return None
