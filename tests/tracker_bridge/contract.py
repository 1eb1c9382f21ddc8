"""What every backend must keep, said once: subclass `Contract` with a fixture `world` for the tracker in question."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import pytest

from tracker_bridge.protocol import (
    Conflict,
    Gone,
    IssueDraft,
    Refused,
    RemoteComment,
    RemoteFile,
    RemoteIssue,
    RemoteRef,
    TrackerBackend,
    Upload,
    Value,
)

LONG = "Строка с `кодом` и ```забором```, @ivan, {{ issue.key }}\n" * 200


class World(Protocol):
    """A tracker with people in it. `status` is one that a new issue may be brought to by one step."""

    backend: TrackerBackend
    status: str
    # Names a status that exists and no step leads to; empty where any step is allowed.
    forbidden: str

    def edit(self, ref: RemoteRef, **fields: Value) -> None: ...

    def create(self, summary: str) -> RemoteRef: ...

    def say(self, ref: RemoteRef, text: str) -> None: ...

    def vanish(self, ref: RemoteRef) -> None: ...


class Contract:
    def test_an_issue_is_created_once_under_its_key(self, world: World) -> None:
        first = world.backend.ensure_issue(draft("Нет питания на KI0075"), idem="one")
        again = world.backend.ensure_issue(draft("Нет питания на KI0075"), idem="one")
        other = world.backend.ensure_issue(draft("Нет питания на KI0075"), idem="two")
        assert again.ref.id == first.ref.id != other.ref.id
        assert first.fields["summary"] == "Нет питания на KI0075"
        assert first.ref.key
        assert first.ref.url.endswith(first.ref.key.rpartition("-")[2].lstrip("#"))

    def test_an_issue_is_read_as_it_was_written(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Пропало ВЭС", description=LONG), idem="one")
        read = world.backend.get_issue(made.ref)
        assert read.fields["summary"] == "Пропало ВЭС"
        assert str(read.fields["description"]).strip() == LONG.strip()
        assert read.is_ours
        assert read.in_scope

    def test_only_what_is_named_is_written(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Было", description="текст"), idem="one")
        changed = world.backend.update_fields(made.ref, {"summary": "Стало"}, expect=made.version)
        assert (changed.fields["summary"], changed.fields["description"]) == ("Стало", "текст")
        assert changed.version != made.version

    def test_a_write_over_a_newer_version_is_a_conflict(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Было"), idem="one")
        world.edit(made.ref, summary="Чужое")
        with pytest.raises(Conflict):
            world.backend.update_fields(made.ref, {"summary": "Наше"}, expect=made.version)
        assert world.backend.get_issue(made.ref).fields["summary"] == "Чужое"

    def test_a_status_is_reached_once_and_staying_there_is_no_change(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        moved = world.backend.set_status(made.ref, world.status)
        assert moved.status == world.status
        assert world.backend.set_status(made.ref, world.status).version == moved.version

    def test_a_status_that_no_step_leads_to_is_refused(self, world: World) -> None:
        if not world.forbidden:
            pytest.skip("this tracker allows any step")
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        with pytest.raises(Refused) as refusal:
            world.backend.set_status(made.ref, world.forbidden)
        assert refusal.value.field == "status"

    def test_a_comment_is_written_once_under_its_key(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        first = world.backend.put_comment(made.ref, LONG, idem="letter:1")
        again = world.backend.put_comment(made.ref, LONG, idem="letter:1")
        assert again.id == first.id
        (kept,) = world.backend.comments(made.ref)
        assert kept.idem == "letter:1"
        assert kept.text.strip() == LONG.strip()

    def test_comments_of_people_carry_no_key_of_ours(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        world.backend.put_comment(made.ref, "наше", idem="note:1")
        world.say(made.ref, "Бригада выехала")
        ours, theirs = world.backend.comments(made.ref)
        assert (ours.idem, theirs.idem) == ("note:1", "")
        assert theirs.text == "Бригада выехала"
        assert theirs.author

    def test_a_comment_of_ours_is_rewritten_in_its_place(self, world: World) -> None:
        if not world.backend.caps.edits_comments:
            pytest.skip("comments stay as they are in this tracker")
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        first = world.backend.put_comment(made.ref, "было", idem="note:1")
        world.backend.put_comment(made.ref, "стало", idem="note:1", replace=first.id)
        assert [(each.id, each.text) for each in world.backend.comments(made.ref)] == [(first.id, "стало")]

    def test_files_come_back_byte_for_byte(self, world: World) -> None:
        if not world.backend.caps.files:
            pytest.skip("this tracker keeps no files")
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        content = bytes(range(256)) * 40
        upload = Upload("Акт осмотра №1.pdf", "application/pdf", content)
        written = world.backend.put_comment(made.ref, "акт", [upload], idem="letter:1")
        (file,) = files_of(world, made.ref, written)
        assert (file.name, file.size) == (upload.name, len(content))
        assert b"".join(world.backend.open_file(made.ref, file)) == content

    def test_changes_tell_of_everything_once_more_at_most(self, world: World) -> None:
        made = [world.backend.ensure_issue(draft(f"Заявка {number}"), idem=str(number)) for number in range(7)]
        cursor, seen = follow(world, "")
        assert {issue.ref.id for issue in made} <= {issue.ref.id for issue in seen}
        world.edit(made[3].ref, summary="Правка человека")
        by_hand = world.create("Заявка человека")
        later = until(lambda: follow(world, cursor)[1], lambda found: by_hand.id in {each.ref.id for each in found})
        told = {issue.ref.id: issue for issue in later}
        assert told[made[3].ref.id].fields["summary"] == "Правка человека"
        assert not told[made[3].ref.id].is_ours
        assert told[by_hand.id].fields["summary"] == "Заявка человека"

    def test_an_empty_field_is_empty_and_not_missing_words(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Питание", description="текст"), idem="one")
        cleared = world.backend.update_fields(made.ref, {"description": None}, expect=made.version)
        assert not cleared.fields.get("description")

    def test_what_is_gone_is_said_to_be_gone(self, world: World) -> None:
        made = world.backend.ensure_issue(draft("Питание"), idem="one")
        world.vanish(made.ref)
        with pytest.raises(Gone):
            world.backend.get_issue(made.ref)

    def test_people_who_may_be_given_issues_are_known_by_login_and_address(self, world: World) -> None:
        people = world.backend.people()
        assert people
        assert all(person.login and "@" in person.email for person in people)

    def test_a_tracker_that_is_set_up_has_no_problems(self, world: World) -> None:
        assert world.backend.check() == []


def draft(summary: str, description: str = "", **fields: Value) -> IssueDraft:
    return IssueDraft(summary, description, fields)


def follow(world: World, cursor: str) -> tuple[str, list[RemoteIssue]]:
    """All that changed after the cursor, and the next one."""
    seen: list[RemoteIssue] = []
    for page in world.backend.changes(cursor):
        seen += page.issues
        cursor = page.cursor
    return cursor, seen


def files_of(world: World, ref: RemoteRef, written: RemoteComment) -> tuple[RemoteFile, ...]:
    return next(each.files for each in world.backend.comments(ref) if each.id == written.id)


def until(ask: Callable[[], list[RemoteIssue]], enough: Callable[[list[RemoteIssue]], bool]) -> list[RemoteIssue]:
    """What searches find may lag behind what is there."""
    deadline = time.monotonic() + 10
    while not enough(found := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
