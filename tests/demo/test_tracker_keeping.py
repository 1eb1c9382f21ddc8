"""The queue of the look-alike over restarts, and what `manage.py up` needs of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from config.embedded import paths, tracker
from config.tracker import read_tracker
from demo import staff
from demo.tracker import Tracker, run
from demo.tracker.keeping import Keeper


def test_a_queue_goes_on_after_a_restart(tmp_path: Path) -> None:
    first, keeper = Tracker(env={}), Keeper(tmp_path / "queue")
    assert not keeper.load(first)
    issue = first.store.create({"queue": "DISPATCH", "summary": "Одна", "unique": "u"}, first.person())
    first.store.comment(issue, {"text": "Слово"}, first.store.robot)
    first.tokens.pairs[0].access = "renewed"
    keeper.save(first)
    first.stop()
    again = Tracker(env={})
    assert Keeper(tmp_path / "queue").load(again)
    kept = again.store.find(issue.key)
    assert (kept.values["summary"], kept.comments[0].text) == ("Одна", "Слово")
    # Who wrote it is still the same person, and numbers go on.
    again.store.rewrite(kept, kept.comments[0], "Другое", again.store.robot)
    assert again.store.find_by_unique("u") is kept
    assert again.store.create({"queue": "DISPATCH", "summary": "Вторая"}, again.person()).key == "DISPATCH-2"
    assert again.tokens.user("OAuth renewed") is again.store.robot
    again.stop()


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    kept, keeper = Tracker(env={}), Keeper(tmp_path / "queue")
    issue = kept.store.create({"queue": "DISPATCH", "summary": "Одна"}, kept.person())
    keeper.save(kept)
    (tmp_path / "queue").unlink()
    keeper.save(kept)
    assert not (tmp_path / "queue").exists()
    kept.store.comment(issue, {"text": "Слово"}, kept.person())
    keeper.save(kept)
    assert (tmp_path / "queue").exists()
    kept.stop()


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x05}."])
def test_a_file_that_cannot_be_read_begins_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "queue").write_bytes(content)
    fresh = Tracker(env={})
    assert not Keeper(tmp_path / "queue").load(fresh)
    assert not fresh.store.issues
    fresh.stop()


def test_its_people_are_those_of_the_desk(tmp_path: Path) -> None:
    queue = Tracker(env={})
    run.employ(queue)
    people = {user.login: user.email for user in queue.store.users.values()}
    assert people["e.kurganova"] == staff.address("e.kurganova")
    assert {role.value for role in staff.LOGINS} <= people.keys()
    assert queue.tokens.user("OAuth demo-token").login == "robot-dispatch"
    queue.stop()


def test_its_card_makes_the_product_mirror_every_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Tracker(env={})
    run.write_card(tmp_path, queue, run.call_the_desk(queue, 8000))
    assert run.known_port(tmp_path) == int(queue.url.rpartition(":")[2])
    for name, value in tracker.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    settings = read_tracker()
    assert settings is not None
    assert settings.url == queue.url
    assert {queue.store.field(ident).id for ident in settings.fields.values()} <= queue.store.fields.keys()
    assert len(settings.fields) == 11
    (trigger,) = queue.hooks.triggers
    assert trigger.headers["X-Dispatch-Hook"] == settings.hook_secret
    assert trigger.endpoint == "http://127.0.0.1:8000/tracker/hint/"
    queue.stop()


def test_a_card_of_a_process_that_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    paths.tracker_file(tmp_path).write_text(json.dumps({"pid": 2**22 + 1, "environment": {"YT_QUEUE": "X"}}))
    assert tracker.environment(tmp_path) == {}
    assert tracker.was_on(tmp_path)


def test_the_file_of_logins_names_its_page_while_it_runs(tmp_path: Path) -> None:
    logins = paths.logins_file(tmp_path)
    tracker.note_address(tmp_path, "http://127.0.0.1:1")
    assert not logins.exists()
    logins.write_text("dispatcher / secret\n")
    for _ in range(2):
        tracker.note_address(tmp_path, "http://127.0.0.1:1")
    assert logins.read_text().count("http://127.0.0.1:1/") == 1
    assert os.stat(logins).st_mode & 0o077 == 0
    tracker.note_address(tmp_path, "")
    assert logins.read_text() == "dispatcher / secret\n"


def test_settings_of_ones_own_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracker.own_settings():
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKER", "1")
    assert tracker.own_settings() == []
    monkeypatch.setenv("YT_QUEUE", "REAL")
    assert tracker.own_settings() == ["YT_QUEUE"]
    assert tracker.is_wanted()
