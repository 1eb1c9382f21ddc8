"""The clocks of an incident, and the words of its history that start and stop them."""

from __future__ import annotations

from dataclasses import dataclass

from sla.clock import Words

INCIDENT, CONTRACTOR, FIRST_ANSWER, FIRST_ACTION = "incident", "contractor", "first_answer", "first_action"

OPENED, REOPENED, END = "opened", "reopened", "class:end"
HANDED_OVER, CONTRACTOR_DONE = "handed_over", "contractor_done"
ACTION, ANSWER = "action", "answer"


@dataclass(frozen=True, slots=True)
class Kind:
    """When a clock starts, stops and goes on. Which statuses make it stand still is the rule's own business."""

    starts: Words
    stops: Words
    resumes: Words = frozenset()


def _words(*words: str) -> Words:
    return frozenset(words)


def of_work(kind: str) -> str:
    """The clock of a kind of work on the site, as incidents.models.WorkPeriod.Kind names it."""
    return f"work:{kind}"


def _work(kind: str) -> Kind:
    started = _words(f"{of_work(kind)}:started")
    return Kind(started, _words(f"{of_work(kind)}:ended", END), resumes=started)


KINDS = {
    INCIDENT: Kind(_words(OPENED), _words(END), resumes=_words(REOPENED)),
    # The first hand-over and the first end of his work count, whatever follows.
    CONTRACTOR: Kind(_words(HANDED_OVER), _words(CONTRACTOR_DONE, END)),
    FIRST_ANSWER: Kind(_words(OPENED), _words(ANSWER, END)),
    FIRST_ACTION: Kind(_words(OPENED), _words(ACTION, END)),
    **{of_work(kind): _work(kind) for kind in ("avr", "rvr", "dgu", "eks")},
}
