"""What the palette and the help of the keys name of the desk."""

from __future__ import annotations

from collections.abc import Collection

from django import template

from incidents import replying
from incidents.queues import QUEUES, Queue

register = template.Library()


@register.simple_tag
def desk_queues() -> Collection[Queue]:
    """The queues in the order of the desk."""
    return QUEUES.values()


@register.simple_tag
def letters_can_be_sent() -> bool:
    """Whether a server for outgoing letters is named: without it nothing offers to answer."""
    return replying.is_possible()
