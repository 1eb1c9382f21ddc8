"""The mirror that the settings ask for, and how it is doing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from config.tracker import TrackerSettings
from tracker_bridge.models import Mirror
from tracker_bridge.protocol import AuthNeeded, Misconfigured, Problem, TrackerError

# Without an answer the tracker is asked again so often.
ASK_AGAIN = timedelta(seconds=30)
# A token is looked for again: somebody may have pasted one.
LOOK_AGAIN = timedelta(minutes=1)
LONGEST_WORDS = 1000


def configured() -> TrackerSettings | None:
    """None: there is no mirror, and nothing of it is to be seen."""
    found: TrackerSettings | None = settings.TRACKER
    return found


def row(now: datetime) -> Mirror | None:
    """The state of the configured mirror; made when it is first asked for."""
    tracker = configured()
    if tracker is None:
        return None
    return Mirror.objects.get_or_create(backend=tracker.backend, defaults={"since": now, "began_at": now})[0]


def may_call(mirror: Mirror, now: datetime) -> bool:
    if mirror.state == Mirror.State.OFF:
        return False
    return mirror.paused_until is None or mirror.paused_until <= now


def stand_still(mirror: Mirror, error: TrackerError, now: datetime) -> None:
    """Nothing can be told at the moment, whatever it is; jobs wait, and lose nothing by it."""
    if isinstance(error, AuthNeeded):
        state, until = Mirror.State.AUTH, now + LOOK_AGAIN
    elif isinstance(error, Misconfigured):
        state, until = Mirror.State.MISCONFIGURED, now + LOOK_AGAIN
    else:
        state, until = Mirror.State.AWAY, now + max(ASK_AGAIN, getattr(error, "retry_after", None) or timedelta())
    _change(mirror, state, str(error), until, now)


def goes_well(mirror: Mirror, now: datetime) -> None:
    if mirror.state not in (Mirror.State.RUNNING, Mirror.State.OFF) or mirror.paused_until:
        _change(mirror, Mirror.State.RUNNING, "", None, now)


def switch(mirror: Mirror, *, on: bool, now: datetime) -> None:
    """A person stops the mirror, or lets it go on. What happens meanwhile is told when it goes on."""
    _change(mirror, Mirror.State.RUNNING if on else Mirror.State.OFF, "", None, now)


def note_problems(mirror: Mirror, found: list[Problem], now: datetime) -> None:
    mirror.problems = [[each.code, str(each.words), each.is_fatal] for each in found]
    mirror.checked_at = now
    mirror.save(update_fields=["problems", "checked_at"])
    if any(each.is_fatal for each in found):
        words = "; ".join(str(each.words) for each in found if each.is_fatal)
        _change(mirror, Mirror.State.MISCONFIGURED, words, now + LOOK_AGAIN, now)


def _change(mirror: Mirror, state: Mirror.State, words: str, until: datetime | None, now: datetime) -> None:
    """Written by one statement, and not over a person's switch that came meanwhile."""
    fields = {"state": state, "said": words[:LONGEST_WORDS], "paused_until": until}
    if mirror.state != state:
        fields["since"] = now
    before = mirror.state
    if Mirror.objects.filter(pk=mirror.pk, state=before).update(**fields):
        for name, value in fields.items():
            setattr(mirror, name, value)
