"""The backend of Redmine keeps the contract against a real Redmine, where one is here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tracker_bridge import redmine
from tests.tracker_bridge.contract import Contract
from tests.tracker_bridge.redmine import Redmine
from tracker_bridge.backends.redmine import RedmineBackend
from tracker_bridge.protocol import RemoteRef, Value

pytestmark = pytest.mark.skipif(not redmine.is_here(), reason="no Redmine: see tests/tracker_bridge/redmine.py")


class RedmineWorld:
    status, forbidden = "В работе", "Закрыт"

    def __init__(self, server: Redmine, **facts: Any) -> None:
        self.server, self.project = server, server.project()
        self.backend = RedmineBackend(server.settings(self.project, **facts), statuses=frozenset({"Новый", "Закрыт"}))

    def edit(self, ref: RemoteRef, **fields: Value) -> None:
        self.server.call("PUT", f"issues/{ref.id}.json", by="anna", issue=self.backend._body(fields))

    def create(self, summary: str) -> RemoteRef:
        issue = {"project_id": self.project, "subject": summary}
        made = self.server.call("POST", "issues.json", by="anna", issue=issue)["issue"]
        return RemoteRef(str(made["id"]), f"#{made['id']}", "")

    def say(self, ref: RemoteRef, text: str) -> None:
        self.server.call("PUT", f"issues/{ref.id}.json", by="anna", issue={"notes": text})

    def vanish(self, ref: RemoteRef) -> None:
        self.server.call("DELETE", f"issues/{ref.id}.json")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    running = Redmine(tmp_path_factory.mktemp("redmine"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def world(server: Redmine) -> RedmineWorld:
    return RedmineWorld(server)


class TestRedmineBackend(Contract):
    @pytest.fixture
    def world(self, server: Redmine) -> RedmineWorld:
        return RedmineWorld(server)
