"""Addressees as the form of a letter shows them."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from incidents.reply_forms import line_of
from mailbox.composing import Person

register = template.Library()


@register.filter
def people(persons: Iterable[Person]) -> str:
    """One line that can be read and changed."""
    return line_of(persons)
