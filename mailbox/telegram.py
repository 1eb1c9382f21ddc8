"""Telegram's Bot API, as far as an alert needs it: one message to one chat.

The bot's token is part of the address of every call. So no address and no error of the HTTP library, which quotes
it, ever leaves this module.
"""

from __future__ import annotations

from datetime import timedelta

import requests
from django.conf import settings

CONNECT_SECONDS, READ_SECONDS = 5, 10
# Telegram refuses longer texts.
LONGEST = 4096
# What it says never is that long; a stand-in or a proxy may say anything.
LONGEST_ANSWER = 300


class NotSent(Exception):
    """The message did not leave; `after` is how long the server wants to be left alone, if it said so."""

    def __init__(self, why: str, *, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


def is_configured() -> bool:
    return bool(settings.TG_TOKEN and settings.TG_CHATS)


def send(chat: str, text: str) -> None:
    """Send plain text to one chat. Raises NotSent."""
    wanted = {"chat_id": chat, "text": text[:LONGEST], "disable_web_page_preview": True}
    try:
        answer = requests.post(
            f"{settings.TG_API_URL.rstrip('/')}/bot{settings.TG_TOKEN}/sendMessage",
            json=wanted,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            # Elsewhere nobody may learn the token.
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise NotSent(f"no answer: {type(error).__name__}") from None
    said = _said(answer)
    if answer.status_code != requests.codes.ok or said.get("ok") is not True:
        raise NotSent(_reason(answer.status_code, said), after=_after(said))


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
