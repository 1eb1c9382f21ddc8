"""Writes the letters that come to the desk: openings of every shape, answers, notices, noise.

Pure: the same random generator, registry and moment give the same bytes.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from demo import odd_shapes, shapes
from demo.drafts import Draft, new_message_id, render
from demo.registry import Registry
from demo.shapes import Shape
from demo.sites import choose

# Operator group of the writer, shape, how often.
OPENINGS: tuple[tuple[str, Shape, int], ...] = (
    ("tele2", shapes.t2_power, 22),
    ("tele2", shapes.t2_table, 8),
    ("tele2", shapes.t2_two_numbers, 4),
    ("tele2", shapes.only_a_name, 3),
    ("megafon", shapes.megafon_form, 12),
    ("megafon", shapes.megafon_short, 6),
    ("megafon", shapes.outside_request, 4),
    ("megafon", shapes.outside_request_forwarded, 3),
    ("megafon", shapes.object_request, 4),
    ("megafon", odd_shapes.web_form, 3),
    ("vimpelcom", shapes.beeline_power, 9),
    ("vimpelcom", odd_shapes.forwarded_and_cut, 3),
    ("vimpelcom", odd_shapes.long_disclaimer, 2),
    ("mts", shapes.mts_power, 8),
    ("mts", odd_shapes.fibre_break, 3),
    ("mts", odd_shapes.chain_about_another_site, 2),
    ("other", shapes.metering, 2),
    ("other", odd_shapes.access_request, 4),
    ("other", odd_shapes.photo_of_damage, 2),
    ("other", odd_shapes.authority, 1),
    ("other", odd_shapes.place_without_number, 2),
)


@dataclass(frozen=True)
class Letter:
    """A written letter: its bytes, and what the writer of the next one must know of it."""

    raw: bytes
    draft: Draft
    site: str  # the pole it is about, whether it says so or not
    region: str

    @property
    def shape(self) -> str:
        return self.draft.shape


def opening(
    rng: random.Random,
    registry: Registry,
    now: datetime,
    *,
    busy: Collection[str] = (),
    shape: Shape | None = None,
    flawless: bool = False,
) -> Letter:
    """The first letter about a failure at a site that is not `busy`; a `flawless` one has a Message-ID."""
    group, write, _ = rng.choices(OPENINGS, [weight for *_, weight in OPENINGS])[0]
    if shape is not None:
        group, write, _ = next(item for item in OPENINGS if item[1] is shape)
    site = choose(rng, registry, group, busy)
    draft = write(rng, site, now)
    # Some old systems send no Message-ID.
    lost = rng.random() < 0.02 and not flawless
    message_id = "" if lost else new_message_id(rng, draft.sender[1])
    draft = replace(draft, message_id=message_id, shape=write.__name__)
    return Letter(render(draft), draft, site.pole.code, site.pole.region.code)
