"""What people do about letters that opened nothing: try a quarantined one again, open or join an incident by hand.

Each deed is one transaction that locks the receipt first, so two people who click at once get one result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events, joining, services, sites
from incidents.arrivals import Opening, open_many
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail
from mailbox import inbox
from mailbox.inbox import Fate, Reading
from mailbox.models import Email, Folder, Receipt, Settled
from towers import lookup
from towers.matching import Match

if TYPE_CHECKING:
    from dispatchers.models import User

State = Receipt.State
# From these a person may take a letter on.
WITHOUT_INCIDENT = (State.KEPT, State.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Done:
    """The incident the letter is in now; `is_new` if this very deed put it there."""

    incident: Incident
    is_new: bool


def may_open(receipt: Receipt) -> bool:
    """Whether a letter like this one can open an incident: one of the desk's own can only join."""
    return may_join(receipt) and not (receipt.email and receipt.email.direction == Email.Direction.OUT)


def may_join(receipt: Receipt) -> bool:
    return receipt.state in WITHOUT_INCIDENT and bool(receipt.sha256)


@transaction.atomic
def try_again(receipt: Receipt, *, by: User, at: datetime) -> bool:
    """Let a quarantined letter be taken anew, at once; False if it is in quarantine no more."""
    _require(by)
    fresh = _locked(receipt)
    if fresh.state != State.QUARANTINED:
        return False
    _release([fresh.pk], at)
    return True


@transaction.atomic
def try_all_again(*, by: User, at: datetime) -> int:
    """The same for the whole quarantine; returns how many letters. Those somebody is busy with are left to him."""
    _require(by)
    rows = Receipt.objects.select_for_update(skip_locked=True, of=("self",)).filter(state=State.QUARANTINED)
    return _release(list(rows.order_by("pk").values_list("pk", flat=True)), at)


@transaction.atomic
def open_incident(receipt: Receipt, *, by: User, at: datetime) -> Done:
    """A new incident of a letter that a rule kept or that lies in quarantine. Raises DomainError with what to do."""
    _require(by)
    fresh = _locked(receipt)
    reading, match = _read(fresh)
    email, place = _stored(fresh, reading, match)
    if place:
        return Done(place.incident, is_new=False)
    if email.direction == Email.Direction.OUT:
        raise DomainError(_("The desk wrote this letter itself: it opens nothing, join it to an incident."))
    with events.reactions_at_the_end():
        (incident,) = open_many([_opening(email, match, min(email.received_at, at))])
        _settle(fresh, email, State.OPENED)
        services.add_comment(incident, _("Opened by hand from the list of letters."), by=by, at=at)
    incident.refresh_from_db()
    return Done(incident, is_new=True)


@transaction.atomic
def join(receipt: Receipt, to: Incident, *, by: User, at: datetime) -> Done:
    """Put such a letter into this incident, or into the one it was merged into."""
    _require(by)
    fresh = _locked(receipt)
    reading, match = _read(fresh)
    email, place = _stored(fresh, reading, match)
    if place:
        return Done(place.incident, is_new=False)
    with events.reactions_at_the_end():
        incident = services.attach_email(to.final, email, way=IncidentEmail.Way.HAND, at=at)
        _settle(fresh, email, State.JOINED)
        services.add_comment(incident, _("A letter was put here by hand from the list of letters."), by=by, at=at)
    incident.refresh_from_db()
    return Done(incident, is_new=True)


def _require(by: User) -> None:
    if not by.has_perm("incidents.work_incident"):
        raise PermissionDenied


def _locked(receipt: Receipt) -> Receipt:
    return Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)


def _release(pks: Sequence[int], at: datetime) -> int:
    """Letters with bytes go to intake; for the others their folder is looked at, and they count as asked for anew."""
    rows = Receipt.objects.filter(pk__in=pks)
    # The moment is where the wait begins that the alarm measures.
    number = rows.exclude(sha256="").update(state=State.NEW, attempts=0, reason="", next_try_at=at)
    asked = rows.filter(sha256="")
    Settled.objects.filter(kind=Settled.Kind.RECEIPT, number__in=pks).delete()
    Folder.objects.filter(receipts__in=asked).update(asked_at=at)
    return number + asked.update(attempts=0, next_try_at=at)


def _read(receipt: Receipt) -> tuple[Reading, Match]:
    """The letter from its bytes, whatever kept intake from it."""
    if receipt.state == State.NEW:
        raise DomainError(_("The letter is being taken right now. Look again in a few seconds."))
    if not receipt.sha256:
        raise DomainError(_("The server has not handed this letter over, so there is nothing to read. Try it again."))
    try:
        reading = inbox.read(receipt)
        return reading, sites.read(reading.parsed)
    except FileNotFoundError as error:
        raise DomainError(_("The bytes of this letter are not in the store. Try it again later.")) from error
    except Exception as error:
        # Reading is what failed in quarantine; the person is told, and the letter stays where it is.
        said = _("The letter cannot be read: %(why)s. Open an incident by hand and quote the original.")
        raise DomainError(said % {"why": f"{type(error).__name__}: {error}"}) from error


def _stored(receipt: Receipt, reading: Reading, match: Match) -> tuple[Email, IncidentEmail | None]:
    """The letter's row, and its place if it is in an incident; intake of its conversation waits until we are done."""
    inbox.lock(joining.lock_keys(reading, match))
    email = receipt.email or inbox.store([reading])[0].email
    Email.objects.select_for_update().get(pk=email.pk)
    place = IncidentEmail.objects.select_related("incident").filter(email=email).first()
    if place and receipt.state == State.QUARANTINED:
        inbox.finish([Fate(receipt, State.COPY, email)])
    return email, place


def _opening(email: Email, match: Match, at: datetime) -> Opening:
    poles, stations = sites.rows([match])
    station = stations.get(match.station_id or 0)
    return Opening(
        email,
        at,
        reading=match.as_json(),
        operator=services.operator_of(station) or lookup.operator_of_sender(email.from_email),
        pole=poles.get(match.pole_id or 0),
        station=station,
        error=sites.reason(match) if match.problem and not match.pole_id else "",
    )


def _settle(receipt: Receipt, email: Email, state: str) -> None:
    """One receipt tells what the letter did: the one that a rule kept, else this; any other is a copy."""
    kept = Receipt.objects.select_for_update().filter(email=email, state=State.KEPT).order_by("pk").first()
    first = kept or receipt
    fates = [Fate(first, state, email)]
    if first.pk != receipt.pk:
        fates.append(Fate(receipt, State.COPY, email))
    inbox.finish(fates)
