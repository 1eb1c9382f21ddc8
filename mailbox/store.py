"""Bytes of letters and attachments, each file named by the SHA-256 of what it holds.

A file is complete and on the disk before anybody learns its name, so a row may point at it; writing the same
bytes twice is harmless. Files that no row points at are swept by `manage.py cleanup`.
Everything that writes raises NotStored when the disk will not, and leaves nothing half-written behind.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

NAME = re.compile(r"[0-9a-f]{64}")
_ARRIVING = "arriving-"
# EFBIG: a limit for the size of files, RLIMIT_FSIZE among them.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NotStored(OSError):
    """The disk did not take the bytes."""

    def __init__(self, error: OSError) -> None:
        full = "disk full: " if error.errno in _FULL else ""
        words = f"{full}nothing can be stored in {settings.LETTER_STORE}: {error.strerror}"
        super().__init__(error.errno, words)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a stream turned out to be."""

    sha256: str
    size: int


def put(content: bytes) -> str:
    """Store the bytes durably and return their SHA-256 in hex."""
    return put_all([content])[0]


def put_all(contents: Sequence[bytes]) -> list[str]:
    """Store each of these durably.

    All are written before the first is waited for, and each folder is made durable once: the disk works on them
    together, which is two to three times as fast as one by one.
    """
    touched: set[Path] = set()
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    with _disk(), ExitStack() as stack:
        arriving: dict[Path, _Arriving] = {}
        for name, content in zip(names, contents, strict=True):
            target = _place(name, touched)
            if target not in arriving and not _is_here(target):
                arriving[target] = stack.enter_context(_Arriving(target.parent))
                arriving[target].write(content)
        for file in arriving.values():
            file.sync()
        for target, file in arriving.items():
            file.settle(target)
        _sync(touched)
    return names


def put_stream(pieces: Iterable[bytes]) -> Stored:
    """Store what comes piece by piece without holding it."""
    touched: set[Path] = set()
    digest, size = hashlib.sha256(), 0
    with _arriving_at_top() as arriving:
        for piece in pieces:
            with _disk():
                arriving.write(piece)
            digest.update(piece)
            size += len(piece)
        sha256 = digest.hexdigest()
        with _disk():
            target = _place(sha256, touched)
            if not _is_here(target):
                arriving.sync()
                arriving.settle(target)
            _sync(touched)
    return Stored(sha256, size)


def read(sha256: str) -> bytes:
    """The bytes stored under this name. Raises FileNotFoundError when there are none."""
    return path(sha256).read_bytes()


def path(sha256: str) -> Path:
    """Where these bytes lie, or would lie. Raises ValueError for anything but a SHA-256 in hex."""
    if not NAME.fullmatch(sha256):
        raise ValueError("not a SHA-256 in lower-case hex")
    # Two levels keep a folder under a few thousand files with millions of letters.
    return Path(settings.LETTER_STORE) / sha256[:2] / sha256[2:4] / sha256


@contextmanager
def _disk() -> Iterator[None]:
    """Errors of the disk, told apart from those of whoever gives us the bytes."""
    try:
        yield
    except NotStored:
        raise
    except OSError as error:
        raise NotStored(error) from error


def _arriving_at_top() -> _Arriving:
    """For bytes whose name is not known yet."""
    with _disk():
        Path(settings.LETTER_STORE).mkdir(parents=True, exist_ok=True)
        return _Arriving(Path(settings.LETTER_STORE))


class _Arriving:
    """A file that has no name of its own yet; gone with the block unless it settled."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=_ARRIVING)
        self._file, self._path = os.fdopen(descriptor, "wb", buffering=0), Path(name)

    def __enter__(self) -> _Arriving:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def write(self, content: bytes) -> None:
        # A disk that is nearly full takes a part and says so only by the number.
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) or 0 :]

    def sync(self) -> None:
        """Onto the disk."""
        os.fsync(self._file.fileno())

    def settle(self, target: Path) -> None:
        """Under its name."""
        os.replace(self._path, target)


def _is_here(target: Path) -> bool:
    """Whether these bytes are stored; young again then: the sweep of old files must not take them."""
    with suppress(FileNotFoundError):
        os.utime(target)
        return True
    return False


def _place(sha256: str, touched: set[Path]) -> Path:
    """The path of this file, its folder made if need be; that, and what names it if it is new, are to be synced."""
    target = path(sha256)
    folder = target.parent
    touched.add(folder)
    for new in (folder, folder.parent):
        if new.exists():
            break
        touched.add(new.parent)
    folder.mkdir(parents=True, exist_ok=True)
    return target


def _sync(folders: Iterable[Path]) -> None:
    """New names themselves must be on the disk too."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
