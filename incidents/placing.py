"""Letters changing places: what moving, merging and undoing share. Everything here needs an open transaction.

The promises: rows of incidents are locked in the order of their keys, so nobody waits in a circle; a letter is in
one incident; a receipt says "opened" exactly where its letter opened an incident; counts are counted, not guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, Q

from incidents import events, lifecycle, services
from incidents.joining import says_power_is_back
from incidents.models import Incident, IncidentEmail, Suggestion
from mailbox.models import Email, Receipt

if TYPE_CHECKING:
    from dispatchers.models import User

Way = IncidentEmail.Way
# Nobody reads them to move a letter, and a mail loop has thousands of letters.
_LONG_TEXTS = tuple(f"email__{name}" for name in ("text", "reply_text", "safe_html", "references"))
_INCOMING = Q(email__direction=Email.Direction.IN)
_HUMAN = _INCOMING & Q(email__kind=Email.Kind.HUMAN)


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter's place as it was, for the event that lets it be undone."""

    email: int
    way: str
    is_newcomer: bool

    @classmethod
    def of(cls, place: IncidentEmail) -> Kept:
        return cls(place.email_id, place.way, place.is_newcomer)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def lock(*incidents: Incident) -> list[Incident]:
    """These incidents, fresh and locked to the end of the transaction, in the order asked for."""
    # No joins: when a joined key changes while we wait for the lock, PostgreSQL drops the row from the answer.
    rows = Incident.objects.select_for_update().filter(pk__in={each.pk for each in incidents}).order_by("pk")
    fresh = {row.pk: row for row in rows}
    return [fresh[each.pk] for each in incidents]


def places_of(emails: Iterable[int]) -> list[IncidentEmail]:
    """The places of these letters, locked, oldest letter first."""
    places = IncidentEmail.objects.select_for_update(of=("self",)).select_related("email").defer(*_LONG_TEXTS)
    return sorted(
        places.filter(email__in=emails).order_by("pk"), key=lambda place: (place.email.received_at, place.email_id)
    )


def carry(places: Collection[IncidentEmail], to: Incident, *, opener: int | None = None) -> None:
    """Put these letters into `to`, as its guests; `opener` is the letter that opened it, if one of them did.

    Whoever moves a letter vouches for its sender, so nobody is new there afterwards.
    """
    emails = [place.email_id for place in places]
    _put(emails, to, way=Way.HAND, is_newcomer=False)
    if opener:
        _put([opener], to, way=Way.OPENED)
    _follow(emails, to)


def restore(places: Collection[IncidentEmail], to: Incident, kept: Iterable[Kept]) -> None:
    """Put letters back as they were; those that are not in `kept` came later and go along as they are."""
    emails = [place.email_id for place in places]
    _put(emails, to)
    _put([place.email_id for place in places if place.way == Way.OPENED], to, way=Way.THREAD)
    alike: dict[tuple[str, bool], list[int]] = {}
    for each in kept:
        alike.setdefault((each.way, each.is_newcomer), []).append(each.email)
    for (way, is_newcomer), same in alike.items():
        _put(same, to, way=way, is_newcomer=is_newcomer)
    _follow(emails, to)


def settle_opener(incident: Incident) -> Kept | None:
    """See to it that exactly one letter opened a mail incident: its earliest incoming one, if it lost the first.

    Returns the letter that takes the part now, as it was before.
    """
    if incident.registration != Incident.Registration.MAIL or incident.merged_into_id:
        return None
    letters = incident.letters.select_related("email").order_by("email__received_at", "email_id")
    openers = list(letters.filter(way=Way.OPENED))
    for other in openers[1:]:
        _set_way(other, Way.HAND)
    promoted = None if openers else letters.filter(_HUMAN).first() or letters.filter(_INCOMING).first()
    if promoted is None:
        return None
    kept = Kept.of(promoted)
    _set_way(promoted, Way.OPENED)
    return kept


def step_back(incident: Incident, kept: Kept) -> None:
    """The first letter is back: the one that stood in for it is what it was before."""
    place = incident.letters.filter(email=kept.email, way=Way.OPENED).first()
    if place:
        _set_way(place, kept.way)


def recount(incident: Incident, at: datetime) -> None:
    """Count the letters of a locked incident again, and start its clock at the first of them."""
    facts = incident.letters.aggregate(
        count=Count("id"),
        first=Min("email__received_at", filter=_INCOMING),
        late=Count("id", filter=_HUMAN & Q(email__received_at__gt=incident.closed_at or at)),
    )
    incident.letter_count = facts["count"]
    incident.letters_since_closing = 0 if incident.is_open else facts["late"]
    incident.has_news = incident.has_news and facts["first"] is not None
    before = incident.opened_at
    if incident.registration == Incident.Registration.MAIL and facts["first"]:
        incident.opened_at = min(facts["first"], at)
    if incident.due_at:
        # A deadline before the opening is refused by the table; the clock sets it anew right after.
        incident.due_at += incident.opened_at - before
    fields = ["letter_count", "letters_since_closing", "has_news", "opened_at", "due_at"]
    services.save(incident, at, *fields, "power_back_at", "merged_into", "status", "closed_at", "first_action_at")
    if incident.opened_at != before:
        kind = "opened_earlier" if incident.opened_at < before else "opened_later"
        events.record(incident, kind, actor=None, at=at)


def close_as_merged(source: Incident, into: Incident, at: datetime) -> None:
    """Close it, whatever its status allows: it is no case of its own any more. `recount` writes it."""
    source.merged_into = into
    source.first_action_at = source.first_action_at or at
    source.has_news = False
    if source.is_open:
        source.status = lifecycle.end_status()
        source.closed_at = at


def settle_suggestions(target: Incident, *, split: Collection[int], by: User, at: datetime) -> list[int]:
    """What the machine proposed, and what is so now that letters came to `target`, counts as accepted; returns which.

    `split` are the letters that left their incident: that each of them should is settled as well.
    """
    about = Q(incident=target) | Q(other=target) | Q(other__merged_into=target)
    rows = Suggestion.objects.filter(about, state=Suggestion.State.OPEN).select_related("incident", "other")
    is_so = [
        row.pk
        for row in rows.order_by("pk")
        if (row.other and row.other.final == row.incident.final)
        or (row.kind == Suggestion.Kind.SPLIT_OFF and row.email_id in split)
    ]
    Suggestion.objects.filter(pk__in=is_so).update(state=Suggestion.State.TAKEN, decided_by=by, decided_at=at)
    return is_so


def follow_power(places: Collection[IncidentEmail], source: Incident, target: Incident) -> None:
    """“Power is back” is said where the letter is that says so. `recount` writes it."""
    saying = [place.email.received_at for place in places if _says_power_is_back(place.email)]
    if not saying:
        return
    target.power_back_at = target.power_back_at or min(saying)
    left = Email.objects.filter(place__incident=source, subject__icontains="закрыто")
    if not any(_says_power_is_back(email) for email in left):
        source.power_back_at = None


def _says_power_is_back(email: Email) -> bool:
    return email.direction == Email.Direction.IN and says_power_is_back(email.subject)


def _put(emails: Collection[int], to: Incident, **facts: Any) -> None:
    IncidentEmail.objects.filter(email__in=emails).update(incident=to, **facts)


def _follow(emails: Collection[int], to: Incident) -> None:
    """What goes with the letters: their fate in the ledger, and what a person is asked about them."""
    _agree_receipts(emails)
    Suggestion.objects.filter(email__in=emails, state=Suggestion.State.OPEN).update(incident=to)


def _set_way(place: IncidentEmail, way: str) -> None:
    place.way = way
    place.save(update_fields=["way"])
    _agree_receipts([place.email_id])


def _agree_receipts(emails: Collection[int]) -> None:
    """The ledger's fate follows the place: "opened" where the letter opened an incident, else "joined"."""
    state = Receipt.State
    openers = IncidentEmail.objects.filter(email__in=emails, way=Way.OPENED).values("email")
    taken = Receipt.objects.filter(email__in=emails)
    taken.filter(state=state.JOINED, email__in=openers).update(state=state.OPENED)
    taken.filter(state=state.OPENED).exclude(email__in=openers).update(state=state.JOINED)
