"""Addressees and moments as the form of a letter shows them."""

from __future__ import annotations

from datetime import datetime

from django import template

from incidents import composer_leaving
from incidents.reply_forms import line_of
from mailbox.composing import Person
from mailbox.models import Outgoing

register = template.Library()


@register.filter
def person(one: Person) -> str:
    """As the line of addressees takes it."""
    return line_of([one])


@register.filter
def seconds_left(outgoing: Outgoing, now: datetime | None = None) -> int:
    """How long a letter of ours may still be taken back."""
    return composer_leaving.seconds_left(outgoing, now)
