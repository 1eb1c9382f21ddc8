"""Whose move it is, said by what happens: reactions of INCIDENT_REACTIONS. A person's own word stands until then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from incidents import events, lifecycle, services
from incidents.models import Incident, IncidentEvent, LetterKind, Notice, Status
from mailbox.models import Email
from towers.models import Pole

if TYPE_CHECKING:
    from dispatchers.models import User

Ball = Incident.Ball


def follow_step(happened: Sequence[IncidentEvent]) -> None:
    """Handed over, the contractor has to do the next thing; opened again, we have."""
    for event in happened:
        to = Ball.CONTRACTOR if event.kind == "handed_over" else Ball.US
        _pass(event.incident, to, by=event.actor, at=event.at)


def follow_closing(happened: Sequence[IncidentEvent]) -> None:
    """Telling people that all is done, by letter or on the phone, ends everybody's part but ours: we close it."""
    ends = _says_the_end() if happened else frozenset()
    for event in happened:
        if event.data.get("to") in ends:
            _pass(event.incident, Ball.US, by=event.actor, at=event.at)


def power_is_back(happened: Sequence[IncidentEvent]) -> None:
    """Somebody of us has to look and to close it."""
    for event in happened:
        _pass(event.incident, Ball.US, by=None, at=event.at)


def follow_letters(happened: Sequence[IncidentEvent]) -> None:
    """Our letter to the contractor gives him the move; a letter of whoever has it gives it back.

    One who writes while another has the move changes nothing: the unread mark speaks for his letter. Nor does our
    letter that says that all is done.
    """
    emails = _letters(happened)
    poles = _poles(event.incident for event in happened)
    for event in happened:
        incident, email = event.incident, emails.get(event.data.get("email", 0))
        if email is None or not incident.is_open:
            continue
        pole = poles.get(incident.pole_id or 0)
        contractor = frozenset(each.lower() for each in pole.contractor_emails) if pole else frozenset()
        if email.direction == Email.Direction.OUT:
            if contractor and not contractor.isdisjoint(_addressees(email)) and not _says_that_all_is_done(email):
                _pass(incident, Ball.CONTRACTOR, by=None, at=event.at)
        elif email.kind == Email.Kind.HUMAN and _writer(email, contractor) == incident.ball:
            _pass(incident, Ball.US, by=None, at=event.at)


def _says_the_end() -> frozenset[int]:
    """The statuses that send the letter of closing, and those that they lead to."""
    sending = list(Status.objects.filter(sends=LetterKind.CLOSED))
    after = [lifecycle.after_sending(each) for each in sending]
    return frozenset(each.pk for each in (*sending, *after) if each)


def _writer(email: Email, contractor: frozenset[str]) -> str:
    """Of the energy company no addresses are known: its letters give nothing back by themselves."""
    return Ball.CONTRACTOR if email.from_email.lower() in contractor else Ball.OPERATOR


def _addressees(email: Email) -> set[str]:
    return {each["email"].lower() for each in email.to}


def _says_that_all_is_done(email: Email) -> bool:
    return Notice.objects.filter(outgoing__email=email, kind=LetterKind.CLOSED).exists()


def _letters(happened: Sequence[IncidentEvent]) -> dict[int, Email]:
    named = [event.data["email"] for event in happened if "email" in event.data]
    rows = Email.objects.only("direction", "kind", "from_email", "to")
    return rows.in_bulk(named) if named else {}


def _poles(incidents: Iterable[Incident]) -> dict[int, Pole]:
    ids = {each.pole_id for each in incidents if each.pole_id}
    return Pole.objects.only("contractor_emails").in_bulk(ids) if ids else {}


def _pass(incident: Incident, to: str, *, by: User | None, at: datetime) -> None:
    """Give the move over, unless somebody has said whose it is since: a reaction may run again much later."""
    if incident.ball == to or (incident.ball_since and incident.ball_since > at):
        return
    fresh = services.locked(incident)
    before, fresh.ball, fresh.ball_since = fresh.ball, to, at
    services.save(fresh, at, "ball", "ball_since")
    # Whoever caused it goes on with the row he holds.
    incident.ball, incident.ball_since, incident.version = fresh.ball, fresh.ball_since, fresh.version
    events.record(fresh, "ball_passed", actor=by, at=at, **{"from": before, "to": to})
