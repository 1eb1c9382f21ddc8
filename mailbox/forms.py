"""What administrators type about mailboxes, turned into valid values. Nothing here is saved or connected to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from mailbox import sealing
from mailbox.imap import Account
from mailbox.models import Folder, Mailbox

LONGEST_HISTORY_DAYS = 3650
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*")
_CHOICES_OF_START = [
    (Mailbox.Start.NOW, _("From now on")),
    (Mailbox.Start.DAYS, _("The last days too")),
    (Mailbox.Start.ALL, _("Everything")),
]
SECURITY = [
    (Mailbox.Security.SSL, _("TLS from the first byte")),
    (Mailbox.Security.STARTTLS, "STARTTLS"),
    (Mailbox.Security.NONE, _("No encryption")),
]


class StartForm(forms.Form):
    """How much of what was there before is taken in."""

    start = forms.ChoiceField(label=_("Letters from before"), choices=_CHOICES_OF_START, widget=forms.RadioSelect)
    start_days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=LONGEST_HISTORY_DAYS,
        required=False,
        error_messages={
            "invalid": _("Write a number of days."),
            "min_value": _("At least one day."),
            "max_value": _("At most %(limit_value)s days; choose “everything” instead."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["start_days"].widget.attrs |= {"class": "form-control", "inputmode": "numeric"}

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("start") == Mailbox.Start.DAYS and given.get("start_days") is None:
            if "start_days" not in self.errors:
                self.add_error("start_days", _("Write a number of days."))
        elif given.get("start") != Mailbox.Start.DAYS:
            self.errors.pop("start_days", None)
            given["start_days"] = given.get("start_days") or 30
        return given


class OlderForm(StartForm):
    """More of the history of a mailbox that is read already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["start"].choices = _CHOICES_OF_START[1:]  # type: ignore[attr-defined]


class MailboxForm(StartForm):
    """How to reach a mailbox. The password goes in and never comes out again.

    A stored password is used on only for the server and login it was given for: elsewhere it must be typed anew,
    so that nobody can have it sent to a server of his own.
    """

    address = forms.EmailField(label=_("Address"), max_length=254)
    host = forms.CharField(label=_("Server (IMAP)"), max_length=253)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(label=_("Encryption"), choices=SECURITY)
    login = forms.CharField(label=_("Login"), max_length=254)
    password = forms.CharField(
        label=_("Password"), strip=False, required=False, max_length=1000, widget=forms.PasswordInput()
    )

    field_order = ("address", "host", "port", "security", "login", "password", "start", "start_days")

    def __init__(self, *args: Any, mailbox: Mailbox | None, **kwargs: Any) -> None:
        known = {} if mailbox is None else {name: getattr(mailbox, name) for name in _KEPT}
        super().__init__(*args, initial={"start": Mailbox.Start.NOW, "start_days": 30} | known, **kwargs)
        self.mailbox = mailbox
        for name in ("address", "host", "port", "security", "login", "password"):
            look = "form-select" if name == "security" else "form-control"
            self.fields[name].widget.attrs |= {"class": look, "autocomplete": "off", "spellcheck": "false"}
        # Kept as typed when a part of the page is exchanged; the server never sends it.
        self.fields["password"].widget.attrs |= {"autocomplete": "new-password", "hx-preserve": "true"}

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        others = Mailbox.objects.filter(address__iexact=address)
        if self.mailbox:
            others = others.exclude(pk=self.mailbox.pk)
        if others.exists():
            raise ValidationError(_("This mailbox is connected already."))
        return address

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"]
        if not HOST.fullmatch(host):
            raise ValidationError(_("Only the name of the server, such as imap.towers.example."))
        return host

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if not given.get("password") and not self.errors and not self._keeps_account():
            said = _("The server or the login is another one: type the password too.") if self.mailbox else ""
            self.add_error("password", said or _("Without a password no server lets us in."))
        return given

    def _keeps_account(self) -> bool:
        return self.mailbox is not None and all(
            getattr(self.mailbox, name) == self.cleaned_data[name] for name in ("host", "port", "security", "login")
        )

    def account(self) -> Account:
        """How to connect, with the stored password if none was typed. Raises sealing.WrongKey."""
        given = self.cleaned_data
        password = given["password"] or (sealing.unseal(self.mailbox.password) if self.mailbox else "")
        return Account(given["host"], given["port"], given["security"], given["login"], password)


_KEPT = ("address", "host", "port", "security", "login", "start", "start_days")


def proof(account: Account) -> str:
    """Stands in the page for "this very account was tried"; says nothing about the password."""
    facts = (account.host, account.port, account.security, account.login, account.password)
    return salted_hmac("mailbox.forms.proof", repr(facts), algorithm="sha256").hexdigest()


# What somebody may want of a folder; the empty one: leave it alone.
ROLES = {"", *Folder.Role.values}
FOLDER = "folder:"
MOST_FOLDERS = 500


def roles_in(posted: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """What was chosen for each folder of the server, by its raw name."""
    named = {name.removeprefix(FOLDER): role for name, role in posted if name.startswith(FOLDER)}
    return {name: role for name, role in list(named.items())[:MOST_FOLDERS] if role in ROLES and 0 < len(name) <= 300}
