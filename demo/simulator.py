"""Keeps letters coming: new failures, answers of all sides, notices of the end, machines' noise."""

import logging
import random
import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from imapclient.exceptions import IMAPClientError

from demo import answers, letters, mailbox_client, recall
from demo.letters import Letter
from demo.mailstore import INBOX
from demo.registry import Registry

logger = logging.getLogger(__name__)

MOSCOW = ZoneInfo("Europe/Moscow")
REMEMBERED = 150  # letters of the inbox that may still be answered
KINDS = {
    "opening": 40,
    "operator": 20,
    "contractor": 15,
    "power_is_back": 12,
    "desk": 8,
    "out_of_office": 3,
    "bounce": 2,
}
BROKEN = (OSError, smtplib.SMTPException, IMAPClientError)


def next_letter(
    rng: random.Random, registry: Registry, known: list[Letter], now: datetime, *, kind: str = ""
) -> Letter:
    """The next letter of the day; a new failure where the mailbox holds nothing to answer."""
    kind = kind or rng.choices(list(KINDS), list(KINDS.values()))[0]
    followed = _follow(rng, registry, known, now, kind) if kind != "opening" else None
    if followed is not None:
        return followed
    busy = {letter.site for letter in known}
    return letters.opening(rng, registry, now, busy=busy)


def _follow(rng: random.Random, registry: Registry, known: list[Letter], now: datetime, kind: str) -> Letter | None:
    """A letter that answers one of the known ones; None where there is none of the kind it needs."""
    if kind == "power_is_back":
        candidates = recall.open_failures(known)
    else:
        candidates = [letter for letter in known if letter.draft.message_id]
    if kind == "contractor":
        candidates = [letter for letter in candidates if letter.site]
    if kind == "operator":  # who wrote first writes again
        candidates = [letter for letter in candidates if not letter.draft.references]
    if not candidates:
        return None
    # Mostly the latest news is answered.
    answered = candidates[-1 - min(int(rng.expovariate(0.15)), len(candidates) - 1)]
    if kind == "contractor":
        return answers.from_contractor(rng, registry, answered, now)
    if kind == "bounce":
        return answers.bounce(rng, answers.from_desk(rng, answered, now), now)
    write: dict[str, Callable[[random.Random, Letter, datetime], Letter]] = {
        "operator": answers.from_operator,
        "power_is_back": answers.power_is_back,
        "desk": answers.from_desk,
        "out_of_office": answers.out_of_office,
    }
    return write[kind](rng, answered, now)


def run(
    registry: Registry, read_ports: Callable[[], dict[str, Any]], every: float, count: int | None
) -> Iterator[Letter]:
    """Send a letter about every `every` seconds, `count` of them or for ever; yields each that is delivered."""
    rng = random.Random()
    while count is None or count > 0:
        try:
            yield send_one(rng, registry, read_ports())
            count = None if count is None else count - 1
        except BROKEN as error:
            logger.warning("no letter this time: %s", error)
        if count != 0:
            time.sleep(every * rng.uniform(0.5, 1.5))


def send_one(rng: random.Random, registry: Registry, ports: dict[str, Any], *, kind: str = "") -> Letter:
    """Write one letter and hand it to the demo's SMTP server. Raises one of BROKEN."""
    with mailbox_client.opened(ports) as mailbox:
        known = recall.letters_of(mailbox.newest(INBOX, REMEMBERED), registry)
    letter = next_letter(rng, registry, known, datetime.now(MOSCOW), kind=kind)
    recipients = [*letter.draft.to, *letter.draft.cc]
    with smtplib.SMTP("127.0.0.1", ports["smtp"], timeout=10) as smtp:
        smtp.sendmail(_envelope_sender(letter), recipients, letter.raw)
    return letter


def _envelope_sender(letter: Letter) -> str:
    """Machines answer from nobody, so that nobody answers them (RFC 3834, 3464)."""
    return "" if letter.shape in ("out_of_office", "bounce") else letter.draft.sender[1]
