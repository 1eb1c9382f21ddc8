"""Files of a letter that is being written: brought up by its writer, or taken from letters of the incident."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from incidents.errors import DomainError
from incidents.models import Incident, ReplyFile
from mailbox import files, store
from mailbox.composing import File
from mailbox.models import Attachment, Email

if TYPE_CHECKING:
    from dispatchers.models import User

LONGEST_NAME, MOST_FILES = 150, 30
# Of an incident with thousands of letters the newest files are offered.
MOST_OFFERED = 60


@dataclass(frozen=True, slots=True)
class LetterFiles:
    """The files that came with one letter of the incident."""

    letter: Email
    files: Sequence[Attachment]


def largest() -> int:
    """Bytes that one file may have."""
    return min(settings.LETTER_FILE_MAX_BYTES, _room())


def keep(incident: Incident, person: User, upload: UploadedFile[Any], *, at: datetime) -> ReplyFile:
    """Store what was brought up. Raises DomainError that names the limit it breaks, NotStored when the disk is full."""
    name, most = clean_name(upload.name or ""), largest()
    if (upload.size or 0) > most:
        raise DomainError(_("“%(name)s” is larger than %(most)s.") % {"name": name, "most": filesizeformat(most)})
    stored = store.put_stream(upload.chunks())
    if not stored.size:
        raise DomainError(_("“%(name)s” is empty.") % {"name": name})
    with transaction.atomic():
        # One after another, so that files brought up together are counted together.
        here = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
        others = at_hand(here, person)
        if len(others) >= MOST_FILES:
            raise DomainError(_("A letter takes at most %(n)d files.") % {"n": MOST_FILES})
        require_room(sum(each.size for each in others) + stored.size)
        kind = (upload.content_type or "application/octet-stream")[:255]
        facts = {"content_type": kind, "size": stored.size, "sha256": stored.sha256, "at": at}
        return ReplyFile.objects.create(incident=here, person=person, name=name, **facts)


def remove(incident: Incident, person: User, pk: int) -> None:
    """Not to be sent after all. Removing it twice is harmless."""
    _his(incident, person).filter(pk=pk).delete()


def at_hand(incident: Incident, person: User) -> list[ReplyFile]:
    """What this person has brought up for his next letter here, or on an incident that was merged into this one."""
    return list(_his(incident, person).order_by("pk"))


def chosen(incident: Incident, person: User, pks: Collection[int]) -> list[ReplyFile]:
    """Those of them that the form showed."""
    return [each for each in at_hand(incident, person) if each.pk in pks]


def of_letters(incident: Incident) -> list[LetterFiles]:
    """Files of the incident's letters, by letter, the newest first."""
    here = Attachment.objects.filter(email__place__incident=incident, inline=False).select_related("email")
    by_letter: dict[int, list[Attachment]] = {}
    for each in here.order_by("-email__received_at", "-email_id", "pk")[:MOST_OFFERED]:
        by_letter.setdefault(each.email_id, []).append(each)
    return [LetterFiles(each[0].email, each) for each in by_letter.values()]


def of_letter(letter: Email) -> list[Attachment]:
    """The files of one letter, without the pictures inside its words."""
    return list(letter.attachments.filter(inline=False).order_by("pk"))


def contents(brought: Iterable[ReplyFile], taken: Iterable[Attachment]) -> list[File]:
    """The files with their bytes, ready for a letter. Raises DomainError where there are too many, or none any more."""
    brought, taken = list(brought), list(taken)
    require_room(sum(each.size for each in brought) + sum(each.size for each in taken))
    try:
        own = [File(each.name, each.content_type, store.read(each.sha256)) for each in brought]
        return own + [File(each.name, each.content_type, files.content(each)) for each in taken]
    except FileNotFoundError as error:
        raise DomainError(_("The bytes of a file are not in the store any more. Attach it anew.")) from error


def require_room(size: int) -> None:
    """Refuse more bytes than the files of one letter may have together."""
    most = _room()
    if size > most:
        said = _("The files have %(size)s together; a letter takes %(most)s.")
        raise DomainError(said % {"size": filesizeformat(size), "most": filesizeformat(most)})


def clean_name(typed: str) -> str:
    """The name without folders and what no file may be called; it ends as it did, however long it was."""
    name = PurePath(typed.replace("\\", "/")).name
    name = "".join(each for each in name if each.isprintable()).strip() or _("file")
    suffix = PurePath(name).suffix[:20]
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - len(suffix)] + suffix


def outdated(before: datetime) -> QuerySet[ReplyFile]:
    """Files nobody needs: their letter was given up long ago, or has left and carries their bytes itself."""
    return ReplyFile.objects.filter(Q(written=None) | ~Q(written__outgoing=None), at__lt=before)


def _room() -> int:
    """Bytes for the files of a letter: they grow by a third on their way, and the rest is for the words."""
    most: int = settings.LETTER_MAX_BYTES
    return most * 7 // 10


def _his(incident: Incident, person: User) -> QuerySet[ReplyFile]:
    here = Q(incident=incident) | Q(incident__merged_into=incident)
    return ReplyFile.objects.filter(here, person=person, written=None)
