"""The official client of Tracker, unchanged, works against the look-alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from yandex_tracker_client import TrackerClient
from yandex_tracker_client.exceptions import (
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    TrackerServerError,
    UnprocessableEntity,
)

from demo.tracker import Tracker
from demo.tracker.records import Step

LOCAL = "66b1aa00bb11cc22dd33ee44--typeOfProblem"


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(env={}) as running:
        yield running


@pytest.fixture
def client(tracker: Tracker) -> Any:
    return client_of(tracker)


def client_of(tracker: Tracker, **options: Any) -> Any:
    options = {"token": "demo-token", "org_id": "1", "retries": 0, **options}
    return TrackerClient(base_url=tracker.url, **options)


def issue_of(client: Any, summary: str = "Нет связи с БС 7712", **fields: Any) -> Any:
    return client.issues.create(queue="DISPATCH", summary=summary, **fields)


def test_an_issue_is_created_and_read_with_all_of_its_fields(client: Any) -> None:
    made = issue_of(client, incidentDbId=1041, assignee="anna", **{LOCAL: "Авария ВОЛС"})
    read = client.issues[made.key]
    assert (read.summary, read.incidentDbId, read.assignee.display) == ("Нет связи с БС 7712", 1041, "Анна К.")
    assert (read.status.key, read.queue.key, read.version) == ("open", "DISPATCH", 1)
    assert read[LOCAL] == "Авария ВОЛС"
    assert read.tags == []


def test_the_same_unique_gives_the_same_issue(client: Any, tracker: Tracker) -> None:
    first, again = (issue_of(client, unique="dispatch:inc:1") for _ in range(2))
    assert again.key == first.key
    assert len(tracker.store.issues) == 1


def test_a_create_whose_answer_was_lost_makes_one_issue(tracker: Tracker) -> None:
    patient = client_of(tracker, retries=3)
    tracker.fail(status=503, after=True, method="POST", path="/issues/$")
    assert issue_of(patient, unique="dispatch:inc:1").summary
    assert len(tracker.store.issues) == 1


def test_a_dropped_connection_is_tried_again_by_the_client(tracker: Tracker) -> None:
    tracker.fail(kind="drop", path="/myself")
    assert client_of(tracker, retries=3).myself.login == "robot-dispatch"


def test_a_change_on_an_old_version_is_refused(client: Any, tracker: Tracker) -> None:
    stale, fresh = client.issues[issue_of(client).key], client.issues["DISPATCH-1"]
    assert stale.version == fresh.version
    fresh.update(summary="Новое")
    with pytest.raises(PreconditionFailed):
        stale.update(summary="Старое")
    tracker.store.rules.stale_match = 409
    with pytest.raises(Conflict):
        stale.update(summary="Старое")
    stale.update(summary="Всё равно", ignore_version_change=True)
    assert client.issues["DISPATCH-1"].summary == "Всё равно"


def test_a_status_changes_only_by_a_transition(client: Any) -> None:
    issue = issue_of(client)
    with pytest.raises(UnprocessableEntity):
        issue.update(status="closed")
    assert {step.to.key for step in issue.transitions.get_all()} == {"new", "inProgress", "error", "needAcceptance"}
    issue.transitions["open-inProgress"].execute(comment="взяли")
    read = client.issues[issue.key]
    assert (read.status.key, read.previousStatus.key) == ("inProgress", "open")
    assert [comment.text for comment in read.comments.get_all()] == ["взяли"]
    with pytest.raises(NotFound):
        read.transitions["closed-inProgress"].execute()


def test_a_step_with_a_screen_asks_for_its_fields(client: Any, tracker: Tracker) -> None:
    tracker.store.steps.insert(0, Step("close", "Закрыть", "open", "closed", ("resolution",)))
    issue = issue_of(client)
    with pytest.raises(UnprocessableEntity) as refusal:
        issue.transitions["close"].execute()
    assert "resolution" in refusal.value.errors
    issue.transitions["close"].execute(resolution="fixed")
    assert client.issues[issue.key].status.key == "closed"


def test_comments_are_written_rewritten_and_removed(client: Any, tmp_path: Path) -> None:
    issue, act = issue_of(client), tmp_path / "Акт №1.txt"
    act.write_bytes(b"\x00\x01 act")
    comment = issue.comments.create(text="Бригада выехала", attachments=[str(act)])
    assert [file.display for file in comment.attachments] == ["Акт №1.txt"]
    comment.update(text="Бригада на месте")
    (read,) = issue.comments.get_all()
    assert (read.text, read.version) == ("Бригада на месте", 2)
    read.delete()
    assert list(issue.comments.get_all()) == []


def test_files_come_back_byte_for_byte(client: Any, tmp_path: Path) -> None:
    source = tmp_path / "photo.bin"
    source.write_bytes(bytes(range(256)) * 100)
    issue = issue_of(client)
    file = issue.attachments.create(str(source))
    (tmp_path / "back").mkdir()
    file.download_to(str(tmp_path / "back"))
    assert (tmp_path / "back" / "photo.bin").read_bytes() == source.read_bytes()


def test_issues_are_found_by_filter_in_order_page_by_page(client: Any, tracker: Tracker) -> None:
    keys = [issue_of(client, summary=f"Заявка {number}", incidentDbId=number).key for number in range(7)]
    found = client.issues.find(filter={"queue": "DISPATCH"}, order=["+createdAt"], per_page=3)
    assert [issue.key for issue in found] == keys
    pages = sum(call == ("POST", "issues/_search") for call in tracker.calls)
    assert pages == 3
    assert [issue.key for issue in client.issues.find(filter={"incidentDbId": 4})] == [keys[4]]
    assert client.issues.find(filter={"queue": "DISPATCH"}, count_only=True) == 7


def test_issues_are_found_by_the_query_language(client: Any) -> None:
    for number in range(3):
        issue_of(client, summary=f"Заявка {number}")
    client.issues["DISPATCH-2"].transitions["open-inProgress"].execute()
    found = client.issues.find('Queue: DISPATCH Status: inProgress, closed "Sort by": Updated ASC')
    assert [issue.key for issue in found] == ["DISPATCH-2"]


def test_a_scroll_shows_the_list_as_it_was(client: Any) -> None:
    for number in range(5):
        issue_of(client, summary=f"Заявка {number}")
    found = client.issues.find(filter={"queue": "DISPATCH"}, scroll_type="sorted", per_scroll=2)
    seen = []
    for issue in found:
        seen.append(issue.key)
        if len(seen) == 1:
            issue_of(client, summary="Позже")
    assert len(seen) == len(set(seen)) == 5


def test_the_changelog_says_who_changed_what(client: Any, tracker: Tracker) -> None:
    issue = issue_of(client)
    key = issue.key
    with tracker.lock:
        tracker.store.patch(tracker.store.find(key), {"summary": "Правка Анны"}, tracker.person("anna"), None, None)
    rows = list(issue.changelog.get_all())
    assert [row.type for row in rows] == ["IssueCreated", "IssueUpdated"]
    assert rows[-1].updatedBy.display == "Анна К."
    change = rows[-1].fields[0]
    assert (change["field"].id, change["to"]) == ("summary", "Правка Анны")


def test_links_fields_statuses_and_people_are_listed(client: Any) -> None:
    first, second = issue_of(client), issue_of(client)
    first.links.create("relates", second.key)
    assert [link.object.key for link in first.links] == [second.key]
    with pytest.raises(UnprocessableEntity):
        first.links.create("relates", second.key)
    assert {"closed", "peredanoPodradciku"} <= {status.key for status in client.statuses.get_all()}
    assert {user.login for user in client.users.get_all()} >= {"anna", "oleg"}
    (local,) = client.queues["DISPATCH"].local_fields
    assert (local.id, local.key) == (LOCAL, "typeOfProblem")


def test_what_may_not_be_is_refused_by_its_own_error(client: Any, tracker: Tracker) -> None:
    with pytest.raises(NotFound):
        client.issues["DISPATCH-99"].summary  # noqa: B018 - reading it is the call
    issue = issue_of(client)
    with pytest.raises(UnprocessableEntity):
        issue.update(**{LOCAL: "Такого типа нет"})
    tracker.store.issues[issue.id].version = 10_100
    with pytest.raises(TrackerServerError):
        client.issues[issue.key].update(summary="Ещё раз")
    tracker.store.robot.has_license = False
    with pytest.raises(Forbidden):
        client.myself  # noqa: B018 - reading it is the call


def test_a_token_that_has_ended_opens_nothing(client: Any, tracker: Tracker) -> None:
    assert client.myself.login == "robot-dispatch"
    tracker.tokens.expire()
    with pytest.raises(TrackerServerError):
        client_of(tracker).myself  # noqa: B018 - reading it is the call


def test_the_newer_version_of_the_api_and_cloud_organisations_are_served(tracker: Tracker) -> None:
    cloud = TrackerClient(
        iam_token="demo-token", cloud_org_id="bpf1", base_url=tracker.url, api_version="v3", retries=0
    )
    assert issue_of(cloud).self.startswith(f"{tracker.url}/v3/issues/")
