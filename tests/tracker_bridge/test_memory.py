"""The tracker in memory keeps the contract, and fails when it is told to."""

from __future__ import annotations

import pytest

from tests.tracker_bridge.contract import Contract, draft
from tracker_bridge.backends.memory import MemoryBackend
from tracker_bridge.protocol import Ambiguous, RemoteRef, Transient, Value

WORKFLOW = {"open": ["inProgress"], "inProgress": ["closed"]}


class MemoryWorld:
    status, forbidden = "inProgress", "closed"

    def __init__(self) -> None:
        self.backend = MemoryBackend(WORKFLOW)

    def edit(self, ref: RemoteRef, **fields: Value) -> None:
        self.backend.edit(ref, "anna", **fields)

    def create(self, summary: str) -> RemoteRef:
        return self.backend.create("anna", summary).ref

    def say(self, ref: RemoteRef, text: str) -> None:
        self.backend.say(ref, "anna", text)

    def vanish(self, ref: RemoteRef) -> None:
        self.backend.vanish(ref)


class TestMemoryBackend(Contract):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()


def test_a_call_that_fails_before_its_effect_has_none() -> None:
    backend = MemoryBackend()
    backend.fail("ensure_issue", Transient("busy"))
    with pytest.raises(Transient):
        backend.ensure_issue(draft("Питание"), idem="one")
    assert list(backend.changes("")) == []


def test_a_call_whose_answer_is_lost_has_had_its_effect() -> None:
    backend = MemoryBackend()
    backend.fail("ensure_issue", Ambiguous("lost"), after=True)
    with pytest.raises(Ambiguous):
        backend.ensure_issue(draft("Питание"), idem="one")
    (page,) = backend.changes("")
    assert backend.ensure_issue(draft("Питание"), idem="one").ref == page.issues[0].ref
