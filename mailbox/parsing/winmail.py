"""The winmail.dat of a letter: recognised, unpacked, its files made attachments of the letter."""

import hashlib
from dataclasses import dataclass

from mailbox.parsing.attachments import file_name, make_attachment
from mailbox.parsing.mime import Part
from mailbox.parsing.model import ParsedAttachment
from mailbox.parsing.storable import storable
from mailbox.parsing.tnef import TnefFile, TnefLetter, read_tnef
from mailbox.parsing.transfer import Encoded

_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(frozen=True, slots=True)
class _Packed:
    """The bytes of one file in a winmail.dat."""

    around: Encoded
    start: int
    end: int

    def content(self) -> bytes:
        return self.around.content()[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Winmail:
    """An unpacked winmail.dat: what it says, and its files with size and SHA-256."""

    letter: TnefLetter
    packed: tuple[tuple[TnefFile, _Packed, tuple[int, str]], ...]

    def files(self, named: set[str]) -> list[ParsedAttachment]:
        """The files as attachments; those whose Content-ID the HTML names are inline."""
        return [
            make_attachment(
                source,
                digest,
                original_name=file.name,
                fallback=f"file-{number}.{'msg' if file.is_letter else 'bin'}",
                content_type=storable(file.content_type) or "application/octet-stream",
                inline=bool(file.content_id) and file.content_id.lower() in named,
                content_id=storable(file.content_id),
            )
            for number, (file, source, digest) in enumerate(self.packed, start=1)
        ]


def is_winmail(part: Part) -> bool:
    return part.kind in _TYPES or file_name(part).lower() == "winmail.dat"


def open_winmail(part: Part) -> Winmail | None:
    """The letter and the files in the part; None when it is damaged."""
    data = part.body.content()
    letter = read_tnef(data)
    if letter is None:
        return None
    view = memoryview(data)
    packed = [
        (file, _Packed(part.body, file.start, file.end), _digest(view[file.start : file.end])) for file in letter.files
    ]
    return Winmail(letter, tuple(packed))


def _digest(content: memoryview) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()
