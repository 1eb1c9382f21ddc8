"""Connecting a person's Telegram: he writes a code to the bot that only his page shows; the chat is his then.

The bot is asked what was written to it only while somebody has such a code before him.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache

from mailbox import telegram
from mailbox.telegram import NotSent, Written
from sla import telling
from sla.models import Told

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
CODE_GOOD_FOR = timedelta(minutes=15)
# “/start 1f0c…” by the link, or the code alone.
_CODE = re.compile(r"^(?:/start\s+)?([0-9a-f]{12})$")
NAME, SAID = "telegram:name", "telegram:said"
NAME_KEPT, SAID_KEPT = 24 * 3600, 60


def begin(person: User, now: datetime) -> None:
    """A new code; an older one is good no more."""
    person.telegram_code, person.telegram_code_until = secrets.token_hex(6), now + CODE_GOOD_FOR
    person.save(update_fields=["telegram_code", "telegram_code_until"])


def end(person: User) -> None:
    """His chat is forgotten; a code that was not used is good no more."""
    person.telegram_chat = person.telegram_broken = person.telegram_code = ""
    person.telegram_code_until = None
    person.save(update_fields=["telegram_chat", "telegram_broken", "telegram_code", "telegram_code_until"])


def listen(*, now: Clock) -> int:
    """Bind the chats in which a code was written; returns how many. Asks nobody while nobody waits."""
    waiting = get_user_model().objects.filter(is_active=True, telegram_code_until__gt=now())
    people = {person.telegram_code: person for person in waiting if person.telegram_code}
    if not people or not settings.TG_TOKEN:
        return 0
    try:
        if not cache.get(NAME):
            cache.set(NAME, telegram.name(), NAME_KEPT)
        updates = telegram.written()
    except NotSent as error:
        logger.warning("telegram: the bot cannot be asked: %s", error)
        cache.set(SAID, str(error), SAID_KEPT)
        return 0
    bound = sum(_bind(people, each, now()) for each in updates)
    if updates:
        _confirm(max(each.number for each in updates))
    return bound


def _bind(people: dict[str, User], update: Written, now: datetime) -> bool:
    code = _CODE.match(update.text.strip().lower())
    # A code is good once.
    person = people.pop(code[1], None) if code and update.chat else None
    if person is None:
        return False
    person.telegram_chat, person.telegram_broken = update.chat, ""
    person.telegram_code, person.telegram_code_until = "", None
    person.save(update_fields=["telegram_chat", "telegram_broken", "telegram_code", "telegram_code_until"])
    telling.try_out(person, Told.Channel.TELEGRAM, now)
    return True


def _confirm(number: int) -> None:
    """Telegram gives them once more otherwise, which does no harm."""
    try:
        telegram.written(after=number)
    except NotSent as error:
        logger.warning("telegram: what was read was not confirmed: %s", error)
