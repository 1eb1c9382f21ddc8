"""What an error of a mail server means, and what somebody can do about it. Pure: words in, words out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened and what to do, each a sentence; `raw` is what was said, for whoever writes to the provider."""

    what: str
    todo: str
    raw: str = ""


# Words of Python, OpenSSL and mail servers; the first line that fits counts.
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"SECRET_KEY",
        gettext_noop("The stored password cannot be opened: SECRET_KEY was changed."),
        gettext_noop("Enter the password of the mailbox again."),
    ),
    (
        r"nonexistent|does ?n.t exist|no such (mailbox|folder)|unknown mailbox|mailbox not found|trycreate",
        gettext_noop("The folder is not on the server any more."),
        gettext_noop("It was renamed or removed. Choose another folder, or stop watching this one."),
    ),
    (
        r"disk full|no space left|errno 28|file too large|errno 27|disk quota",
        gettext_noop("There is no room for letters on the disk of Dispatch."),
        gettext_noop(
            "Free or add space where DATA_DIR lies. Nothing is lost: letters stay on the server until there is room."
        ),
    ),
    (
        r"nothing can be stored|permission denied|read-only file system",
        gettext_noop("Dispatch cannot write letters to its disk."),
        gettext_noop(
            "Check who owns DATA_DIR, and the disk. Nothing is lost: letters stay on the server until it can."
        ),
    ),
    (
        r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|authentication fail|invalid credential|"
        r"log-?in (fail|refus|invalid|is)|invalid (login|password|user)|password",
        gettext_noop("The server refuses the login or the password."),
        gettext_noop(
            "Check both. Many providers want a password made for mail programs, and access by IMAP switched on. "
            "Dispatch tries rarely, so that the account is not locked."
        ),
    ),
    (
        r"name or service not known|nodename nor servname|name resolution|getaddrinfo|no address associated",
        gettext_noop("The server's name is not known."),
        gettext_noop("Check how the name is spelled, and whether this machine can look names up."),
    ),
    (
        r"connection refused|errno 111|errno 61",
        gettext_noop("Nobody answers at this port."),
        gettext_noop("Check server and port. If they are right, the mail server is down: ask the provider."),
    ),
    (
        r"certificate",
        gettext_noop("The server's certificate is not trusted."),
        gettext_noop(
            "Use the name the certificate was made for, or let the provider renew it. "
            "A company's own authority must be known to this machine."
        ),
    ),
    (
        r"timed out|timeout|did not answer",
        gettext_noop("The server does not answer in time."),
        gettext_noop("Check server, port and firewall. Dispatch keeps trying by itself."),
    ),
    (
        r"wrong[ _]version[ _]number|ssl|tls",
        gettext_noop("The encryption does not fit the port."),
        gettext_noop("Usually port 993 is TLS from the first byte, and 143 is STARTTLS or none."),
    ),
    (
        r"makes no sense|not IMAP",
        gettext_noop("What answers at this port does not speak IMAP."),
        gettext_noop("Check the port: 993 is usual with TLS, 143 without."),
    ),
    (
        r"unreachable|no route",
        gettext_noop("The server cannot be reached from this machine."),
        gettext_noop("Check the network and the firewall. Dispatch keeps trying by itself."),
    ),
    (
        r"eof|reset by peer|broken pipe|socket error|closed|abort|bye",
        gettext_noop("The server broke the connection off."),
        gettext_noop("Dispatch connects again by itself. If this lasts, ask the provider."),
    ),
    (
        r"too many|limit|\brate\b|quota",
        gettext_noop("The server asks for fewer connections."),
        gettext_noop("Somebody else may use this mailbox too much. Dispatch waits and tries again."),
    ),
)
# mailbox.imap.FolderGone says so.
_THERE = re.compile(r"the server has: (.+)")
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), what, todo) for pattern, what, todo in _KNOWN)


def advise(error: str) -> Advice:
    """The best words for an error; one that nobody foresaw is shown as it is."""
    for pattern, what, todo in _COMPILED:
        if pattern.search(error):
            return Advice(_(what), " ".join(filter(None, (_(todo), _folders(error)))), error)
    return Advice(_("The server answered: %(error)s") % {"error": error}, _("Dispatch keeps trying by itself."), error)


def _folders(error: str) -> str:
    there = _THERE.search(error)
    return _("The server has: %(folders)s.") % {"folders": there[1]} if there else ""
