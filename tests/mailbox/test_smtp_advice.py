"""Words of servers for letters out: what happened, and what somebody can do."""

from __future__ import annotations

import pytest
from django.utils import translation

from mailbox.smtp_advice import advise_smtp

SAID = {
    "The server refuses the login or the password.": [
        "535 5.7.8 Error: authentication failed: Invalid user or password!",
        "534 5.7.9 Application-specific password required",
        "530 5.7.0 Authentication required",
        "SMTP AUTH extension not supported by server.",
    ],
    "The encryption does not fit the port.": [
        "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
        "STARTTLS extension not supported by server.",
    ],
    "The server does not let this login write as this address.": [
        "553 5.7.1 Sender address rejected: not owned by auth user.",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    ],
    "The server does not know this address.": ["550 5.1.1 <x@y.example>: User unknown in virtual mailbox table"],
    "The letter is larger than the server takes.": ["552 5.3.4 Message size exceeds fixed limit"],
    "The server refuses the letter as unwanted.": ["554 5.7.1 [2] Message rejected under suspicion of SPAM"],
    "The server is busy, or asks to be slower.": [
        "451 4.7.1 Greylisting in action, please come back in 00:05:00",
        "421 4.7.0 Too many connections",
    ],
    "The server broke the connection off.": ["Connection unexpectedly closed"],
    "The server's certificate is not trusted.": ["[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"],
    "Nobody answers at this port.": ["[Errno 111] Connection refused"],
    "The stored password cannot be opened: SECRET_KEY was changed.": [
        "the mailbox's password was sealed under another SECRET_KEY: enter it again"
    ],
}


@pytest.mark.parametrize(("what", "error"), [(what, error) for what, errors in SAID.items() for error in errors])
def test_known_words_are_told_with_what_to_do(what: str, error: str) -> None:
    with translation.override("en"):
        advice = advise_smtp(error)

    assert (advice.what, advice.raw) == (what, error)
    assert advice.todo


def test_words_nobody_foresaw_are_shown_as_they_are() -> None:
    with translation.override("en"):
        assert advise_smtp("quux").what == "The server answered: quux"
