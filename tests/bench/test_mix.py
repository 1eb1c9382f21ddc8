"""The mix is what the measurements rest on: its letters are written as its truth says, again and again the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from bench.ground_truth import words
from bench.mix import CODED_PLANS, PLANS, Known, Mix
from bench.shapes import Letter, Site
from mailbox.parsing import content_key, parse

START = datetime(2026, 8, 18, 6, tzinfo=UTC)
DESK = "desk@towers.example"


def make_mix(seed: int = 1) -> Mix:
    names = ["KR{:04}", "22-{:05}", "1{:05}"]
    domains = ["t2.example", "megafon.example", "beeline.example"]
    sites = [Site(f"{10000 + n}-P-43-1-1", names[n % 3].format(n), domains[n % 3]) for n in range(3000)]
    return Mix(seed=seed, desk=DESK, start=START, sites=sites)


@pytest.fixture(scope="module")
def letters() -> list[Letter]:
    mix = make_mix()
    first = mix.openings(40)
    known = [Known(talk, f"NT-{100_000 + n}") for n, talk in enumerate(mix.conversations)]
    return first + mix.letters(1500, with_files=0.02, known=known)


def test_the_same_seed_writes_the_same_letters_byte_for_byte():
    first, second = (make_mix(7).letters(200, with_files=0.1) for _ in range(2))

    assert [each.raw for each in first] == [each.raw for each in second]


def test_another_seed_writes_other_letters():
    first, second = (make_mix(seed).letters(50, with_files=0) for seed in (1, 2))

    assert not {each.sha256 for each in first} & {each.sha256 for each in second}


def test_every_shape_of_the_plans_is_written(letters):
    planned = {shape for _, plan in PLANS + CODED_PLANS for shape in plan.split()}

    assert planned == {letter.shape for letter in letters}


def test_every_letter_is_read_as_it_was_written(letters):
    for letter in letters:
        read = parse(letter.raw)
        assert words(read.subject) == words(letter.subject)
        assert read.kind.value == letter.kind
        if letter.text:
            assert words(read.text) == words(letter.text)
            assert Counter((each.name, each.sha256) for each in read.attachments) == Counter(
                (each.name, each.sha256) for each in letter.files
            )


def test_an_answer_by_references_has_no_in_reply_to(letters):
    answers = [parse(letter.raw) for letter in letters if letter.shape in ("references", "orphan")]

    assert answers
    assert all(answer.references and not answer.in_reply_to for answer in answers)


def test_a_relayed_letter_has_other_bytes_and_the_same_content(letters):
    originals = {letter.sha256: letter for letter in letters if not letter.again_of}
    relayed = [letter for letter in letters if letter.shape == "relayed" and letter.again_of in originals]

    assert relayed
    for letter in relayed:
        original = originals[letter.again_of]
        assert letter.raw != original.raw
        assert content_key(parse(letter.raw)) == content_key(parse(original.raw))


def test_a_letter_delivered_again_never_comes_before_itself(letters):
    seen: set[str] = set()
    for letter in letters:
        assert not letter.again_of or letter.again_of in seen
        seen.add(letter.original)


def test_some_answers_overtake_the_letter_they_answer():
    letters = make_mix().letters(1500, with_files=0)
    first = {}
    for letter in letters:
        first.setdefault(letter.conversation, letter.shape)

    assert {"reply", "references", "answer"} & set(first.values())


def test_the_wanted_share_of_letters_has_files():
    letters = [each for each in make_mix().letters(400, with_files=0.2) if not each.again_of]
    with_files = [each for each in letters if each.files]

    assert 0.1 < len(with_files) / len(letters) < 0.3
    assert all(1 <= len(each.files) <= 3 for each in with_files)
