"""A small page to act as a user of Tracker: see the issues, change them, write, create one by hand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from demo.tracker import page_issue, page_list
from demo.tracker.page_parts import PARTS, Look, mark_of, whole
from demo.tracker.records import ApiError, Issue, User
from demo.tracker.request import Reply

if TYPE_CHECKING:
    from demo.tracker.server import Tracker


def answer(tracker: Tracker, method: str, path: str, query: Mapping[str, list[str]], content: bytes) -> Reply:
    """GET / lists, GET /page/<key> shows one, POST /act does something as the chosen user."""
    if method == "POST":
        return _act(tracker, {name: values[0] for name, values in parse_qs(content.decode()).items()})
    look = Look(tracker, {name: values[0] for name, values in query.items()})
    try:
        if path == "/page/mark":
            return Reply(mark_of(tracker, look.given.get("at", "/")).encode(), content_type="text/plain")
        if path.startswith("/page/file/"):
            return _file(tracker, path.removeprefix("/page/file/"))
        if path.startswith("/page/"):
            issue = tracker.store.find(path.removeprefix("/page/"))
            return _html(whole(look, path, f"{issue.key}", page_issue.body(look, issue)))
    except ApiError as error:
        return _html(whole(look, "/", "Нет такой задачи", PARTS.missing.format(words=error.message)), 404)
    return _html(whole(look, "/", f"Очередь {tracker.store.queue}", page_list.body(look)))


def _act(tracker: Tracker, form: Mapping[str, str]) -> Reply:
    """Do it, and lead back to where it shows; what was refused stands above it."""
    store, said, issue = tracker.store, "", None
    by = form.get("by", "")
    try:
        user, deed = store.user(by or "anna"), form.get("do")
        if deed == "create":
            issue = _created(tracker, form, user)
        else:
            issue = store.find(form.get("issue", ""))
            _change(tracker, issue, str(deed), form, user)
        tracker.hooks.fire(issue)
    except ApiError as error:
        said = error.message or "; ".join(f"{name}: {words}" for name, words in error.errors.items())
    place = f"/page/{issue.key}" if issue and not issue.is_hidden else "/"
    query = urlencode({name: value for name, value in (("by", by), ("said", said)) if value})
    return Reply(b"", 303, {"Location": f"{place}?{query}" if query else place}, "text/html")


def _created(tracker: Tracker, form: Mapping[str, str], by: User) -> Issue:
    named = {name: value for name, value in form.items() if name in tracker.store.fields and value.strip()}
    return tracker.store.create({"queue": tracker.store.queue, **named}, by)


def _change(tracker: Tracker, issue: Issue, deed: str, form: Mapping[str, str], by: User) -> None:
    store = tracker.store
    if deed.startswith("step:") or deed == "step":
        store.execute(issue, deed.partition(":")[2] or form.get("step", ""), {}, by)
    elif deed.startswith("field:") or deed == "field":
        name = deed.partition(":")[2] or form.get("field", "")
        store.patch(issue, {name: form.get(name) or form.get("value") or None}, by, None, None)
    elif deed == "comment":
        store.comment(issue, {"text": form.get("text", ""), "attachmentIds": _uploaded(tracker, form, by)}, by)
    elif deed == "move":
        store.move(issue, store.other_queue, by)
    elif deed == "hide":
        issue.is_hidden = True


def _uploaded(tracker: Tracker, form: Mapping[str, str], by: User) -> list[str]:
    """The file of the form, which the page sends as text."""
    if not form.get("file"):
        return []
    try:
        content = base64.b64decode(form["file"], validate=True)
    except binascii.Error:
        raise ApiError(422, "Файл не читается.") from None
    return [tracker.store.upload(form.get("name", "file"), content, "application/octet-stream", by).id]


def _file(tracker: Tracker, name: str) -> Reply:
    """For saving only: whatever somebody attached is never shown as a page of this address."""
    file = tracker.store.find_file(name)
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Reply(file.content, headers=headers, content_type="application/octet-stream")


def _html(body: str, status: int = 200) -> Reply:
    return Reply(body.encode(), status, content_type="text/html; charset=utf-8")
