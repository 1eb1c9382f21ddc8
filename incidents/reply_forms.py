"""A letter as it is typed on the card, turned into valid values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import moments
from incidents.composer_people import Kind
from incidents.errors import DomainError
from incidents.forms import SeenForm
from incidents.models import Incident
from mailbox import accounts
from mailbox.accounts import Account
from mailbox.composing import Person, is_address
from mailbox.models import Attachment, Email

LONGEST_TEXT, LONGEST_LINE, LONGEST_SUBJECT = 20_000, 5_000, 200
MOST_PEOPLE = 50
# Fields that a letter is written anew from: kept with its draft, and with the letter until it has left.
KEPT = ("kind", "letter", "to", "copies", "subject", "text", "account")
KEPT_LISTS = ("attach", "answered")
# What stands between commas and semicolons, those inside quotes left alone.
_ENTRY = re.compile(r'(?:"[^"]*"|[^",;\n])+')
_NAMED = re.compile(r"(.*?)<([^<>]*)>\s*", re.DOTALL)


def line_of(people: Iterable[Person]) -> str:
    """Addresses as people read and change them: `NOC <noc@operator.example>, second@operator.example`."""
    return ", ".join(f"{_quoted(each.name)} <{each.email}>" if each.name else each.email for each in people)


def kept_of(data: Any) -> dict[str, Any]:
    """What is to be kept of a form as it was sent: strings and lists of strings, as long as the form takes them."""
    kept: dict[str, Any] = {name: str(data.get(name, ""))[:LONGEST_TEXT] for name in KEPT}
    lists = {name: data.getlist(name) if hasattr(data, "getlist") else data.get(name, []) for name in KEPT_LISTS}
    return kept | {name: [str(each)[:LONGEST_LINE] for each in values[:500]] for name, values in lists.items()}


@dataclass(frozen=True, slots=True)
class Said:
    """A letter that may leave as far as its form goes. Without an account the usual one is chosen."""

    kind: str
    text: str
    subject: str
    to: tuple[Person, ...]
    copies: tuple[Person, ...] = ()
    # Answered or forwarded; nothing where a conversation begins.
    letter: Email | None = None
    account: Account | None = None
    attach: tuple[Attachment, ...] = ()

    @property
    def addresses(self) -> list[str]:
        """Everybody who gets it, in lower case."""
        return list(dict.fromkeys(each.email.lower() for each in (*self.to, *self.copies)))


class PeopleField(forms.CharField):
    """Addresses with or without names, separated by commas or semicolons."""

    def clean(self, value: Any) -> list[Person]:
        people = [_person(each) for each in _ENTRY.findall(super().clean(value)) if each.strip()]
        for each in people:
            # A domain without a dot is a slip: letters go to the outside.
            if not is_address(each.email) or "." not in each.email.rpartition("@")[2]:
                raise ValidationError(_("“%(typed)s” is not an e-mail address.") % {"typed": each.email})
        if len(people) > MOST_PEOPLE:
            raise ValidationError(_("%(n)d addresses are too many for one letter.") % {"n": len(people)})
        return list({each.email.lower(): each for each in people}.values())


class LetterForm(SeenForm):
    """Whom it goes to, what it is about, the words, the files; and when, where it is for later."""

    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    # The letter that is answered or forwarded; empty where nobody has written yet.
    letter = forms.IntegerField(required=False)
    account = forms.CharField(required=False, max_length=20)
    to = PeopleField(max_length=LONGEST_LINE, error_messages={"required": gettext_lazy("Say to whom the letter goes.")})
    copies = PeopleField(required=False, max_length=LONGEST_LINE)
    subject = forms.CharField(required=False, max_length=LONGEST_SUBJECT)
    text = forms.CharField(
        strip=True, max_length=LONGEST_TEXT, error_messages={"required": gettext_lazy("The letter is empty.")}
    )
    # Files of the incident's letters, and those that were brought up for this one.
    attach = forms.ModelMultipleChoiceField(Attachment.objects.none(), required=False, widget=forms.MultipleHiddenInput)
    uploads = forms.TypedMultipleChoiceField(required=False, coerce=int, widget=forms.MultipleHiddenInput)
    # Questions before sending that got their answer: send anyway.
    answered = forms.TypedMultipleChoiceField(required=False, widget=forms.MultipleHiddenInput)
    leaves = forms.CharField(required=False, max_length=40)
    once = forms.CharField(required=False, max_length=64)

    def __init__(self, data: Mapping[str, Any], *, incident: Incident, now: datetime) -> None:
        super().__init__(data)
        self.incident, self.now = incident, now
        here = Attachment.objects.filter(email__place__incident=incident)
        self.fields["attach"].queryset = here.select_related("email")  # type: ignore[attr-defined]
        self.fields["attach"].error_messages["invalid_choice"] = _("A file you chose is no longer in this incident.")
        # Any number of any words: whose they are is looked at where they are used.
        self.fields["uploads"].valid_value = str.isdigit  # type: ignore[attr-defined]
        self.fields["answered"].valid_value = bool  # type: ignore[attr-defined]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Kind.REPLY

    def clean_letter(self) -> Email | None:
        """A letter that was moved away while somebody wrote is not answered from here."""
        pk = self.cleaned_data["letter"]
        if pk is None:
            return None
        found = Email.objects.filter(pk=pk, place__incident=self.incident).first()
        if found is None:
            raise ValidationError(_("The letter you answer is no longer in this incident. Choose another one."))
        return found

    def clean_account(self) -> Account | None:
        """The one that was chosen, where there is a choice."""
        chosen = self.cleaned_data["account"]
        if not chosen:
            return None
        found = next((each for each in accounts.all_active() if str(each.pk or "") == chosen), None)
        if found is None:
            raise ValidationError(_("This account is not in use any more. Choose another one."))
        return found

    def clean_leaves(self) -> datetime | None:
        """The moment that was typed: then the letter is for later, whichever button was pressed."""
        if not self.cleaned_data["leaves"]:
            if "later" in self.data:
                raise ValidationError(_("Say when the letter is to leave."))
            return None
        zone = timezone.get_current_timezone()
        assert isinstance(zone, ZoneInfo)
        try:
            return moments.parse(self.cleaned_data["leaves"], self.now, zone)
        except DomainError as error:
            raise ValidationError(error.user_message) from error

    @property
    def said(self) -> Said:
        """The letter of a valid form."""
        data = self.cleaned_data
        return Said(
            kind=data["kind"],
            text=data["text"],
            subject=data["subject"] or self.incident.subject,
            to=tuple(data["to"]),
            copies=tuple(data["copies"]),
            letter=None if data["kind"] == Kind.NEW else data["letter"],
            account=data["account"],
            attach=tuple(data["attach"]),
        )


def _person(entry: str) -> Person:
    """One entry of a line of addresses."""
    if named := _NAMED.fullmatch(entry):
        return Person(named[1].strip('" '), named[2].strip())
    return Person("", entry.strip())


def _quoted(name: str) -> str:
    """A name with a comma in it would read as two people."""
    bare = name.replace('"', "'")
    return f'"{bare}"' if set(bare) & set(",;<>") else bare
