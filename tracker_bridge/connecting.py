"""Connecting the mirror with its tracker: nothing is kept that a real call has not been answered for."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.tracker import TrackerSettings
from tracker_bridge import credentials, mirrors, oauth, token_trial
from tracker_bridge.models import Mirror
from tracker_bridge.oauth import Asked, Pair
from tracker_bridge.protocol import AuthNeeded, TrackerError
from tracker_bridge.token_trial import Seen

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)
# Codes live for ten minutes over there.
CODE_LIFE = timedelta(minutes=10)
# The session's key of the consent that was asked for last.
ASKED = "tracker_consent"


class NotConnected(Exception):
    """No pair was had; `str()` says why, in the reader's language."""


def ask(tracker: TrackerSettings, session: Any, back: str, now: datetime) -> str:
    """The address of the page of consent; what it answers has to come back to this session."""
    asked = Asked(back)
    session[ASKED] = {"back": back, "state": asked.state, "verifier": asked.verifier, "at": now.isoformat()}
    return oauth.consent(tracker, asked)


@sensitive_variables()
def pair_for(tracker: TrackerSettings, session: Any, code: str, now: datetime, *, state: str | None) -> Pair:
    """The pair for the code; `state` is None if a person typed it. What was asked for serves once."""
    kept = session.get(ASKED)
    if kept is None or now - datetime.fromisoformat(kept["at"]) > CODE_LIFE:
        session.pop(ASKED, None)
        raise NotConnected(_("Nobody asked for this consent within the last ten minutes. Begin again."))
    if state is not None and not constant_time_compare(state, kept["state"]):
        # Not what this session asked for: its own consent may still come.
        raise NotConnected(_("This consent was asked for elsewhere, so that it is not used. Begin again."))
    # A mistyped code may be typed anew; one that was brought is what it is.
    if state is not None:
        del session[ASKED]
    try:
        pair = oauth.by_code(tracker, code, Asked(kept["back"], kept["state"], kept["verifier"]))
    except AuthNeeded as error:
        raise NotConnected(_("Yandex gives no token for this code: %(words)s") % {"words": error}) from None
    except TrackerError as error:
        words = _("Yandex does not answer (%(words)s). Begin again in a minute.")
        raise NotConnected(words % {"words": error}) from None
    session.pop(ASKED, None)
    return pair


@sensitive_variables()
def connect(tracker: TrackerSettings, mirror: Mirror, pair: Pair, *, by: User, now: datetime) -> Seen:
    """Try the pair, and keep it if it opens the queue; the mirror goes on at once. Else nothing is changed."""
    seen = token_trial.try_out(tracker, pair.access)
    if seen.is_good:
        credentials.save(tracker, pair, now=now, by=by, owner=seen.owner)
        logger.info("the mirror was connected as %s by user %s", seen.owner, by.pk)
        if mirror.state == Mirror.State.AUTH:
            mirrors.goes_well(mirror, now)
        mirrors.ask_now(mirror)
    return seen


def disconnect(tracker: TrackerSettings, *, by: User, now: datetime) -> None:
    """Forget the pair; jobs wait for another one."""
    credentials.forget(tracker, now=now, by=by)
    logger.info("the mirror was disconnected by user %s", by.pk)


@sensitive_variables()
def look(tracker: TrackerSettings, now: datetime) -> Seen | None:
    """Whether the pair in force opens everything, by real calls; None without one."""
    kept = credentials.stored(tracker, now)
    if kept is None:
        return None
    try:
        seen = token_trial.try_out(tracker, credentials.opened(kept).access)
    except AuthNeeded as error:
        return Seen((token_trial.Step("token", False, str(error)),))
    if seen.owner:
        credentials.note_owner(tracker, seen.owner, now)
    return seen


def look_after(tracker: TrackerSettings, now: datetime) -> None:
    """By the clock: renew the pair in time, and find out whose it is. What fails stands in the row, and is told."""
    if tracker.backend != "yandex":
        return
    try:
        credentials.renew_in_time(tracker, now)
    except TrackerError as error:
        # The pair in force may be good for half its life yet.
        logger.warning("the token was not renewed: %s: %s", type(error).__name__, error)
    kept = credentials.stored(tracker, now)
    if kept and not kept.owner:
        look(tracker, now)
