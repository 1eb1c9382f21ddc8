"""A letter that somebody of the desk begins on the card: whom it answers, what its form starts from."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from incidents import composer_files, composer_people, drafts
from incidents.composer_files import LetterFiles
from incidents.composer_people import Kind, Offered
from incidents.models import Draft, Incident, ReplyFile
from incidents.reply_forms import line_of
from mailbox import accounts, composing
from mailbox.accounts import Account
from mailbox.composing import Person
from mailbox.models import Email

if TYPE_CHECKING:
    from dispatchers.models import User

LETTER = Draft.Field.LETTER
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a form starts from. Nothing is answered where nobody has written yet, or where a conversation begins."""

    kind: str
    answered: Email | None
    # What stands in the fields: names of incidents.reply_forms.LetterForm.
    values: Mapping[str, Any]
    offered: Sequence[Offered]
    # Who got the answered letter too and is not written to: added by a click.
    left_out: Sequence[Person]
    accounts: Sequence[Account]
    # Brought up for this letter, and those of the incident's letters, newest letter first.
    files: Sequence[ReplyFile]
    letter_files: Sequence[LetterFiles]
    draft: Draft | None
    # Tells one opened form from another, so that a letter sent twice by it leaves once.
    once: str = field(default_factory=lambda: secrets.token_hex(8))


def is_possible() -> bool:
    """Whether letters leave at all; without a server the card offers none."""
    return accounts.is_possible()


def begin(incident: Incident, person: User, letter: str = "", kind: str = "") -> Beginning:
    """A letter of this kind about the letter of this number, else about the last one that a person sent to the desk.

    A draft goes on as it was left, unless another kind or letter is asked for: then its words go along.
    """
    draft = drafts.of(incident, person, field=LETTER)
    kept = draft.form if draft else {}
    goes_on = bool(kept) and kind in ("", kept.get("kind")) and letter in ("", kept.get("letter"))
    if goes_on:
        letter, kind = kept.get("letter", ""), kept.get("kind", "")
    kind = kind if kind in Kind.values else Kind.REPLY
    answered = None if kind == Kind.NEW else answered_letter(incident, letter)
    values = _values(incident, answered, kind)
    if draft:
        values |= {"text": draft.text, "attach": list(map(str, kept.get("attach", values["attach"])))}
    if goes_on:
        values |= {name: kept[name] for name in ("to", "copies", "subject", "account", "answered") if name in kept}
    return _form(incident, person, values, kind, answered, draft)


def shown(incident: Incident, person: User, values: Mapping[str, Any]) -> Beginning:
    """The form with these values, as they were typed."""
    kind = values["kind"] if values["kind"] in Kind.values else Kind.REPLY
    answered = None if kind == Kind.NEW else answered_letter(incident, values["letter"])
    return _form(incident, person, values, kind, answered, None)


def _form(
    incident: Incident,
    person: User,
    values: Mapping[str, Any],
    kind: str,
    answered: Email | None,
    draft: Draft | None,
) -> Beginning:
    written = f"{values.get('to', '')},{values.get('copies', '')}".lower()
    copies = composer_people.everybody(incident, answered)[1] if kind == Kind.REPLY else []
    offered = composer_people.offered(incident, [])
    return Beginning(
        kind=kind,
        answered=answered,
        values=values,
        offered=[each for each in offered if each.person.email.lower() not in written],
        left_out=[each for each in copies if each.email.lower() not in written],
        accounts=accounts.all_active(),
        files=composer_files.at_hand(incident, person),
        letter_files=composer_files.of_letters(incident),
        draft=draft,
    )


def answered_letter(incident: Incident, letter: str) -> Email | None:
    """The letter of this number, else the newest one that somebody outside wrote, else our own newest."""
    letters = Email.objects.filter(place__incident=incident).order_by("-received_at", "-pk")
    if _NUMBER.fullmatch(letter) and (named := letters.filter(pk=int(letter)).first()):
        return named
    human = letters.filter(kind=Email.Kind.HUMAN)
    return human.filter(direction=Email.Direction.IN).first() or human.first()


def bare_subject(incident: Incident, subject: str) -> str:
    """What stands behind prefix and code in the subject of the letter."""
    return composing.answer_subject(incident.code, subject).removeprefix(f"Re: {incident.code}").lstrip(": ")


def _values(incident: Incident, answered: Email | None, kind: str) -> dict[str, Any]:
    to, copies = composer_people.addressees(kind, incident, answered)
    # The letter that is answered decides, since our own subject may differ by now.
    subject = (answered.subject if answered else "") or incident.subject
    passed_on = composer_files.of_letter(answered) if answered and kind == Kind.FORWARD else []
    usual = accounts.choose(answered) if is_possible() else None
    return {
        "kind": kind,
        "letter": str(answered.pk) if answered else "",
        "to": line_of(to),
        "copies": line_of(copies),
        "subject": bare_subject(incident, subject),
        "text": "",
        "account": str(usual.pk or "") if usual else "",
        "attach": [str(each.pk) for each in passed_on],
        "answered": [],
    }
