"""The page on which somebody acts as a user of the look-alike."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests

from demo.tracker import Tracker
from demo.tracker.page_parts import rendered
from demo.tracker.records import Issue
from demo.tracker.seed import LOCAL_FIELD


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(env={}, wait=1) as running:
        yield running


@pytest.fixture
def issue(tracker: Tracker) -> Issue:
    values = {"queue": "DISPATCH", "summary": "Нет <связи>", "poleNumber": "7712-P"}
    return tracker.store.create(values, tracker.person("oleg"))


def get(tracker: Tracker, path: str) -> str:
    return requests.get(f"{tracker.url}{path}", timeout=5).text


def act(tracker: Tracker, issue: Issue | None, **form: str) -> str:
    """The page that the deed leads to."""
    named = {"issue": issue.key} if issue else {}
    return requests.post(f"{tracker.url}/act", data={"by": "oleg", **named, **form}, timeout=5).text


def test_the_queue_is_listed_and_searched(tracker: Tracker, issue: Issue) -> None:
    tracker.store.create({"queue": "DISPATCH", "summary": "Другая"}, tracker.person())
    assert "Нет &lt;связи&gt;" in get(tracker, "/")
    found = get(tracker, "/?q=7712")
    assert issue.key in found
    assert "Другая" not in found
    assert "Таких задач нет." in get(tracker, "/?status=closed")


def test_a_user_moves_an_issue_on_and_changes_its_fields(tracker: Tracker, issue: Issue) -> None:
    shown = get(tracker, f"/page/{issue.key}?by=oleg")
    assert "value='step:open-inProgress'" in shown
    assert "В работе" in act(tracker, issue, do="step:open-inProgress")
    act(tracker, issue, do="field:poleNumber", poleNumber="1-2-3")
    act(tracker, issue, do=f"field:{LOCAL_FIELD}", **{LOCAL_FIELD: "Авария ВОЛС"})
    act(tracker, issue, do="field:assignee", assignee="anna")
    assert issue.status == "inProgress"
    assert (issue.values["poleNumber"], issue.values[LOCAL_FIELD]) == ("1-2-3", "Авария ВОЛС")
    assert issue.values["assignee"] == tracker.person("anna").uid
    assert {change.author.login for change in issue.changes} == {"oleg"}
    act(tracker, issue, do="field:poleNumber", poleNumber="")
    assert "poleNumber" not in issue.values


def test_what_is_refused_is_said_above_the_issue(tracker: Tracker, issue: Issue) -> None:
    assert "role=alert" in act(tracker, issue, do="step:no-such-step")


def test_a_user_makes_an_issue(tracker: Tracker) -> None:
    shown = act(tracker, None, do="create", summary="По телефону", poleNumber="7", baseStation=" ")
    (made,) = tracker.store.issues.values()
    assert "По телефону" in shown
    assert made.author.login == "oleg"
    assert made.values["poleNumber"] == "7"
    assert "baseStation" not in made.values


def test_a_user_writes_a_comment_with_a_file(tracker: Tracker, issue: Issue) -> None:
    file = base64.b64encode("Акт".encode()).decode()
    shown = act(tracker, issue, do="comment", text="Готово", name="акт.txt", file=file)
    (comment,) = issue.comments
    assert comment.files[0].content.decode() == "Акт"
    assert "акт.txt" in shown
    answer = requests.get(f"{tracker.url}/page/file/{comment.files[0].id}", timeout=5)
    assert answer.content.decode() == "Акт"
    assert answer.headers["Content-Disposition"] == "attachment"


def test_an_open_page_sees_that_something_changed(tracker: Tracker, issue: Issue) -> None:
    before = get(tracker, f"/page/mark?at=/page/{issue.key}"), get(tracker, "/page/mark?at=/")
    act(tracker, issue, do="comment", text="Новость")
    assert get(tracker, f"/page/mark?at=/page/{issue.key}") != before[0]
    assert get(tracker, "/page/mark?at=/") != before[1]


def test_a_comment_is_shown_as_people_read_it() -> None:
    text = "**Письмо** noc\\@t2.example\n````\n<b>**так**</b>\n```\n````\n\n[//]: # (dispatch letter:1)"
    assert rendered(text) == "<b>Письмо</b> noc@t2.example\n<code>&lt;b&gt;**так**&lt;/b&gt;\n```\n</code>"


def test_an_issue_that_is_hidden_is_not_shown(tracker: Tracker, issue: Issue) -> None:
    act(tracker, issue, do="hide")
    assert issue.key not in get(tracker, "/")
    assert "Такой задачи нет" in get(tracker, f"/page/{issue.key}")
