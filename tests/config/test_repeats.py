"""Logs stay readable while something is broken for long, and nothing new is hidden."""

from __future__ import annotations

import logging
import sys

from config.repeats import MOST_KNOWN, Repeats


class Log:
    """A log under the filter, with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self._filter = Repeats(clock=lambda: self.now)

    def say(self, words: str, *args: object, level: int = logging.WARNING, error: bool = False) -> None:
        facts = sys.exc_info() if error else None
        record = logging.LogRecord("mailbox", level, __file__, 1, words, args, facts)
        if self._filter.filter(record):
            self.lines.append(record.getMessage())


def test_the_same_trouble_is_told_once_a_minute_with_its_count() -> None:
    log = Log()
    for second in range(150):
        log.now = float(second)
        log.say("no connection to %s", "the server")

    assert log.lines == [
        "no connection to the server",
        "no connection to the server (and 59 times more since it was last written)",
        "no connection to the server (and 59 times more since it was last written)",
    ]


def test_another_letter_another_level_or_another_place_is_another_trouble() -> None:
    log = Log()
    log.say("letter %d failed", 1)
    log.say("letter %d failed", 2)
    log.say("letter %d failed", 2, level=logging.ERROR)
    for number in range(2):
        try:
            int("x") if number else [].pop()
        except (ValueError, IndexError):
            log.say("letter %d failed", 2, level=logging.ERROR, error=True)

    assert len(log.lines) == 5


def test_tasks_differ_by_more_than_their_ids() -> None:
    log = Log()
    log.say("Task take[%s] raised", "8d7a0c5e-1111-4222-8333-444455556666")
    log.say("Task take[%s] raised", "8d7a0c5e-9999-4222-8333-444455556666")
    log.say("Task send[%s] raised", "8d7a0c5e-9999-4222-8333-444455556666")

    assert len(log.lines) == 2


def test_what_is_no_trouble_is_always_told() -> None:
    log = Log()
    log.say("stored 1", level=logging.INFO)
    log.say("stored 1", level=logging.INFO)

    assert len(log.lines) == 2


def test_thousands_of_different_troubles_are_told_and_not_remembered_for_ever() -> None:
    log = Log()
    for number in range(2 * MOST_KNOWN):
        log.say("letter %d failed", number)
    log.now = 61.0
    log.say("letter %d failed", 0)

    assert len(log.lines) == 2 * MOST_KNOWN + 1
    assert len(log._filter._known) == 1
