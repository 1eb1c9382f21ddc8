"""Registries like the real one, for tests and benches of the matching: dense enough that decoys hit."""

from __future__ import annotations

import random
from collections.abc import Iterator

Poles = list[tuple[int, str]]
Stations = list[tuple[int, str, int]]

POLE_REGIONS = str.split("02 03 08 11 16 22 23 24 27 30 36 43 50 52 54 58 59 61 63 64 74 77")
MEGAFON_REGIONS = str.split("08 11 22 23 30 43 50 52 59 61 63 74 77")
T2_REGIONS = str.split("KI KA KR RO CH SM VR BU OM PN TT KD NN SP MO TU UD")
SIX_DIGITS = {"KI", "KA", "BU"}


def make_registry(poles: int = 2_000, stations: int = 4_000, seed: int = 1) -> tuple[Poles, Stations]:
    """Poles and stations of all known shapes; some heads, and a few station names, are shared."""
    rng = random.Random(seed)
    codes = list(dict.fromkeys(_pole_codes(rng, poles)))[:poles]
    pole_rows = list(enumerate(codes, 1))
    names = list(dict.fromkeys(_station_names(rng, stations)))[: stations * 97 // 100]
    names += rng.sample(names, stations - len(names))  # one name on two poles
    station_rows = [(number, name, rng.choice(pole_rows)[0]) for number, name in enumerate(names, 1)]
    return pole_rows, station_rows


def _pole_codes(rng: random.Random, count: int) -> Iterator[str]:
    heads = rng.sample(range(10_000, 80_000), min(count + 500, 70_000))
    for head in heads:
        region = rng.choice(POLE_REGIONS)
        shape = rng.random()
        if shape < 0.70:
            project = "P" if rng.random() < 0.7 else str(rng.choice([4, 11, 20, 30]))
            yield f"{head}-{project}-{region}-1-1"
            if rng.random() < 0.06:
                yield f"{head}-{project}-{region}-1-2"
        elif shape < 0.80:
            yield f"{head}-P-{region}-{rng.randint(1, 9)}"
        elif shape < 0.87:
            yield f"{head}-4-MS{rng.randint(1000, 9999)}"
        elif shape < 0.94:
            yield f"{head}-5-{region}-5-{rng.randint(100, 999)}"
        else:
            yield f"{head}-1-{rng.randint(0, 9999):05}"


def _station_names(rng: random.Random, count: int) -> Iterator[str]:
    for _ in range(count * 2):
        shape = rng.random()
        if shape < 0.45:
            region = rng.choice(T2_REGIONS)
            digits = 6 if region in SIX_DIGITS else 4
            yield f"{region}{rng.randint(1, 9999):0{digits}}"
        elif shape < 0.75:
            region = rng.choice(MEGAFON_REGIONS)
            number = rng.randint(100, 9_999) if rng.random() < 0.6 else rng.randint(10_000, 99_999)
            yield f"{region}-{number}"
        elif shape < 0.80:
            yield f"PL_77_{rng.randint(10_000, 99_999)}"
        else:
            yield str(rng.randint(10_000, 79_999))
