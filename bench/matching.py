"""How long reading a letter takes with a registry of full size: `python bench/matching.py`."""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.towers.matching_letters import LETTERS
from tests.towers.matching_world import make_registry
from towers.matching import Index, Part

POLES, STATIONS = 50_000, 80_000
LETTER_COUNT = 2_000
DISCLAIMER = (
    """
Настоящее сообщение и любые приложения к нему предназначены исключительно для адресата и могут
содержать конфиденциальную информацию. Тел. +7 (495) 777-18-97, доб. 18972, ИНН 7701234567,
610000, г. Киров, ул. Советская, д. 30, корп. 175, оф. 204. Договор № 18972/20 от 12.03.2019.
"""
    * 4
)


def main() -> None:
    """Print build time, memory, percentiles of a letter, and the time of hostile texts."""
    poles, stations = make_registry(POLES, STATIONS)
    gc.collect()
    started = time.thread_time()
    index = Index.build(poles, stations)
    print(f"build      {time.thread_time() - started:.2f} s, {POLES} poles, {STATIONS} stations")
    print(f"memory     {_memory(lambda: Index.build(poles, stations)) / 2**20:.1f} MiB")

    letters = _letters(poles, stations)
    times = sorted(_time(index, parts) for parts in letters)
    sizes = [sum(len(part.text) for part in parts) for parts in letters]
    cuts = statistics.quantiles(times, n=1000)
    print(f"letters    {len(letters)}, median {statistics.median(sizes):.0f} characters")
    for name, at in (("p50", 499), ("p90", 899), ("p99", 989), ("p99.9", 998)):
        print(f"{name:10} {cuts[at] * 1000:.2f} ms")
    print(f"max        {times[-1] * 1000:.2f} ms")
    for name, text in HOSTILE.items():
        took = _time(index, [Part("subject", ""), Part("reply", text)])
        print(f"hostile    {took * 1000:7.1f} ms  1 MB of {name}")


def _letters(poles: list[tuple[int, str]], stations: list[tuple[int, str, int]]) -> list[list[Part]]:
    rng = random.Random(2)
    codes = dict(poles)
    letters = []
    for _ in range(LETTER_COUNT):
        _, name, pole = rng.choice(stations)
        *_, subject, text, quote = rng.choice(LETTERS)
        named = rng.random()
        if named < 0.4:
            subject = f"Т2 Отсутствует ВЭС {name}/{codes[pole]}"
        elif named < 0.7:
            text += f"\nНомер БС: {name}\nАдрес: ул. Мира, 30\n"
        body = text + DISCLAIMER * rng.choice([1, 1, 2, 4])
        quote += DISCLAIMER * rng.choice([0, 2, 8])
        letters.append([Part("subject", subject), Part("reply", body), Part("quote", quote)])
    return letters


def _million(piece: str) -> str:
    return piece * (1_000_000 // len(piece))


HOSTILE = {
    "dashes": _million("-"),
    "digits": _million("7"),
    "letters": _million("Я"),
    "one-digit runs": _million("1-"),
    "five-digit runs": _million("41960-"),
    "codes": _million("41960-P-43-1-1 "),
    "beginnings": _million("41960-P-"),
    "labelled numbers": _million("БС 18972\t"),
    "stations": _million("30-175, "),
    "lines of stations": _million("30-175\n"),
    "zero-width": _million("4\u200b1-"),
    "spaces and dashes": _million(" - "),
    "dots": _million("41960..."),
    "addresses": _million("KI0075@"),
}


def _time(index: Index, parts: list[Part]) -> float:
    """Seconds of this thread on a core: other programs of the machine do not count."""
    started = time.thread_time()
    index.find(parts)
    return time.thread_time() - started


def _memory(build: Callable[[], object]) -> int:
    """Bytes kept by what is built, beside the rows it is built from."""
    tracemalloc.start()
    kept = build()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size


if __name__ == "__main__":
    main()
