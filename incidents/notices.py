"""The automatic letters: a step into a status that sends queues its letter, and when it has left the status moves on.

    step ─> Notice QUEUED ─> SENT ─────> the status moves on by itself
              HELD ┘  └────> FAILED ───> status "Error" with the server's words; `retry` takes the step again
                      └────> DROPPED     the step was undone or left by hand: nobody waits for the letter any more

A notice is unique for its step, so whoever runs the reaction again, or dies in it, writes no second letter. What the
outbox says is looked at by the clock (`settle`). Why so: docs/decisions/012-letters-of-statuses.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import lifecycle, notice_letters, notice_people, notice_words, services, site_errors
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, IncidentEvent, Notice, Status, StatusClass
from incidents.notice_letters import Contents, carries_files
from incidents.notice_people import Envelope
from incidents.notice_refusals import Code, Reason, doubt, refusal
from incidents.occurrences import STEPS
from mailbox import answering, outbox
from mailbox.composing import TooLarge
from mailbox.models import Outgoing, Settled
from mailbox.outbox import SendingIsOff

if TYPE_CHECKING:
    from dispatchers.models import User

__all__ = ["doubt", "on_status", "refusal", "retry", "settle", "take_back"]

logger = logging.getLogger(__name__)

State = Notice.State
OPEN = (State.HELD, State.QUEUED)
# Steps followed by one tick; the rest is for the next one.
MOST = 200
# A letter whose fate is not known: people should hear of it before the outbox gives up looking for its copy.
UNKNOWN_FOR = timedelta(minutes=15)
# So long a letter that failed may still turn out to have left.
AFTER_ALL = timedelta(days=7)
_NOTHING: Contents = {}
_OVER = (Outgoing.State.SENT, Outgoing.State.FAILED, Outgoing.State.UNKNOWN, Outgoing.State.CANCELLED)


def on_status(events: Sequence[IncidentEvent]) -> None:
    """Reaction to steps into a status that sends: its letters are queued, or the status becomes “Error”."""
    now = timezone.now()
    for event in events:
        _begin(event, now)


@transaction.atomic
def retry(incident: Incident, *, by: User, at: datetime) -> Incident:
    """Take the step again whose letter could not be sent. Raises DomainError where it cannot be, with the reason."""
    incident = services.workable(incident)
    status = status_to_retry(incident)
    if status is None:
        raise DomainError(_("There is no letter here that waits to be sent again."))
    if refused := refusal(status.sends, incident, at):
        raise DomainError(notice_words.sentence(refused))
    before = incident.events.filter(pk=(incident.error_facts or {}).get("event", 0)).first()
    # The letter says once more what was done.
    reason = before.data.get("reason", "") if before else ""
    return services._move(incident, status, by=by, at=at, reason=reason)


def status_to_retry(incident: Incident) -> Status | None:
    """The status whose letter could not be sent, while that is what is wrong."""
    stored = incident.error_facts or {}
    if "status" not in stored or not incident.status.is_error or site_errors.of_letter(incident) is None:
        return None
    return Status.objects.filter(pk=stored["status"], status_class=StatusClass.SENDING).exclude(sends="").first()


def take_back(event: IncidentEvent, at: datetime) -> None:
    """The step is undone: its letters neither leave nor stand there any more. Raises DomainError if one has left."""
    for notice in Notice.objects.select_for_update(of=["self"]).filter(event=event).order_by("pk"):
        letter = notice.outgoing
        if letter and letter.state != Outgoing.State.CANCELLED and not outbox.cancel(letter, now=at):
            raise DomainError(_("Its letter has left already, so the step cannot be taken back."))
        _set(notice, State.DROPPED)
        if letter is None or letter.notices.count() > 1:
            # One that was sent again stays: it may have reached somebody the first time.
            continue
        if IncidentEmail.objects.filter(email=letter.email_id, incident=event.incident_id).delete()[0]:
            Incident.objects.filter(pk=event.incident_id).update(letter_count=F("letter_count") - 1)


def settle(now: datetime) -> int:
    """Move statuses on whose letters have left, and to “Error” those whose letters have not; returns how many moved."""
    opened, failed = Notice.objects.filter(state__in=OPEN), Notice.objects.filter(state=State.FAILED)
    due = Q(state=State.QUEUED, outgoing__state__in=_OVER) | ~Q(incident__status__sends=F("kind"))
    if not answering.brake_is_on(now):
        due |= Q(state=State.HELD)
    after_all = failed.filter(at__gt=now - AFTER_ALL, outgoing__state=Outgoing.State.SENT)
    steps = [each for rows in (opened.filter(due).order_by("pk"), after_all.order_by("at"))
             for each in rows.values_list("event", flat=True)[:MOST]]  # fmt: skip
    return sum(_follow_safely(event, now) for event in dict.fromkeys(steps))


@transaction.atomic
def _begin(event: IncidentEvent, now: datetime) -> None:
    incident = services.locked(event.incident)
    if not incident.status.sends or not _is_there(incident, event) or Notice.objects.filter(event=event).exists():
        return
    kind = incident.status.sends
    reason = refusal(kind, incident, now) or (None if event.actor else doubt(kind, incident, now))
    before = _failed_before(event, kind)
    for older in Notice.objects.filter(incident=incident, state__in=OPEN).exclude(event=event):
        _drop(older, now)
    reason = reason or _queue_all(event, incident, before, now)
    if reason:
        _fail(incident, event, reason, now)
    # Whoever took the step goes on with the row he holds.
    event.incident.refresh_from_db(fields=["status", "error_reason", "error_facts", "letter_count", "version"])


def _failed_before(event: IncidentEvent, kind: str) -> dict[str, Notice]:
    """The letters that failed when this step was taken before, if it is taken again out of the error they left.

    The others of that time left, or are on their way: they become letters of this step and are not written again.
    """
    if not Status.objects.get(pk=event.data["from"]).is_error:
        return {}
    notices = Notice.objects.filter(incident=event.incident_id)
    last = notices.order_by("-event").values_list("event", flat=True).first()
    same = list(notices.filter(event=last, kind=kind).select_related("outgoing"))
    failed = {each.audience: each for each in same if each.state == State.FAILED}
    if failed:
        notices.filter(event=last, kind=kind, state__in=[*OPEN, State.SENT]).update(event=event)
    return failed


def _queue_all(event: IncidentEvent, incident: Incident, before: Mapping[str, Notice], now: datetime) -> Reason | None:
    """Write the letters of the step that are not written yet; what is wrong if one of them cannot be."""
    kind, is_braked = incident.status.sends, answering.brake_is_on(now)
    has_files = notice_letters.has_files(kind, incident)
    written = set(Notice.objects.filter(event=event).values_list("audience", flat=True))
    for envelope in notice_people.envelopes(kind, incident):
        if envelope.audience in written:
            continue
        notice = Notice(incident=incident, event=event, kind=kind, audience=envelope.audience, by=event.actor, at=now)
        last = before.get(envelope.audience)
        # Many may be handed over by one press: files are read by the clock (`settle`), while nobody waits.
        waits = is_braked or (has_files and last is None)
        notice.state = State.HELD if waits else State.QUEUED
        notice.save()
        # It happened in the moment of the step, so undoing the step finds all that followed from it.
        if not waits and (reason := _queue(notice, envelope, incident, last, now, placed_at=event.at)):
            return reason
    return None


def _queue(
    notice: Notice,
    envelope: Envelope,
    incident: Incident,
    last: Notice | None,
    now: datetime,
    *,
    placed_at: datetime,
    at_hand: Contents = _NOTHING,
) -> Reason | None:
    """Write the letter and show it in the conversation; what is wrong if it cannot be written.

    One of unknown fate is sent again as it is: whoever has it already is shown one letter, not two.
    """
    before = last.outgoing if last else None
    try:
        if before and before.state == Outgoing.State.UNKNOWN and outbox.send_again(before, now=now):
            notice.outgoing = before
        else:
            notice.outgoing = notice_letters.write(
                notice.kind, envelope, incident, by=notice.by, now=now, at_hand=at_hand
            )
    except TooLarge as error:
        return _not_written(notice, Reason(Code.TOO_LARGE, {"size": filesizeformat(error.size)}))
    except SendingIsOff:
        return _not_written(notice, Reason(Code.OFF))
    notice.state = State.QUEUED
    notice.save(update_fields=["outgoing", "state"])
    if before is None or notice.outgoing.pk != before.pk:
        notice_letters.place(notice.outgoing, envelope, incident, at=placed_at)
        _settle_problem(before, notice.by, now)
    return None


def _not_written(notice: Notice, reason: Reason) -> Reason:
    _set(notice, State.FAILED)
    return reason


def _settle_problem(outgoing: Outgoing | None, by: User | None, at: datetime) -> None:
    """Another letter leaves in place of the one that failed: nobody has to look at that one any more."""
    if outgoing and by:
        facts = {"person": by, "at": at}
        Settled.objects.get_or_create(kind=Settled.Kind.OUTGOING, number=outgoing.pk, defaults=facts)


def _follow_safely(event_id: int, now: datetime) -> bool:
    """One step that cannot be followed does not stop the others."""
    try:
        return _follow(event_id, now, _at_hand(event_id))
    except Exception:
        logger.exception("the letters of step %d cannot be followed", event_id)
        return False


def _at_hand(event_id: int) -> Contents:
    """The files of the letters of this step that are to be written: megabytes are read before anything is locked."""
    held = Notice.objects.filter(event=event_id, state=State.HELD).select_related("incident")
    return next((notice_letters.read_files(each.incident) for each in held if carries_files(each.kind)), _NOTHING)


@transaction.atomic
def _follow(event_id: int, now: datetime, at_hand: Contents) -> bool:
    """Look at the letters of one step; True if its incident has moved."""
    event = IncidentEvent.objects.select_related("incident").get(pk=event_id)
    incident = services.locked(event.incident)
    notices = list(Notice.objects.select_related("outgoing__email").filter(event=event).order_by("pk"))
    has_failed = any(each.state == State.FAILED for each in notices)
    if not has_failed and not _is_there(incident, event):
        for notice in notices:
            _drop(notice, now)
        return False
    reason: Reason | None = None
    for notice in notices:
        reason = _look_at(notice, incident, now, at_hand) or reason
    if reason and not has_failed:
        _fail(incident, event, reason, now)
        return True
    if all(each.state == State.SENT for each in notices):
        return _move_on(incident, event, now)
    return False


def _look_at(notice: Notice, incident: Incident, now: datetime, at_hand: Contents) -> Reason | None:
    """Follow what the outbox says of the letter; what is wrong if it has not left."""
    if notice.state == State.HELD:
        return _release(notice, incident, now, at_hand)
    letter = notice.outgoing
    if notice.state not in (State.QUEUED, State.FAILED) or letter is None:
        return None
    if letter.state == Outgoing.State.SENT:
        _set(notice, State.SENT)
    elif notice.state == State.FAILED:
        return None
    elif letter.state == Outgoing.State.CANCELLED:
        return _gone_wrong(notice, Code.CANCELLED)
    elif letter.state == Outgoing.State.FAILED:
        return _gone_wrong(notice, Code.NOT_SENT)
    elif letter.state == Outgoing.State.UNKNOWN:
        return _while_unknown(notice, letter, now)
    return None


def _while_unknown(notice: Notice, letter: Outgoing, now: datetime) -> Reason | None:
    """Its copy may come within minutes; then people are told."""
    if notice.unknown_since is None:
        notice.unknown_since = now
        notice.save(update_fields=["unknown_since"])
    if letter.next_try_at is None or now >= notice.unknown_since + UNKNOWN_FOR:
        return _gone_wrong(notice, Code.UNKNOWN)
    return None


def _gone_wrong(notice: Notice, code: Code) -> Reason:
    assert notice.outgoing
    _set(notice, State.FAILED)
    to = ", ".join(each["email"] for each in notice.outgoing.email.to)
    return Reason(code, {"to": to, "said": notice.outgoing.said})


def _release(notice: Notice, incident: Incident, now: datetime, at_hand: Contents) -> Reason | None:
    """Write a letter that waited for its files or the end of the brake; what is wrong if it must not be any more."""
    if answering.brake_is_on(now):
        return None
    reason = refusal(notice.kind, incident, now)
    # It is itself the one that was wanted a moment ago.
    if reason and reason.code is not Code.AGAIN:
        return _not_written(notice, reason)
    envelopes = notice_people.envelopes(notice.kind, incident)
    envelope = next((each for each in envelopes if each.audience == notice.audience), None)
    if envelope is None:
        return _not_written(notice, Reason(Code.NO_ADDRESS))
    return _queue(notice, envelope, incident, None, now, placed_at=now, at_hand=at_hand)


def _move_on(incident: Incident, event: IncidentEvent, now: datetime) -> bool:
    """The step that a status which sends leads to; also out of the error that its letter has turned out not to be."""
    sending = Status.objects.get(pk=event.data["to"])
    to = lifecycle.after_sending(sending)
    if to is None:
        logger.error("%s: no step leads away from “%s”", incident.code, sending.key)
        return False
    is_wrongly_error = incident.status.is_error and (incident.error_facts or {}).get("event") == event.pk
    if not is_wrongly_error and not _is_there(incident, event):
        return False
    services._move(incident, to, by=None, at=now, reason="")
    return True


def _fail(incident: Incident, event: IncidentEvent, reason: Reason, now: datetime) -> None:
    """Status “Error” with the reason, if the incident still waits for this letter."""
    if not _is_there(incident, event):
        return
    services.raise_error(incident, reason=notice_words.sentence(reason), by=None, at=now)
    facts = {"code": reason.code, "facts": dict(reason.facts), "status": event.data["to"], "event": event.pk}
    Incident.objects.filter(pk=incident.pk).update(error_facts=facts)


def _drop(notice: Notice, now: datetime) -> None:
    """Nobody waits for this letter any more; where it has not left, it does not leave."""
    if notice.state in OPEN:
        if notice.outgoing:
            outbox.cancel(notice.outgoing, now=now)
        _set(notice, State.DROPPED)


def _set(notice: Notice, state: Notice.State) -> None:
    notice.state = state
    notice.save(update_fields=["state"])


def _is_there(incident: Incident, event: IncidentEvent) -> bool:
    """Whether the incident still stands where this step led."""
    newest = incident.events.filter(kind__in=STEPS).order_by("-id").values_list("pk", flat=True).first()
    return incident.status_id == event.data["to"] and newest == event.pk and incident.merged_into_id is None
