"""Notices that a mail server hands over in the place of a letter which it cannot convert.

Exchange does so over IMAP and POP: under the letter's own UID comes a text that quotes its subject and sender, and the
letter itself is only to be seen in Outlook.
"""

import re

_SUBJECT = re.compile(
    r"^retrieval using the (?:imap4?|pop3?) protocol failed for the following message\b", re.IGNORECASE
)
_TEXT = re.compile(r"^\s*the server could(?:n.t| not) retrieve the following message", re.IGNORECASE)


def is_substitute(subject: str, from_email: str, text: str) -> bool:
    """Whether this is the server's notice. Such a one has no address; a person who passes it on has."""
    return not from_email and bool(_SUBJECT.match(subject) and _TEXT.match(text))
