"""Believable mail with its ground truth: the same seed, start and sites give the same letters.

    mix = Mix(seed=1, desk="desk@towers.example", start=now, sites=sites)
    letters = mix.letters(2_000, with_files=0.2)

Letters of one conversation belong into one incident. They come in the order in which the server gets them,
conversations mixed with one another as on a busy day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench import phrases
from bench.shapes import Conversation, Letter, Page, Site, redelivered

SECONDS_APART = 2
# Letters of other conversations between two of one, on the average.
BETWEEN = 60
# What happens in a conversation, letter by letter (Page's methods), and how often such conversations are.
PLANS: list[tuple[int, str]] = [
    (30, "opening"),
    (18, "opening reply"),
    (12, "opening answer reply"),
    (6, "opening references"),
    (5, "opening reply references answer reply"),
    (4, "opening other_subject"),
    (8, "opening power_back"),
    (3, "opening answer autoreply"),
    (2, "opening answer bounce"),
    (2, "opening again"),
    (2, "opening relayed"),
    (2, "opening reply relayed again"),
    (1, "nameless relayed"),
    (1, "same_id"),
    (2, "orphan orphan"),
    (1, "loose_autoreply"),
    (1, "sent_elsewhere"),
]
# These come the last letter first.
LATE_PLANS: list[tuple[int, str]] = [
    (3, "opening reply"),
    (1, "opening references"),
    (1, "opening answer reply"),
    (1, "opening answer autoreply"),
    (1, "opening answer bounce"),
]
LATE_SHARE = 0.04
# Letters that name the code of an incident that stands already.
CODED_PLANS: list[tuple[int, str]] = [(3, "with_code"), (2, "with_code reply"), (1, "stranger_with_code")]
CODED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Known:
    """An incident that stands already, and the conversation that opened it."""

    conversation: Conversation
    code: str


class Mix:
    """Writes letters; each conversation takes the next of the sites."""

    def __init__(self, *, seed: int, desk: str, start: datetime, sites: Sequence[Site]) -> None:
        self.desk, self.start = desk, start
        self._rng = Random(f"mix {seed}")
        self._sites = iter(sites)
        self.conversations: list[Conversation] = []

    def openings(self, count: int) -> list[Letter]:
        """First letters alone: what they open gets codes that later letters can name."""
        return [self._write("opening", self._begin(), 0.0, 0.0) for _ in range(count)]

    def letters(self, count: int, *, with_files: float, known: Sequence[Known] = ()) -> list[Letter]:
        """So many letters in the order of their arrival, this share of them with files."""
        placed: list[tuple[float, int, Letter]] = []
        waiting = list(known)
        while len(placed) < count:
            about = waiting.pop() if waiting and self._rng.random() < CODED_SHARE else None
            for at, letter in self._play(about, count, count - len(placed), with_files):
                placed.append((at, len(placed), letter))
        return [letter for _, _, letter in sorted(placed, key=lambda each: each[:2])]

    def _play(self, about: Known | None, count: int, most: int, with_files: float) -> list[tuple[float, Letter]]:
        """The letters of one conversation and the moments of their arrival, counted in letters."""
        rng = self._rng
        is_late = about is None and rng.random() < LATE_SHARE
        plan = self._plan(CODED_PLANS if about else LATE_PLANS if is_late else PLANS)
        if len(plan) > most:
            plan, about, is_late = ["opening"], None, False
        talk = about.conversation if about and plan[0] == "with_code" else self._begin()
        moments = [rng.uniform(0, count * 0.9)]
        for _ in plan[1:]:
            moments.append(moments[-1] + rng.expovariate(1 / BETWEEN) + 1)
        code = about.code if about else ""
        letters = [self._write(shape, talk, at, with_files, code) for shape, at in zip(plan, moments, strict=True)]
        if is_late:
            moments.reverse()
        return list(zip(moments, letters, strict=True))

    def _plan(self, plans: list[tuple[int, str]]) -> list[str]:
        return self._rng.choices([plan for _, plan in plans], [weight for weight, _ in plans])[0].split()

    def _begin(self) -> Conversation:
        site = next(self._sites)
        name = f"{self._rng.choice(phrases.SURNAMES)} {self._rng.choice(phrases.NAMES)}"
        talk = Conversation(len(self.conversations), site, name, f"noc{self._rng.randint(1, 99)}@{site.domain}")
        self.conversations.append(talk)
        return talk

    def _write(self, shape: str, talk: Conversation, at: float, with_files: float, code: str = "") -> Letter:
        if shape in ("again", "relayed"):
            return redelivered(self._rng, self._rng.choice(talk.letters), shape)
        day = self.start + timedelta(seconds=round(at * SECONDS_APART))
        page = Page(self._rng, self.desk, talk, shape, day, with_files, code)
        letter: Letter = getattr(page, shape)()
        talk.letters.append(letter)
        return letter
