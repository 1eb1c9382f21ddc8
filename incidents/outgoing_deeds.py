"""What people do with letters of ours on their way out: send at once, cancel, try again; one or many.

Each letter is a transaction of its own, and its incident remembers who did it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from incidents import events
from incidents.errors import DomainError
from incidents.models import IncidentEmail
from mailbox import outbox, sent_copies
from mailbox.models import Outgoing

if TYPE_CHECKING:
    from dispatchers.models import User

ACTS = "mailbox.change_outgoing"
# As many at one press: each is a transaction, and somebody waits for the page.
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Done:
    """How many letters it was done to, and how many had moved on meanwhile or were not asked about."""

    number: int
    left: int


def hasten(letter: Outgoing, *, by: User, at: datetime) -> bool:
    """Let a letter leave at once that waits for its moment or its next attempt; False if it waits no more."""
    return _do(letter, "letter_hastened", lambda: outbox.hasten(letter, now=at), by, at)


def cancel(letter: Outgoing, *, by: User, at: datetime) -> bool:
    """Let a letter not leave; False if it is not sure that nobody gets it."""
    return _do(letter, "letter_cancelled", lambda: outbox.cancel(letter, now=at), by, at)


def send_again(letter: Outgoing, *, by: User, at: datetime) -> bool:
    """Try anew whoever has not surely got it; False if it is troubled no more. Raises DomainError without a server."""
    return _do(letter, "letter_sent_again", lambda: again(letter, {}, at), by, at)


def keep_copy(letter: Outgoing, *, by: User, at: datetime) -> bool:
    """Try once more to put its copy into the folder of sent letters; False if it lies there, or was not wanted."""
    return _do(letter, "letter_copy_asked", lambda: sent_copies.keep_again(letter, now=at), by, at)


def again(letter: Outgoing, instead: Mapping[str, str], at: datetime) -> bool:
    """Try it anew, with right addresses `instead` of wrong ones. Raises DomainError with what forbids it."""
    try:
        return outbox.send_again(letter, now=at, instead=instead)
    except outbox.SendingIsOff as error:
        raise DomainError(_("No server for outgoing letters is set up, so nothing can be sent.")) from error
    except outbox.WrongAddress as error:
        raise DomainError(_("“%(typed)s” is not an e-mail address.") % {"typed": str(error)}) from error


def send_all_again(letters: Iterable[Outgoing], *, by: User, at: datetime) -> Done:
    """Of these, the failed ones. What may have arrived is decided by a person, letter by letter."""
    return many(lambda letter: letter.state == Outgoing.State.FAILED and send_again(letter, by=by, at=at), letters)


def many(deed: Callable[[Outgoing], bool], letters: Iterable[Outgoing]) -> Done:
    results = [deed(letter) for letter in letters]
    return Done(sum(results), len(results) - sum(results))


@transaction.atomic
def _do(letter: Outgoing, kind: str, deed: Callable[[], bool], by: User, at: datetime) -> bool:
    if not by.has_perm(ACTS):
        raise PermissionDenied
    is_done = deed()
    if is_done:
        place = IncidentEmail.objects.select_related("incident").filter(email=letter.email_id).first()
        if place:
            events.record(place.incident, kind, actor=by, at=at, email=letter.email_id)
    return is_done
