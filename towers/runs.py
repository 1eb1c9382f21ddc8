"""A synchronisation as a page and the command show it: sentences instead of stored codes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from towers.models import SyncRun
from towers.reasons import say
from towers.sync import FEEDS

TITLES = {"poles": _("Poles"), "contractors": _("Contractors"), "stations": _("Base stations")}
STAGES = {"reading": _("reading…"), "storing": _("storing…")}


@dataclass(frozen=True, slots=True)
class Example:
    """A row that was not taken, or taken with a gap."""

    row: int
    why: str
    taken: bool


@dataclass(frozen=True, slots=True)
class FeedLine:
    """What one feed did, or what is being done with it."""

    title: str | Promise
    stage: str | Promise
    refused: str
    figures: Mapping[str, int]
    examples: Sequence[Example]

    @property
    def unshown(self) -> int:
        """Skipped and incomplete rows beyond the examples."""
        return max(0, self.figures.get("skipped", 0) + self.figures.get("incomplete", 0) - len(self.examples))


@dataclass(frozen=True, slots=True)
class ShownRun:
    run: SyncRun
    feeds: Sequence[FeedLine]

    @property
    def created(self) -> int:
        return self._sum("created")

    @property
    def changed(self) -> int:
        return self._sum("changed")

    @property
    def gone(self) -> int:
        return self._sum("gone")

    @property
    def skipped(self) -> int:
        return self._sum("skipped")

    @property
    def seconds(self) -> float:
        finished = self.run.finished_at
        return round((finished - self.run.started_at).total_seconds(), 1) if finished else 0.0

    def _sum(self, figure: str) -> int:
        return sum(feed.figures.get(figure, 0) for feed in self.feeds)


def shown(run: SyncRun) -> ShownRun:
    return ShownRun(run, [_line(name, run.feeds[name]) for name in FEEDS if name in run.feeds])


def _line(name: str, entry: Mapping[str, Any]) -> FeedLine:
    return FeedLine(
        title=TITLES[name],
        stage=STAGES.get(entry.get("stage", ""), ""),
        refused=say(entry["refused"]) if entry.get("refused") else "",
        figures={key: value for key, value in entry.items() if isinstance(value, int)},
        examples=[Example(each["row"], say(each["why"]), "taken" in each) for each in entry.get("examples", ())],
    )


def stamp(runs: Sequence[SyncRun]) -> str:
    """Changes whenever the shown runs do."""
    newest = runs[0] if runs else None
    facts = [newest.pk, newest.state, newest.feeds] if newest else []
    return f"{zlib.crc32(json.dumps(facts, sort_keys=True).encode()):08x}"
