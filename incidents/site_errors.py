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
from incidents.notice_refusals import Reason
from towers.matching import Match


def in_words(incident: Incident) -> str:
    """What is wrong; empty where nothing is."""
    letter = of_letter(incident)
    if letter:
        return notice_words.sentence(letter)
    stored = incident.error_reason
    if not stored or not incident.reading.get("problem"):
        return stored
    match = Match.from_json(incident.reading)
    return sites.reason(match) if stored in _said(lambda: sites.reason(match)) else stored


def of_letter(incident: Incident) -> Reason | None:
    """Why its letter could not be sent, where that is what is wrong: facts of an older error say nothing."""
    reason = notice_words.of_facts(incident.error_facts) if incident.error_reason else None
    if reason and incident.error_reason in _said(lambda: notice_words.sentence(reason)):
        return reason
    return None


def _said(words: Callable[[], str]) -> set[str]:
    """The same reason in every language of the desk."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.add(words())
    return found
