"""What the card says of the letters that a step sends: on their way, held back, to be sent again, refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents import notices
from incidents.models import Incident, Notice, Status
from mailbox import answering
from mailbox.models import Outgoing

State = Outgoing.State
_COLUMNS = (
    "incident", "event", "kind", "audience", "state", "by", "outgoing__state", "outgoing__recipients",
    "outgoing__said", "outgoing__leaves_at", "outgoing__next_try_at", "outgoing__email__to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One letter: whom it goes to, and how it stands. `said`: the server's words, where they matter."""

    notice: Notice
    to: str
    others: int
    state: str
    said: str = ""
    at: datetime | None = None
    # Until it leaves.
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """The letters of the newest step that sends, as far as somebody has to know of them now."""

    lines: Sequence[Line]
    # The step that can be undone, and the letters with it.
    undo: int | None
    # What may be sent again after an error.
    retry: Status | None
    # Of letters that have left: addresses that refused them, the server's words, and the letter.
    refused: Sequence[tuple[str, str, int]]


def of_card(incident: Incident, now: datetime) -> Shown | None:
    """None where there is nothing to say; two queries at most, none before the first letter of ours."""
    is_sending, is_error = bool(incident.status.sends), incident.status.is_error
    came = 1 if incident.registration == Incident.Registration.MAIL else 0
    if not (is_sending or is_error or incident.letter_count > came):
        return None
    notices_of_step = _newest(incident)
    retry = notices.status_to_retry(incident)
    lines = [_line(each, now) for each in notices_of_step if is_sending and each.state in notices.OPEN]
    waits = next((each for each in lines if each.state == "waits" and each.notice.by_id), None)
    refused = [] if not incident.is_open else [lost for each in notices_of_step for lost in _refused(each)]
    if not (lines or retry or refused or is_sending):
        return None
    return Shown(lines, waits.notice.event_id if waits else None, retry, refused)


def _newest(incident: Incident) -> list[Notice]:
    rows = Notice.objects.filter(incident=incident).select_related("outgoing__email").order_by("-event", "pk")
    found = list(rows.only(*_COLUMNS)[:2])
    return [each for each in found if each.event_id == found[0].event_id]


def _line(notice: Notice, now: datetime) -> Line:
    letter = notice.outgoing
    if letter is None:
        return Line(notice, "", 0, "held" if answering.brake_is_on(now) else "writing")
    people = [*letter.email.to]
    to = people[0]["name"] or people[0]["email"] if people else ""
    if letter.state == State.QUEUED and letter.leaves_at and letter.leaves_at > now:
        left = int((letter.leaves_at - now).total_seconds())
        return Line(notice, to, len(people) - 1, "waits", at=letter.leaves_at, seconds=left)
    if letter.state == State.RETRYING:
        return Line(notice, to, len(people) - 1, "retrying", letter.said, letter.next_try_at)
    if letter.state == State.UNKNOWN:
        return Line(notice, to, len(people) - 1, "unknown", letter.said)
    return Line(notice, to, len(people) - 1, "leaves")


def _refused(notice: Notice) -> list[tuple[str, str, int]]:
    if notice.state != Notice.State.SENT or notice.outgoing is None:
        return []
    return [(each["address"], each["said"], notice.outgoing.email_id) for each in notice.outgoing.lost]
