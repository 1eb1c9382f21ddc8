"""Words that are not sent yet, kept on the server per person and incident from the first second on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet

from incidents.models import Draft, Incident

if TYPE_CHECKING:
    from dispatchers.models import User

NOTE = Draft.Field.NOTE


@transaction.atomic
def keep(
    incident: Incident,
    person: User,
    text: str,
    *,
    at: datetime,
    field: str = NOTE,
    form: Mapping[str, Any] | None = None,
) -> None:
    """The words as they stand now, with what stands around those of a letter; neither, and there is no draft."""
    if not text.strip() and not form:
        clear(incident, person, field=field)
        return
    # Whoever does something on the incident locks it first and its drafts then: so does this.
    Incident.objects.select_for_update(no_key=True).only("pk").filter(pk=incident.pk).first()
    Draft.objects.bulk_create(
        [Draft(incident=incident, person=person, field=field, text=text, form=dict(form or {}), changed_at=at)],
        update_conflicts=True,
        unique_fields=["incident", "person", "field"],
        update_fields=["text", "form", "changed_at"],
    )


def of(incident: Incident, person: User, *, field: str = NOTE) -> Draft | None:
    """What the person has begun here, or on an incident that was merged into this one meanwhile; the latest."""
    return _his(incident, person, field).order_by("-changed_at", "-pk").first()


def clear(incident: Incident, person: User, *, field: str = NOTE) -> None:
    """The words have become a note, or are not wanted."""
    _his(incident, person, field).delete()


def _his(incident: Incident, person: User, field: str) -> QuerySet[Draft]:
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    return Draft.objects.filter(here, person=person, field=field)
