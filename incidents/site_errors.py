"""Why an incident has the status “Error”, in the language of whoever reads it.

A person's words stay as written. What the reading of a letter found wrong stands in `Incident.reading` by its kind and
facts; the words stored beside it are those of the moment, in the language of whoever took the letter.
"""

from __future__ import annotations

from django.conf import settings
from django.utils import translation

from incidents import sites
from incidents.models import Incident
from towers.matching import Match


def in_words(incident: Incident) -> str:
    """What is wrong; empty where nothing is."""
    stored = incident.error_reason
    if not stored or not incident.reading.get("problem"):
        return stored
    match = Match.from_json(incident.reading)
    return sites.reason(match) if stored in _said(match) else stored


def _said(match: Match) -> set[str]:
    """The same reason in every language of the desk."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.add(sites.reason(match))
    return found
