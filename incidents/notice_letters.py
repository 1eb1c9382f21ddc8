"""Writing an automatic letter: its words, the files that go with it, and its place in the conversation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils import translation

from incidents import letter_templates
from incidents.arrivals import attach_email
from incidents.models import Incident, IncidentEmail, LetterKind, Notice
from incidents.notice_people import Envelope
from mailbox import accounts, composing, files, outbox
from mailbox.composing import File, Mail
from mailbox.models import Attachment, Email, Outgoing

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)
# Of one letter; the rest is named in it.
MOST_FILES = 30


# Contents of files by their key, as far as they were read before somebody locked the incident.
Contents = Mapping[int, bytes]


def write(
    kind: str, envelope: Envelope, incident: Incident, *, by: User | None, now: datetime, at_hand: Contents
) -> Outgoing:
    """Write the letter and queue it, in the caller's transaction. Raises composing.TooLarge.

    A person may take it back for a while, with his step; nobody has written it, so nobody's form gets its words.
    What no person wanted leaves at once and counts as automatic.
    """
    taken, left_out = _files(incident, at_hand) if carries_files(kind) else ([], [])
    given = {
        "attached": _names([each for each, _content in taken]),
        "left_out": _names(left_out),
        **for_audience(envelope.audience),
    }
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


def for_audience(audience: str) -> dict[str, str]:
    """What a template is told of whoever it writes to."""
    return {"for_contractor": "да"} if audience == Notice.Audience.CONTRACTOR else {}


def files_named(incident: Incident) -> dict[str, str]:
    """What a template would be told of the files, none of which is read."""
    fitting, others = _fitting(incident)
    return {"attached": _names(fitting), "left_out": _names(others)}


def carries_files(kind: str) -> bool:
    return kind == LetterKind.HANDED_OVER


def has_files(kind: str, incident: Incident) -> bool:
    """Whether the letter has files to carry, which take their time to read."""
    return carries_files(kind) and _attached(incident).exists()


def read_files(incident: Incident) -> Contents:
    """The files that a letter about the incident would carry now; nothing is locked meanwhile."""
    return {each.pk: content for each, content in _files(incident, {})[0]}


def place(outgoing: Outgoing, envelope: Envelope, incident: Incident, *, at: datetime) -> None:
    """The letter stands in the conversation it answers, or begins one."""
    beside = IncidentEmail.objects.filter(email=envelope.answered, incident=incident).first()
    thread = beside.thread if beside else None
    attach_email(incident, outgoing.email, way=IncidentEmail.Way.THREAD, at=at, thread=thread)


def _attached(incident: Incident) -> QuerySet[Attachment]:
    return Attachment.objects.filter(email__place__incident=incident, email__kind=Email.Kind.HUMAN, inline=False)


def _files(incident: Incident, at_hand: Contents) -> tuple[list[tuple[Attachment, bytes]], list[Attachment]]:
    """The files that a letter carries, with their contents; and the others."""
    taken: list[tuple[Attachment, bytes]] = []
    fitting, left_out = _fitting(incident)
    for each in fitting:
        content = at_hand.get(each.pk) or _content(each)
        if content is None:
            left_out.append(each)
        else:
            taken.append((each, content))
    return taken, left_out


def _fitting(incident: Incident) -> tuple[list[Attachment], list[Attachment]]:
    """The files of its letters, the newest letters first, as far as a letter may carry them; and the others."""
    fitting: list[Attachment] = []
    others: list[Attachment] = []
    # They grow by a third on their way, and the words want room too.
    room, seen = min(settings.NOTICE_FILES_MAX_BYTES, settings.LETTER_MAX_BYTES * 2 // 3), set()
    for each in _attached(incident).select_related("email").order_by("-email__received_at", "id"):
        if each.sha256 in seen:
            continue
        seen.add(each.sha256)
        if each.size <= room and len(fitting) < MOST_FILES:
            room -= each.size
            fitting.append(each)
        else:
            others.append(each)
    return fitting, others


def _content(attachment: Attachment) -> bytes | None:
    """None where it is not in the store: then the letter names it, so that somebody asks for it."""
    try:
        return files.content(attachment)
    except OSError:
        logger.exception("file %d of a letter cannot be read", attachment.pk)
        return None


def _names(some: Sequence[Attachment]) -> str:
    """“photo.jpg (1,2 МБ), plan.pdf (300 КБ)”: letters are Russian documents."""
    with translation.override("ru"):
        return ", ".join(f"{each.name} ({filesizeformat(each.size)})" for each in some)
