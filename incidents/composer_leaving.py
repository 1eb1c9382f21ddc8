"""How a letter from the card leaves: at once with a while for second thoughts, or at a moment chosen for it.

    send ──> outbox, `leaves_at` some seconds ahead ──> gone
      ^ take_back └──> the form, as it was
    plan ──> WrittenLetter without `outgoing` ── leave_due ──> outbox
               └ held: somebody outside has written since, or it may not leave; its writer is told

A planned letter is composed at its moment: its date, what it quotes and whom it may reach are of that moment. Nothing
of the incident changes before.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import composer_files, drafts, events, letter_templates, reminders, services, work
from incidents.composer_people import Kind
from incidents.errors import DomainError
from incidents.models import Draft, Incident, IncidentEmail, IncidentEvent, ReplyFile, WrittenLetter
from incidents.reply_forms import LetterForm, Said
from mailbox import accounts, composing, letter_html, outbox
from mailbox.accounts import SendingIsOff
from mailbox.composing import Composed, File, Mail
from mailbox.models import Email, Outgoing

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)

LETTER = Draft.Field.LETTER


class _Gone(DomainError):
    """A planned letter that waits no more."""

    def __init__(self) -> None:
        super().__init__(_("This letter has left already, or is back with its writer."))


Held = WrittenLetter.Held
# Letters of one tick; the rest is for the next one.
MOST = 50


@transaction.atomic
def send(
    incident: Incident,
    said: Said,
    *,
    by: User,
    at: datetime,
    form: Mapping[str, Any],
    files: Iterable[ReplyFile] = (),
    once: str = "",
) -> Outgoing | None:
    """Queue the letter and show it in the conversation; the draft has become it. For a while it may be taken back.

    The same words under the same `once` are one letter, however often the page sends them: None for the later ones.
    """
    incident = services.workable(incident)
    mark = hashlib.sha256(f"{once} {said.text}".encode()).hexdigest()[:16] if once else ""
    if mark and incident.events.filter(kind="letter", data__once=mark).exists():
        return None
    written = WrittenLetter(incident=incident, person=by, form=dict(form), written_at=at)
    _give_to_outbox(written, said, list(files), at=at, wait=settings.SEND_UNDO_SECONDS, once=mark)
    drafts.clear(incident, by, field=LETTER)
    return written.outgoing


@transaction.atomic
def plan(
    incident: Incident,
    *,
    by: User,
    at: datetime,
    leaves_at: datetime,
    form: Mapping[str, Any],
    files: Iterable[ReplyFile] = (),
) -> WrittenLetter:
    """Keep the letter until its moment. The draft has become it."""
    incident = services.workable(incident)
    seen = incident.events.order_by("-pk").values_list("pk", flat=True).first() or 0
    facts = {"form": dict(form), "seen": seen, "written_at": at, "leaves_at": leaves_at}
    written = WrittenLetter.objects.create(incident=incident, person=by, **facts)
    _take_files(written, files)
    drafts.clear(incident, by, field=LETTER)
    events.record(incident, "letter_planned", actor=by, at=at, written=written.pk, due=leaves_at.isoformat())
    return written


def planned(incident: Incident) -> QuerySet[WrittenLetter]:
    """Letters that wait for their moment here, or on an incident that was merged into this one."""
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    return WrittenLetter.objects.filter(here, outgoing=None).select_related("person").order_by("leaves_at", "pk")


@transaction.atomic
def take_back(outgoing: Outgoing, *, by: User, at: datetime) -> Incident:
    """Undo sending: the letter is no part of the conversation any more, and stands in its writer's form again.

    Raises DomainError when it has left, or somebody else wrote it.
    """
    here = Incident.objects.filter(letters__email=outgoing.email_id).first()
    if here is None:
        raise DomainError(_("The letter is no part of an incident any more."))
    incident = services.locked(here)
    written = WrittenLetter.objects.select_related("incident", "person").filter(outgoing=outgoing).first()
    if written is None or written.person_id != by.pk:
        raise DomainError(_("Only who wrote the letter takes it back."))
    if not outbox.cancel(outgoing, now=at):
        raise DomainError(_("The letter has left already."))
    IncidentEmail.objects.filter(email=outgoing.email_id).delete()
    incident.letter_count = max(0, incident.letter_count - 1)
    services.touch(incident, "letter_count", by=by, at=at)
    events.record(incident, "letter_taken_back", actor=by, at=at, email=outgoing.email_id)
    _give_the_move_back(incident, outgoing, by, at)
    _into_form(written, incident, by, at)
    return incident


@transaction.atomic
def change(written: WrittenLetter, *, by: User, at: datetime) -> Incident:
    """A planned letter back into the form, of whoever wants to change it."""
    incident, fresh = _locked(written.pk)
    events.record(incident, "letter_unplanned", actor=by, at=at, written=fresh.pk)
    _into_form(fresh, incident, by, at)
    return incident


@transaction.atomic
def drop(written: WrittenLetter, *, by: User, at: datetime) -> Incident:
    """A planned letter is not wanted any more. Its words are its writer's draft, so nothing is lost by a slip."""
    incident, fresh = _locked(written.pk)
    events.record(incident, "letter_unplanned", actor=by, at=at, written=fresh.pk)
    _into_form(fresh, incident, fresh.person, at)
    return incident


@transaction.atomic
def leave_now(written: WrittenLetter, *, by: User, at: datetime) -> Incident:
    """A planned letter, held or not, leaves at once. Raises DomainError with what forbids it."""
    incident, fresh = _locked(written.pk)
    if not by.has_perm("incidents.work_incident"):
        raise DomainError(_("You may not send letters."))
    _leave(fresh, incident, at)
    return incident


def leave_due(now: datetime) -> int:
    """Let those leave whose moment has come; returns how many did. Each in a transaction of its own."""
    due = WrittenLetter.objects.filter(outgoing=None, held="", leaves_at__lte=now).order_by("leaves_at", "pk")
    return sum(_leave_or_hold(pk, now) for pk in due.values_list("pk", flat=True)[:MOST])


def _leave_or_hold(pk: int, now: datetime) -> bool:
    try:
        return _try_to_leave(pk, now)
    except _Gone:
        return False  # somebody else was faster
    except DomainError as error:
        _hold_refused(pk, error.user_message, now)
    except Exception:
        # Whatever it is, the letters of others leave; this one is tried again with the next tick.
        logger.exception("composer: planned letter %d did not leave", pk)
    return False


@transaction.atomic
def _try_to_leave(pk: int, now: datetime) -> bool:
    incident, written = _locked(pk)
    if written.held or written.leaves_at is None or written.leaves_at > now:
        return False
    if settings.HOLD_PLANNED_LETTERS and _has_news(incident, written):
        _hold(written, incident, Held.NEWS, "", now)
        return False
    _leave(written, incident, now)
    return True


@transaction.atomic
def _hold_refused(pk: int, said: str, now: datetime) -> None:
    with suppress(DomainError):
        incident, written = _locked(pk)
        if not written.held:
            _hold(written, incident, Held.REFUSED, said, now)


def _locked(pk: int) -> tuple[Incident, WrittenLetter]:
    """The incident where the letter's matter goes on, and the row as it is; both locked, in this order."""
    found = WrittenLetter.objects.select_related("incident").filter(pk=pk).first()
    if found is None:
        raise _Gone
    incident = services.workable(found.incident.final)
    rows = WrittenLetter.objects.select_for_update(of=("self",)).select_related("person")
    written = rows.filter(pk=pk, outgoing=None).first()
    if written is None:
        raise _Gone
    written.incident = incident
    return incident, written


def _leave(written: WrittenLetter, incident: Incident, at: datetime) -> None:
    """Compose it as of now and give it to the outbox. Raises DomainError with what forbids it."""
    form = LetterForm({**written.form, "leaves": ""}, incident=incident, now=at)
    if not form.is_valid():
        raise DomainError(form.first_error())
    if not written.person.is_active or not written.person.has_perm("incidents.work_incident"):
        said = _("%(name)s does not work incidents any more.")
        raise DomainError(said % {"name": written.person.full_name})
    written.held = written.held_said = ""
    _give_to_outbox(written, form.said, list(written.reply_files.all()), at=at, wait=0)


def _has_news(incident: Incident, written: WrittenLetter) -> bool:
    """Whether a person outside has written since the letter was planned."""
    later = IncidentEvent.objects.filter(incident=incident, kind="letter", actor=None, pk__gt=written.seen)
    came = [event.data.get("email") for event in later]
    return Email.objects.filter(pk__in=came, direction=Email.Direction.IN, kind=Email.Kind.HUMAN).exists()


def _hold(written: WrittenLetter, incident: Incident, why: str, said: str, at: datetime) -> None:
    """It stays, and its writer is reminded of it; the card says why."""
    written.held, written.held_said = why, said
    written.save(update_fields=["incident", "held", "held_said"])
    events.record(incident, "letter_held", actor=None, at=at, written=written.pk, why=why, said=said)
    if written.person.has_perm("incidents.work_incident"):
        text = _("The letter you planned did not leave: look at it once more.")
        reminders.remind(incident, at=at, text=text, by=written.person, now=at)


def _give_to_outbox(
    written: WrittenLetter, said: Said, brought: list[ReplyFile], *, at: datetime, wait: int, once: str = ""
) -> None:
    """Into the outbox and the conversation, with the event that everybody hears of. Needs the incident locked."""
    incident, writer = written.incident, written.person
    letter = _composed(incident, said, composer_files.contents(brought, said.attach), by=writer, at=at)
    try:
        queued = outbox.queue(
            letter,
            now=at,
            answers=said.letter if said.kind != Kind.FORWARD else None,
            account=said.account,
            by=writer,
            leaves_at=at + timedelta(seconds=wait) if wait else None,
        )
    except SendingIsOff as error:
        raise DomainError(_off()) from error
    written.outgoing, written.leaves_at = queued, None
    written.save()
    _take_files(written, brought)
    place = _place(incident, queued.email, said)
    services.touch(incident, "letter_count", by=writer, at=at)
    events.record(incident, "letter", actor=writer, at=at, email=queued.email_id, way=str(place.way), once=once)


def _composed(incident: Incident, said: Said, files: list[File], *, by: User, at: datetime) -> Composed:
    try:
        account = said.account or accounts.choose(said.letter)
        signed = letter_templates.signature(incident, by=by, now=at)
        # Without HTML of its own the signature is made into it together with the words.
        html = f"{letter_html.paragraphs(said.text)}\n{signed.html}" if signed.html else ""
        mail = Mail(
            code=incident.code,
            subject=said.subject,
            text=f"{said.text}\n\n{signed.text}",
            html=html,
            to=said.to,
            copies=said.copies,
            files=files,
            account=account,
            now=at,
        )
        if said.kind == Kind.FORWARD and said.letter:
            return composing.forward(said.letter, mail)
        return composing.answer(said.letter, mail)
    except SendingIsOff as error:
        raise DomainError(_off()) from error
    except composing.TooLarge as error:
        raise DomainError(_("The letter with its files is larger than mail servers take. Leave files out.")) from error
    except composing.WrongAddress as error:
        raise DomainError(_("“%(typed)s” is not an e-mail address.") % {"typed": str(error)}) from error


def _off() -> str:
    return _("Sending is switched off: no server for outgoing letters is named.")


def _place(incident: Incident, email: Email, said: Said) -> IncidentEmail:
    """The letter stands in the conversation it belongs to; one that is forwarded begins another."""
    answered = said.letter if said.kind != Kind.FORWARD else None
    beside = IncidentEmail.objects.filter(email=answered, incident=incident).first() if answered else None
    incident.letter_count += 1
    thread = beside.thread if beside else email.pk
    return IncidentEmail.objects.create(incident=incident, email=email, way=IncidentEmail.Way.THREAD, thread=thread)


def _take_files(written: WrittenLetter, files: Iterable[ReplyFile]) -> None:
    ReplyFile.objects.filter(pk__in=[each.pk for each in files]).update(written=written, incident=written.incident)


def _give_the_move_back(incident: Incident, outgoing: Outgoing, by: User, at: datetime) -> None:
    """Whoever got the next move by the letter has not got it; unless somebody has said whose it is since."""
    passed = incident.events.filter(kind="ball_passed", actor=None, at=outgoing.queued_at).first()
    if passed and incident.is_open and (incident.ball, incident.ball_since) == (passed.data["to"], passed.at):
        work.pass_ball(incident, to=passed.data["from"], by=by, at=at)


def _into_form(written: WrittenLetter, incident: Incident, person: User, at: datetime) -> None:
    """The letter is a draft again, files and all; what was begun since stays below its words."""
    begun, words = drafts.of(incident, person, field=LETTER), str(written.form.get("text", ""))
    if begun and begun.text.strip() and begun.text.strip() != words.strip():
        words = f"{words}\n\n{begun.text}"
    written.reply_files.update(written=None, person=person, incident=incident)
    drafts.keep(incident, person, words, at=at, field=LETTER, form=written.form)
    written.delete()


def seconds_left(outgoing: Outgoing, now: datetime | None = None) -> int:
    """How long the letter may still be taken back."""
    if outgoing.state != Outgoing.State.QUEUED or outgoing.leaves_at is None:
        return 0
    return max(0, int((outgoing.leaves_at - (now or timezone.now())).total_seconds()))
