"""Canned answers: words written once and used often, one's own and everybody's.

They are written in the language of letter templates and filled when they are put into a letter, so that whoever
sends them reads what leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from incidents import letter_variables
from incidents.errors import DomainError
from incidents.letter_language import Words
from incidents.letter_variables import SCOPE, Facts
from incidents.models import CannedAnswer, Incident
from incidents.saved_views import may_share

if TYPE_CHECKING:
    from dispatchers.models import User

LONGEST_NAME, LONGEST_TEXT = 80, 10_000
# More than anybody remembers.
MOST = 300
# What stands for a value that nobody knows: the letter is asked about before it leaves.
BLANK = "___"
_NAME = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer as it would stand in a letter about the incident."""

    name: str
    text: str
    is_own: bool


def of_person(person: User) -> QuerySet[CannedAnswer]:
    """His own and those for everybody, by name, his own first where both have it."""
    mine = CannedAnswer.objects.filter(Q(owner=person) | Q(owner=None))
    return mine.order_by("name", F("owner").asc(nulls_last=True), "pk")


def filled(incident: Incident, person: User, *, now: datetime) -> list[Filled]:
    """All of them with the incident's values; what the incident does not know stays blank."""
    rows = [(each, Words(each.text, SCOPE)) for each in of_person(person)[:MOST]]
    names = {name for _row, words in rows for name in words.used}
    known = letter_variables.values(Facts(incident, person, now), names)
    return [Filled(row.name, _text(words, known), row.owner_id is not None) for row, words in rows]


def may_change(person: User, answer: CannedAnswer) -> bool:
    """The owner; what is everybody's is kept by managers and administrators."""
    return answer.owner_id == person.pk or (answer.owner_id is None and may_share(person))


def save(
    person: User, name: str, text: str, *, is_shared: bool, at: datetime, answer: CannedAnswer | None = None
) -> CannedAnswer:
    """A new one, or these words for one there is. Raises DomainError that says what is wrong."""
    if answer is not None and not may_change(person, answer):
        raise DomainError(_("Only managers and administrators change what is everybody's."))
    name, text = " ".join(name.split())[:LONGEST_NAME], text.replace("\r\n", "\n").strip()[:LONGEST_TEXT]
    if not name or not text:
        raise DomainError(_("A canned answer needs a name and words."))
    problems = Words(text, SCOPE).problems
    if problems:
        raise DomainError(" ".join(str(each) for each in problems))
    row = answer or CannedAnswer()
    row.owner = None if is_shared and may_share(person) else row.owner if answer and not may_share(person) else person
    row.name, row.text, row.changed_at = name, text, at
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise DomainError(_("There is an answer “%(name)s” already.") % {"name": name}) from error
    return row


def remove(person: User, answer: CannedAnswer) -> None:
    """Gone for good. Raises DomainError for what is not his to remove."""
    if not may_change(person, answer):
        raise DomainError(_("Only managers and administrators change what is everybody's."))
    answer.delete()


def _text(words: Words, known: dict[str, object]) -> str:
    if words.problems:
        # A newer Dispatch knows other names: the words stand as they were written.
        return str(words.source)
    blank = {} if "{%" in words.source else {name: BLANK for name in _plain(words) if not known.get(name)}
    return words.fill({**known, **blank}).strip()


def _plain(words: Words) -> Sequence[str]:
    """Names that stand alone in the text: nobody has asked whether there is a value."""
    return _NAME.findall(words.source)
