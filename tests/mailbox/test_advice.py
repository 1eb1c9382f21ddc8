"""Errors of mail servers in words: what happened, and what somebody can do."""

from __future__ import annotations

import pytest
from django.utils import translation

from mailbox.advice import advise
from mailbox.imap import FolderGone, Place

SAID = {
    "The server refuses the login or the password.": [
        "login refused: [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        "LOGIN failed.",
        "login refused: LOGIN invalid credentials or IMAP is disabled",
    ],
    "There is no room for letters on the disk of Dispatch.": [
        "[Errno 28] disk full: nothing can be stored in /data/letters: No space left on device"
    ],
    "Dispatch cannot write letters to its disk.": ["nothing can be stored in /data/letters: Permission denied"],
    "The server's name is not known.": ["[Errno -2] Name or service not known"],
    "Nobody answers at this port.": ["[Errno 111] Connection refused"],
    "The server does not answer in time.": ["timed out", "_ssl.c:989: The handshake operation timed out"],
    "The server's certificate is not trusted.": [
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
    ],
    "The encryption does not fit the port.": [
        "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
        "the server offers no STARTTLS: TLS cannot begin at this port",
    ],
    "The folder is not on the server any more.": ["[NONEXISTENT] Mailbox doesn't exist: Archive"],
    "What answers at this port does not speak IMAP.": ["the server's answer makes no sense: invalid literal"],
    "The server broke the connection off.": ["command: EXAMINE => socket error: EOF"],
    "The stored password cannot be opened: SECRET_KEY was changed.": [
        "the mailbox's password was sealed under another SECRET_KEY: enter it again"
    ],
    "The server cannot be reached from this machine.": ["[Errno 101] Network is unreachable"],
    "The server asks for fewer connections.": ["[LIMIT] Too many simultaneous connections"],
}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(("what", "error"), [(what, error) for what, errors in SAID.items() for error in errors])
def test_a_known_error_is_told_in_words_with_what_to_do(what, error):
    said = advise(error)

    assert (said.what, said.raw) == (what, error)
    assert said.todo


def test_a_folder_that_is_gone_names_those_that_are_there_whatever_they_are_called():
    said = advise(str(FolderGone("Login", [Place("INBOX", frozenset()), Place("Password limits", frozenset())])))

    assert said.what == "The folder is not on the server any more."
    assert said.todo.endswith("The server has: INBOX, Password limits.")


def test_an_error_that_nobody_foresaw_is_quoted():
    assert advise("quux").what == "The server answered: quux"
