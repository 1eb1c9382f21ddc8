"""How people spoil a code on the way from the registry into a letter."""

import random
import re
from collections.abc import Callable

_CYRILLIC = str.maketrans("ABCEHKMOPTX", "АВСЕНКМОРТХ")
_DASHES = "‑–—−"


def lookalikes(rng: random.Random, code: str) -> str:
    """Latin letters typed on a Russian keyboard."""
    return code.translate(_CYRILLIC)


def dashes(rng: random.Random, code: str) -> str:
    return code.replace("-", rng.choice(_DASHES))


def spaced_dashes(rng: random.Random, code: str) -> str:
    return code.replace("-", f" {rng.choice('-–')} ", 1)


def invisible(rng: random.Random, code: str) -> str:
    """Zero-width characters and soft hyphens, as copied from a web page or a PDF."""
    place = rng.randint(1, len(code) - 1)
    return code[:place] + rng.choice("\u200b\u00ad\u2060\ufeff") + code[place:]


def lower(rng: random.Random, code: str) -> str:
    return code.lower()


def glued(rng: random.Random, code: str) -> str:
    return rng.choice(("«{}»", "({}),", "АМС{}", "[{}]", "{};")).format(code)


DISGUISES: tuple[Callable[[random.Random, str], str], ...] = (
    lookalikes, dashes, spaced_dashes, invisible, lower, glued,
)  # fmt: skip


def disguised(rng: random.Random, code: str, *, share: float = 0.3) -> str:
    """The code as somebody typed it: mostly right, sometimes in one of the disguises."""
    return rng.choice(DISGUISES)(rng, code) if rng.random() < share else code


def cut(code: str) -> str:
    """A pole code that a narrow column cut short: `67498-11-2...`."""
    head = re.match(r"\d{5}-\w+-\d", code)
    return f"{head[0] if head else code[:7]}..."


def padded(station: str) -> str:
    """MegaFon's number with the zeros their reports add: 23-2598 → 23-02598."""
    region, _, number = station.partition("-")
    return f"{region}-{number:0>5}"


def underscored(station: str) -> str:
    region, _, number = station.partition("-")
    return f"PL_{region}_{number:0>5}"


def short_t2(station: str) -> str:
    """T2 writes four digits where the registry may hold six: KA000595 → KA0595."""
    return station[:2] + station[2:].lstrip("0").rjust(4, "0")
