"""What other apps add to the pages, see incidents.additions."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from incidents import additions
from incidents.additions import Section
from incidents.models import Incident

register = template.Library()


@register.simple_tag(takes_context=True)
def added_sections(context: Context) -> list[tuple[Section, bool]]:
    """Sections for whoever looks, and whether this is a page of it."""
    request = context.get("request")
    if not request or not request.user.is_authenticated:
        return []
    return [(each, request.path.startswith(reverse(each.page.url))) for each in additions.sections(request.user)]


@register.simple_tag
def added_card_lines(incident: Incident) -> SafeString:
    """Each is safe by itself."""
    return mark_safe("".join(draw(incident) for draw in additions.CARD_LINES))
