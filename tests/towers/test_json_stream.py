from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towers.json_stream import BrokenOff, NotAnArray, items


def reader(blocks: Iterable[bytes]) -> Callable[[], bytes]:
    left = iter(blocks)
    return lambda: next(left, b"")


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(array=st.lists(VALUES), size=st.integers(1, 30), indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_any_array_cut_anywhere_gives_its_items(array: list[object], size: int, indent: int, ascii_only: bool) -> None:
    body = json.dumps(array, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")

    assert list(items(reader(cut(body, size)))) == json.loads(body)


@pytest.mark.parametrize("cut_number", ["1.", "2e", "2E-", "3.5e+", "-"])
def test_an_array_that_ends_within_a_number_has_broken_off(cut_number: str) -> None:
    with pytest.raises(BrokenOff):
        list(items(reader([f"[7, {cut_number}".encode()])))


@given(array=st.lists(VALUES, min_size=1), share=st.floats(0, 1, exclude_max=True))
def test_an_array_that_ends_too_early_is_never_taken_for_whole(array: list[object], share: float) -> None:
    body = json.dumps(array, ensure_ascii=False).encode("utf-8", "replace")
    part = body[: max(1, int(len(body) * share))]

    with pytest.raises(BrokenOff):
        list(items(reader([part])))


@given(st.binary(max_size=200))
def test_nonsense_is_said_to_be_nonsense(body: bytes) -> None:
    try:
        found = list(items(reader(cut(b"[" + body, 7))))
    except (NotAnArray, BrokenOff):
        return
    assert found == json.loads(b"[" + body, strict=False)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"1", b"[1 2]", b"[1]]", b"[1] x", b"[NaN]", b"[Infinity]", b"[01]", b'["\xff"]'],
)
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnArray):
        list(items(reader([body])))


@pytest.mark.parametrize("body", [b"[1,]", b"[,1]", b"[tru"])
def test_what_is_wrong_at_its_very_end_is_never_taken(body: bytes) -> None:
    with pytest.raises((NotAnArray, BrokenOff)):
        list(items(reader([body])))


def test_items_before_a_wrong_place_come_out() -> None:
    found = items(reader([b'[{"a": 1}, {"a": 2}, oops, {"a": 3}, ' + b"1, " * 50]))

    assert [next(found), next(found)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(NotAnArray):
        next(found)


@pytest.mark.parametrize("body", [b"[" * 200_000, b"[" + b'{"a":' * 200_000, b"[" + b"9" * 10_000 + b"]"])
def test_an_attack_on_the_parser_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnArray):
        list(items(reader(cut(body, 65_536))))


def test_line_breaks_inside_a_text_are_let_through() -> None:
    assert list(items(reader([b'["a\tb\nc"]']))) == ["a\tb\nc"]


def test_a_row_that_comes_byte_by_byte_is_read_in_time_proportional_to_its_length() -> None:
    asked = []

    def one_byte() -> bytes:
        asked.append(1)
        return b"[" if len(asked) == 1 else b'"' if len(asked) == 2 else b"x" if len(asked) < 400_000 else b""

    with pytest.raises(BrokenOff):
        list(items(one_byte))
