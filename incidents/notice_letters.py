"""Writing an automatic letter: its words, the files that go with it, and its place in the conversation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import translation

from incidents import letter_templates
from incidents.arrivals import attach_email
from incidents.models import Incident, IncidentEmail, LetterKind
from incidents.notice_people import Envelope
from mailbox import accounts, composing, files, outbox
from mailbox.composing import File, Mail
from mailbox.models import Attachment, Email, Outgoing

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)
# Of one letter; the rest is named in it.
MOST_FILES = 30


def write(kind: str, envelope: Envelope, incident: Incident, *, by: User | None, now: datetime) -> Outgoing:
    """Write the letter and queue it, in the caller's transaction. Raises composing.TooLarge.

    A person may take it back for a while, with his step; nobody has written it, so nobody's form gets its words.
    What no person wanted leaves at once and counts as automatic.
    """
    taken, left_out = _files(incident) if kind == LetterKind.HANDED_OVER else ([], [])
    given = {"attached": _names(taken), "left_out": _names(left_out)}
    words = letter_templates.render(LetterKind(kind), incident, by=by, now=now, given=given)
    account = accounts.choose(envelope.answered)
    mail = Mail(
        code=incident.code,
        subject=words.subject_tail,
        text=words.text,
        html=words.html,
        to=envelope.to,
        copies=envelope.copies,
        now=now,
        files=[File(each.name, each.content_type, content) for each, content in taken],
        account=account,
    )
    undo = timedelta(seconds=settings.SEND_UNDO_SECONDS if by else 0)
    return outbox.queue(
        composing.notice(envelope.answered, mail),
        now=now,
        answers=envelope.answered,
        is_automatic=by is None,
        account=account,
        leaves_at=now + undo if undo else None,
    )


def place(outgoing: Outgoing, envelope: Envelope, incident: Incident, *, at: datetime) -> None:
    """The letter stands in the conversation it answers, or begins one."""
    beside = IncidentEmail.objects.filter(email=envelope.answered, incident=incident).first()
    thread = beside.thread if beside else None
    attach_email(incident, outgoing.email, way=IncidentEmail.Way.THREAD, at=at, thread=thread)


def _files(incident: Incident) -> tuple[list[tuple[Attachment, bytes]], list[tuple[Attachment, bytes]]]:
    """The files of its letters, the newest letters first, as far as a letter may carry them; and the others."""
    taken: list[tuple[Attachment, bytes]] = []
    left_out: list[tuple[Attachment, bytes]] = []
    # They grow by a third on their way, and the words want room too.
    room, seen = min(settings.NOTICE_FILES_MAX_BYTES, settings.LETTER_MAX_BYTES * 2 // 3), set()
    rows = Attachment.objects.filter(email__place__incident=incident, email__kind=Email.Kind.HUMAN, inline=False)
    for each in rows.select_related("email").order_by("-email__received_at", "id"):
        if each.sha256 in seen:
            continue
        seen.add(each.sha256)
        content = _content(each) if each.size <= room and len(taken) < MOST_FILES else None
        if content is None:
            left_out.append((each, b""))
        else:
            room -= len(content)
            taken.append((each, content))
    return taken, left_out


def _content(attachment: Attachment) -> bytes | None:
    """None where it is not in the store: then the letter names it, so that somebody asks for it."""
    try:
        return files.content(attachment)
    except OSError:
        logger.exception("file %d of a letter cannot be read", attachment.pk)
        return None


def _names(some: Sequence[tuple[Attachment, bytes]]) -> str:
    """“photo.jpg (1,2 МБ), plan.pdf (300 КБ)”: letters are Russian documents."""
    with translation.override("ru"):
        return ", ".join(f"{each.name} ({filesizeformat(each.size)})" for each, _content in some)
