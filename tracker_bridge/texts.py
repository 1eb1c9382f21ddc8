"""Letters and notes as comments over there. What strangers wrote can neither format, call people nor run anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from incidents.models import Comment
from mailbox.models import Email

LONGEST = 100_000
MOST_NAMES = 20
TICKS = re.compile(r"`+")
# A picture in the words; its file comes along by itself.
PICTURE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
# What the tracker's markup takes for more than words, in the lines that stand outside the fence.
ACTIVE = re.compile(r"([\\`*_{}\[\]()#+!|<>~@$%-])")


def of_letter(email: Email, files: Sequence[str], links: Sequence[str]) -> str:
    """Who, to whom, when, about what; the words in a fence; files that came along and those that did not."""
    head = [
        f"**{'Письмо отправлено' if email.direction == Email.Direction.OUT else 'Письмо получено'}** "
        f"{when(email.received_at)}",
        f"От: {plain(_sender(email))}",
        f"Кому: {plain(_names(email, 'to'))}",
        f"Копия: {plain(_names(email, 'cc'))}" if _names(email, "cc") else "",
        f"Тема: {plain(email.subject)}",
        *_beside(files, links),
    ]
    return "\n".join([*filter(None, head), "", fenced(email.text)])


def of_note(comment: Comment, files: Sequence[str] = (), links: Sequence[str] = ()) -> str:
    author = comment.author.full_name if comment.author else "Dispatch"
    head = [f"**{plain(author)}** {when(comment.at)}", *_beside(files, links)]
    return "\n".join([*head, "", fenced(comment.text)])


def _beside(files: Sequence[str], links: Sequence[str]) -> list[str]:
    came = [f"Файлы: {plain(', '.join(files))}"] if files else []
    return [*came, *(f"Файл остался в Dispatch: {link}" for link in links)]


def of_error(words: str) -> str:
    return "\n".join(["**Ошибка**", "", fenced(words)])


def readable(text: str) -> str:
    """What somebody wrote over there as plain words: pictures pasted into it are named."""
    return PICTURE.sub(lambda found: f"[{found[1] or '…'}]", text).strip()


def fenced(text: str) -> str:
    """The text in a block that nothing in it can end: the fence is longer than any run of ticks inside."""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}\n…"
    ticks = max((len(run) for run in TICKS.findall(text)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}\n{text.strip()}\n{fence}"


def plain(words: str) -> str:
    """One line of words that mean nothing but themselves."""
    return ACTIVE.sub(r"\\\1", " ".join(words.split()))


def when(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%d.%m.%Y %H:%M}"


def _sender(email: Email) -> str:
    return f"{email.from_name} {email.from_email}".strip()


def _names(email: Email, field: str) -> str:
    names = [f"{each.get('name') or ''} {each.get('email') or ''}".strip() for each in getattr(email, field)]
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" и ещё {more}" if more > 0 else "")
