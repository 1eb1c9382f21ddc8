"""The incident's code: how it is made, how it is found in a letter, and how a code proves that it came from us."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hmac import compare_digest

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac

SEQUENCE = "incidents_incident_number"

# Cyrillic letters that look like the prefix's Latin ones, as people retype them; any dash.
LOOKALIKES = str.maketrans("АВЕКМНОРСТХУавекмнорстху‐‑‒–—−", "ABEKMHOPCTXYABEKMHOPCTXY------")
# No letters that are taken for digits or for each other.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SIGNS = 6


@dataclass(frozen=True, slots=True)
class Named:
    """A code that a letter names. Signed: only who has had a letter of this incident can know it."""

    code: str
    is_signed: bool = False


def next_code() -> str:
    """A code nobody has."""
    return next_codes(1)[0]


def next_codes(number: int) -> list[str]:
    """Codes nobody has. Numbers grow and may skip; a larger INCIDENT_FIRST_NUMBER takes effect at once."""
    with connection.cursor() as cursor:
        numbers = _next_numbers(cursor, number)
        if numbers[0] < settings.INCIDENT_FIRST_NUMBER:
            first = settings.INCIDENT_FIRST_NUMBER
            jump = f"SELECT setval(%s, greatest(%s, last_value), last_value >= %s) FROM {SEQUENCE}"
            cursor.execute(jump, [SEQUENCE, first, first])
            numbers = _next_numbers(cursor, number)
    return [f"{settings.INCIDENT_PREFIX}-{each}" for each in numbers]


def _next_numbers(cursor, number: int) -> list[int]:  # type: ignore[no-untyped-def]
    cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [SEQUENCE, number])
    return [row[0] for row in cursor.fetchall()]


def code_in_subject(subject: str) -> str | None:
    """The incident code in a subject, or None. Whole token only; the last one wins, as after a forward."""
    named = named_in_subject(subject)
    return named.code if named else None


def named_in_subject(subject: str) -> Named | None:
    """The same with its signature, where it carries a good one; a code with a bad signature is none."""
    found = _in(subject, r"(?<![\w-])", r"(?![\w]|-\w)")
    return found[-1] if found else None


def named_in_addresses(addresses: Iterable[str], own: Collection[str]) -> Named | None:
    """The signed code in a recipient like desk+NT-100001-K7Q2AB@…, where desk@… is one of the desk's own addresses."""
    for address in addresses:
        local, _at, domain = address.lower().rpartition("@")
        name, plus, tag = local.partition("+")
        if plus and f"{name}@{domain}" in own:
            signed = [each for each in _in(tag, "^", "$") if each.is_signed]
            if signed:
                return signed[0]
    return None


def signed(code: str) -> str:
    """The code as our letters carry it where it has to prove itself: NT-100001-K7Q2AB."""
    return f"{code}-{_signature(code)}"


def _in(text: str, before: str, after: str) -> list[Named]:
    prefix = re.escape(_plain(settings.INCIDENT_PREFIX))
    pattern = rf"{before}{prefix}\s?-\s?(\d{{1,12}})(?:-([0-9A-Z]{{{_SIGNS}}}))?{after}"
    named = []
    for number, signature in re.findall(pattern, _plain(text)):
        code = f"{settings.INCIDENT_PREFIX}-{number}"
        if not signature:
            named.append(Named(code))
        elif compare_digest(signature, _signature(code)):
            named.append(Named(code, is_signed=True))
    return named


def _signature(code: str) -> str:
    digest = salted_hmac("incidents.codes", code, algorithm="sha256").digest()
    return "".join(_ALPHABET[byte % 32] for byte in digest[:_SIGNS])


def _plain(text: str) -> str:
    # Outlook puts soft hyphens (U+00AD) into long tokens.
    return text.replace("\u00ad", "").translate(LOOKALIKES).upper()
