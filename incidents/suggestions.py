"""A person decides what the machine was not sure of: one click, and it can be undone like any deed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events, moving, placing
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, Suggestion
from incidents.undoing import DISMISSED

if TYPE_CHECKING:
    from dispatchers.models import User
    from mailbox.models import Email

Kind = Suggestion.Kind


@moving.tried_again
@transaction.atomic
def accept(suggestion: Suggestion, *, by: User, at: datetime) -> IncidentEvent:
    """Do what was proposed. Raises DomainError when somebody decided it before."""
    suggestion = _locked(suggestion)
    here, email = suggestion.incident, suggestion.email
    if suggestion.kind == Kind.SPLIT_OFF:
        return moving.move_letters([email], None, out_of=here, by=by, at=at)
    there = _other(suggestion)
    if suggestion.kind == Kind.SAME_THREAD:
        # The older one keeps its code: it stands in more letters.
        source, into = sorted((here, there), key=lambda each: each.pk, reverse=True)
        return moving.merge(source, into, by=by, at=at)
    letters = [email] if suggestion.kind == Kind.CONFLICT else _conversation(here, email)
    return moving.move_letters(letters, there, out_of=here, by=by, at=at)


@moving.tried_again
@transaction.atomic
def dismiss(suggestion: Suggestion, *, by: User, at: datetime) -> IncidentEvent:
    """Leave the letter where it is. Raises DomainError when somebody decided it before."""
    suggestion = _locked(suggestion)
    suggestion.state, suggestion.decided_by, suggestion.decided_at = Suggestion.State.DISMISSED, by, at
    suggestion.save(update_fields=["state", "decided_by", "decided_at"])
    facts = {"suggestion": suggestion.pk, "about": str(suggestion.kind), "other": suggestion.other_id}
    return events.record(suggestion.incident, DISMISSED, actor=by, at=at, **facts)


def _locked(suggestion: Suggestion) -> Suggestion:
    """The fresh suggestion; its incidents are locked before it, as every deed does."""
    placing.lock(suggestion.incident, *([_other(suggestion)] if suggestion.other_id else []))
    rows = Suggestion.objects.select_for_update(of=("self",)).select_related("incident", "other", "email")
    fresh = rows.get(pk=suggestion.pk)
    if fresh.state != Suggestion.State.OPEN:
        raise DomainError(_("Somebody has decided this already."))
    return fresh


def _other(suggestion: Suggestion) -> Incident:
    """The incident it names, or where that was merged."""
    if suggestion.other is None:
        raise DomainError(_("There is no incident to join."))
    return suggestion.other.final


def _conversation(incident: Incident, email: Email) -> list[Email]:
    """The letter with everything that answers it here: a new incident joins as a whole."""
    thread = incident.letters.filter(email=email).values_list("thread", flat=True).first()
    # A letter that has left meanwhile is asked for alone: moving it says where it is now.
    return [email] if thread is None else moving.thread_of(incident, thread)
