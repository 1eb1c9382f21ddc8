"""Which incidents somebody means who types a code, its number, or the key of an issue."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet

from incidents.codes import code_in_subject
from incidents.models import Incident
from tracker_bridge.models import IssueLink


def code(text: str) -> str | None:
    """The code that the whole text is, its prefix said or not."""
    if text.isascii() and text.isdigit():
        return f"{settings.INCIDENT_PREFIX}-{text}"
    found = code_in_subject(text)
    return found if found and len(found) == len(text.replace(" ", "")) else None


def incidents(backend: str, text: str) -> QuerySet[Incident, int]:
    """The keys of their rows."""
    if named := code(text):
        return Incident.objects.filter(code=named).values_list("pk", flat=True)
    links = IssueLink.objects.filter(backend=backend, key=text.upper()).values("incident")
    return Incident.objects.filter(pk__in=links).values_list("pk", flat=True)
