"""What a letter of ours repeats of the one it answers or passes on: as text, however it came.

Text cannot run, load or hide anything, and every mail program folds it. Its length is limited, since each answer
to an answer holds the ones before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from django.utils import timezone

from mailbox.letter_headers import LONGEST_NAME, one_line
from mailbox.models import Email

# People expect the whole letter below; programs remind of it, since what they answer may be forged.
WHOLE_LINES, WHOLE_CHARS = 400, 20_000
BEGINNING_LINES, BEGINNING_CHARS = 12, 1000
# Quotations within quotations are drawn so deep; the text keeps all its marks.
DEEPEST = 5
_MARKS = re.compile(r"(?:>[ \t]?)*")
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of somebody else below ours. `head` says whose; a letter passed on carries no marks."""

    head: str
    text: str
    is_passed_on: bool = False

    def as_text(self) -> str:
        if self.is_passed_on:
            return f"{self.head}\n\n{self.text}"
        return "\n".join([self.head, *(_marked(line) for line in self.text.split("\n"))])

    def levels(self) -> list[tuple[int, str]]:
        """Stretches of the text with how deep they were quoted before."""
        lines = [(_depth(line), _MARKS.sub("", line, count=1)) for line in self.text.split("\n")]
        return [(depth, "\n".join(line for _, line in some)) for depth, some in groupby(lines, lambda each: each[0])]


def whole(answered: Email) -> Quotation:
    """All of the letter that a person answers, with the history it brought, as far as the limit goes."""
    return Quotation(_who_wrote(answered), _cut(answered.text, WHOLE_LINES, WHOLE_CHARS))


def beginning(answered: Email) -> Quotation:
    """The beginning of the new words, as a reminder of what a program answers."""
    return Quotation(_who_wrote(answered), _cut(answered.reply_text, BEGINNING_LINES, BEGINNING_CHARS))


def passed_on(original: Email) -> Quotation:
    """The whole letter with the lines that say whence it is."""
    at = timezone.localtime(original.received_at)
    lines = [
        "-------- Пересылаемое сообщение --------",
        f"От: {_person(original.from_name, original.from_email)}",
        f"Дата: {at:%d.%m.%Y %H:%M}",
        f"Тема: {one_line(original.subject)}",
        f"Кому: {_people(original.to)}",
    ]
    lines += [f"Копия: {_people(original.cc)}"] if original.cc else []
    return Quotation("\n".join(lines), _cut(original.text, WHOLE_LINES, WHOLE_CHARS), is_passed_on=True)


def _who_wrote(answered: Email) -> str:
    at = timezone.localtime(answered.received_at)
    return f"{at:%d.%m.%Y %H:%M}, {_person(answered.from_name, answered.from_email)} пишет:"


def _person(name: str, address: str) -> str:
    name, address = one_line(name)[:LONGEST_NAME], one_line(address)
    return f"{name} <{address}>" if name else address


def _people(rows: list[dict[str, str]]) -> str:
    """The first of them by name; long lists are of no use to whoever reads them."""
    shown = [_person(each.get("name", ""), each.get("email", "")) for each in rows[:10]]
    return ", ".join([*shown, *([_CUT] if len(rows) > len(shown) else [])])


def _cut(text: str, most_lines: int, most_chars: int) -> str:
    text = text.strip()
    lines = text[:most_chars].split("\n")[:most_lines]
    is_cut = len("\n".join(lines)) < len(text)
    return "\n".join([*lines, _CUT] if is_cut else lines)


def _marked(line: str) -> str:
    return f">{line}" if line.startswith(">") else f"> {line}".rstrip()


def _depth(line: str) -> int:
    marks = _MARKS.match(line)
    return min(marks[0].count(">"), DEEPEST) if marks else 0
