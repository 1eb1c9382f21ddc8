"""How the mirror is, in one sentence for people and in one word for whoever watches the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tracker_bridge import mirrors
from tracker_bridge.models import Mirror

State = Mirror.State
# Changes are read every quarter of a minute, so nobody works by then.
SILENT = timedelta(minutes=3)
# Before that it may come to rest by itself.
ALARMING = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Standing:
    """`kind` is a state of the mirror, or what is wrong with us; `todo` and `raw` may be empty."""

    kind: str
    look: str
    icon: str
    title: str
    what: str
    todo: str = ""
    # The tracker's own words.
    raw: str = ""

    @property
    def is_well(self) -> bool:
        return self.kind in (State.RUNNING, "beginning")


def of(mirror: Mirror, now: datetime) -> Standing:
    """What the page says first."""
    if mirror.state == State.RUNNING:
        return _running(mirror, now)
    said = {State.AUTH: _auth, State.MISCONFIGURED: _misconfigured, State.AWAY: _away, State.OFF: _off}
    return said[State(mirror.state)](mirror, now)


def _running(mirror: Mirror, now: datetime) -> Standing:
    seen = mirror.read_at or mirror.since
    if now - seen > SILENT and now - mirror.since > SILENT:
        title = _("Nobody works for the mirror")
        what = _("Changes over there were read last %(at)s. Nothing is lost: it is told and read when work goes on.")
        todo = _("Look whether dispatch_worker, the clock (beat) and the broker run.")
        return Standing("silent", "is-over", "alert-octagon", title, what % {"at": _moment(seen, now)}, todo)
    if mirror.read_at is None:
        return Standing(
            "beginning", "is-work", "progress", _("The mirror begins"), _("The first changes are read now.")
        )
    return Standing(
        State.RUNNING, "is-done", "circle-check", _("The mirror runs"), _("Both sides are told within seconds.")
    )


def _auth(mirror: Mirror, now: datetime) -> Standing:
    what = _("Since %(since)s the tracker does not let us in. Nothing is lost: jobs wait.")
    todo = _("Give a new token on the page “Connection”; the mirror goes on by itself.")
    title = _("The mirror waits for a token")
    words = what % {"since": _moment(mirror.since, now)}
    return Standing(State.AUTH, "is-over", "lock", title, words, todo, mirror.said)


def _misconfigured(mirror: Mirror, now: datetime) -> Standing:
    what = _("Since %(since)s the settings name something that the tracker does not have. Nothing is lost: jobs wait.")
    todo = _("Put right what the check found, here or over there; the mirror looks again every minute.")
    title = _("The mirror waits for settings")
    words = what % {"since": _moment(mirror.since, now)}
    return Standing(State.MISCONFIGURED, "is-over", "adjustments", title, words, todo, mirror.said)


def _away(mirror: Mirror, now: datetime) -> Standing:
    what = _("It has been so since %(since)s. Nothing is lost: jobs wait.") % {"since": _moment(mirror.since, now)}
    if mirror.paused_until and mirror.paused_until > now:
        what += " " + _("It is asked again at %(at)s.") % {"at": _moment(mirror.paused_until, now, seconds=True)}
    is_long = now - mirror.since > ALARMING
    todo = _("Look whether this server reaches it, and whether it works for people.") if is_long else ""
    look, sign = ("is-over", "plug-connected-x") if is_long else ("is-risk", "plug-connected-x")
    return Standing(State.AWAY, look, sign, _("The tracker does not answer"), what, todo, mirror.said)


def _off(mirror: Mirror, now: datetime) -> Standing:
    facts = {"since": _moment(mirror.since, now), "name": mirror.stopped_by.full_name if mirror.stopped_by else ""}
    what = _("%(name)s switched it off %(since)s.") if mirror.stopped_by else _("It is so since %(since)s.")
    todo = _("What happens meanwhile on either side is told when it goes on.")
    return Standing(State.OFF, "is-new", "player-pause", _("The mirror is switched off"), what % facts, todo)


def is_behind(now: datetime) -> bool:
    """Whether it has stood still for so long that whoever keeps Dispatch running must look; off by choice is not."""
    if mirrors.configured() is None:
        return False
    mirror = mirrors.row(now)
    if mirror is None or mirror.state == State.OFF:
        return False
    if mirror.state == State.RUNNING:
        return now - max(mirror.read_at or mirror.since, mirror.since) > ALARMING
    return now - mirror.since > ALARMING


def _moment(moment: datetime, now: datetime, *, seconds: bool = False) -> str:
    """“14:05” of this day, with the day of another one."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate(now):
        return date_format(local, "H:i:s" if seconds else "H:i")
    return date_format(local, "d.m H:i" if local.year == timezone.localdate(now).year else "d.m.Y H:i")
