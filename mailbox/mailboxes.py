"""Which mailboxes and folders are watched, and how each is reached.

The mailbox of the settings is a row like those that people add; its password stays in the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailbox import sealing
from mailbox.imap import Account, ImapSession, readable
from mailbox.models import Folder, Mailbox
from mailbox.tracker_folders import OF_TRACKER

INBOX = "INBOX"


def watched_folders() -> QuerySet[Folder]:
    """Every folder that is to be read, with its mailbox; incoming ones first. Never Yandex Tracker's own."""
    wanted = Folder.objects.filter(is_watched=True, mailbox__is_watched=True).exclude(name__iregex=OF_TRACKER)
    return wanted.select_related("mailbox").order_by("role", "id")


@transaction.atomic
def follow_settings() -> Mailbox | None:
    """Let the row of the settings' mailbox say what the settings say now; None when they name none."""
    account = settings.MAIL_ACCOUNT
    named = account["address"] if account else None
    # A mailbox that the settings name no more has no password any more.
    Mailbox.objects.filter(from_settings=True).exclude(address=named).update(from_settings=False, is_watched=False)
    return follow(account) if account else None


def follow(account: Mapping[str, Any]) -> Mailbox:
    """The row of this mailbox of the settings, brought up to date, with its folder of incoming letters."""
    facts = {
        "host": account["host"],
        "port": account["port"],
        "security": _security(account),
        "login": account["login"],
        "password": "",
    }
    row, created = Mailbox.objects.get_or_create(
        address=account["address"], defaults={**facts, **_first_look(), "from_settings": True}
    )
    if not row.from_settings:
        facts |= {"from_settings": True, "is_watched": True}
        row.folders.update(watched_since=timezone.now())
    if not created:
        Mailbox.objects.filter(pk=row.pk).update(**facts)
        row.refresh_from_db()
    Folder.objects.get_or_create(mailbox=row, name=account["inbox"], defaults={"role": Folder.Role.INBOX})
    return row


def _security(account: Mapping[str, Any]) -> str:
    if account["ssl"]:
        return Mailbox.Security.SSL
    return Mailbox.Security.STARTTLS if account.get("starttls") else Mailbox.Security.NONE


def _first_look() -> dict[str, Any]:
    days = settings.MAIL_FIRST_LOOK_DAYS
    start = Mailbox.Start.NOW if days < 0 else Mailbox.Start.DAYS if days else Mailbox.Start.ALL
    return {"start": start, "start_days": max(days, 1)}


def account_of(mailbox: Mailbox) -> Account:
    """How to connect to this mailbox. Raises sealing.WrongKey."""
    if mailbox.from_settings:
        password = settings.MAIL_ACCOUNT["password"] if settings.MAIL_ACCOUNT else ""
    else:
        password = sealing.unseal(mailbox.password)
    return Account(mailbox.host, mailbox.port, mailbox.security, mailbox.login, password)


def ensure_inboxes() -> None:
    """Give a watched mailbox that has no folder of incoming letters the one that every server has."""
    for mailbox in Mailbox.objects.filter(is_watched=True).exclude(folders__role=Folder.Role.INBOX):
        Folder.objects.get_or_create(mailbox=mailbox, name=INBOX, defaults={"role": Folder.Role.INBOX})


def find_sent(mailbox: Mailbox, session: ImapSession) -> Folder | None:
    """The folder of sent letters, if it was not known before and the server has one.

    A folder named by the settings takes the place of one that was found.
    """
    known = mailbox.folders.filter(role=Folder.Role.SENT)
    named = settings.MAIL_ACCOUNT["sent"] if mailbox.from_settings and settings.MAIL_ACCOUNT else ""
    if any(not named or readable(each.name) == readable(named) for each in known):
        return None
    spelled = session.spelling_of(named) if named else session.sent_folder()
    if not spelled:
        return None
    with transaction.atomic():
        known.exclude(name=spelled).update(is_watched=False)
        return Folder.objects.get_or_create(mailbox=mailbox, name=spelled, defaults={"role": Folder.Role.SENT})[0]
