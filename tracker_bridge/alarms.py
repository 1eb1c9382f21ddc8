"""Tells the people who keep Dispatch running what is wrong with the mirror, once, and once more when it goes on.

As mailbox.alerts does for mail: what was told stands in Alarm, and the messages are rows written with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailbox import notices
from tracker_bridge import budget, credentials, health, mirrors
from tracker_bridge.models import Alarm, Job, Mirror

logger = logging.getLogger(__name__)

Kind, State = Alarm.Kind, Mirror.State
# One look at a time; not a number of mailbox.alerts.
LOCK = 0x54524143
# A token that is renewed at this moment, or a step of a person who puts things right, is nothing to be told.
SHORT = timedelta(minutes=2)
# Before that a tracker may answer again by itself.
LONG = timedelta(minutes=15)
TOLD_AGAIN_AFTER = timedelta(hours=1)
# The end of a token is told again when so little is left; see `_urgency`.
LAST_DAYS = (timedelta(days=7), timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong now. `count` grows with what is worth another message; `page` is where to see to it."""

    kind: Alarm.Kind
    since: datetime
    title: str
    text: str
    count: int = 0
    page: str = "tracker_bridge:state"


def check(mirror: Mirror, now: datetime) -> int:
    """Compare what is wrong with what has been told, and write the messages; returns how many. Safe to repeat."""
    with transaction.atomic():
        if not _alone():
            return 0
        known = {alarm.kind: alarm for alarm in Alarm.objects.filter(backend=mirror.backend, until=None)}
        written = 0
        for finding in findings(mirror, now):
            alarm = known.pop(finding.kind, None)
            written += _go_on(alarm, finding, now) if alarm else _begin(mirror, finding, now)
        return written + sum(_end(mirror, alarm, now) for alarm in known.values())


def of_token(now: datetime) -> list[Finding]:
    """What the page of the mirror says beside its state: the rest it shows by itself."""
    return list(_token(now))


def findings(mirror: Mirror, now: datetime) -> Iterator[Finding]:
    """Everything that is wrong with the mirror, and what is to be done about it. Being off is a person's choice."""
    if mirror.state != State.OFF:
        yield from _standing_still(mirror, now)
    yield from _token(now)
    dead = Job.objects.filter(backend=mirror.backend, state=Job.State.DEAD)
    if count := dead.count():
        title = ngettext(
            "%(n)d change was not told to the tracker", "%(n)d changes were not told to the tracker", count
        )
        text = _(
            "They are not tried again by themselves. The page “Not done” says why, and lets you try again or skip."
        )
        yield Finding(Kind.DEAD, now, title % {"n": count}, text, count, "tracker_bridge:dead")
    if count := budget.nearly_full(mirror.backend):
        title = ngettext("%(n)d issue is nearly full", "%(n)d issues are nearly full", count)
        text = _("An issue takes so many changes and comments in its life. A full one goes on in a new, linked issue.")
        yield Finding(Kind.FULL, now, title % {"n": count}, text, count)


def _standing_still(mirror: Mirror, now: datetime) -> Iterator[Finding]:
    for_long = now - mirror.since >= (LONG if mirror.state == State.AWAY else SHORT)
    standing = health.of(mirror, now)
    if mirror.state != State.RUNNING and for_long:
        text = "\n".join(filter(None, (standing.what, standing.todo, standing.raw)))
        yield Finding(Kind.STILL, mirror.since, standing.title, text)
    elif mirror.state != State.RUNNING:
        return
    elif words := [words for _code, words, is_fatal in mirror.problems if is_fatal]:
        text = "\n".join((*words, _("Put it right, then let the page of the mirror check again.")))
        yield Finding(Kind.STILL, mirror.checked_at or now, _("The mirror lacks something over there"), text)
    elif mirror.read_at and now - max(mirror.read_at, mirror.since) >= LONG:
        text = _("The tracker does not answer, or is too slow. Nothing is lost: it is told and read when it is back.")
        yield Finding(Kind.STILL, mirror.read_at, _("Changes in the tracker are not read"), text)


def _token(now: datetime) -> Iterator[Finding]:
    tracker = mirrors.configured()
    if tracker is None or tracker.backend != "yandex":
        return
    kept = credentials.stored(tracker, now)
    if kept is None:
        return
    page = "tracker_bridge:connect"
    if kept.expires_at and credentials.ends_soon(tracker, now):
        title = _("The tracker's token ends on %(day)s") % {"day": _moment(kept.expires_at)}
        why = kept.said or (_("There is no refresh token.") if not kept.refresh else _("It was not renewed in time."))
        text = "\n".join((why, _("Connect anew before that on the page “Connection”: else the mirror stands still.")))
        yield Finding(Kind.ENDING, now, title, text, _urgency(kept.expires_at - now), page)
    elif kept.is_refused:
        text = _("The mirror works until the token ends. Connect anew on the page “Connection”.")
        yield Finding(Kind.REFUSED, now, _("The tracker's token cannot be renewed"), f"{kept.said}\n{text}", page=page)


def _urgency(left: timedelta) -> int:
    return 1 + sum(left < days for days in LAST_DAYS)


def _begin(mirror: Mirror, finding: Finding, now: datetime) -> int:
    facts = {"since": finding.since, "told": finding.count, "told_at": now}
    Alarm.objects.create(backend=mirror.backend, kind=finding.kind, **facts)
    return _tell(finding, now)


def _go_on(alarm: Alarm, finding: Finding, now: datetime) -> int:
    """It lasts. It is told again only if there is more of it, and then at most once an hour."""
    more = finding.count > alarm.told
    if finding.count == alarm.told or (more and now - alarm.told_at < TOLD_AGAIN_AFTER):
        return 0
    alarm.told = finding.count
    if more:
        alarm.told_at = now
    alarm.save(update_fields=["told", "told_at"])
    return _tell(finding, now) if more else 0


def _end(mirror: Mirror, alarm: Alarm, now: datetime) -> int:
    """That the mirror goes on calms; of the others a person has seen to each."""
    alarm.until = now
    alarm.save(update_fields=["until"])
    if alarm.kind != Kind.STILL or mirror.state != State.RUNNING:
        return 0
    times = {"since": _moment(alarm.since), "until": _moment(now)}
    text = _("It stood still from %(since)s to %(until)s. What waited is told now.") % times
    return notices.write(_("The mirror goes on"), text, is_good=True, now=now)


def _tell(finding: Finding, now: datetime) -> int:
    logger.warning("alarm: %s", finding.title)
    link = f"{settings.DESK_URL.rstrip('/')}{reverse(finding.page)}" if settings.DESK_URL else ""
    return notices.write(finding.title, "\n".join(filter(None, (finding.text, link))), is_good=False, now=now)


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "d.m.Y H:i")


def _alone() -> bool:
    """Whether no other worker looks at this moment; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])
