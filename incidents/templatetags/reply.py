"""Addressees and moments as the form of a letter shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django import template

from incidents import composer_leaving
from incidents.reply_forms import line_of
from mailbox.composing import Person
from mailbox.models import Outgoing

register = template.Library()


@register.filter
def people(some: Iterable[Person]) -> str:
    """As the line of addressees takes them."""
    return line_of(some)


@register.filter
def person(one: Person) -> str:
    """One alone."""
    return line_of([one])


@register.filter
def seconds_left(outgoing: Outgoing, now: datetime | None = None) -> int:
    """How long a letter of ours may still be taken back."""
    return composer_leaving.seconds_left(outgoing, now)
