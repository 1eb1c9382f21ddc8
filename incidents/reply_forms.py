"""A letter as it is typed on the card, turned into valid values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.forms import SeenForm
from incidents.models import Incident
from mailbox.composing import Person
from mailbox.models import Email

LONGEST_TEXT, LONGEST_LINE = 20_000, 5_000
MOST_PEOPLE = 50
# What stands between commas and semicolons, those inside quotes left alone.
_ENTRY = re.compile(r'(?:"[^"]*"|[^",;\n])+')
_NAMED = re.compile(r"(.*?)<([^<>]*)>\s*", re.DOTALL)


def line_of(people: Iterable[Person]) -> str:
    """Addresses as people read and change them: `NOC <noc@operator.example>, second@operator.example`."""
    return ", ".join(f"{_quoted(each.name)} <{each.email}>" if each.name else each.email for each in people)


class PeopleField(forms.CharField):
    """Addresses with or without names, separated by commas or semicolons."""

    def clean(self, value: Any) -> list[Person]:
        people = [_person(each) for each in _ENTRY.findall(super().clean(value)) if each.strip()]
        for each in people:
            _require_address(each.email)
        if len(people) > MOST_PEOPLE:
            raise ValidationError(_("%(n)d addresses are too many for one letter.") % {"n": len(people)})
        return list({each.email.lower(): each for each in people}.values())


class ReplyForm(SeenForm):
    """Whom it goes to, and the words."""

    to = PeopleField(max_length=LONGEST_LINE, error_messages={"required": gettext_lazy("Say to whom the letter goes.")})
    copies = PeopleField(required=False, max_length=LONGEST_LINE)
    text = forms.CharField(
        strip=True, max_length=LONGEST_TEXT, error_messages={"required": gettext_lazy("The letter is empty.")}
    )
    # The letter that is answered; empty where nobody has written yet.
    letter = forms.IntegerField(required=False)
    once = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident = incident

    def clean_letter(self) -> Email | None:
        """A letter that was moved away while somebody wrote is not answered from here."""
        pk = self.cleaned_data["letter"]
        if pk is None:
            return None
        found = Email.objects.filter(pk=pk, place__incident=self.incident).first()
        if found is None:
            raise ValidationError(_("The letter you answer is no longer in this incident. Choose another one."))
        return found


def _require_address(typed: str) -> None:
    """Plain addresses only: letters to others need servers that few have."""
    try:
        validate_email(typed)
        typed.encode("ascii")
    except (ValidationError, UnicodeEncodeError) as error:
        raise ValidationError(_("“%(typed)s” is not an e-mail address.") % {"typed": typed}) from error


def _person(entry: str) -> Person:
    """One entry of a line of addresses."""
    if named := _NAMED.fullmatch(entry):
        return Person(named[1].strip('" '), named[2].strip())
    return Person("", entry.strip())


def _quoted(name: str) -> str:
    """A name with a comma in it would read as two people."""
    bare = name.replace('"', "'")
    return f'"{bare}"' if set(bare) & set(",;<>") else bare
