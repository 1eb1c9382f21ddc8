"""Letters that came before the letter they belong to: kept then, they join once their conversation has an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from incidents.arrivals import Joining, attach_many
from incidents.models import IncidentEmail
from mailbox import inbox
from mailbox.models import Email, Receipt, ThreadId

# A bounce of an answer to an opening, and so on: no honest chain of letters without incident is longer.
LONGEST_CHAIN = 10
# How far back the sweep looks, and how many letters it takes in one go.
SWEPT, MOST_SWEPT = timedelta(days=2), 200


@dataclass(frozen=True, slots=True)
class Anchor:
    """A letter that has found its incident, for those that may have waited for it."""

    email: Email
    incident_id: int
    thread: int
    at: datetime
    ids: Sequence[str]
    is_history: bool = False


def gather(anchors: Sequence[Anchor]) -> int:
    """Attach what waited for these letters, and what waited for that; returns how many letters joined."""
    gathered: dict[int, Joining] = {}
    owners = {anchor.email.pk: anchor for anchor in anchors}
    frontier = {key: anchor.email for anchor in anchors for key in anchor.ids}
    for _ in range(LONGEST_CHAIN):
        found = [(asked, email) for asked, email in _waiting_for(frontier) if email.pk not in owners]
        if not found:
            break
        for asked, email in found:
            anchor = owners[email.pk] = owners[asked.pk]
            gathered[email.pk] = _joining(anchor, email)
        emails = {email.pk: email for _asked, email in found}
        frontier = {row.message_id: emails[row.email_id] for row in ThreadId.objects.filter(email__in=emails)}
    _join(list(gathered.values()))
    return len(gathered)


def sweep(now: datetime) -> int:
    """Join kept letters whose conversation has an incident by now; returns how many.

    Two letters of a conversation that were taken at the same moment, with a third between them kept already, share
    no key and do not see each other. It is rare, so the clock heals it.
    """
    kept = Receipt.objects.filter(state=Receipt.State.KEPT, received_at__gt=now - SWEPT, email__place=None)
    placed = ThreadId.objects.filter(message_id=OuterRef("message_id"), email__place__isnull=False)
    # An id that two letters have as their own proves nothing; the keys of an answer do.
    shared = ThreadId.objects.filter(email=OuterRef("email")).exclude(message_id=OuterRef("email__message_id"))
    found = kept.filter(Exists(shared.filter(Exists(placed)))).values_list("email", flat=True)[:MOST_SWEPT]
    return sum(_sweep_one(pk, now) for pk in dict.fromkeys(found))


@transaction.atomic
def _sweep_one(pk: int, now: datetime) -> int:
    email = Email.objects.get(pk=pk)
    keys = list(ThreadId.objects.filter(email=email).values_list("message_id", flat=True))
    inbox.lock(keys)
    answered = [key for key in keys if key != email.message_id]
    proofs = ThreadId.objects.filter(message_id__in=answered, email__place__isnull=False).order_by("email_id")
    proof = proofs.select_related("email__place").first()
    if proof is None or IncidentEmail.objects.filter(email=email).exists():
        return 0
    place: IncidentEmail = proof.email.place
    anchor = Anchor(proof.email, place.incident_id, place.thread, min(email.received_at, now), ())
    _join([_joining(anchor, email)])
    return 1 + gather([Anchor(email, place.incident_id, place.thread, anchor.at, keys)])


def _waiting_for(wanted: Mapping[str, Email]) -> Iterable[tuple[Email, Email]]:
    """Stored letters without incident that name one of these ids, with the letter that was asked about."""
    rows = ThreadId.objects.filter(message_id__in=wanted, email__place=None)
    for row in rows.select_related("email").order_by("email_id"):
        asked = wanted[row.message_id]
        # An id used twice for different letters proves nothing.
        if row.email.message_id != asked.message_id:
            yield asked, row.email


def _joining(anchor: Anchor, email: Email) -> Joining:
    return Joining(
        anchor.incident_id,
        email,
        IncidentEmail.Way.THREAD,
        anchor.at,
        anchor.thread,
        is_history=anchor.is_history,
    )


def _join(joinings: Sequence[Joining]) -> None:
    if joinings:
        attach_many(joinings)
        gathered = Receipt.objects.filter(email__in=[each.email for each in joinings], state=Receipt.State.KEPT)
        gathered.update(state=Receipt.State.JOINED, rule="", reason="")
