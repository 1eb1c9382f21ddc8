"""What administrators type about an account for letters out, turned into valid values. Nothing here is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from mailbox import sealing
from mailbox.accounts import Account
from mailbox.forms import HOST, SECURITY
from mailbox.imap import readable
from mailbox.models import Folder, Mailbox, SmtpAccount

MOST_A_MINUTE = 10_000
_SERVER = ("host", "port", "security", "username")
_KEPT = ("from_address", "from_name", *_SERVER, "per_minute", "mailbox", "copies_to", "is_default")


class FolderChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A folder of sent letters, as people call it, with its mailbox."""

    def label_from_instance(self, obj: Folder) -> str:
        return f"{obj.mailbox.address}, {readable(obj.name)}"


class AccountForm(forms.Form):
    """One account. The password goes in and never comes out again.

    A stored password is used on only for the server and login it was given for: elsewhere it must be typed anew,
    so that nobody can have it sent to a server of his own.
    """

    from_address = forms.EmailField(label=_("Sender's address"), max_length=254)
    from_name = forms.CharField(label=_("Sender's name"), max_length=100, required=False)
    host = forms.CharField(label=_("Server (SMTP)"), max_length=253)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(label=_("Encryption"), choices=SECURITY, initial=Mailbox.Security.STARTTLS)
    username = forms.CharField(label=_("Login"), max_length=254, required=False)
    password = forms.CharField(
        label=_("Password"), strip=False, required=False, max_length=1000, widget=forms.PasswordInput()
    )
    per_minute = forms.IntegerField(
        label=_("Letters a minute"),
        required=False,
        min_value=1,
        max_value=MOST_A_MINUTE,
        error_messages={"min_value": _("At least one; leave it empty for no limit.")},
    )
    mailbox = forms.ModelChoiceField(
        label=_("Answers letters of"),
        queryset=Mailbox.objects.order_by("address"),
        required=False,
        empty_label=_("no mailbox in particular"),
    )
    copies_to = FolderChoice(
        label=_("Copies of what was sent"),
        queryset=Folder.objects.filter(role=Folder.Role.SENT).select_related("mailbox").order_by("mailbox", "pk"),
        required=False,
        empty_label=_("the server keeps them itself"),
    )
    is_default = forms.BooleanField(label=_("The usual one, for every letter that belongs to no other"), required=False)

    def __init__(self, *args: Any, account: SmtpAccount | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account:
            self.initial = {name: getattr(account, name) for name in _KEPT}
        self.account = account
        for name, field in self.fields.items():
            chosen = name in ("security", "mailbox", "copies_to")
            look = "form-check-input" if name == "is_default" else "form-select" if chosen else "form-control"
            field.widget.attrs |= {"class": look, "autocomplete": "off"}
        self.fields["from_address"].widget.attrs["spellcheck"] = "false"
        for name in ("port", "per_minute"):
            self.fields[name].widget = forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric"})
        # Kept as typed when a part of the page is exchanged; the server never sends it.
        self.fields["password"].widget.attrs |= {"autocomplete": "new-password", "hx-preserve": "true"}

    def clean_from_address(self) -> str:
        address: str = self.cleaned_data["from_address"]
        others = SmtpAccount.objects.filter(from_address__iexact=address)
        if self.account:
            others = others.exclude(pk=self.account.pk)
        if others.exists():
            raise ValidationError(_("There is an account with this address already."))
        return address

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"]
        if not HOST.fullmatch(host):
            raise ValidationError(_("Only the name of the server, such as smtp.towers.example."))
        return host

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("password") and not given.get("username"):
            self.add_error("username", _("A password goes with a login."))
        if given.get("username") and not given.get("password") and not self.errors and not self._keeps_server():
            said = _("The server or the login is another one: type the password too.") if self.account else ""
            self.add_error("password", said or _("Without a password no server lets us in."))
        folder, mailbox = given.get("copies_to"), given.get("mailbox")
        if folder and mailbox and folder.mailbox_id != mailbox.pk:
            self.add_error("copies_to", _("This folder belongs to another mailbox than the one it answers letters of."))
        return given

    def _keeps_server(self) -> bool:
        account = self.account
        return (
            account is not None
            and bool(account.password)
            and all(getattr(account, name) == self.cleaned_data[name] for name in _SERVER)
        )

    def tried(self) -> Account:
        """How to connect, with the stored password if none was typed. Raises sealing.WrongKey."""
        given = self.cleaned_data
        password = given["password"]
        if not password and given["username"] and self.account and self.account.password:
            password = sealing.unseal(self.account.password)
        return Account(
            pk=self.account.pk if self.account else None,
            address=given["from_address"],
            name=given["from_name"],
            host=given["host"],
            port=given["port"],
            security=given["security"],
            username=given["username"],
            password=password,
        )


def proof(account: Account) -> str:
    """Stands in the page for "this very account was tried"; says nothing about the password."""
    facts = (account.address, account.host, account.port, account.security, account.username, account.password)
    return salted_hmac("mailbox.account_forms.proof", repr(facts), algorithm="sha256").hexdigest()
