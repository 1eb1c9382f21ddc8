"""What the words of a server for letters out mean, and what somebody can do. Pure: words in, words out."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from mailbox.advice import Advice, advise

# The first line that fits counts; what fits none is no matter of SMTP (mailbox.advice knows networks and names).
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"\b53[0458]\b|\b5\.7\.[89]\b|authentication (failed|required|unsuccessful)|invalid credential|"
        r"no suitable authentication|AUTH extension not supported",
        gettext_noop("The server refuses the login or the password."),
        gettext_noop(
            "Check both. Many providers want a password made for mail programs. "
            "Dispatch tries once in ten minutes, so that the account is not locked."
        ),
    ),
    (
        r"wrong[ _]version[ _]number|record layer|STARTTLS extension not supported|unexpected message|no shared cipher",
        gettext_noop("The encryption does not fit the port."),
        gettext_noop("Usually port 465 is TLS from the first byte, 587 is STARTTLS, and 25 is none."),
    ),
    (
        r"sender address rejected|not owned by|sender.*not (allowed|authori[sz]ed)|\b5\.7\.60\b|\b5\.1\.8\b|\b553\b",
        gettext_noop("The server does not let this login write as this address."),
        gettext_noop("Use the address that belongs to the login, or have the provider allow this one."),
    ),
    (
        r"\b5\.1\.[012]\b|user unknown|no such user|mailbox unavailable|unknown recipient",
        gettext_noop("The server does not know this address."),
        gettext_noop("Check how it is spelled, and whether the mailbox exists."),
    ),
    (
        r"\b552\b|\b5\.3\.4\b|too (large|big)|exceeds.*size",
        gettext_noop("The letter is larger than the server takes."),
        gettext_noop("Send it again with smaller or fewer files."),
    ),
    (
        r"\bspam\b|blacklist|blocklist|\bblocked\b|\b5\.7\.1\b|\b554\b|policy",
        gettext_noop("The server refuses the letter as unwanted."),
        gettext_noop("Its words say why; ask the provider, or the recipient's, to let the desk's letters through."),
    ),
    (
        r"\b4[25][0-2]\b|too many|rate limit|try again later|greylist|\b4\.[37]\.\d",
        gettext_noop("The server is busy, or asks to be slower."),
        gettext_noop("Dispatch tries again by itself. If it lasts, set fewer letters a minute."),
    ),
    (
        r"unexpectedly closed|please run connect|connection lost",
        gettext_noop("The server broke the connection off."),
        gettext_noop("Dispatch connects again by itself. If this lasts, ask the provider."),
    ),
    (
        r"^-1\b|not SMTP|\(-1,",
        gettext_noop("What answers at this port does not speak SMTP."),
        gettext_noop("Check the port: 465 and 587 are usual."),
    ),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), what, todo) for pattern, what, todo in _KNOWN)


def advise_smtp(said: str) -> Advice:
    """The best words for what a server for letters out said."""
    if "SECRET_KEY" not in said:
        for pattern, what, todo in _COMPILED:
            if pattern.search(said):
                return Advice(_(what), _(todo), said)
    return advise(said)
