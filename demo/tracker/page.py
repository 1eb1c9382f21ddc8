"""A small page to act as a user of Tracker: see the issues, change them, write, create one by hand."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from demo.tracker.records import ApiError, Issue, User
from demo.tracker.request import Reply

if TYPE_CHECKING:
    from demo.tracker.server import Tracker

SHOWN = 200
STYLE = """<style>body{font:15px/1.45 system-ui,sans-serif;margin:24px auto;max-width:980px;padding:0 16px;color:#222}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid #ddd;
vertical-align:top}pre{white-space:pre-wrap;background:#f6f6f6;padding:8px;margin:4px 0}form{margin:8px 0}
input,select,textarea{font:inherit;padding:4px}textarea{width:100%;height:70px}.bad{color:#b00020}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}td,th{border-color:#444}pre{background:#222}
a{color:#8ab4ff}}</style>"""


def answer(tracker: Tracker, method: str, path: str, query: Mapping[str, list[str]], content: bytes) -> Reply:
    """GET / lists, GET /page/<key> shows one, POST /act does something as the chosen user."""
    if method == "POST":
        return _act(tracker, {name: values[0] for name, values in parse_qs(content.decode()).items()})
    said = query.get("said", [""])[0]
    if path.startswith("/page/"):
        try:
            return _html(_one(tracker, tracker.store.find(path.removeprefix("/page/")), said))
        except ApiError as error:
            return _html(f"<p class=bad>{escape(error.message)}</p><p><a href=/>Все задачи</a></p>", 404)
    return _html(_all(tracker, said))


def _all(tracker: Tracker, said: str) -> str:
    issues = sorted(tracker.store.issues.values(), key=lambda issue: issue.updated_at, reverse=True)
    rows = "".join(
        f"<tr><td><a href='/page/{issue.key}'>{issue.key}</a><td>{escape(_text(issue, 'summary'))}"
        f"<td>{tracker.store.statuses[issue.status].name}<td>{_who(tracker, issue)}<td>{issue.version}"
        for issue in issues[:SHOWN]
        if not issue.is_hidden
    )
    return (
        f"<h1>Очередь {escape(tracker.store.queue)}: {len(issues)}</h1>{_said(said)}"
        f"<form method=post action=/act>{_people(tracker)} "
        f"<input name=summary placeholder='Новая задача' size=50 required>"
        f"<button name=do value=create>Создать</button></form>"
        f"<table><tr><th>Ключ<th>Задача<th>Статус<th>Исполнитель<th>Версия{rows}</table>"
    )


def _one(tracker: Tracker, issue: Issue, said: str) -> str:
    store = tracker.store
    steps = "".join(f"<option value='{step.id}'>{escape(step.name)}" for step in store.steps_from(issue))
    fields = "".join(
        f"<tr><td>{escape(field.name)}<td>{escape(_text(issue, field.id))}"
        for field in store.fields.values()
        if field.id in issue.values
    )
    names = "".join(f"<option value='{field.id}'>{escape(field.name)}" for field in store.fields.values())
    comments = "".join(
        f"<p><b>{escape(comment.author.display)}</b> {comment.at:%d.%m %H:%M} UTC</p><pre>{escape(comment.text)}</pre>"
        + "".join(f"<p>{escape(file.name)}, {len(file.content)} Б</p>" for file in comment.files)
        for comment in issue.comments
    )
    hidden = f"<input type=hidden name=issue value='{issue.key}'>{_people(tracker)} "
    return (
        f"<p><a href=/>Все задачи</a></p><h1>{issue.key} {escape(_text(issue, 'summary'))}</h1>{_said(said)}"
        f"<p>{store.statuses[issue.status].name}, версия {issue.version}</p><table>{fields}</table>"
        f"<form method=post action=/act>{hidden}<select name=step>{steps}</select>"
        f"<button name=do value=step>Перевести</button></form>"
        f"<form method=post action=/act>{hidden}<select name=field>{names}</select> <input name=value>"
        f"<button name=do value=field>Записать</button></form>"
        f"<form method=post action=/act>{hidden}<button name=do value=move>В другую очередь</button>"
        f"<button name=do value=hide>Скрыть от робота</button></form>"
        f"<h2>Комментарии</h2>{comments}"
        f"<form method=post action=/act>{hidden}<textarea name=text></textarea>"
        f"<button name=do value=comment>Написать</button></form>"
    )


def _act(tracker: Tracker, form: Mapping[str, str]) -> Reply:
    store, said, issue = tracker.store, "", None
    try:
        by, deed = store.user(form.get("by", "anna")), form.get("do")
        if deed == "create":
            issue = store.create({"queue": store.queue, "summary": form.get("summary", "")}, by)
        else:
            issue = store.find(form.get("issue", ""))
            _change(tracker, issue, str(deed), form, by)
        tracker.hooks.fire(issue)
    except ApiError as error:
        said = error.message or "; ".join(f"{name}: {words}" for name, words in error.errors.items())
    place = f"/page/{quote(issue.key)}" if issue and not issue.is_hidden else "/"
    return Reply(b"", 303, {"Location": f"{place}?said={quote(said)}" if said else place}, "text/html")


def _change(tracker: Tracker, issue: Issue, deed: str, form: Mapping[str, str], by: User) -> None:
    store = tracker.store
    if deed == "step":
        store.execute(issue, form.get("step", ""), {}, by)
    elif deed == "field":
        store.patch(issue, {form.get("field", ""): form.get("value") or None}, by, None, None)
    elif deed == "comment":
        store.comment(issue, {"text": form.get("text", "")}, by)
    elif deed == "move":
        store.move(issue, store.other_queue, by)
    elif deed == "hide":
        issue.is_hidden = True


def _people(tracker: Tracker) -> str:
    options = "".join(
        f"<option value='{user.login}'{' selected' if user.login == 'anna' else ''}>{escape(user.display)}"
        for user in tracker.store.users.values()
    )
    return f"<select name=by aria-label='Кто'>{options}</select>"


def _who(tracker: Tracker, issue: Issue) -> str:
    uid = issue.values.get("assignee")
    return escape(tracker.store.users[uid].display) if uid else ""


def _text(issue: Issue, name: str) -> str:
    value = issue.values.get(name, "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _said(said: str) -> str:
    return f"<p class=bad>{escape(said)}</p>" if said else ""


def _html(body: str, status: int = 200) -> Reply:
    head = "<!doctype html><html lang=ru><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    whole = f"{head}<title>Трекер для примера</title>{STYLE}{body}</html>"
    return Reply(whole.encode(), status, content_type="text/html; charset=utf-8")
