"""By which servers letters leave: accounts that people add, and how each of them is doing."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from mailbox.models.servers import Folder, Mailbox


class SmtpAccount(models.Model):
    """An account letters leave by. Without any the settings EMAIL_* are the only one (mailbox.accounts)."""

    name = models.CharField(_("name"), max_length=100)
    from_address = models.CharField(_("sender's address"), max_length=254)
    from_name = models.CharField(_("sender's name"), max_length=100, blank=True)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=587)
    security = models.CharField(
        _("encryption"), max_length=10, choices=Mailbox.Security, default=Mailbox.Security.STARTTLS
    )
    # Empty where the server wants no login.
    username = models.CharField(_("login"), max_length=254, blank=True)
    # Sealed by mailbox.sealing.
    password = models.TextField(_("password"), blank=True)
    # What the provider allows; empty: no limit.
    per_minute = models.PositiveIntegerField(
        _("letters a minute"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # Answers to letters that came into this mailbox leave by this account; its Sent folder proves what left.
    mailbox = models.ForeignKey(
        Mailbox,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="smtp_accounts",
        verbose_name=_("mailbox"),
    )
    # Where a copy of each letter is put; empty: the server keeps copies itself, or nobody wants them.
    copies_to = models.ForeignKey(
        Folder, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("copies go to")
    )
    is_default = models.BooleanField(_("the usual one"), default=False)
    # Letters of an account that is switched off wait until it is switched on, or are cancelled.
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("account for letters out")
        verbose_name_plural = _("accounts for letters out")
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("from_address"), name="smtp_account_one_an_address"),
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="smtp_account_one_usual"),
        ]

    def __str__(self) -> str:
        return self.name or self.from_address


class AccountState(models.Model):
    """How an account is doing, written by the one who sends; apart from the account, which people edit meanwhile."""

    # Empty: the account of the settings.
    account = models.OneToOneField(
        SmtpAccount, null=True, blank=True, on_delete=models.CASCADE, related_name="state", verbose_name=_("account")
    )
    # Nobody connects before: the server was down, or did not let us in.
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    # Since when no conversation has begun; empty while all is well.
    failed_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    # Why, in the server's words.
    said = models.TextField(blank=True)
    last_sent_at = models.DateTimeField(_("last letter left"), null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account"], nulls_distinct=False, name="account_state_once")
        ]

    def __str__(self) -> str:
        return str(self.account or "settings")
