"""Taking back what `incidents.moving` did: everything goes where it was, or nothing does and the reason is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import belongings, events, placing
from incidents.codes import code_in_subject
from incidents.errors import DomainError
from incidents.models import Comment, Incident, IncidentEmail, IncidentEvent, Suggestion
from incidents.moving import DEEDS, PARTNERS, has_left, tried_again
from incidents.placing import Kept

if TYPE_CHECKING:
    from dispatchers.models import User

# Long enough for the next shift to see what this one did.
WITHIN = timedelta(hours=24)
DISMISSED = "suggestion_dismissed"
KINDS = DEEDS | PARTNERS | {DISMISSED}


def may_be_undone(event: IncidentEvent, now: datetime) -> bool:
    """Whether the deed is of a kind and an age that can be taken back; whether it was already is not asked here."""
    return event.kind in KINDS and now - event.at <= WITHIN


@tried_again
@transaction.atomic
def undo(event: IncidentEvent, *, by: User, at: datetime) -> IncidentEvent:
    """Put back what the deed of this event moved; letters that came since into its conversations go along.

    Raises DomainError, naming what changed, when it was undone already, is too old, or its letters went on elsewhere.
    """
    if not may_be_undone(event, at):
        raise DomainError(_("This can only be undone within 24 hours."))
    deed = IncidentEvent.objects.select_related("incident").get(pk=event.data.get("of", event.pk))
    other = Incident.objects.filter(pk=deed.data.get("other")).first() or deed.incident
    source, target = placing.lock(deed.incident, other)
    if IncidentEvent.objects.filter(incident=source, kind="undone", data__event=deed.pk).exists():
        raise DomainError(_("Somebody has undone this already."))
    if deed.kind == DISMISSED:
        _reopen([deed.data["suggestion"]])
    else:
        _bring_back(deed, source, target, by, at)
    facts = {"event": deed.pk, "what": deed.kind, "count": deed.data.get("count", 0)}
    undone = events.record(source, "undone", actor=by, at=at, other=deed.data.get("other"), **facts)
    if target.pk != source.pk and deed.kind != DISMISSED:
        events.record(target, "undone", actor=by, at=at, other=source.pk, **facts)
    return undone


def _bring_back(deed: IncidentEvent, source: Incident, target: Incident, by: User, at: datetime) -> None:
    kept = [Kept(**each) for each in deed.data["letters"]]
    places = placing.places_of(each.email for each in kept)
    _refuse_if_changed(deed, source, target, places)
    places += placing.places_of(_came_since(deed, source, target))
    _reopen(deed.data["suggestions"])
    if deed.kind == "merged":
        _unmerge(deed, source, target)
    placing.restore(places, source, kept)
    if deed.data["promoted"]:
        placing.step_back(source, Kept(**deed.data["promoted"]))
    _quiet(deed, source, target)
    if deed.kind == "split_off" and not target.letters.exists():
        # Its code may stand in letters already: it leads back from now on.
        target.comments.update(incident=source)
        placing.close_as_merged(target, source, at)
    for incident in (source, target):
        placing.settle_opener(incident)
    placing.follow_power(places, target, source)
    for incident in sorted((source, target), key=lambda each: each.pk):
        placing.recount(incident, at)


def _came_since(deed: IncidentEvent, source: Incident, target: Incident) -> list[int]:
    """Letters that came to the target because of the deed: to conversations it brought, or by the merged code."""
    before = [each["email"] for each in deed.data["letters"]]
    since = target.letters.exclude(email__in=before)
    threads = set(deed.data["threads"])
    if deed.kind == "merged":
        by_code = since.filter(way=IncidentEmail.Way.CODE).values_list("thread", "email__subject")
        threads |= {thread for thread, subject in by_code if code_in_subject(subject) == source.code}
    return list(since.filter(thread__in=threads).values_list("email", flat=True))


def _refuse_if_changed(
    deed: IncidentEvent, source: Incident, target: Incident, places: Sequence[IncidentEmail]
) -> None:
    gone = [place for place in places if place.incident_id != target.pk]
    if gone:
        raise DomainError(has_left(gone, target))
    expected = target.pk if deed.kind == "merged" else None
    if source.merged_into_id != expected:
        where = source.final.code if source.merged_into_id else source.code
        said = _("%(code)s itself is merged into %(into)s now. Undo that first.")
        raise DomainError(said % {"code": source.code, "into": where})
    if deed.kind == "merged" and source.status_id != deed.data["closed_as"]:
        said = _("%(code)s has the status “%(status)s” meanwhile. Nothing was changed.")
        raise DomainError(said % {"code": source.code, "status": source.status.name})


def _unmerge(deed: IncidentEvent, source: Incident, target: Incident) -> None:
    source.merged_into = None
    source.status_id = deed.data["status"]
    closed_at = deed.data["closed_at"]
    source.closed_at = datetime.fromisoformat(closed_at) if closed_at else None
    Comment.objects.filter(pk__in=deed.data["comments"]).update(incident=source)
    # Deeds of before this was carried along know nothing of it.
    belongings.bring_back(deed.data.get("belongings", {}), source, target)


def _quiet(deed: IncidentEvent, source: Incident, target: Incident) -> None:
    """The unread marks as they were; what came to the target since is news there still."""
    source_had, target_had = deed.data["news"]
    came = target.events.filter(pk__gt=deed.pk, kind="letter").exists()
    source.has_news = source.has_news or source_had
    target.has_news = target.has_news and (target_had or came)


def _reopen(suggestions: Sequence[int]) -> None:
    decided = Suggestion.objects.filter(pk__in=suggestions)
    decided.update(state=Suggestion.State.OPEN, decided_by=None, decided_at=None)
