"""By which account a letter leaves: those that people added, or else the one of the settings.

    choose(answers)      the account a letter is to be written for
    all_active()         every account somebody may write from
    to_send(pk)          the account a queued letter leaves by, as it is now, with its password

An `Account` is what the conversation with the server needs, wherever it is written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.conf import settings
from django.core.cache import caches
from django.db.models import QuerySet

from mailbox import sealing
from mailbox.models import Email, Folder, Mailbox, Outgoing, SmtpAccount

Security = Mailbox.Security
KNOWN_SECONDS = 15
_CACHED = "letters-leave"


class SendingIsOff(Exception):
    """There is no account, so nothing may wait for one."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account letters leave by; that of the settings has no `pk`. Empty `username`: without a login."""

    pk: int | None
    address: str
    name: str
    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    # Letters in a minute that the server takes; None: as many as there are.
    per_minute: int | None = None
    # The folder that gets a copy of each letter; None where the server keeps them itself.
    copies_to: Folder | None = None
    # Whose folder of sent letters shows what left.
    mailbox: Mailbox | None = None


def is_possible() -> bool:
    """Whether letters leave at all; without an account nothing offers to write one.

    Asked several times for a page, so of the rows it is known seconds old: what a change of accounts here forgets
    at once, other processes learn then.
    """
    if settings.EMAIL_HOST:
        return True
    cache = caches["calls"]
    known: bool | None = cache.get(_CACHED)
    if known is None:
        known = SmtpAccount.objects.filter(is_active=True).exists()
        cache.set(_CACHED, known, KNOWN_SECONDS)
    return known


def forget() -> None:
    """Accounts have changed: the next one who asks is told anew."""
    caches["calls"].delete(_CACHED)


def choose(answers: Email | None = None) -> Account:
    """The account of the mailbox the answered letter came into, else the usual one. Raises SendingIsOff."""
    rows = list(_active())
    if not rows:
        return of_settings()
    mailboxes = _came_into(answers)
    return of_row(next((each for each in rows if each.mailbox_id in mailboxes), rows[0]))


def all_active() -> list[Account]:
    """Every account that letters may be written for, the usual one first; empty where sending is off."""
    rows = [of_row(each) for each in _active()]
    return rows or ([of_settings()] if settings.EMAIL_HOST else [])


def to_send(pk: int | None) -> Account | None:
    """The account as it is now, with its password; None where it is switched off. Raises sealing.WrongKey."""
    if pk is None:
        return of_settings() if settings.EMAIL_HOST else None
    row = _active().filter(pk=pk).first()
    if row is None:
        return None
    return replace(of_row(row), password=sealing.unseal(row.password) if row.password else "")


def of_settings() -> Account:
    """The account that EMAIL_* name. Raises SendingIsOff where they name none."""
    if not settings.EMAIL_HOST:
        raise SendingIsOff
    tls = Security.STARTTLS if settings.EMAIL_USE_TLS else Security.NONE
    mailbox = Mailbox.objects.filter(from_settings=True).first()
    return Account(
        pk=None,
        address=settings.DEFAULT_FROM_EMAIL,
        name=settings.EMAIL_FROM_NAME,
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        security=Security.SSL if settings.EMAIL_USE_SSL else tls,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        per_minute=settings.EMAIL_PER_MINUTE or None,
        copies_to=sent_folder(mailbox) if settings.EMAIL_KEEP_COPIES else None,
        mailbox=mailbox,
    )


def of_row(row: SmtpAccount) -> Account:
    """Without its password: only the one who sends needs that."""
    return Account(
        pk=row.pk,
        address=row.from_address,
        name=row.from_name or settings.EMAIL_FROM_NAME,
        host=row.host,
        port=row.port,
        security=row.security,
        username=row.username,
        per_minute=row.per_minute,
        copies_to=row.copies_to,
        mailbox=row.mailbox,
    )


def behind(letter: Outgoing) -> Account | None:
    """The account a letter left by, as it is set up now; None where the settings name none any more."""
    if letter.account:
        return of_row(letter.account)
    return of_settings() if settings.EMAIL_HOST else None


def wants_copies(letter: Outgoing) -> bool:
    """Whether a copy of it is to be put into a folder of sent letters."""
    account = behind(letter)
    return account is not None and account.copies_to is not None


def sent_folder(mailbox: Mailbox | None) -> Folder | None:
    """The folder of sent letters of this mailbox, if one is known."""
    if mailbox is None:
        return None
    return mailbox.folders.filter(role=Folder.Role.SENT).order_by("-is_watched", "-pk").first()


def _active() -> QuerySet[SmtpAccount]:
    rows = SmtpAccount.objects.filter(is_active=True).select_related("mailbox", "copies_to__mailbox")
    return rows.order_by("-is_default", "pk")


def _came_into(email: Email | None) -> set[int]:
    """The mailboxes that showed this letter."""
    if email is None:
        return set()
    return set(Folder.objects.filter(receipts__email=email).values_list("mailbox", flat=True))
