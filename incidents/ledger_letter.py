"""Everything the ledger knows of one letter: what it says, where it was seen, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Q, When
from django.db.models.fields import BooleanField
from django.utils.translation import gettext as _

from incidents import ledger_deeds
from incidents.conversation import problem_texts
from incidents.ledger_rows import Fate, folder_name
from incidents.models import IncidentEmail
from mailbox import store
from mailbox.models import Attachment, Email, Outgoing, Receipt

State = Receipt.State


@dataclass(frozen=True, slots=True)
class Sight:
    """A receipt of the letter: where it was seen and when."""

    receipt: Receipt
    is_here: bool

    @property
    def fate(self) -> Fate:
        return Fate(self.receipt)

    @property
    def folder(self) -> str:
        return folder_name(self.receipt.folder)


@dataclass(frozen=True, slots=True)
class LetterPage:
    """A letter, or a receipt that could not be read (then there is no `email`)."""

    receipt: Receipt | None
    email: Email | None
    sights: Sequence[Sight]
    files: Sequence[Attachment]
    problems: Sequence[str]
    place: IncidentEmail | None
    outgoing: Outgoing | None
    has_bytes: bool

    @property
    def fate(self) -> Fate | None:
        return Fate(self.receipt) if self.receipt else None

    @property
    def may_open(self) -> bool:
        return self.receipt is not None and self.place is None and ledger_deeds.may_open(self.receipt)

    @property
    def may_join(self) -> bool:
        return self.receipt is not None and self.place is None and ledger_deeds.may_join(self.receipt)

    @property
    def sender(self) -> str:
        email = self.email
        return (email and (email.from_name or email.from_email)) or _("Unknown sender")

    @property
    def subject(self) -> str:
        if self.email is None:
            return _("A letter that could not be read")
        return self.email.subject or _("(no subject)")


def of_email(pk: int) -> LetterPage:
    """A letter that was read. Raises Email.DoesNotExist."""
    rows = Email.objects.select_related("place__incident", "outgoing").defer("text", "reply_text", "safe_html")
    email = rows.annotate(
        has_html=Case(When(~Q(safe_html=""), then=True), default=False, output_field=BooleanField())
    ).get(pk=pk)
    receipts = list(email.receipts.select_related("folder__mailbox").order_by("pk"))
    for receipt in receipts:
        receipt.email = email
    # Copies say the least about what became of the letter.
    first = min(receipts, key=lambda each: (each.state == State.COPY, each.pk), default=None)
    return LetterPage(
        receipt=first,
        email=email,
        sights=[Sight(each, each == first) for each in receipts],
        files=list(email.attachments.order_by("pk")),
        problems=problem_texts(email.problems, every=True),
        place=getattr(email, "place", None),
        outgoing=getattr(email, "outgoing", None),
        has_bytes=_is_stored(email.sha256),
    )


def of_receipt(pk: int) -> LetterPage:
    """A receipt whose letter nobody has read yet. Raises Receipt.DoesNotExist."""
    receipt = Receipt.objects.select_related("folder__mailbox").get(pk=pk)
    return LetterPage(receipt, None, [Sight(receipt, True)], (), (), None, None, _is_stored(receipt.sha256))


def _is_stored(sha256: str) -> bool:
    return bool(sha256) and store.path(sha256).exists()
