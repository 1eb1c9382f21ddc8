"""Pieces that both pages are made of. Every value passes `escape` here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from demo.tracker.records import ApiError, Issue, User

if TYPE_CHECKING:
    from demo.tracker.server import Tracker

MOSCOW = ZoneInfo("Europe/Moscow")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+0000")
FENCE = re.compile(r"`{3,}")
ESCAPED = re.compile(r"\\([^\w\s])")
HERE = Path(__file__).parent
STYLE, SCRIPT = ((HERE / name).read_text() for name in ("page.css", "page.js"))
PARTS = SimpleNamespace(missing="<div class=card><h1>Такой задачи нет</h1><p>{words}</p><a href=/>Все задачи</a></div>")


class Look:
    """One look at the queue by the chosen user. `given`: what the address asks for."""

    def __init__(self, tracker: Tracker, given: Mapping[str, str]) -> None:
        self.tracker, self.store, self.given = tracker, tracker.store, given
        self.people = [
            user for user in self.store.users.values() if user is not self.store.robot and not user.dismissed
        ]
        try:
            self.by = self.store.user(given.get("by", ""))
        except ApiError:
            self.by = next((user for user in self.people if user.login in ("anna", "dispatcher")), self.people[0])

    def address(self, path: str, **asked: str) -> str:
        """A link of this page that keeps the chosen user."""
        query = urlencode({name: value for name, value in {"by": self.by.login, **asked}.items() if value})
        return escape(f"{path}?{query}")

    def form(self, content: str, issue: Issue | None = None) -> str:
        named = f"<input type=hidden name=issue value='{escape(issue.key)}'>" if issue else ""
        by = f"<input type=hidden name=by value='{escape(self.by.login)}'>"
        return f"<form method=post action=/act>{by}{named}{content}</form>"

    def status(self, issue: Issue) -> str:
        status = self.store.statuses[issue.status]
        kind = "error" if status.key == "error" else status.type
        return f"<span class='s {escape(kind)}'>{escape(status.name)}</span>"

    def who(self, uid: object) -> str:
        user = self.store.users.get(str(uid or ""))
        return escape(user.display) if user else "—"


def text(value: object) -> str:
    return escape(", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else ""))


def shown(value: object) -> str:
    """A value of a field; moments as people here read them."""
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(MOSCOW):%d.%m.%Y %H:%M} МСК"
    return text(value)


def rendered(markdown: str) -> str:
    """As the real page shows a comment, as far as it matters here: fences, bold words, escaped signs, hidden marks."""
    pieces, is_code = [], ""
    for line in markdown.splitlines():
        fence = FENCE.match(line)
        if fence and (not is_code or line.startswith(is_code)):
            pieces.append("</code>" if is_code else "<code>")
            is_code = "" if is_code else fence[0]
        elif is_code:
            pieces.append(f"{escape(line)}\n")
        elif not line.startswith("[//]: #"):
            pieces.append(re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(ESCAPED.sub(r"\1", line))) + "\n")
    return "".join([*pieces, "</code>" if is_code else ""]).strip()


def ago(at: datetime) -> str:
    seconds = (datetime.now(UTC) - at).total_seconds()
    if seconds < 60:
        return "только что"
    if seconds < 3600:
        return f"{int(seconds // 60)} мин назад"
    if seconds < 86400:
        return f"{int(seconds // 3600)} ч назад"
    return f"{at:%d.%m.%Y}"


def options(values: Mapping[str, str], chosen: str) -> str:
    return "".join(
        f"<option value='{escape(value)}'{' selected' if value == chosen else ''}>{escape(shown)}"
        for value, shown in values.items()
    )


def mark_of(tracker: Tracker, path: str) -> str:
    """Differs when the page at this address would look otherwise."""
    issues = tracker.store.issues.values()
    if path.startswith("/page/"):
        issue = tracker.store.find(path.removeprefix("/page/"))
        return f"{issue.version} {len(issue.comments)} {issue.updated_at.timestamp()}"
    return f"{len(issues)} {max((issue.updated_at.timestamp() for issue in issues), default=0)}"


def whole(look: Look, path: str, title: str, body: str) -> str:
    people = options({user.login: _named(user) for user in look.people}, look.by.login)
    said = f"<p class=said role=alert>{text(look.given['said'])}</p>" if look.given.get("said") else ""
    try:
        mark = mark_of(look.tracker, path)
    except ApiError:
        mark = ""
    return (
        "<!doctype html><html lang=ru><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)} · Трекер для примера</title><style>{STYLE}</style><body data-mark='{escape(mark)}'>"
        f"<header><b><a href='{look.address('/')}'>Трекер для примера</a></b>"
        "<span class=note>Так задачи видят те, кто работает в Трекере. Что изменено здесь, через несколько секунд "
        "видно диспетчеру, и наоборот.</span>"
        f"<label class=who><span>Вы&nbsp;—</span> <select data-go aria-label='Кто вы'>{people}</select></label>"
        "</header>"
        f"<main>{said}{body}</main><a id=news hidden href=''>Задача изменилась. Показать</a>"
        f"<script>{SCRIPT}</script></html>"
    )


def _named(user: User) -> str:
    return f"{user.display} ({user.login})"
