"""Passwords and tokens, sealed before they are stored: a copy of the database alone opens no mailbox."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

# Each purpose has a key of its own.
MAILBOX = b"dispatch mailbox password"


class WrongKey(Exception):
    """The password was sealed under another SECRET_KEY, or damaged."""

    def __init__(self) -> None:
        super().__init__("the mailbox's password was sealed under another SECRET_KEY: enter it again")


def seal(text: str, purpose: bytes = MAILBOX) -> str:
    """The text so that only this installation's SECRET_KEY opens it, for the same purpose."""
    return _fernet(purpose).encrypt(text.encode()).decode("ascii")


def unseal(sealed: str, purpose: bytes = MAILBOX) -> str:
    """What was sealed, under SECRET_KEY or one of SECRET_KEY_FALLBACKS. Raises WrongKey."""
    try:
        return _fernet(purpose).decrypt(sealed.encode("ascii", "replace")).decode()
    except InvalidToken:
        raise WrongKey from None


def _fernet(purpose: bytes) -> MultiFernet:
    return MultiFernet([Fernet(_key(each, purpose)) for each in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str | bytes, purpose: bytes) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(force_bytes(secret))
    return base64.urlsafe_b64encode(derived)
