"""The backend of Redmine keeps the contract against a real Redmine, where one is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tracker_bridge import redmine
from tests.tracker_bridge.contract import Contract, draft, follow
from tests.tracker_bridge.redmine import Redmine
from tracker_bridge.backends.redmine import RedmineBackend
from tracker_bridge.protocol import Ambiguous, Refused, RemoteRef, Value

needs_redmine = pytest.mark.skipif(not redmine.is_here(), reason="no Redmine: see tests/tracker_bridge/redmine.py")


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


@pytest.fixture
def world(server: Redmine) -> RedmineWorld:
    return RedmineWorld(server)


@needs_redmine
class TestRedmineBackend(Contract):
    @pytest.fixture
    def world(self, server: Redmine) -> RedmineWorld:
        return RedmineWorld(server)


@needs_redmine
def test_fields_keep_their_kinds_there_and_back(world: RedmineWorld) -> None:
    made = world.backend.ensure_issue(draft("Питание", database_id=17, type="Авария ВОЛС"), idem="one")
    deadline = datetime(2026, 3, 2, 12, 30, 15, 120_000, UTC)
    changed = world.backend.update_fields(made.ref, {"sla_deadline": deadline, "assignee": "anna"}, expect=made.version)
    assert (changed.fields["database_id"], changed.fields["type"]) == (17, "Авария ВОЛС")
    assert (changed.fields["sla_deadline"], changed.fields["assignee"]) == (deadline, "anna")
    cleared = world.backend.update_fields(made.ref, {"sla_deadline": None, "assignee": None}, expect=changed.version)
    assert (cleared.fields["sla_deadline"], cleared.fields["assignee"]) == (None, None)


@needs_redmine
def test_who_changed_what_is_in_the_history(world: RedmineWorld) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    world.edit(made.ref, summary="Правка", pole="KI0075", assignee="oleg")
    world.backend.set_status(made.ref, "В работе")
    told = [
        (change.author, change.field, change.before, change.after)
        for change in world.backend.history(made.ref, since=made.created_at)
    ]
    assert set(told) == {
        ("anna", "summary", "Питание", "Правка"),
        ("anna", "pole", None, "KI0075"),
        ("anna", "assignee", None, "oleg"),
        ("robot", "status", "Новый", "В работе"),
    }


@needs_redmine
def test_a_field_that_is_refused_or_passed_over_is_named_by_our_name(server: Redmine) -> None:
    world = RedmineWorld(server, fields={**redmine.FIELDS, "operator": redmine.CLOSED_FIELD})
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    for name, value in {"type": "Такого типа нет", "assignee": "nobody", "operator": "Т2"}.items():
        with pytest.raises(Refused) as refusal:
            world.backend.update_fields(made.ref, {name: value}, expect=made.version)
        assert refusal.value.field == name
    with pytest.raises(Refused) as refusal:
        world.backend.set_status(made.ref, "Такого статуса нет")
    assert "В работе" in refusal.value.steps


@needs_redmine
def test_answers_that_are_lost_double_nothing(world: RedmineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    write = world.backend.calls.write

    def lose(*args: Any, **facts: Any) -> Any:
        write(*args, **facts)
        raise Ambiguous("lost")

    def losing(act: Callable[[], Any]) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(world.backend.calls, "write", lose)
            with pytest.raises(Ambiguous):
                act()
        return act()

    made = losing(lambda: world.backend.ensure_issue(draft("Питание"), idem="one"))
    losing(lambda: world.backend.put_comment(made.ref, "звонок", idem="note:1"))
    assert [each.idem for each in world.backend.comments(made.ref)] == ["note:1"]
    assert [each.ref.id for each in follow(world, "")[1]] == [made.ref.id]


@needs_redmine
def test_of_two_workers_that_create_at_once_the_first_ones_issue_stays(
    world: RedmineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.backend.ensure_issue(draft("Питание"), idem="one")
    under = world.backend._under
    answers = iter([None])
    monkeypatch.setattr(world.backend, "_under", lambda *args: next(answers, under(*args)))
    assert world.backend.ensure_issue(draft("Питание"), idem="one").ref.id == first.ref.id
    assert len(follow(world, "")[1]) == 1


@needs_redmine
def test_more_changes_than_a_page_holds_are_all_told(world: RedmineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_bridge.backends.redmine.PER_PAGE", 3)
    made = {world.create(f"Заявка {number}").id for number in range(8)}
    assert sorted(each.ref.id for each in follow(world, "")[1]) == sorted(made)


@needs_redmine
def test_a_file_put_there_without_words_is_a_comment(world: RedmineWorld) -> None:
    made = world.backend.ensure_issue(draft("Питание"), idem="one")
    token = redmine.upload(world.server, "Акт.txt", b"act")
    world.server.call("PUT", f"issues/{made.ref.id}.json", by="anna", issue={"uploads": [{"token": token}]})
    (comment,) = world.backend.comments(made.ref)
    assert (comment.author, comment.text, [each.name for each in comment.files]) == ("anna", "", ["Акт.txt"])
    assert world.backend.get_issue(made.ref).comment_count == 1


@needs_redmine
def test_what_is_missing_over_there_is_named(world: RedmineWorld) -> None:
    world.create("Заявка")
    wrong: dict[str, dict[str, Any]] = {
        "token": {"access": "0" * 40},
        "project": {"queue": "no-such"},
        "tracker": {"issue_type": "Ошибка"},
        "member": {"queue": "first"},
        "key_field": {"key_field": "Нет такого"},
        "key_filter": {"key_field": redmine.CLOSED_FIELD},
        "field": {"fields": {"pole": "Нет такого"}},
        "status": {},
    }
    for code, facts in wrong.items():
        settings = replace(world.server.settings(world.project), **facts)
        statuses = frozenset({"Отложен"} if code == "status" else {"Новый"})
        assert [problem.code for problem in RedmineBackend(settings, statuses=statuses).check()] == [code]
