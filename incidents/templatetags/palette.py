"""What the palette names of the desk."""

from __future__ import annotations

from collections.abc import Collection

from django import template

from incidents.queues import QUEUES, Queue

register = template.Library()


@register.simple_tag
def desk_queues() -> Collection[Queue]:
    """The queues in the order of the desk."""
    return QUEUES.values()
