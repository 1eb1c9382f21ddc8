"""The page where a user lets an application in, and the one that shows the code to whoever has to type it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from demo.tracker.records import ApiError
from demo.tracker.request import Reply

if TYPE_CHECKING:
    from demo.tracker.server import Tracker

AUTHORIZE, SHOWN = "/oauth/authorize", "/oauth/verification_code"
STYLE = """<style>body{font:16px/1.5 system-ui,sans-serif;max-width:420px;margin:12vh auto 0;padding:0 20px;
color:#1c1c1e;background:#f4f4f6}main{background:#fff;border-radius:14px;padding:28px;box-shadow:0 1px 4px #0002}
h1{font-size:21px;margin:0 0 12px}select,button,output{font:inherit;width:100%;padding:10px;margin-top:12px;
border-radius:9px;border:1px solid #b9b9c0;box-sizing:border-box;display:block}
button{background:#fc3f1d;color:#111;border-color:#fc3f1d;font-weight:600;cursor:pointer}
button.no{background:none;border-color:#b9b9c0;color:inherit;font-weight:400}
output{font:600 26px ui-monospace,monospace;text-align:center;letter-spacing:.06em}
@media(prefers-color-scheme:dark){body{background:#141416;color:#eee}main,select{background:#222225;color:#eee}}</style>"""


def answer(tracker: Tracker, method: str, path: str, query: Mapping[str, list[str]], content: bytes) -> Reply:
    """GET asks, POST goes back to the application with a code, or with the user's no."""
    asked = {name: values[0] for name, values in query.items()}
    if path == SHOWN:
        code = escape(asked.get("code", ""))
        return _html(f"<h1>Код подтверждения</h1><p>Скопируйте его в приложение.</p><output>{code}</output>")
    if asked.get("client_id") != tracker.tokens.client_id:
        return _html("<h1>Приложение не найдено</h1><p>Неверный client_id.</p>", 400)
    if method != "POST":
        return _html(_question(tracker))
    form = {name: values[0] for name, values in parse_qs(content.decode()).items()}
    answered = {"state": asked.get("state", "")}
    if form.get("do") == "allow":
        try:
            user = tracker.store.user(form.get("by", ""))
        except ApiError:
            return _html("<h1>Нет такого пользователя</h1>", 400)
        answered["code"] = tracker.tokens.code(user, asked.get("code_challenge", ""))
    else:
        answered |= {"error": "access_denied", "error_description": "Пользователь отказал"}
    return Reply(b"", 302, {"Location": f"{asked.get('redirect_uri') or SHOWN}?{urlencode(answered)}"}, "text/html")


def _question(tracker: Tracker) -> str:
    robot = tracker.store.robot.login
    options = "".join(
        f"<option value='{user.login}'{' selected' if user.login == robot else ''}>{escape(user.display)}"
        for user in tracker.store.users.values()
    )
    return (
        "<h1>Dispatch просит доступ к Трекеру</h1><p>Чтение и изменение задач от имени пользователя:</p>"
        f"<form method=post><select name=by aria-label='Пользователь'>{options}</select>"
        "<button name=do value=allow>Разрешить</button><button class=no name=do value=deny>Отказать</button></form>"
    )


def _html(body: str, status: int = 200) -> Reply:
    head = "<!doctype html><html lang=ru><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    whole = f"{head}<title>Доступ к Трекеру для примера</title>{STYLE}<main>{body}</main></html>"
    return Reply(whole.encode(), status, content_type="text/html; charset=utf-8")
