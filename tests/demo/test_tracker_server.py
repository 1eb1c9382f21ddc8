"""The traps and failures of the look-alike of Tracker, as plain calls see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from demo.tracker import Tracker

HEADERS = {"Authorization": "OAuth demo-token", "X-Org-ID": "1"}
LOCAL = "66b1aa00bb11cc22dd33ee44--typeOfProblem"


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker(env={}, wait=2) as running:
        yield running


def call(tracker: Tracker, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(method, f"{tracker.url}{path}", **{"headers": HEADERS, "timeout": 5, **options})


def issue(tracker: Tracker, **fields: Any) -> dict[str, Any]:
    made = call(tracker, "POST", "/v2/issues/", json={"queue": "DISPATCH", "summary": "Нет питания", **fields})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def found(tracker: Tracker, **body: Any) -> list[str]:
    return [each["key"] for each in call(tracker, "POST", "/v2/issues/_search", json=body).json()]


def test_paths_are_served_with_and_without_a_slash_and_unknown_parameters_are_ignored(tracker: Tracker) -> None:
    assert call(tracker, "GET", "/v2/statuses").json() == call(tracker, "GET", "/v2/statuses/?_py=1").json()


def test_nobody_is_let_in_without_token_and_organisation(tracker: Tracker) -> None:
    assert call(tracker, "GET", "/v2/myself", headers={"X-Org-ID": "1"}).status_code == 401
    assert call(tracker, "GET", "/v2/myself", headers={"Authorization": "OAuth demo-token"}).status_code == 403


def test_refusals_say_why(tracker: Tracker) -> None:
    refusal = call(tracker, "POST", "/v2/issues/", json={"queue": "DISPATCH", "summary": "x", LOCAL: "Нет такого"})
    assert refusal.status_code == 422
    assert refusal.json() == {
        "errors": {LOCAL: "Значение не входит в список допустимых."},
        "errorsData": {},
        "errorMessages": [],
        "statusCode": 422,
    }


def test_a_change_that_changes_nothing_costs_a_version(tracker: Tracker) -> None:
    made = issue(tracker)
    same = call(tracker, "PATCH", f"/v2/issues/{made['key']}", json={"summary": "Нет питания"}).json()
    assert same["version"] == made["version"] + 1


def test_an_issue_that_is_moved_keeps_its_id_and_loses_local_fields(tracker: Tracker) -> None:
    made = issue(tracker, **{LOCAL: "Авария ВОЛС"})
    call(tracker, "POST", f"/v2/issues/{made['key']}/_move?queue=DISPATCHARCHIVE")
    read = call(tracker, "GET", f"/v2/issues/{made['key']}").json()
    assert (read["id"], read["key"], read["aliases"]) == (made["id"], "DISPATCHARCHIVE-1", [made["key"]])
    assert LOCAL not in read


def test_a_search_sees_a_change_after_the_lag(tracker: Tracker) -> None:
    tracker.store.rules.search_lag_ms = 300
    made = issue(tracker)
    assert found(tracker, filter={"queue": "DISPATCH"}) == []
    assert call(tracker, "GET", f"/v2/issues/{made['id']}").status_code == 200
    time.sleep(0.35)
    assert found(tracker, filter={"queue": "DISPATCH"}) == [made["key"]]


def test_ways_of_searching_do_not_mix_and_nulls_count_as_absent(tracker: Tracker) -> None:
    made = issue(tracker)
    assert call(tracker, "POST", "/v2/issues/_search", json={"queue": "DISPATCH", "query": "x"}).status_code == 400
    assert found(tracker, queue="DISPATCH", filter=None, query=None, keys=None, order=None) == [made["key"]]


def test_changes_are_found_from_a_moment_on(tracker: Tracker) -> None:
    first, second = issue(tracker), issue(tracker)
    since = second["updatedAt"]
    ranged = {"queue": "DISPATCH", "updatedAt": {"from": since}}
    assert found(tracker, filter=ranged, order=["+updatedAt"])[-1] == second["key"]
    assert first["updatedAt"] <= since


def test_too_many_calls_are_told_to_wait(tracker: Tracker) -> None:
    tracker.faults.bucket.per_second = 2
    answers = [call(tracker, "GET", "/v2/myself") for _ in range(6)]
    slow = [answer for answer in answers if answer.status_code == 429]
    assert slow
    assert slow[0].headers["Retry-After"] == "1"
    tracker.faults.bucket.says_when = False
    answers = [call(tracker, "GET", "/v2/myself") for _ in range(6)]
    assert all("Retry-After" not in answer.headers for answer in answers)


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
def test_a_connection_is_dropped_before_or_after_the_effect(tracker: Tracker, after: bool, made: int) -> None:
    tracker.fail(kind="drop", after=after, method="POST")
    with pytest.raises(requests.ConnectionError):
        issue(tracker)
    assert len(tracker.store.issues) == made


def test_a_proxy_answers_with_a_page(tracker: Tracker) -> None:
    tracker.fail(kind="html", status=200)
    answer = call(tracker, "GET", "/v2/myself")
    assert answer.status_code == 200
    assert "json" not in answer.headers["Content-Type"]


def test_an_answer_may_never_come(tracker: Tracker) -> None:
    tracker.fail(kind="hang")
    with pytest.raises(requests.ReadTimeout):
        call(tracker, "GET", "/v2/myself", timeout=0.3)


def test_comments_are_limited(tracker: Tracker) -> None:
    tracker.store.rules.comments = 2
    made = issue(tracker)
    codes = [
        call(tracker, "POST", f"/v2/issues/{made['key']}/comments", json={"text": "раз"}).status_code for _ in range(3)
    ]
    assert codes == [201, 201, 422]


def test_a_pair_of_tokens_is_rotated_and_the_old_one_is_no_good(tracker: Tracker) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "demo-refresh"}
    client = {"client_id": "demo-client", "client_secret": "demo-secret"}
    granted = requests.post(f"{tracker.url}/oauth/token", data={**form, **client}, timeout=5)
    assert granted.status_code == 200
    again = requests.post(f"{tracker.url}/oauth/token", data=form, auth=("demo-client", "demo-secret"), timeout=5)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert call(tracker, "GET", "/v2/myself").status_code == 401
    fresh = {**HEADERS, "Authorization": f"OAuth {granted.json()['access_token']}"}
    assert call(tracker, "GET", "/v2/myself", headers=fresh).status_code == 200


def test_a_trigger_calls_a_web_address_after_a_change(tracker: Tracker) -> None:
    calls: list[tuple[str | None, bytes]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append((self.headers["X-Dispatch-Hook"], body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        action = {
            "type": "Webhook",
            "endpoint": f"http://127.0.0.1:{server.server_port}/",
            "headers": {"X-Dispatch-Hook": "secret"},
            "body": '{"key":"{{issue.key}}"}',
        }
        call(tracker, "POST", "/v3/queues/DISPATCH/triggers", json={"name": "us", "actions": [action]})
        issue(tracker)
        deadline = time.monotonic() + 5
        while not calls and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert calls == [("secret", b'{"key":"DISPATCH-1"}')]


def test_a_person_acts_through_the_page(tracker: Tracker) -> None:
    def act(**form: str) -> requests.Response:
        return requests.post(f"{tracker.url}/act", data={"by": "anna", **form}, timeout=5)

    shown = act(do="create", summary="Заявка <b>по телефону</b>")
    assert "&lt;b&gt;по телефону" in shown.text
    act(do="step", issue="DISPATCH-1", step="open-inProgress")
    act(do="field", issue="DISPATCH-1", field="poleNumber", value="41960-P-43-1-1")
    assert "Бригада едет" in act(do="comment", issue="DISPATCH-1", text="Бригада едет").text
    refused = act(do="field", issue="DISPATCH-1", field=LOCAL, value="Выдумка")
    assert "не входит в список" in refused.text
    read = call(tracker, "GET", "/v2/issues/DISPATCH-1").json()
    assert (read["status"]["key"], read["poleNumber"], read["updatedBy"]["display"]) == (
        *("inProgress", "41960-P-43-1-1", "Анна К."),
    )
    assert "Заявка" in requests.get(tracker.url, timeout=5).text
    act(do="hide", issue="DISPATCH-1")
    assert call(tracker, "GET", "/v2/issues/DISPATCH-1").status_code == 404


def test_keys_of_the_queue_are_those_of_the_settings() -> None:
    env = {"YT_QUEUE": "DISP", "YT_ACCESS_TOKEN": "own", "YT_ON_GENERATION_STATUS_KEY": "onGenerator"}
    with Tracker(env=env) as tracker:
        headers = {**HEADERS, "Authorization": "OAuth own"}
        keys = {each["key"] for each in call(tracker, "GET", "/v2/statuses/", headers=headers).json()}
        assert "onGenerator" in keys
        assert "naGeneraciiNb" not in keys
        assert call(tracker, "GET", "/v2/queues/DISP", headers=headers).status_code == 200
        assert call(tracker, "GET", "/v2/queues/disp", headers=headers).status_code == 404
