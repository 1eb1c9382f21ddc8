"""The backend of Yandex Tracker keeps the contract against the look-alike, and tells its failures apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from demo.tracker import Tracker
from tests.tracker_bridge.contract import Contract, draft, follow
from tracker_bridge.backends.yandex import YandexBackend, YandexConfig
from tracker_bridge.backends.yandex.http import Calls
from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    Exhausted,
    Refused,
    RemoteRef,
    Transient,
    Upload,
    Value,
)

FIELDS = {"type": "typeOfProblem", "database_id": "incidentDbId", "pole": "poleNumber", "sla_deadline": "slaDeadline"}


class Keys:
    """Tokens of a test: the second is had when the first is refused."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0

    def current(self) -> str:
        return self.tokens[0]

    def renewed(self, refused: str) -> str:
        self.asked += 1
        if len(self.tokens) < 2:
            raise AuthNeeded("no other token")
        self.tokens.pop(0)
        return self.tokens[0]


class YandexWorld:
    status, forbidden = "inProgress", "closed"

    def __init__(self, tracker: Tracker, keys: Keys | None = None) -> None:
        self.tracker = tracker
        config = YandexConfig("DISPATCH", "1", tracker.url, fields=FIELDS, statuses=frozenset({"new", "closed"}))
        self.backend = YandexBackend(config, keys or Keys("demo-token"))

    def edit(self, ref: RemoteRef, **fields: Value) -> None:
        self._change(ref, {self.backend.fields[name]: value for name, value in fields.items()})

    def _change(self, ref: RemoteRef, values: dict[str, Any]) -> None:
        with self.tracker.lock:
            store = self.tracker.store
            store.patch(store.find(ref.id), values, self.tracker.person(), None, None)

    def create(self, summary: str) -> RemoteRef:
        with self.tracker.lock:
            issue = self.tracker.store.create({"queue": "DISPATCH", "summary": summary}, self.tracker.person())
        return RemoteRef(issue.id, issue.key, "")

    def say(self, ref: RemoteRef, text: str) -> None:
        with self.tracker.lock:
            store = self.tracker.store
            store.comment(store.find(ref.id), {"text": text}, self.tracker.person())

    def vanish(self, ref: RemoteRef) -> None:
        with self.tracker.lock:
            self.tracker.store.find(ref.id).is_hidden = True


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(env={}, wait=1) as running:
        yield running


@pytest.fixture
def world(tracker: Tracker) -> YandexWorld:
    return YandexWorld(tracker)


class TestYandexBackend(Contract):
    @pytest.fixture
    def world(self, tracker: Tracker) -> YandexWorld:
        return YandexWorld(tracker)


def test_fields_keep_their_kinds_there_and_back(world: YandexWorld) -> None:
    made = world.backend.ensure_issue(draft("Питание", database_id=17, type="Авария ВОЛС"), idem="one")
    deadline = made.created_at + timedelta(hours=4)
    changed = world.backend.update_fields(made.ref, {"sla_deadline": deadline, "assignee": "anna"}, expect=made.version)
    assert changed.fields["sla_deadline"] == deadline
    assert (changed.fields["database_id"], changed.fields["assignee"]) == (17, "anna")
    assert changed.fields["type"] == "Авария ВОЛС"


def test_an_answer_that_was_lost_is_told_from_a_call_that_never_was(world: YandexWorld, tracker: Tracker) -> None:
    tracker.fail(kind="drop", after=True, method="POST", path="/issues/$")
    with pytest.raises(Ambiguous):
        world.backend.ensure_issue(draft("Питание"), idem="one")
    world.backend.ensure_issue(draft("Питание"), idem="one")
    assert len(tracker.store.issues) == 1
    nobody = YandexBackend(YandexConfig("DISPATCH", "1", "http://127.0.0.1:1"), Keys("demo-token"))
    with pytest.raises(Transient):
        nobody.calls.write("POST", "v2/issues/", body={"summary": "Питание"})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 503}, Ambiguous),
        ({"kind": "html", "status": 200}, Ambiguous),
        ({"status": 429, "retry_after": "7"}, Transient),
        ({"status": 423}, Exhausted),
        ({"status": 422}, Refused),
        ({"kind": "html", "status": 403}, Refused),
    ],
)
def test_each_failure_of_a_write_has_its_class(
    world: YandexWorld, tracker: Tracker, fault: dict[str, Any], error: type[Exception]
) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    tracker.fail(method="PATCH", **fault)
    with pytest.raises(error) as raised:
        world.backend.update_fields(made.ref, {"summary": "Стало"}, expect=made.version)
    assert "demo-token" not in str(raised.value)
    if isinstance(raised.value, Transient):
        assert raised.value.retry_after == timedelta(seconds=7)


def test_an_answer_of_a_read_that_is_no_json_is_asked_for_again_later(world: YandexWorld, tracker: Tracker) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    tracker.fail(kind="html", status=200, method="GET")
    with pytest.raises(Transient):
        world.backend.get_issue(made.ref)


def test_a_refused_field_is_named_by_our_name(world: YandexWorld) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    with pytest.raises(Refused) as refusal:
        world.backend.update_fields(made.ref, {"type": "Такого типа нет"}, expect=made.version)
    assert refusal.value.field == "type"


def test_a_token_that_ended_is_renewed_once_and_the_call_goes_on(tracker: Tracker) -> None:
    keys = Keys("ended", "demo-token")
    world = YandexWorld(tracker, keys)
    assert world.backend.ensure_issue(draft("Питание"), idem="one").ref.key == "DISPATCH-1"
    assert keys.asked == 1
    tracker.tokens.expire()
    with pytest.raises(AuthNeeded):
        YandexWorld(tracker, Keys("demo-token")).backend.calls.read("v2/myself")


def test_an_issue_that_takes_no_more_comments_says_so(world: YandexWorld, tracker: Tracker, monkeypatch: Any) -> None:
    monkeypatch.setattr("tracker_bridge.backends.yandex.backend.COMMENTS_OF_AN_ISSUE", 2)
    tracker.store.rules.comments = 2
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    for number in range(2):
        world.backend.put_comment(made.ref, "раз", idem=f"note:{number}", again=False)
    with pytest.raises(Exhausted):
        world.backend.put_comment(made.ref, "ещё", idem="note:3", again=False)


def test_a_first_comment_is_one_call(world: YandexWorld, tracker: Tracker) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    tracker.calls.clear()
    world.backend.put_comment(made.ref, "раз", idem="note:1", again=False)
    assert [method for method, _ in tracker.calls] == ["POST"]


def test_a_comment_with_files_loses_neither_when_its_answer_is_lost(world: YandexWorld, tracker: Tracker) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    file = Upload("a.txt", "text/plain", b"act")
    tracker.fail(status=502, after=True, method="POST", path="/comments")
    with pytest.raises(Ambiguous):
        world.backend.put_comment(made.ref, "акт", [file], idem="letter:1")
    written = world.backend.put_comment(made.ref, "акт", [file], idem="letter:1")
    (kept,) = world.backend.comments(made.ref)
    assert kept.id == written.id
    assert [each.name for each in kept.files] == ["a.txt"]


def test_more_changes_than_a_page_holds_are_all_told_even_in_one_moment(
    world: YandexWorld, tracker: Tracker, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tracker_bridge.backends.yandex.backend.PER_PAGE", 5)
    moment = tracker.store.now()
    monkeypatch.setattr(tracker.store, "now", lambda: moment)
    made = {world.create(f"Заявка {number}").id for number in range(23)}
    cursor, seen = follow(world, "")
    assert {each.ref.id for each in seen} == made
    assert len(seen) == 23
    assert follow(world, cursor)[0] == cursor


def test_what_is_missing_over_there_is_named(tracker: Tracker) -> None:
    config = YandexConfig("DISPATCH", "1", tracker.url, fields={"pole": "noSuch"}, statuses=frozenset({"noSuch"}))
    assert {problem.code for problem in YandexBackend(config, Keys("demo-token")).check()} == {"status", "field"}
    config = YandexConfig("dispatch", "1", tracker.url)
    (problem,) = YandexBackend(config, Keys("demo-token")).check()
    assert (problem.code, problem.is_fatal) == ("queue", True)
    (problem,) = YandexBackend(config, Keys("wrong")).check()
    assert problem.code == "token"


def test_tokens_are_sent_to_the_api_alone(tracker: Tracker) -> None:
    calls = Calls(YandexConfig("DISPATCH", "1", tracker.url), Keys("demo-token"))
    with pytest.raises(Refused):
        list(calls.pieces("http://elsewhere.example/file"))
