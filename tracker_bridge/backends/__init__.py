"""The trackers that Dispatch knows, and the one that the settings name."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings

from config.tracker import TrackerSettings
from tracker_bridge import checking, workflow
from tracker_bridge.backends.memory import MemoryBackend
from tracker_bridge.backends.null import NullBackend
from tracker_bridge.backends.redmine import RedmineBackend
from tracker_bridge.backends.yandex import YandexBackend, YandexConfig
from tracker_bridge.credentials import Stored
from tracker_bridge.pace import Pace
from tracker_bridge.protocol import TrackerBackend
from tracker_bridge.statuses import Statuses, mapping


def load(tracker: TrackerSettings | None) -> TrackerBackend:
    """The backend of these settings; the same object while they are the same."""
    return NullBackend() if tracker is None else _made(_Key(tracker))


class _Key:
    """Settings hold mappings, which have no hash."""

    def __init__(self, tracker: TrackerSettings) -> None:
        self.tracker = tracker

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.tracker == self.tracker

    def __hash__(self) -> int:
        return hash((self.tracker.backend, self.tracker.queue, self.tracker.url))


@cache
def _made(key: _Key) -> TrackerBackend:
    if key.tracker.backend == "memory":
        return MemoryBackend()
    backend = (_redmine if key.tracker.backend == "redmine" else _yandex)(key.tracker)
    backend.calls.turn = Pace(key.tracker.backend, key.tracker.calls_per_second)
    return backend


def _yandex(tracker: TrackerSettings) -> YandexBackend:
    config = YandexConfig(
        queue=tracker.queue,
        organisation=tracker.organisation,
        url=tracker.url,
        pages=tracker.pages,
        is_cloud=tracker.is_cloud,
        fields=tracker.fields,
        statuses=Statuses(tracker.statuses).all_theirs(),
        steps=lambda: workflow.steps(Statuses(tracker.statuses)),
        values=checking.values,
        largest_file=tracker.largest_file,
    )
    return YandexBackend(config, Stored(tracker))


def _redmine(tracker: TrackerSettings) -> RedmineBackend:
    statuses = Statuses(mapping(tracker)).all_theirs()
    return RedmineBackend(tracker, statuses=statuses, zone=ZoneInfo(settings.TIME_ZONE))
