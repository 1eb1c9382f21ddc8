"""Bytes of letters and attachments, each file named by the SHA-256 of what it holds.

A file is complete and on the disk before anybody learns its name, so a row may point at it; writing the same
bytes twice is harmless. Files that no row points at are swept by `manage.py cleanup`.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from django.conf import settings

NAME = re.compile(r"[0-9a-f]{64}")


def put(content: bytes) -> str:
    """Store the bytes durably and return their SHA-256 in hex. Raises OSError when the disk will not."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = path(sha256)
    try:
        # Young again: the sweep of old files must not take what is being stored anew.
        os.utime(target)
    except FileNotFoundError:
        _write(target, content)
    return sha256


def read(sha256: str) -> bytes:
    """The bytes stored under this name. Raises FileNotFoundError when there are none."""
    return path(sha256).read_bytes()


def path(sha256: str) -> Path:
    """Where these bytes lie, or would lie. Raises ValueError for anything but a SHA-256 in hex."""
    if not NAME.fullmatch(sha256):
        raise ValueError("not a SHA-256 in lower-case hex")
    # Two levels keep a folder under a few thousand files with millions of letters.
    return Path(settings.LETTER_STORE) / sha256[:2] / sha256[2:4] / sha256


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix="arriving-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """The new name itself must be on the disk too, up to the store's own folder."""
    top = Path(settings.LETTER_STORE)
    for each in (folder, folder.parent, top):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
