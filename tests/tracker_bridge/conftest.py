"""A mirror of the tracker in memory, driven by hand: nothing happens until a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from config.tracker import TrackerSettings
from dispatchers.models import User
from incidents import services
from incidents.models import Incident
from tests.factories import NOW, make_user
from tracker_bridge import backends, mirrors, pulling, pushing
from tracker_bridge.backends.memory import MemoryBackend
from tracker_bridge.models import IssueLink, Mirror, TrackerPerson
from tracker_bridge.protocol import RemoteIssue

if TYPE_CHECKING:
    from tests.tracker_bridge.redmine import Redmine

ALL_FIELDS = (
    *("type", "database_id", "email_ids", "pole", "base_station", "email_datetime", "is_new_message", "sla_deadline"),
    *("sla_state", "operator", "contractor"),
)
MEMORY = TrackerSettings(
    backend="memory",
    queue="MEM",
    url="",
    pages="",
    organisation="",
    is_cloud=False,
    oauth_url="",
    client_id="",
    client_secret="",
    access="",
    refresh="",
    fields={name: name for name in ALL_FIELDS},
    statuses={},
    largest_file=1024,
)


class Bridge:
    """`push` and `pull` at a moment that the test moves on by `wait`."""

    def __init__(self, backend: MemoryBackend) -> None:
        self.backend, self.now = backend, NOW
        backend.now = NOW
        self.mirror_at(NOW)

    def mirror_at(self, now: datetime) -> Mirror:
        found = mirrors.row(now)
        assert found is not None
        return found

    @property
    def mirror(self) -> Mirror:
        return Mirror.objects.get(backend="memory")

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)
        self.backend.now = max(self.backend.now, self.now)

    def push(self) -> int:
        return pushing.push(self.backend, self.mirror, now=lambda: self.now)

    def pull(self) -> int:
        return pulling.pull(self.backend, self.mirror, now=lambda: self.now)

    def sync(self) -> None:
        """Both ways, until neither has anything left to do."""
        for _ in range(6):
            if not self.push() + self.pull():
                return
            self.wait(seconds=1)
        raise AssertionError("the two sides do not come to rest")

    def open(self, subject: str = "Нет питания", by: User | None = None) -> Incident:
        return services.open_by_hand(subject, by=by or make_user(), at=self.now)

    def link(self, incident: Incident) -> IssueLink:
        return IssueLink.objects.get(incident=incident, is_left_behind=False)

    def issue(self, incident: Incident) -> RemoteIssue:
        return self.backend.get_issue(pushing.ref_of(self.link(incident)))

    def calls(self) -> dict[str, int]:
        """Those since the last time this was asked."""
        made = {name: number for name, number in self.backend.calls.items() if number}
        self.backend.calls.clear()
        return made

    def person(self, login: str = "anna", **facts: Any) -> User:
        user = make_user(**facts)
        TrackerPerson.objects.create(backend="memory", user=user, login=login)
        return user


@pytest.fixture
def bridge(db: None, settings: Any) -> Iterator[Bridge]:
    settings.TRACKER = replace(MEMORY)
    settings.INCIDENT_REACTIONS = {**settings.INCIDENT_REACTIONS, "*": ["tracker_bridge.reactions.note"]}
    backends._made.cache_clear()
    backend = backends.load(settings.TRACKER)
    assert isinstance(backend, MemoryBackend)
    yield Bridge(backend)
    backends._made.cache_clear()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    """A real Redmine, for all tests of this process; whoever asks for it skips where there is none."""
    from tests.tracker_bridge.redmine import Redmine

    running = Redmine(tmp_path_factory.mktemp("redmine"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
