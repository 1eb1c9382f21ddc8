"""Statuses of ours and theirs. The same key on both sides, unless the settings say otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from config.tracker import TrackerSettings
from incidents.models import Status


class Statuses:
    """`renamed` leads from our keys to theirs."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._theirs = dict(renamed)
        self._ours = {theirs: ours for ours, theirs in renamed.items()}

    def theirs(self, status: Status) -> str:
        return self._theirs.get(status.key, status.key)

    def ours(self, key: str) -> Status | None:
        """The status that their key stands for; None where we have none such."""
        # A key that was renamed away means nothing any more.
        if key not in self._ours and key in self._theirs:
            return None
        return Status.objects.filter(key=self._ours.get(key, key)).first()

    def all_theirs(self) -> frozenset[str]:
        return frozenset(self._theirs.get(key, key) for key in Status.objects.values_list("key", flat=True))


def mapping(tracker: TrackerSettings) -> Mapping[str, str]:
    """What `Statuses` is made of: from our keys to theirs, or to names where statuses have no keys over there."""
    named = dict(Status.objects.values_list("key", "name_ru")) if tracker.names_statuses else {}
    return {**named, **tracker.statuses}
