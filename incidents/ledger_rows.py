"""Receipts as the list of letters shows them: the letter in one line, its fate in words, the searched words marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db.models import CharField, Count, F, Func, QuerySet, Value
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from incidents.marks import Piece, Span, pieces
from mailbox.imap import readable
from mailbox.models import Attachment, Email, Folder, Receipt
from mailbox.models.letters import JOINTS
from mailbox.rules import KEPT_BY

State = Receipt.State
# Look and icon. Only what asks for somebody has a colour.
LOOKS = {
    State.NEW: ("is-new", "circle-dashed"),
    State.OPENED: ("", "plus"),
    State.JOINED: ("", "git-merge"),
    State.COPY: ("", "copy"),
    State.KEPT: ("", "bookmark"),
    State.QUARANTINED: ("is-over", "alert-triangle"),
}
# Reasons that mailbox.fetching writes; those of failed readings are the errors themselves.
REASONS = (gettext_noop("the server named this letter and did not hand it over"),)
# Characters that are looked through for the place to show, and those shown; marks stand at private characters.
SEARCHED, SHOWN, BEFORE = 6_000, 240, 16
_START, _STOP = "\ue000", "\ue001"
# What the search takes for more than letters; a tag would even be left out of the answer.
_APART = JOINTS + "<>&"
_SHOWN_OF_RECEIPT = (
    "state", "rule", "reason", "is_old", "direction", "size", "received_at", "stored_at", "next_try_at", "attempts",
    "sha256", "uid", "folder__name", "folder__role", "folder__mailbox__address",
)  # fmt: skip
_SHOWN_OF_LETTER = (
    "email__subject", "email__from_name", "email__from_email", "email__kind", "email__has_remote_images",
    "email__place__way", "email__place__incident__code",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One receipt of the list."""

    receipt: Receipt
    subject: tuple[Piece, ...]
    snippet: tuple[Piece, ...] = ()
    files: int = 0

    @property
    def email(self) -> Email | None:
        return self.receipt.email

    @property
    def day(self) -> date:
        return timezone.localdate(self.receipt.received_at)

    @property
    def fate(self) -> Fate:
        return Fate(self.receipt)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a receipt, in words."""

    receipt: Receipt

    @property
    def look(self) -> str:
        return LOOKS[State(self.receipt.state)][0]

    @property
    def icon(self) -> str:
        return LOOKS[State(self.receipt.state)][1]

    @property
    def code(self) -> str:
        """The code of the letter's incident, or nothing."""
        place = getattr(self.receipt.email, "place", None)
        return place.incident.code if place else ""

    @property
    def is_lost(self) -> bool:
        """The ledger says it is in an incident, and it is in none."""
        return self.receipt.state in (State.OPENED, State.JOINED) and not self.code

    @property
    def words(self) -> str:
        """One word for the row; `why` says the rest."""
        return {
            State.NEW: pgettext("fate", "Not taken yet"),
            State.OPENED: pgettext("fate", "Opened"),
            State.JOINED: pgettext("fate", "Joined"),
            State.COPY: pgettext("fate", "Copy"),
            State.KEPT: pgettext("fate", "Kept"),
            State.QUARANTINED: pgettext("fate", "Quarantine"),
        }[State(self.receipt.state)]

    @property
    def why(self) -> str:
        """The rule that kept it, the reason of the quarantine, or what went wrong so far."""
        if self.receipt.state == State.KEPT and self.receipt.rule in KEPT_BY:
            return _(KEPT_BY[self.receipt.rule])
        reason = self.receipt.reason.strip()
        return _(reason) if reason in REASONS else reason

    @property
    def next_try_at(self) -> datetime | None:
        return self.receipt.next_try_at if self.receipt.state in (State.NEW, State.QUARANTINED) else None


def load(keys: Sequence[int], query: SearchQuery | None = None) -> list[Row]:
    """These receipts in this order, in two queries."""
    receipts = _with_letters(Receipt.objects.filter(pk__in=keys), query).in_bulk()
    files = _numbers_of_files(receipt.email_id for receipt in receipts.values() if receipt.email_id)
    rows = [_row(receipts[pk], query) for pk in keys if pk in receipts]
    return [Row(row.receipt, row.subject, row.snippet, files.get(row.receipt.email_id or 0, 0)) for row in rows]


def folder_name(folder: Folder | None) -> str:
    """The folder as people call it."""
    if folder is None:
        return _("by hand")
    return _("Inbox") if folder.name.upper() == "INBOX" else readable(folder.name)


def _with_letters(rows: QuerySet[Receipt], query: SearchQuery | None) -> QuerySet[Receipt]:
    rows = rows.select_related("folder__mailbox", "email__place__incident").only(*_SHOWN_OF_RECEIPT, *_SHOWN_OF_LETTER)
    if query is None:
        return rows.annotate(body=Left("email__reply_text", SHOWN + 60))
    return rows.annotate(
        body=Left("email__text", SEARCHED),
        marked_body=_marking(Left("email__text", SEARCHED), query),
        marked_subject=_marking(F("email__subject"), query),
    )


def _marking(text: F | Left, query: SearchQuery) -> SearchHeadline:
    """The text taken apart as the index has it, each character in its place, with marks around the words."""
    apart = Func(text, Value(_APART), Value(" " * len(_APART)), function="TRANSLATE", output_field=CharField())
    return SearchHeadline(apart, query, config="russian", start_sel=_START, stop_sel=_STOP, highlight_all=True)


def _row(receipt: Receipt, query: SearchQuery | None) -> Row:
    email = receipt.email
    if email is None:
        return Row(receipt, ())
    body: str = receipt.body or ""  # type: ignore[attr-defined]
    if query is None:
        return Row(receipt, pieces(email.subject, ()), pieces(_one_line(body), ()))
    subject = pieces(email.subject, spans(receipt.marked_subject, email.subject))  # type: ignore[attr-defined]
    return Row(receipt, subject, _snippet(body, spans(receipt.marked_body, body)))  # type: ignore[attr-defined]


def spans(marked: str | None, text: str) -> list[Span]:
    """Where the marks stand in the text; none when the marked copy is not this text."""
    found: list[Span] = []
    at = start = 0
    for part in _split(marked or ""):
        if part == _START:
            start = at
        elif part == _STOP:
            found.append(Span(start, at, agrees=True))
        else:
            at += len(part)
    return found if at == len(text) else []


def _split(marked: str) -> Iterable[str]:
    for piece in marked.replace(_START, f"\0{_START}\0").replace(_STOP, f"\0{_STOP}\0").split("\0"):
        if piece:
            yield piece


def _snippet(text: str, found: list[Span]) -> tuple[Piece, ...]:
    """The stretch around the first mark, in one line."""
    start = max(0, found[0].start - BEFORE) if found else 0
    if start:
        # Not in the middle of a word.
        start = text.find(" ", start, found[0].start) + 1 or start
    end = start + SHOWN
    inside = [Span(each.start - start, each.end - start, True) for each in found if each.start >= start]
    shown = text[start:end]
    # A space stays one character, so that the marks keep their places.
    line = "".join(" " if char.isspace() else char for char in shown)
    cut = pieces(line, inside)
    return (Piece("… "), *cut) if start else cut


def _one_line(text: str) -> str:
    return " ".join(text.split())[:SHOWN]


def _numbers_of_files(letters: Iterable[int]) -> dict[int, int]:
    counted = Attachment.objects.filter(email_id__in=set(letters), inline=False).order_by()
    return dict(counted.values_list("email_id").annotate(Count("pk")))
