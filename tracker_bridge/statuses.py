"""Statuses of ours and theirs. The same key on both sides, unless the settings say otherwise."""

from __future__ import annotations

from collections.abc import Mapping

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
