"""How the mirror is connected, in the words of its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.tracker import TrackerSettings
from tracker_bridge import credentials
from tracker_bridge.models import Credentials, Mirror
from tracker_bridge.token_trial import HEADERS

# Whoever renews is at it no longer than that.
AT_IT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Connection:
    """What the page says first; `kept` is the pair in force, if there is one."""

    look: str
    icon: str
    title: str
    what: str
    todo: str = ""
    # The tracker's own words.
    raw: str = ""
    kept: Credentials | None = None
    renewed_from: datetime | None = None
    # The last renewal: None if there was none since the pair was given.
    renewed_at: datetime | None = None


def of(tracker: TrackerSettings, mirror: Mirror, now: datetime) -> Connection:
    kept = credentials.stored(tracker, now)
    if kept is None:
        what = _("Nothing is told or read, and nothing is lost: jobs wait.")
        return Connection("is-over", "lock", _("The mirror is not connected"), what, _("Connect it below."))
    facts = _facts(kept)
    anew = _("Connect anew below.")
    if mirror.state == Mirror.State.AUTH:
        what = _("Its token is not accepted. Nothing is lost: jobs wait.")
        title = _("The tracker does not let the mirror in")
        return Connection("is-over", "lock", title, what, anew, mirror.said, **facts)
    if kept.expires_at and credentials.ends_soon(tracker, now):
        title = _("The token ends on %(day)s") % {"day": _day(kept.expires_at)}
        what = _("By then the mirror stands still.")
        return Connection("is-risk", "alert-triangle", title, what, anew, kept.said, **facts)
    if kept.is_refused:
        what = _("The tracker gives no new one. The mirror works until this one ends.")
        title = _("The token cannot be renewed")
        return Connection("is-risk", "alert-triangle", title, what, anew, kept.said, **facts)
    if credentials.was_cut_short(kept) and kept.tried_at and now - kept.tried_at > AT_IT:
        what = _("Whoever asked for a new pair ended before it was written, so that this one may be worthless.")
        title = _("The last renewal was cut short")
        return Connection("is-risk", "alert-triangle", title, what, anew, **facts)
    if mirror.state == Mirror.State.MISCONFIGURED:
        what = _("The token is accepted; something else keeps the mirror from working.")
        title = _("Connected, but settings are wrong")
        return Connection("is-risk", "adjustments", title, what, _("Look at the page “State”."), mirror.said, **facts)
    title = _("Connected as %(owner)s") % {"owner": kept.owner} if kept.owner else _("The mirror has a token")
    return Connection("is-done", "circle-check", title, _lasting(kept), **facts)


def header(tracker: TrackerSettings) -> str:
    """The name of the header by which the organisation is named, as the settings have it."""
    return HEADERS[tracker.is_cloud]


def _facts(kept: Credentials) -> dict[str, Any]:
    was_renewed = kept.tried_at is not None and kept.tried_at == kept.issued_at
    return {
        "kept": kept,
        "renewed_from": credentials.renewed_from(kept),
        "renewed_at": kept.issued_at if was_renewed else None,
    }


def _lasting(kept: Credentials) -> str:
    if begins := credentials.renewed_from(kept):
        return _("It renews itself, the next time on %(day)s.") % {"day": _day(begins)}
    if kept.expires_at:
        return _("It ends on %(day)s and cannot renew itself.") % {"day": _day(kept.expires_at)}
    return _("It cannot renew itself, and nobody said when it ends.")


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j E Y")
