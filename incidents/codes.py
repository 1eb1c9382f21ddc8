"""The incident's code: how it is made and how it is found in a subject."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import connection

SEQUENCE = "incidents_incident_number"

# Cyrillic letters that look like the prefix's Latin ones, as people retype them; any dash.
LOOKALIKES = str.maketrans("АВЕКМНОРСТХУавекмнорстху‐‑‒–—−", "ABEKMHOPCTXYABEKMHOPCTXY------")


def next_code() -> str:
    """A code nobody has. Numbers grow and may skip; a larger INCIDENT_FIRST_NUMBER takes effect at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [SEQUENCE])
        number = cursor.fetchone()[0]
        if number < settings.INCIDENT_FIRST_NUMBER:
            cursor.execute(
                "SELECT setval(%s, greatest(%s, last_value)) FROM incidents_incident_number",
                [SEQUENCE, settings.INCIDENT_FIRST_NUMBER],
            )
            number = cursor.fetchone()[0]
    return f"{settings.INCIDENT_PREFIX}-{number}"


def code_in_subject(subject: str) -> str | None:
    """The incident code in a subject, or None. Whole token only; the last one wins, as after a forward."""
    prefix = re.escape(_plain(settings.INCIDENT_PREFIX))
    found = re.findall(rf"(?<![\w-]){prefix}\s?-\s?(\d{{1,12}})(?![\w]|-\w)", _plain(subject))
    return f"{settings.INCIDENT_PREFIX}-{found[-1]}" if found else None


def _plain(text: str) -> str:
    # Outlook puts soft hyphens (U+00AD) into long tokens.
    return text.replace("\u00ad", "").translate(LOOKALIKES).upper()
