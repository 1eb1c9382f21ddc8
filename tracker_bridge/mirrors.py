"""The mirror that the settings ask for, and how it is doing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from config.tracker import TrackerSettings
from tracker_bridge.models import Mirror
from tracker_bridge.protocol import AuthNeeded, Misconfigured, Problem, TrackerError

if TYPE_CHECKING:
    from dispatchers.models import User

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
    """As the database has it by now: another worker was told to wait, or a person has switched it off."""
    mirror.refresh_from_db(fields=["state", "since", "said", "paused_until"])
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


def switch(mirror: Mirror, *, on: bool, by: User | None, now: datetime) -> bool:
    """A person stops the mirror, or lets it go on; False if it was so. What happens meanwhile is told afterwards."""
    is_off = {"state": Mirror.State.OFF}
    before = Mirror.objects.filter(pk=mirror.pk)
    before = before.filter(**is_off) if on else before.exclude(**is_off)
    state = Mirror.State.RUNNING if on else Mirror.State.OFF
    changed = before.update(state=state, since=now, said="", paused_until=None, stopped_by=None if on else by)
    mirror.refresh_from_db()
    return bool(changed)


def ask_now(mirror: Mirror) -> None:
    """A person does not want to wait for the next attempt."""
    Mirror.objects.filter(pk=mirror.pk).update(paused_until=None)
    mirror.paused_until = None


def note_problems(mirror: Mirror, found: list[Problem], now: datetime) -> None:
    mirror.problems = [[each.code, str(each.words), each.is_fatal] for each in found]
    mirror.checked_at = now
    mirror.save(update_fields=["problems", "checked_at"])
    fatal = [each for each in found if each.is_fatal]
    if fatal:
        # A new token is all that it takes, and there is a page for it.
        state = Mirror.State.AUTH if any(each.code == "token" for each in fatal) else Mirror.State.MISCONFIGURED
        _change(mirror, state, "; ".join(str(each.words) for each in fatal), now + LOOK_AGAIN, now)


def _change(mirror: Mirror, state: Mirror.State, words: str, until: datetime | None, now: datetime) -> None:
    """Written by one statement, and never over a person's switch, earlier or meanwhile."""
    if mirror.state == Mirror.State.OFF:
        return
    fields = {"state": state, "said": words[:LONGEST_WORDS], "paused_until": until}
    if mirror.state != state:
        fields["since"] = now
    before = mirror.state
    if Mirror.objects.filter(pk=mirror.pk, state=before).update(**fields):
        for name, value in fields.items():
            setattr(mirror, name, value)
