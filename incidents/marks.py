"""Where a letter says what the machine read in it. Pure: texts and a stored reading in, pieces out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CLOSING = re.compile(r"\(\s*закрыто\s*\)\s*$", re.IGNORECASE)

Reading = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` was read as a site; `agrees` with the one that was chosen. `number`: of its reason."""

    start: int
    end: int
    agrees: bool
    number: int = 0
    # Named where nobody asked: the words before it had said enough.
    is_ignored: bool = False

    @property
    def mark(self) -> str:
        if self.is_ignored:
            return "out"
        return "read" if self.agrees else "alt"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `mark`: "" plain, "read" chosen by it, "alt" named but not chosen, "out" not asked."""

    text: str
    mark: str = ""
    number: int = 0


def pieces(text: str, spans: Iterable[Span]) -> tuple[Piece, ...]:
    """The text cut at its marks; joined, the pieces are the text. Of overlapping marks the first stays."""
    cut: list[Piece] = []
    at = 0
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if span.start < at or span.end > len(text) or span.start >= span.end:
            continue
        if span.start > at:
            cut.append(Piece(text[at : span.start]))
        cut.append(Piece(text[span.start : span.end], span.mark, span.number))
        at = span.end
    if at < len(text):
        cut.append(Piece(text[at:]))
    return tuple(cut)


def subject_spans(reading: Reading, subject: str) -> list[Span]:
    return _spans(reading, "subject", subject)


def reply_spans(reading: Reading, reply: str) -> list[Span]:
    """Marks of the new words, and of the quotation where the letter has nothing else."""
    return _spans(reading, "reply", reply)


def closing_span(subject: str) -> list[Span]:
    """The operator's «(Закрыто)» at the end of a subject."""
    found = _CLOSING.search(subject)
    return [Span(found.start(), found.end(), agrees=True)] if found else []


def letter_of(reading: Reading, letters: Sequence[tuple[str, str]]) -> int | None:
    """Which of these (subject, new words) the reading was made of: the first that fits its places best."""
    fits = [
        sum(_stands(each, subject) for each in _evidence(reading, "subject"))
        + sum(_stands(each, reply) for each in _evidence(reading, "reply"))
        for subject, reply in letters
    ]
    if not fits:
        return None
    best = max(fits)
    return fits.index(best) if best or _evidence(reading) else None


def evidence_of_part(reading: Reading, part: int, text: str) -> list[Mapping[str, Any]]:
    """What the machine read in this part of the letter, where it still stands there."""
    return [each for each in _evidence(reading) if each["part"] == part and _stands(each, text)]


def _evidence(reading: Reading, source: str = "") -> list[Mapping[str, Any]]:
    return [each for each in reading.get("evidence", ()) if not source or each["source"] == source]


def _stands(evidence: Mapping[str, Any], text: str) -> bool:
    return bool(evidence["text"]) and text[evidence["start"] : evidence["end"]] == evidence["text"]


def _spans(reading: Reading, source: str, text: str) -> list[Span]:
    """Where the evidence of this source stands in the text: at its place, else where the same words are."""
    spans = []
    for each in _evidence(reading, source):
        start = each["start"] if _stands(each, text) else text.find(each["text"] or "\0")
        if start >= 0:
            spans.append(Span(start, start + len(each["text"]), agrees=each["supports"]))
    return spans
