"""The labelled letters: found where they name a site, silent where they do not."""

from __future__ import annotations

import pytest

from tests.towers.matching_letters import LETTERS, POLES, STATIONS, Letter
from tests.towers.matching_world import make_registry
from towers.matching import Index, Match, Part


@pytest.fixture(scope="module")
def index() -> Index:
    filler_poles, filler_stations = make_registry(4_000, 8_000, seed=7)
    heads = {code.split("-")[0] for code in POLES} | {"99999"}
    numbers = {name.split(":")[0] for name in STATIONS} | {"KI0075", "KR9999", "KX9999", "77-23966"}
    poles = [row for row in filler_poles if row[1].split("-")[0] not in heads]
    stations = [row for row in filler_stations if row[2] in dict(poles)]
    stations += [(20_000 + n, str(n), poles[n % 100][0]) for n in range(10_000, 33_000)]
    stations += [
        (100_000 + 1000 * region + n, f"{region}-{n}", poles[n % 100][0])
        for region in (18, 22, 30, 67, 77)
        for n in range(100, 999)
    ]
    stations = [row for row in stations if not _same_name(row[1], numbers)]
    ids = {code: 500_000 + at for at, code in enumerate(POLES)}
    poles += [(number, code) for code, number in ids.items()]
    named = [item.split(":") for item in STATIONS]
    stations += [(500_000 + at, name, ids[pole]) for at, (name, pole) in enumerate(named)]
    return Index.build(poles, stations)


def _same_name(name: str, numbers: set[str]) -> bool:
    def bare(text: str) -> str:
        return text.replace("PL_", "").replace("_", "-").replace("0", "")

    return bare(name) in {bare(number) for number in numbers}


def _find(index: Index, letter: Letter) -> Match:
    *_, subject, text, quote = letter
    return index.find([Part("subject", subject), Part("reply", text), Part("quote", quote)])


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: " ¦ ".join(letter[3:5])[:70])
def test_the_letter_is_read_as_a_careful_dispatcher_reads_it(index: Index, letter: Letter) -> None:
    match = _find(index, letter)

    assert (match.pole_code, match.station_name, match.problem) == letter[:3], match


def test_f1_on_the_labelled_letters_is_at_least_0_98_with_no_guess(index: Index) -> None:
    right = wrong = missed = guesses = 0
    for letter in LETTERS:
        match = _find(index, letter)
        for found, truth in ((match.pole_code, letter[0]), (match.station_name, letter[1])):
            right += found is not None and found == truth
            wrong += found is not None and found != truth
            missed += truth is not None and found != truth
        guesses += letter[0] is None and match.pole_code is not None

    assert len(LETTERS) >= 150
    assert guesses == 0
    assert 2 * right / (2 * right + wrong + missed) >= 0.98
