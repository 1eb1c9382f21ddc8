"""What an address of the list of letters asks for. Strings in, typed choices out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from incidents.codes import code_in_subject
from incidents.words import web_query
from mailbox.inbox import short_id
from mailbox.models import Email, Folder, Mailbox, Receipt, ThreadId
from mailbox.models.letters import SEARCH

BY_HAND = "none"
HISTORY = ("only", "without")
MOST_TEXT = 200
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """The choices of one address; anything an address says wrongly counts as not said."""

    fate: str = ""
    mailbox: Mailbox | None = None
    folder: Folder | None = None
    # Letters that no folder showed: somebody fed them in.
    by_hand: bool = False
    direction: str = ""
    kind: str = ""
    history: str = ""
    # Days of the desk's calendar, both included.
    first: date | None = None
    last: date | None = None
    sender: str = ""
    text: str = ""

    @classmethod
    def read(cls, address: Mapping[str, str], folders: Iterable[Folder]) -> LedgerFilter:
        folder = next((each for each in folders if str(each.pk) == address.get("folder")), None)
        mailbox = next((each.mailbox for each in folders if str(each.mailbox_id) == address.get("mailbox")), None)
        return cls(
            fate=_one_of(address.get("fate", ""), Receipt.State.values),
            mailbox=None if folder else mailbox,
            folder=folder,
            by_hand=address.get("folder") == BY_HAND,
            direction=_one_of(address.get("direction", ""), Email.Direction.values),
            kind=_one_of(address.get("kind", ""), Email.Kind.values),
            history=_one_of(address.get("history", ""), HISTORY),
            first=_day(address.get("from", "")),
            last=_day(address.get("to", "")),
            sender=_words(address.get("sender", "")),
            text=_words(address.get("q", "")),
        )

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on."""
        said = QueryDict(mutable=True)
        folder = BY_HAND if self.by_hand else self.folder and self.folder.pk
        values = {
            "fate": self.fate,
            "mailbox": self.mailbox and self.mailbox.pk,
            "folder": folder,
            "direction": self.direction,
            "kind": self.kind,
            "history": self.history,
            "from": self.first and self.first.isoformat(),
            "to": self.last and self.last.isoformat(),
            "sender": self.sender,
            "q": self.text,
        }
        for name, value in values.items():
            if value:
                said[name] = str(value)
        return said

    @property
    def is_plain(self) -> bool:
        return not self.address

    @property
    def is_one_day(self) -> bool:
        return self.first is not None and self.first == self.last

    @property
    def query(self) -> SearchQuery | None:
        """The searched words, as the index knows them; None where the text is no words or there is none."""
        if not self.text or self._code() or _MESSAGE_ID.fullmatch(self.text):
            return None
        return web_query(self.text)

    def in_order(self) -> QuerySet[Receipt]:
        """Receipts narrowed by what the indexes sort: fate, days, history."""
        rows = Receipt.objects.all()
        if self.fate:
            rows = rows.filter(state=self.fate)
        if self.history:
            rows = rows.filter(is_old=self.history == "only")
        if self.first:
            rows = rows.filter(received_at__gte=midnight(self.first))
        if self.last:
            rows = rows.filter(received_at__lt=midnight(self.last + timedelta(days=1)))
        return rows

    def columns(self) -> Q:
        """The other choices that a look at the row answers."""
        found = Q()
        if self.by_hand:
            found &= Q(folder=None)
        if self.folder:
            found &= Q(folder=self.folder)
        if self.mailbox:
            found &= Q(folder__mailbox=self.mailbox)
        if self.direction:
            found &= Q(direction=self.direction)
        if self.kind:
            found &= Q(email__kind=self.kind)
        return found & _sent_by(self.sender) if self.sender else found

    def letters(self) -> QuerySet[Email] | None:
        """The letters that hold the searched words, or are what the text names; None without a text."""
        if not self.text:
            return None
        if code := self._code():
            return Email.objects.filter(place__incident__code=code)
        if _MESSAGE_ID.fullmatch(self.text):
            ids = ThreadId.objects.filter(message_id=short_id(self.text))
            return Email.objects.filter(pk__in=ids.values("email_id"))
        return Email.objects.annotate(words=SEARCH).filter(words=web_query(self.text))

    def indexed(self) -> QuerySet[Email] | None:
        """Letters among which all that fit are, as far as indexes tell; None where no choice is about letters."""
        rows = self.letters()
        if rows is None and not (self.kind or self.sender):
            return None
        rows = Email.objects.all() if rows is None else rows
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.sender:
            rows = rows.annotate(all_words=SEARCH).filter(all_words=web_query(self.sender.removeprefix("@")))
        return rows

    def _code(self) -> str | None:
        """The incident's code that the text is; None if it is anything else or more."""
        code = code_in_subject(self.text)
        return code if code and len(code) == len(self.text.replace(" ", "")) else None


def midnight(day: date) -> datetime:
    """When this day of the desk's calendar begins."""
    return timezone.make_aware(datetime.combine(day, time()))


def _sent_by(sender: str) -> Q:
    """A whole address, a domain with its @, or words of a name."""
    if _ADDRESS.fullmatch(sender):
        return Q(email__from_email__iexact=sender)
    if sender.startswith("@"):
        return Q(email__from_email__iendswith=sender)
    words = Q()
    for word in sender.split():
        words &= Q(email__from_name__icontains=word) | Q(email__from_email__icontains=word)
    return words


def _one_of(said: str, known: Iterable[str]) -> str:
    return said if said in known else ""


def _words(said: str) -> str:
    return " ".join(said.replace("\0", "").split())[:MOST_TEXT]


def _day(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    # Midnights beyond these cannot be computed in every time zone.
    return day if date(1971, 1, 1) <= day <= date(2200, 1, 1) else None
