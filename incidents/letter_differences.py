"""What changed between two wordings of a letter, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

# Lines that stayed are shown so far around what changed.
AROUND = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either wording: `was`, `is` or `same`; `gap` where lines that stayed are left out."""

    look: str
    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changed."""

    title: str
    lines: list[Line]


def between(old: object, new: object) -> list[Difference]:
    """The fields that differ; both have subject, text, html and is_used. Nothing is before the first version."""
    titles = {"subject": pgettext("letter", "Subject"), "text": pgettext("letter", "Text"), "html": "HTML"}
    found = []
    for name, title in titles.items():
        was, now = (getattr(each, name, "") or "" for each in (old, new))
        if was != now:
            found.append(Difference(title, list(_lines(was, now))))
    was_used, is_used = getattr(old, "is_used", True), getattr(new, "is_used", True)
    if was_used != is_used:
        words = {True: _("in use"), False: _("not in use")}
        found.append(Difference(_("State"), [Line("was", words[was_used]), Line("is", words[is_used])]))
    return found


def _lines(was: str, now: str) -> Iterator[Line]:
    old, new = was.splitlines(), now.splitlines()
    for number, group in enumerate(difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND)):
        if number:
            yield Line("gap", "…")
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (Line("same", new[at], at + 1) for at in range(c, d))
                continue
            yield from (Line("was", old[at], at + 1) for at in range(a, b))
            yield from (Line("is", new[at], at + 1) for at in range(c, d))
