"""What apps further down add to pages of this one, without it knowing them: sections, and lines on the card.

They say so when they start (AppConfig.ready); an app that is not installed adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from dispatchers.models import User
    from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a section. `url` is the name of its address; `words`: other words that find it in the palette."""

    url: str
    title: str | Promise
    words: str | Promise
    icon: str


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the rail, of the phone's menu and of the palette; its other pages stand in the palette alone."""

    # Its address begins those of its other pages.
    page: Page
    # Whether this person is to see it now; asks the database nothing.
    is_for: Callable[[User], bool]
    others: tuple[Page, ...] = ()


SECTIONS: list[Section] = []
# Each draws one line of the card's facts, or nothing; with one query at most.
CARD_LINES: list[Callable[[Incident], SafeString]] = []


def sections(user: User) -> list[Section]:
    """Those that this person is to see."""
    return [section for section in SECTIONS if section.is_for(user)]
