"""Marks in texts: joined, the pieces are the text, whatever was read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from incidents import marks
from incidents.marks import Piece, Span

SPANS = st.builds(Span, st.integers(-3, 40), st.integers(-3, 40), st.booleans(), st.integers(0, 9), st.booleans())


@given(st.text(max_size=40), st.lists(SPANS, max_size=8))
def test_joined_the_pieces_are_the_text(text, spans):
    assert "".join(piece.text for piece in marks.pieces(text, [span for span in spans if span.start >= 0])) == text


def test_a_mark_tells_what_it_is_and_the_number_of_its_reason():
    spans = [Span(0, 2, agrees=True, number=1), Span(3, 5, agrees=False, number=2), Span(6, 8, False, is_ignored=True)]

    assert marks.pieces("aa bb cc", spans) == (
        Piece("aa", "read", 1), Piece(" "), Piece("bb", "alt", 2), Piece(" "), Piece("cc", "out"),
    )  # fmt: skip


def test_only_what_stands_in_its_part_is_evidence_of_it():
    def evidence(part: int, start: int) -> dict[str, Any]:
        return {"part": part, "start": start, "end": start + 6, "text": "KI0075"}

    reading = {"evidence": [evidence(0, 3), evidence(0, 4), evidence(1, 3)]}

    assert marks.evidence_of_part(reading, 0, "БС KI0075") == [evidence(0, 3)]
