"""What was moved, in one sentence, for the message after the deed and for whoever clicked too late."""

from __future__ import annotations

import re

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.models import Incident, IncidentEvent


def done(event: IncidentEvent, other: Incident | None) -> SafeString:
    """What the deed of this event did; other incidents are links."""
    there = link(other) if other else ""
    count = event.data.get("count", 0)
    if event.kind == "letters_moved_out":
        said = ngettext("%(n)d letter is in %(code)s now.", "%(n)d letters are in %(code)s now.", count)
    elif event.kind == "merged":
        said = _("%(here)s is merged into %(code)s.")
    elif event.kind == "split_off":
        said = _("Split off as %(code)s.")
    elif event.kind == "undone":
        said = _("Undone.")
    else:
        said = _("The letter stays where it is.")
    # The sentence is ours; what it names is markup or escaped.
    return format_html(_braces(said), n=count, code=there, here=link(event.incident))


def meanwhile(event: IncidentEvent, other: Incident | None = None) -> str:
    """What somebody else did since the page was loaded; `other` is the incident it names, if that is at hand."""
    who = event.actor.full_name if event.actor else _("Dispatch")
    at = timezone.localtime(event.at).strftime("%d.%m %H:%M")
    other = other or Incident.objects.filter(pk=event.data.get("other")).first()
    words = {"who": who, "at": at, "code": other.code if other else "—"}
    said = {
        "letters_moved_out": _("%(who)s moved letters to %(code)s at %(at)s."),
        "letters_moved_in": _("%(who)s moved letters here from %(code)s at %(at)s."),
        "merged": _("%(who)s merged this incident into %(code)s at %(at)s."),
        "merged_in": _("%(who)s merged %(code)s into this incident at %(at)s."),
        "split_off": _("%(who)s split letters off as %(code)s at %(at)s."),
        "split_from": _("%(who)s split this incident off %(code)s at %(at)s."),
    }.get(event.kind, _("%(who)s undid a move of letters at %(at)s."))
    return said % words


def link(incident: Incident) -> SafeString:
    return format_html('<a class="code" href="{}">{}</a>', incident.get_absolute_url(), incident.code)


def _braces(said: str) -> str:
    """Catalogues know %(name)s; format_html wants {name}."""
    return re.sub(r"%\((\w+)\)[sd]", r"{\1}", said)
