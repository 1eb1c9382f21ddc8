"""A month of the desk, invented: which letters came when, and what the people did about them. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo import answers, letters
from demo.letters import Letter
from demo.registry import Registry

DAYS = 29  # the first look into a mailbox goes back 30
# Letters of the day by hour, Moscow time: the peak is before noon.
HOURS = (2, 2, 2, 2, 2, 3, 4, 5, 6, 8, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 3, 2)
# Statuses an incident goes through, by key, and how often.
WAYS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("uvedomiliOperatora", "peredanoPodradciku", "needAcceptance", "uvedomiliOZakrytii", "closed"), 50),
    (("uvedomiliOperatora", "peredanoPodradciku", "naGeneraciiNb", "closed"), 18),
    (("uvedomiliOperatora", "uvedomiliOZakrytii", "closed"), 14),
    (("closed",), 8),
    (("uvedomiliOperatora", "peredanoPodradciku", "closed"), 10),
)
NOTES = (
    "Дозвонился до бригады, выезжают.",
    "Сетевая компания подтверждает аварию на фидере, ориентир 3 часа.",
    "Подрядчик просит ключи от площадки, связался с собственником.",
    "Оператор просит держать в курсе каждый час.",
    "Бригада на месте, отключён вводной автомат, ищут причину.",
    "На ДГУ топлива на шесть часов, заявка на дозаправку подана.",
    "По телефону подтвердили: питание есть, аварий не наблюдают.",
    "Проезд размыт, бригада ждёт вездеход.",
    "Плановые работы сетевиков, предупреждение было вчера.",
)
TYPES = {
    "access_request": "access",
    "photo_of_damage": "destruction",
    "fibre_break": "fibre",
    "authority": "authorities",
    "metering": "power-own",
}


@dataclass(frozen=True)
class Deed:
    """What the person in charge does: `what` is status, type, site or note."""

    at: datetime
    what: str
    value: str


@dataclass(frozen=True)
class Mail:
    """A later letter of the story; written when the incident's code is known, the same each time."""

    at: datetime
    write: Callable[[str], Letter | None]
    outgoing: bool = False


@dataclass(frozen=True)
class Story:
    at: datetime
    opening: Letter
    by_phone: bool  # nobody wrote: a dispatcher registered it by hand
    deeds: tuple[Deed, ...]
    mail: tuple[Mail, ...]

    def moments(self) -> list[datetime]:
        return [self.at, *(deed.at for deed in self.deeds), *(mail.at for mail in self.mail)]


def month(registry: Registry, end: datetime, *, count: int = 400) -> list[Story]:
    """The stories of the `DAYS` days before `end`, by the moment they began."""
    rng = random.Random(f"stories until {end.isoformat()}")
    began = sorted(_moment(rng, end) for _ in range(count))
    stories, busy = [], set[str]()
    for number, at in enumerate(began):
        opening = letters.opening(rng, registry, at, busy=busy, flawless=True)
        busy.add(opening.site)
        stories.append(_story(random.Random(f"{end.isoformat()} {number}"), registry, at, opening, end))
    return stories


def _moment(rng: random.Random, end: datetime) -> datetime:
    while True:
        # The last days are fuller, so that the desk has its hands full now.
        ago = rng.randrange(3) if rng.random() < 0.22 else rng.randrange(DAYS + 1)
        day = end - timedelta(days=ago)
        hour = rng.choices(range(24), HOURS)[0]
        at = day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)
        if end - timedelta(days=DAYS) < at < end - timedelta(minutes=2):
            return at


def _story(rng: random.Random, registry: Registry, at: datetime, opening: Letter, end: datetime) -> Story:
    deeds: list[Deed] = []
    mail: list[Mail] = []
    clock = at + timedelta(minutes=rng.choices((2, 5, 8, 25), (40, 30, 22, 8))[0] * rng.uniform(0.6, 1.2))
    deeds.append(Deed(clock, "status", "inProgress"))
    clock += timedelta(seconds=rng.randint(20, 200))
    deeds.append(Deed(clock, "type", incident_type(opening)))
    if rng.random() < 0.8:  # sometimes nobody finds out where it is
        deeds.append(Deed(clock, "site", opening.site))
    way = rng.choices([way for way, _ in WAYS], [weight for _, weight in WAYS])[0]
    # Some wait: for parts, for access, for somebody to remember them. Few wait for weeks.
    stalling = 0.25 if end - at < timedelta(days=4) else 0.02
    stalls_at = rng.randrange(len(way)) if rng.random() < stalling else len(way)
    for key in way[:stalls_at]:
        clock += _pause(rng, key)
        deeds.append(Deed(clock, "status", key))
        mail += _mail_of_step(rng, registry, opening, key, clock)
        if rng.random() < 0.2:
            deeds.append(Deed(clock + timedelta(minutes=3), "note", rng.choice(NOTES)))
    if rng.random() < 0.25:
        later = at + timedelta(minutes=rng.randint(30, 200))
        mail.append(_mail(rng, later, answers.from_operator, opening))
    return Story(
        at=at,
        opening=opening,
        by_phone=rng.random() < 0.03,
        deeds=tuple(sorted((deed for deed in deeds if deed.at < end), key=lambda deed: deed.at)),
        mail=tuple(letter for letter in mail if letter.at < end),
    )


def _pause(rng: random.Random, key: str) -> timedelta:
    """How long it takes to get there. Work on the site takes hours, words take minutes."""
    minutes = {"uvedomiliOperatora": 12, "peredanoPodradciku": 15, "uvedomiliOZakrytii": 25}.get(key, 260)
    return timedelta(minutes=max(1.0, rng.lognormvariate(0, 0.8) * minutes))


def incident_type(opening: Letter) -> str:
    """The type a dispatcher would choose, by its key."""
    region = opening.region
    return TYPES.get(opening.shape, "power-msk" if region in ("77", "50") else "power-rf")


def _mail_of_step(rng: random.Random, registry: Registry, opening: Letter, key: str, at: datetime) -> list[Mail]:
    """Letters that belong to a step: the desk's answer, the contractor's report, the operator's notice."""
    if key == "uvedomiliOperatora":
        return [_desk_mail(rng, at, opening)] if rng.random() < 0.5 else []
    if key == "peredanoPodradciku" and rng.random() < 0.3:
        later = at + timedelta(minutes=rng.randint(10, 120))
        seed = rng.random()
        return [Mail(later, lambda code: answers.from_contractor(random.Random(seed), registry, opening, later))]
    if key in ("needAcceptance", "naGeneraciiNb") and opening.shape.startswith("t2_"):
        return [_mail(rng, at - timedelta(minutes=5), answers.power_is_back, opening)]
    if key == "uvedomiliOZakrytii" and rng.random() < 0.3:
        return [_desk_mail(rng, at, opening)]
    return []


def _mail(
    rng: random.Random,
    at: datetime,
    write: Callable[[random.Random, Letter, datetime], Letter],
    opening: Letter,
) -> Mail:
    seed = rng.random()
    return Mail(at, lambda code: write(random.Random(seed), opening, at))


def _desk_mail(rng: random.Random, at: datetime, opening: Letter) -> Mail:
    seed = rng.random()
    return Mail(at, lambda code: answers.from_desk(random.Random(seed), opening, at, code=code), outgoing=True)
