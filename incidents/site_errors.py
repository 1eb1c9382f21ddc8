"""Why an incident has the status “Error”, in the language of whoever reads it.

A person's words stay as written. What the reading of a letter found wrong stands in `Incident.reading` by its kind and
facts; the words stored beside it are those of the moment, in the language of whoever took the letter. So it is with
letters that could not be sent: `Incident.error_facts`.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils import translation

from incidents import notice_words, sites
from incidents.models import Incident
from towers.matching import Match


def in_words(incident: Incident) -> str:
    """What is wrong; empty where nothing is."""
    stored = incident.error_reason
    letter = notice_words.of_facts(incident.error_facts) if stored else None
    if letter and stored in _said(lambda: notice_words.sentence(letter)):
        return notice_words.sentence(letter)
    if not stored or not incident.reading.get("problem"):
        return stored
    match = Match.from_json(incident.reading)
    return sites.reason(match) if stored in _said(lambda: sites.reason(match)) else stored


def _said(words: Callable[[], str]) -> set[str]:
    """The same reason in every language of the desk."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.add(words())
    return found
