"""Letters lying in files: .eml, folders of them, mbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# mboxrd: a line of the letter that looks like a separator got one ">" in front.
SEPARATOR = b"From "


@dataclass(frozen=True, slots=True)
class LetterFile:
    """One letter with the path people know it by; `problem` says why there are no bytes."""

    path: str
    raw: bytes = b""
    problem: str = ""
    # A file of a folder that is no letter at all.
    skipped: bool = False


def letters_in(paths: list[str]) -> Iterator[LetterFile]:
    """Every letter of these files and folders, in the order of names; what is no letter comes with a problem."""
    for path in map(Path, paths):
        if path.is_dir():
            for file in sorted(each for each in path.rglob("*") if each.is_file()):
                if file.suffix.lower() == ".eml":
                    yield _letter(file)
                else:
                    yield LetterFile(str(file), problem="skipped: not *.eml", skipped=True)
        elif not path.exists():
            yield LetterFile(str(path), problem="no such file")
        else:
            yield from _letters_of_file(path)


def _letter(path: Path) -> LetterFile:
    try:
        return LetterFile(str(path), path.read_bytes())
    except OSError as error:
        return LetterFile(str(path), problem=error.strerror or str(error))


def _letters_of_file(path: Path) -> Iterator[LetterFile]:
    if path.suffix.lower() == ".eml" or not _is_mbox(path):
        yield _letter(path)
        return
    for number, raw in enumerate(_split(path), start=1):
        yield LetterFile(f"{path}#{number}", raw)


def _is_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SEPARATOR)) == SEPARATOR
    except OSError:
        return False


def _split(path: Path) -> Iterator[bytes]:
    lines: list[bytes] = []
    blank = True
    with path.open("rb") as file:
        for line in file:
            if blank and line.startswith(SEPARATOR):
                if lines:
                    yield _without_last_blank(lines)
                lines = []
            elif line.lstrip(b">").startswith(SEPARATOR) and line.startswith(b">"):
                lines.append(line[1:])
            else:
                lines.append(line)
            blank = not line.strip(b"\r\n")
    if lines:
        yield _without_last_blank(lines)


def _without_last_blank(lines: list[bytes]) -> bytes:
    """The separator's own blank line is not the letter's."""
    return b"".join(lines[:-1] if len(lines) > 1 and not lines[-1].strip(b"\r\n") else lines)
