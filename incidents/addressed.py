"""The conversation that a letter of ours continues by whom it goes to, where its headers name none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models.functions import Lower

from incidents.models import IncidentEmail
from mailbox.models import Email


def threads(letters: Sequence[tuple[Email, int]]) -> Mapping[int, int]:
    """By letter: the conversation of its incident in which one of its readers wrote last; one query, or none.

    Only letters that were written in another program, by somebody of the desk: ours name what they answer.
    """
    readers = {
        (email.pk, incident): [each["email"].lower() for each in (*email.to, *email.cc)]
        for email, incident in letters
        if email.direction == Email.Direction.OUT
    }
    if not readers:
        return {}
    wrote = _wrote({incident for _, incident in readers}, {each for some in readers.values() for each in some})
    found = {
        letter: [wrote[incident, each] for each in some if (incident, each) in wrote]
        for (letter, incident), some in readers.items()
    }
    return {letter: max(each)[1] for letter, each in found.items() if each}


def _wrote(incidents: Collection[int], people: Collection[str]) -> dict[tuple[int, str], tuple[int, int]]:
    """By incident and person: the last letter, and its conversation."""
    rows = IncidentEmail.objects.annotate(sender=Lower("email__from_email"))
    rows = rows.filter(incident__in=incidents, sender__in=people, email__direction=Email.Direction.IN)
    found = rows.order_by("incident", "sender", "-email").distinct("incident", "sender")
    return {(each.incident_id, each.sender): (each.email_id, each.thread) for each in found}
