"""Telegram's Bot API, as far as messages of ours need it: one to one chat, and who wrote to the bot.

The bot's token is part of the address of every call. So no address and no error of the HTTP library, which quotes
it, ever leaves this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import requests
from django.conf import settings
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

CONNECT_SECONDS, READ_SECONDS = 5, 10
# Telegram refuses longer texts.
LONGEST = 4096
# What it says never is that long; a stand-in or a proxy may say anything.
LONGEST_ANSWER = 300


# Updates of one call, the most that it gives.
MOST_UPDATES = 100


class NotSent(Exception):
    """The message did not leave, as far as we know.

    `after`: how long the server wants to be left alone, if it said so. `is_unknown`: it may have arrived all the same.
    `is_final`: this chat takes no message until its person does something about it.
    """

    def __init__(
        self, why: str, *, after: timedelta | None = None, is_unknown: bool = False, is_final: bool = False
    ) -> None:
        super().__init__(why)
        self.after, self.is_unknown, self.is_final = after, is_unknown, is_final


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote to the bot in a chat of two."""

    number: int
    chat: str
    text: str


def is_configured() -> bool:
    return bool(settings.TG_TOKEN and settings.TG_CHATS)


def send(chat: str, text: str) -> None:
    """Send plain text to one chat. Raises NotSent."""
    _call("sendMessage", {"chat_id": chat, "text": text[:LONGEST], "disable_web_page_preview": True})


def name() -> str:
    """What the bot is called, as links to it need it. Raises NotSent."""
    said = _call("getMe", {}).get("result")
    return str(said.get("username", "")) if isinstance(said, dict) else ""


def written(after: int | None = None) -> list[Written]:
    """What was written to the bot and is not confirmed yet; what came up to `after` is confirmed. Raises NotSent."""
    wanted: dict[str, object] = {"timeout": 0, "limit": MOST_UPDATES, "allowed_updates": ["message"]}
    said = _call("getUpdates", wanted | ({"offset": after + 1} if after is not None else {})).get("result")
    return [_written(each) for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _written(update: Mapping[str, object]) -> Written:
    """Groups and channels are not people: their chat counts as none."""
    message = update.get("message")
    chat = message.get("chat") if isinstance(message, dict) else None
    is_private = isinstance(chat, dict) and chat.get("type") == "private"
    number, text = update.get("update_id"), message.get("text") if isinstance(message, dict) else ""
    return Written(
        number=number if isinstance(number, int) else 0,
        chat=str(chat["id"]) if is_private and isinstance(chat, dict) else "",
        text=text if isinstance(text, str) else "",
    )


def _call(method: str, wanted: Mapping[str, object]) -> dict[str, object]:
    try:
        answer = requests.post(
            f"{settings.TG_API_URL.rstrip('/')}/bot{settings.TG_TOKEN}/{method}",
            json=wanted,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            # Elsewhere nobody may learn the token.
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # Nothing was said before there was a connection; later nobody knows how much of it was heard.
        is_unknown = not isinstance(error, requests.ConnectTimeout) and not _never_connected(error)
        raise NotSent(f"no answer: {type(error).__name__}", is_unknown=is_unknown) from None
    said = _said(answer)
    if answer.status_code != requests.codes.ok or said.get("ok") is not True:
        raise NotSent(
            _reason(answer.status_code, said),
            after=_after(said),
            is_unknown=answer.status_code == requests.codes.gateway_timeout,
            is_final=_is_gone(answer.status_code, said),
        )
    return said


def _is_gone(status: int, said: Mapping[str, object]) -> bool:
    """“bot was blocked by the user”, “user is deactivated”, “chat not found”: not a fault of the message."""
    words = str(said.get("description", "")).lower()
    return status == requests.codes.forbidden or (status == requests.codes.bad_request and "chat" in words)


def _never_connected(error: requests.RequestException) -> bool:
    """Refused, unknown host, no route: urllib3 tells them from a connection that broke later."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, (NewConnectionError, ConnectTimeoutError, NameResolutionError))


def _said(answer: requests.Response) -> dict[str, object]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reason(status: int, said: dict[str, object]) -> str:
    words = str(said.get("description", ""))[:LONGEST_ANSWER].replace(settings.TG_TOKEN, "…")
    return f"{status} {words}".strip()


def _after(said: dict[str, object]) -> timedelta | None:
    """`{"parameters": {"retry_after": 7}}` comes with 429."""
    parameters = said.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return timedelta(seconds=min(seconds, 24 * 3600)) if isinstance(seconds, int) and seconds > 0 else None
