"""Who takes part in an incident's conversation: whom a code in a subject is believed, and who is new."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import connection

from mailbox.models import Email

# Whoever writes from here speaks for himself, not for a company.
PUBLIC_DOMAINS = frozenset(
    [
        "gmail.com",
        "mail.ru",
        "yandex.ru",
        "ya.ru",
        "bk.ru",
        "inbox.ru",
        "list.ru",
        "rambler.ru",
        "outlook.com",
        "hotmail.com",
        "icloud.com",
        "yahoo.com",
    ]
)
# Requester, everybody of its letters, the contractor's addresses of the pole, and the desk's mailboxes.
_PEOPLE = """
    SELECT incident, array_agg(DISTINCT lower(address))
    FROM (
        SELECT place.incident_id AS incident, who.address
        FROM incidents_incidentemail place
        JOIN mailbox_email letter ON letter.id = place.email_id
        CROSS JOIN LATERAL (
            SELECT letter.from_email
            UNION ALL SELECT person ->> 'email' FROM jsonb_array_elements(letter."to" || letter.cc) AS person
        ) AS who (address)
        WHERE place.incident_id = ANY(%(ids)s)
        UNION ALL SELECT id, requester_email FROM incidents_incident WHERE id = ANY(%(ids)s)
        UNION ALL SELECT incident.id, unnest(pole.contractor_emails)
        FROM incidents_incident incident JOIN towers_pole pole ON pole.id = incident.pole_id
        WHERE incident.id = ANY(%(ids)s)
        UNION ALL SELECT asked.id, own.address
        FROM unnest(%(ids)s::bigint[]) AS asked (id) CROSS JOIN mailbox_mailbox own
    ) AS people
    WHERE address <> ''
    GROUP BY incident
"""


def of(incidents: Collection[int]) -> dict[int, frozenset[str]]:
    """The addresses, in lower case, of everybody who takes part in each of these incidents; one query."""
    people = dict.fromkeys(incidents, frozenset[str]())
    if incidents:
        with connection.cursor() as cursor:
            cursor.execute(_PEOPLE, {"ids": list(incidents)})
            people |= {incident: frozenset(addresses) for incident, addresses in cursor.fetchall()}
    return people


def takes_part(email: Email, people: frozenset[str]) -> bool:
    """Whether the sender is among them, or of the company of one of them, or of the desk."""
    sender = email.from_email.lower()
    own = {_domain(address) for address in settings.DESK_ADDRESSES} - PUBLIC_DOMAINS
    if email.direction == Email.Direction.OUT or _domain(sender) in own:
        return True
    if not sender:
        return False  # an incident by phone has no requester; a letter from nobody is not his
    return sender in people or _domain(sender) in {_domain(each) for each in people} - PUBLIC_DOMAINS - {""}


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
