"""What administrators change about accounts for letters out. Whoever sends sees it with the next letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from mailbox import accounts, pace, sealing
from mailbox.models import SmtpAccount


@transaction.atomic
def save(facts: Mapping[str, Any], *, password: str, account: SmtpAccount | None) -> SmtpAccount:
    """Add an account, or change one; the first is the usual one. What failed before is forgotten: it is another now.

    `facts` are fields of the row; `password` is as typed or as it was, and is stored sealed.
    """
    account = SmtpAccount.objects.select_for_update().get(pk=account.pk) if account else SmtpAccount()
    for name, value in facts.items():
        setattr(account, name, value)
    account.name = account.from_address
    account.password = sealing.seal(password) if account.username else ""
    others = SmtpAccount.objects.select_for_update().filter(is_active=True).exclude(pk=account.pk)
    account.is_active = True
    account.is_default = account.is_default or not others.filter(is_default=True).exists()
    if account.is_default:
        SmtpAccount.objects.filter(is_default=True).exclude(pk=account.pk).update(is_default=False)
    account.save()
    pace.resume(account.pk)
    _forget()
    return account


@transaction.atomic
def remove(account: SmtpAccount) -> bool:
    """Send nothing by it any more; what waits for it waits on. One that never sent a letter is deleted: then True."""
    account = SmtpAccount.objects.select_for_update().get(pk=account.pk)
    if account.letters.exists():
        account.is_active, account.is_default = False, False
        account.save(update_fields=["is_active", "is_default"])
    else:
        account.delete()
    _name_usual()
    _forget()
    return account.pk is None


@transaction.atomic
def use_again(account: SmtpAccount) -> None:
    """Send by it again, what waits for it first."""
    SmtpAccount.objects.filter(pk=account.pk).update(is_active=True)
    _name_usual()
    pace.resume(account.pk)
    _forget()


def _forget() -> None:
    """Now for whoever goes on here, and once more when others can see the change."""
    accounts.forget()
    transaction.on_commit(accounts.forget)


def _name_usual() -> None:
    """One of those in use is always the usual one."""
    active = SmtpAccount.objects.filter(is_active=True)
    if not active.filter(is_default=True).exists() and (first := active.order_by("pk").first()):
        SmtpAccount.objects.filter(pk=first.pk).update(is_default=True)
