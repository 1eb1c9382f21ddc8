"""A person puts letters where they belong: move, split off, merge. Each deed is one transaction and can be undone.

Whoever moves and merges at the same moment waits for the other and then decides on what is: a letter that went
elsewhere meanwhile is not moved twice, and two incidents are never merged into each other. What a deed changed
stands in its event; `incidents.undoing` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.errors import DeadlockDetected

from incidents import belongings, events, placing, services, sites
from incidents.arrivals import Opening, open_many
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, IncidentEvent
from incidents.placing import Kept
from mailbox.models import Email
from towers import lookup
from towers.matching import Match, Part

if TYPE_CHECKING:
    from dispatchers.models import User

# Letters whose incident or subject a person decided on; whoever looks at an older page is told first.
DEEDS = frozenset({"letters_moved_out", "merged", "split_off"})
PARTNERS = frozenset({"letters_moved_in", "merged_in", "split_from"})
KINDS = DEEDS | PARTNERS | {"undone"}
ATTEMPTS = 3

P = ParamSpec("P")
R = TypeVar("R")


def tried_again(deed: Callable[P, R]) -> Callable[P, R]:
    """A deadlock with somebody who locks in another order rolls back the whole deed: do it once more."""

    @wraps(deed)
    def doing(*args: P.args, **kwargs: P.kwargs) -> R:
        for _attempt in range(ATTEMPTS - 1):
            try:
                return deed(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return deed(*args, **kwargs)

    return doing


@tried_again
@transaction.atomic
def move_letters(
    emails: Sequence[Email], to: Incident | None, *, out_of: Incident, by: User, at: datetime
) -> IncidentEvent:
    """Move letters of `out_of` to another incident, or, with None, into a new one that the earliest opens.

    All letters of an incident from mail are the incident: then it is merged. Raises DomainError where a letter has
    left meanwhile, and where there is nothing to split. Returns the event, for `undoing.undo`.
    """
    if to is None:
        return _split_off(emails, out_of, by, at)
    source, target = _locked_pair(out_of, to.final)
    places = _places(emails, source)
    if len(places) == source.letters.count() and source.registration == Incident.Registration.MAIL:
        return _merge(source, target, by, at)
    return _carry_over(places, source, target, by, at)


@tried_again
@transaction.atomic
def merge(source: Incident, into: Incident, *, by: User, at: datetime) -> IncidentEvent:
    """Letters, notes, and what people put on `source` go to `into`; it is closed, and its code leads there from now on.

    Raises DomainError for an incident merged into itself or merged already. Returns the event, for `undoing.undo`.
    """
    source, target = _locked_pair(source, into.final)
    return _merge(source, target, by, at)


def thread_of(incident: Incident, thread: int) -> list[Email]:
    """The letters of one conversation of the incident."""
    return list(Email.objects.filter(place__incident=incident, place__thread=thread).only("pk").order_by("pk"))


def _locked_pair(source: Incident, target: Incident) -> tuple[Incident, Incident]:
    if source.pk == target.pk:
        raise DomainError(_already(source))
    source, target = placing.lock(source, target)
    if source.merged_into_id:
        raise DomainError(_already(source))
    if target.merged_into_id:
        # Merged while we waited: where it leads now is for the person to decide.
        raise DomainError(_already(target))
    return source, target


def _already(incident: Incident) -> str:
    if incident.merged_into_id:
        said = _("%(code)s was merged into %(into)s. Look there.")
        return said % {"code": incident.code, "into": incident.final.code}
    return _("%(code)s leads to this same incident: there is nothing to move.") % {"code": incident.code}


def _places(emails: Sequence[Email], source: Incident) -> list[IncidentEmail]:
    """The places of the letters, all of them in `source` still."""
    places = placing.places_of(email.pk for email in emails)
    if not places:
        raise DomainError(_("Choose the letters to move."))
    gone = [place for place in places if place.incident_id != source.pk]
    if gone:
        raise DomainError(has_left(gone, source))
    return places


def has_left(gone: Sequence[IncidentEmail], source: Incident) -> str:
    """Where letters are that should be in `source`."""
    codes = Incident.objects.filter(pk__in={place.incident_id for place in gone}).order_by("pk")
    return ngettext(
        "%(n)d letter is not in %(code)s any more but in %(where)s. Nothing was changed.",
        "%(n)d letters are not in %(code)s any more but in %(where)s. Nothing was changed.",
        len(gone),
    ) % {"n": len(gone), "code": source.code, "where": ", ".join(codes.values_list("code", flat=True))}


def _carry_over(
    places: Sequence[IncidentEmail], source: Incident, target: Incident, by: User, at: datetime
) -> IncidentEvent:
    data = _facts(places, source, target)
    placing.carry(places, target)
    _bring_news(target, places, by)
    return _recorded(("letters_moved_out", "letters_moved_in"), places, source, target, data, by, at)


def _merge(source: Incident, target: Incident, by: User, at: datetime) -> IncidentEvent:
    places = placing.places_of(source.letters.values_list("email", flat=True))
    data = _facts(places, source, target)
    data["comments"] = list(source.comments.order_by("pk").values_list("pk", flat=True))
    data |= {"status": source.status_id, "closed_at": source.closed_at.isoformat() if source.closed_at else None}
    placing.carry(places, target)
    source.comments.update(incident=target)
    data["belongings"] = belongings.carry(source, target)
    placing.close_as_merged(source, target, at)
    data["closed_as"] = source.status_id
    _bring_news(target, places, by)
    return _recorded(("merged", "merged_in"), places, source, target, data, by, at)


def _split_off(emails: Sequence[Email], out_of: Incident, by: User, at: datetime) -> IncidentEvent:
    (source,) = placing.lock(out_of)
    if source.merged_into_id:
        raise DomainError(_already(source))
    places = _places(emails, source)
    if len(places) == source.letters.count():
        raise DomainError(_("These are all letters of %(code)s: nothing would be left of it.") % {"code": source.code})
    incoming = [place for place in places if place.email.direction == Email.Direction.IN]
    if not incoming:
        raise DomainError(_("Only letters of the desk itself: they open no incident."))
    first = incoming[0].email
    data = _facts(places, source, None)
    # Who gets the new incident, and its deadline, are decided when all of it is there.
    with events.reactions_at_the_end():
        target = _opened(incoming[0], at)
        places = placing.places_of(place.email_id for place in places)
        placing.carry(places, target, opener=first.pk)
        return _recorded(("split_off", "split_from"), places, source, target, data, by, at)


def _opened(place: IncidentEmail, at: datetime) -> Incident:
    """A new incident of this letter, as if it had come by itself: its own site, its own requester."""
    email, thread = place.email, place.thread
    match = _site_of(email)
    poles, stations = sites.rows([match])
    station = stations.get(match.station_id or 0)
    opening = Opening(
        email,
        at,
        reading=match.as_json(),
        operator=services.operator_of(station) or lookup.operator_of_sender(email.from_email),
        pole=poles.get(match.pole_id or 0),
        station=station,
        error=sites.reason(match) if match.problem and not match.pole_id else "",
    )
    place.delete()
    (incident,) = open_many([opening])
    IncidentEmail.objects.filter(email=email).update(thread=thread)
    # The clock starts at the letter, though the deed is of now.
    incident.opened_at = min(email.received_at, at)
    incident.save(update_fields=["opened_at"])
    return incident


def _site_of(email: Email) -> Match:
    """The site of a letter that speaks of something else: its new words say it, its subject is of the old matter."""
    files = email.attachments.filter(inline=False).order_by("pk").values_list("name", flat=True)
    new = [Part("reply", email.reply_text or email.text), *(Part("attachment", name) for name in files)]
    match = lookup.find(new)
    return match if match.pole_id or match.problem else lookup.find([Part("subject", email.subject), *new])


def _facts(places: Sequence[IncidentEmail], source: Incident, target: Incident | None) -> dict[str, Any]:
    """What undoing needs: where and what the letters were, and which conversations `target` did not have."""
    known = set(target.letters.values_list("thread", flat=True)) if target else set()
    return {
        "letters": [Kept.of(place).as_json() for place in places],
        "threads": sorted({place.thread for place in places} - known),
        "news": [source.has_news, target.has_news if target else False],
    }


def _bring_news(target: Incident, places: Sequence[IncidentEmail], by: User) -> None:
    """Letters are news for whoever works the target, unless he put them there himself."""
    if target.assignee_id != by.pk and any(place.email.direction == Email.Direction.IN for place in places):
        target.has_news = True


def _recorded(
    kinds: tuple[str, str],
    places: Sequence[IncidentEmail],
    source: Incident,
    target: Incident,
    data: dict[str, Any],
    by: User,
    at: datetime,
) -> IncidentEvent:
    """Count both incidents again and write what happened into both timelines; the source's event knows all of it."""
    promoted = placing.settle_opener(source)
    placing.follow_power(places, source, target)
    for incident in sorted((source, target), key=lambda each: each.pk):
        placing.recount(incident, at)
    data |= {"other": target.pk, "count": len(places), "promoted": promoted.as_json() if promoted else None}
    letters = [place.email_id for place in places]
    data["suggestions"] = placing.settle_suggestions(target, split=letters, by=by, at=at)
    event = events.record(source, kinds[0], actor=by, at=at, **data)
    events.record(target, kinds[1], actor=by, at=at, of=event.pk, other=source.pk, count=len(places))
    return event
