"""The calls of the API, each a line of ROUTES and a function."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from demo.tracker import hooks
from demo.tracker.records import ApiError, Issue
from demo.tracker.request import Reply, Request
from demo.tracker.search import Search

if TYPE_CHECKING:
    from demo.tracker.server import Tracker

Route = Callable[..., Reply]


def myself(tracker: Tracker, request: Request) -> Reply:
    return Reply(request.shapes.user(request.by))


def users(tracker: Tracker, request: Request) -> Reply:
    return tracker.pages.numbered(request, list(request.store.users.values()), request.shapes.user)


def user(tracker: Tracker, request: Request, name: str) -> Reply:
    try:
        return Reply(request.shapes.user(request.store.user(name)))
    except ApiError:
        raise ApiError(404, "Пользователь не существует.") from None


def statuses(tracker: Tracker, request: Request) -> Reply:
    return Reply([request.shapes.status(each) for each in request.store.statuses.values()])


def status(tracker: Tracker, request: Request, name: str) -> Reply:
    return Reply(request.shapes.status(request.store.status(name)))


def fields(tracker: Tracker, request: Request) -> Reply:
    return Reply([request.shapes.field(each) for each in request.store.fields.values() if not each.queue])


def field(tracker: Tracker, request: Request, name: str) -> Reply:
    if name not in request.store.fields:
        raise ApiError(404, "Поле не существует.")
    return Reply(request.shapes.field(request.store.fields[name]))


def local_fields(tracker: Tracker, request: Request, queue: str) -> Reply:
    _queue(request, queue)
    return Reply([request.shapes.field(each) for each in request.store.fields.values() if each.queue == queue])


def queue(tracker: Tracker, request: Request, queue: str) -> Reply:
    return Reply(request.shapes.queue_whole(_queue(request, queue)))


def queues(tracker: Tracker, request: Request) -> Reply:
    store = request.store
    return Reply([request.shapes.queue_whole(each) for each in (store.queue, store.other_queue)])


def add_trigger(tracker: Tracker, request: Request, queue: str) -> Reply:
    _queue(request, queue)
    trigger = hooks.of_request(len(tracker.hooks.triggers) + 1, request.json)
    tracker.hooks.triggers.append(trigger)
    return Reply(request.shapes.trigger(trigger), 201)


def triggers(tracker: Tracker, request: Request, queue: str) -> Reply:
    return Reply([request.shapes.trigger(each) for each in tracker.hooks.triggers])


def trigger_log(tracker: Tracker, request: Request, queue: str, number: str) -> Reply:
    return Reply(next((each.log for each in tracker.hooks.triggers if str(each.id) == number), []))


def create(tracker: Tracker, request: Request) -> Reply:
    issue = request.store.create(request.json, request.by)
    tracker.hooks.fire(issue)
    return Reply(request.shapes.issue(issue), 201)


def read(tracker: Tracker, request: Request, name: str) -> Reply:
    return Reply(request.shapes.issue(request.store.find(name), expand=request.expand))


def patch(tracker: Tracker, request: Request, name: str) -> Reply:
    issue, version = request.store.find(name), request.params.get("version")
    request.store.patch(issue, request.json, request.by, int(version) if version else None, request.match)
    tracker.hooks.fire(issue)
    return Reply(request.shapes.issue(issue))


def find_by_unique(tracker: Tracker, request: Request) -> Reply:
    return Reply(request.shapes.issue(request.store.find_by_unique(request.params.get("unique", ""))))


def search(tracker: Tracker, request: Request) -> Reply:
    asked = Search(request.store, request.json, request.by)

    def shape(issue: Issue) -> Any:
        return request.shapes.issue(issue, expand=request.expand)

    if "scrollType" in request.params or "scrollId" in request.params:
        if not asked.may_scroll:
            raise ApiError(400, "Scroll is not supported.")
        return tracker.pages.scrolled(request, asked.found, shape)
    if asked.way == "queue":
        return tracker.pages.relative(request, asked.found(), shape)
    return tracker.pages.numbered(request, asked.found(), shape)


def count(tracker: Tracker, request: Request) -> Reply:
    return Reply(len(Search(request.store, request.json, request.by).found()))


def clear_scroll(tracker: Tracker, request: Request) -> Reply:
    tracker.pages.forget(list(request.json))
    return Reply(status=204)


def transitions(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    return Reply([request.shapes.step(issue, each) for each in request.store.steps_from(issue)])


def transition(tracker: Tracker, request: Request, name: str, step: str) -> Reply:
    issue = request.store.find(name)
    return Reply(request.shapes.step(issue, request.store.step(issue, step)))


def execute(tracker: Tracker, request: Request, name: str, step: str) -> Reply:
    issue = request.store.execute(request.store.find(name), step, request.json, request.by)
    tracker.hooks.fire(issue)
    return Reply([request.shapes.step(issue, each) for each in request.store.steps_from(issue)])


def changelog(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    rows = [
        each
        for each in issue.changes
        if request.params.get("type") in (None, each.type)
        and request.params.get("field") in (None, *(name for name, _, _ in each.fields))
    ]
    return tracker.pages.relative(request, rows, lambda change: request.shapes.change(issue, change))


def comments(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    return tracker.pages.relative(
        request, issue.comments, lambda each: request.shapes.comment(issue, each, expand=request.expand)
    )


def add_comment(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    comment = request.store.comment(issue, request.json, request.by)
    tracker.hooks.fire(issue)
    return Reply(request.shapes.comment(issue, comment), 201)


def comment(tracker: Tracker, request: Request, name: str, number: str) -> Reply:
    issue = request.store.find(name)
    return Reply(request.shapes.comment(issue, request.store.find_comment(issue, number), expand=request.expand))


def rewrite_comment(tracker: Tracker, request: Request, name: str, number: str) -> Reply:
    issue = request.store.find(name)
    comment = request.store.find_comment(issue, number)
    if request.match not in (None, comment.version):
        raise ApiError(request.store.rules.stale_match, "Комментарий был изменен.")
    text = str(request.json.get("text") or "")
    return Reply(request.shapes.comment(issue, request.store.rewrite(issue, comment, text, request.by)))


def remove_comment(tracker: Tracker, request: Request, name: str, number: str) -> Reply:
    issue = request.store.find(name)
    request.store.remove_comment(issue, request.store.find_comment(issue, number), request.by)
    return Reply(status=204)


def upload(tracker: Tracker, request: Request) -> Reply:
    return Reply(request.shapes.file(None, request.store.upload(*request.file(), request.by)), 201)


def attach(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    return Reply(request.shapes.file(issue, request.store.upload(*request.file(), request.by, issue)), 201)


def attachments(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    return Reply([request.shapes.file(issue, each) for each in request.store.files_of(issue)])


def attachment(tracker: Tracker, request: Request, name: str, number: str) -> Reply:
    return Reply(request.shapes.file(request.store.find(name), request.store.find_file(number)))


def download(tracker: Tracker, request: Request, number: str, name: str = "") -> Reply:
    file = request.store.find_file(number)
    return Reply(file.content, content_type=file.content_type)


def links(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.find(name)
    return Reply([_link(request, issue, each.id, each.kind, each.other) for each in issue.links])


def add_link(tracker: Tracker, request: Request, name: str) -> Reply:
    issue, given = request.store.find(name), request.json
    link = request.store.link(issue, str(given.get("relationship", "relates")), str(given.get("issue", "")))
    return Reply(_link(request, issue, link.id, link.kind, link.other), 201)


def move(tracker: Tracker, request: Request, name: str) -> Reply:
    issue = request.store.move(request.store.find(name), request.params.get("queue", ""), request.by)
    tracker.hooks.fire(issue)
    return Reply(request.shapes.issue(issue))


def _queue(request: Request, key: str) -> str:
    # Keys of queues are case-sensitive.
    if key not in (request.store.queue, request.store.other_queue):
        raise ApiError(404, "Очередь не существует.")
    return key


def _link(request: Request, issue: Issue, number: int, kind: str, other: str) -> dict[str, Any]:
    own = f"{request.base}/issues/{issue.key}/links/{number}"
    target = request.store.issues[other]
    return {
        "self": own,
        "id": number,
        "type": {"self": f"{request.base}/linktypes/{kind}", "id": kind, "inward": kind, "outward": kind},
        "direction": "outward",
        "object": {
            "self": f"{request.base}/issues/{target.key}",
            "id": target.id,
            "key": target.key,
            "display": target.values.get("summary", ""),
        },
    }


ISSUE, COMMENT, FILE, QUEUE = (r"issues/(?P<name>[^/]+)", r"(?P<number>[^/]+)", r"(?P<number>\d+)", r"(?P<queue>[^/]+)")
STEP = r"(?P<step>[^/]+)"
ROUTES: list[tuple[str, re.Pattern[str], Route]] = [
    (method, re.compile(f"{pattern}$"), route)
    for method, pattern, route in (
        ("GET", "myself", myself),
        ("GET", "users", users),
        ("GET", r"users/(?P<name>[^/]+)", user),
        ("GET", "statuses", statuses),
        ("GET", r"statuses/(?P<name>[^/]+)", status),
        ("GET", "fields", fields),
        ("GET", r"fields/(?P<name>[^/]+)", field),
        ("GET", "queues", queues),
        ("GET", f"queues/{QUEUE}", queue),
        ("GET", f"queues/{QUEUE}/localFields", local_fields),
        ("GET", f"queues/{QUEUE}/triggers", triggers),
        ("POST", f"queues/{QUEUE}/triggers", add_trigger),
        ("GET", f"queues/{QUEUE}/triggers/{FILE}/webhooks/log", trigger_log),
        ("POST", "issues", create),
        ("POST", "issues/_search", search),
        ("POST", "issues/_count", count),
        ("POST", "issues/_findByUnique", find_by_unique),
        ("POST", "system/search/scroll/_clear", clear_scroll),
        ("GET", ISSUE, read),
        ("PATCH", ISSUE, patch),
        ("POST", f"{ISSUE}/_move", move),
        ("GET", f"{ISSUE}/transitions", transitions),
        ("GET", f"{ISSUE}/transitions/{STEP}", transition),
        ("POST", f"{ISSUE}/transitions/{STEP}/_execute", execute),
        ("GET", f"{ISSUE}/changelog", changelog),
        ("GET", f"{ISSUE}/comments", comments),
        ("POST", f"{ISSUE}/comments", add_comment),
        ("GET", f"{ISSUE}/comments/{COMMENT}", comment),
        ("PATCH", f"{ISSUE}/comments/{COMMENT}", rewrite_comment),
        ("DELETE", f"{ISSUE}/comments/{COMMENT}", remove_comment),
        ("POST", "attachments", upload),
        ("POST", f"{ISSUE}/attachments", attach),
        ("GET", f"{ISSUE}/attachments", attachments),
        ("GET", f"{ISSUE}/attachments/{FILE}", attachment),
        ("GET", f"{ISSUE}/attachments/{FILE}/download", download),
        ("GET", f"attachments/{FILE}/download", download),
        ("GET", f"{ISSUE}/links", links),
        ("POST", f"{ISSUE}/links", add_link),
    )
]


def route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The function of a call and the names in its path; 404 where there is none, 405 where the method is another."""
    known = False
    for wanted, pattern, function in ROUTES:
        if matched := pattern.match(path):
            if wanted == method:
                return function, matched.groupdict()
            known = True
    raise ApiError(405 if known else 404, "Метод не поддерживается." if known else "Ресурс не существует.")
