"""Pairs of tokens: sealed in the database, renewed in time by one process at a time, written before they are used.

A process that dies between the tracker's giving a new pair and its being written loses that pair: the old one may be
worth nothing by then, and the mirror waits for a person (state "waits for a token"), with everything kept.
`was_cut_short` tells so. One that dies after writing has lost nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.tracker import TrackerSettings
from mailbox import sealing
from mailbox.locks import alone
from tracker_bridge import oauth
from tracker_bridge.models import Credentials
from tracker_bridge.oauth import Pair
from tracker_bridge.protocol import AuthNeeded, TrackerError, Transient

if TYPE_CHECKING:
    from dispatchers.models import User

# Any numbers that no other lock of this database has.
LOCK_CLASS, LOCK = 77_421, 1
PURPOSE = b"dispatch tracker token"
# A pair of unknown life is renewed as the tracker's documentation advises.
UNKNOWN_LIFE = timedelta(days=180)
WARN_BEFORE = timedelta(days=30)
TRY_AGAIN = timedelta(hours=1)
KEPT_SECONDS = 20.0
# Whoever renews is given so long: more than the two limits of a call to OAuth together.
PATIENCE_SECONDS, LOOK_SECONDS = 30.0, 0.1


class Stored:
    """The keys of a backend, from the database; the settings' pair is only the seed."""

    def __init__(self, tracker: TrackerSettings, clock: Callable[[], datetime] = timezone.now) -> None:
        self._tracker, self._clock = tracker, clock
        self._access, self._until = "", 0.0

    @sensitive_variables()
    def current(self) -> str:
        """Kept for some seconds, so that a call costs no query."""
        if not self._access or time.monotonic() > self._until:
            pair = stored(self._tracker, self._clock())
            if pair is None:
                raise AuthNeeded(_("No token has been given."))
            self._access, self._until = opened(pair).access, time.monotonic() + KEPT_SECONDS
        return self._access

    @sensitive_variables()
    def renewed(self, refused: str) -> str:
        """What somebody else has renewed meanwhile, or a new pair."""
        self._access = ""
        if self.current() == refused:
            renew(self._tracker, refused, self._clock())
            self._access = ""
        if self.current() == refused:
            raise AuthNeeded(_("The token is not accepted any more."))
        return self._access


def stored(tracker: TrackerSettings, now: datetime) -> Credentials | None:
    """The pair in force. Another pair in the settings than at the time it was given takes its place."""
    pair = Credentials.objects.filter(backend=tracker.backend).select_related("given_by").first()
    if tracker.access and (pair is None or pair.seed != _seed(tracker)):
        return save(tracker, Pair(tracker.access, tracker.refresh), now=now)
    return pair if pair and pair.access else None


@sensitive_variables()
def save(
    tracker: TrackerSettings, pair: Pair, *, now: datetime, by: User | None = None, owner: str = ""
) -> Credentials:
    """Keep a pair from now on, as `owner` of whom the tracker was just asked. It stands until the settings change."""
    more = {"owner": owner, "seen_at": now if owner else None, "given_by": by, "seed": _seed(tracker)}
    facts = _facts(pair, now) | {"tried_at": None} | more
    return Credentials.objects.update_or_create(backend=tracker.backend, defaults=facts)[0]


def forget(tracker: TrackerSettings, *, now: datetime, by: User | None) -> None:
    """Throw the pair away; that of the settings does not come back by itself."""
    save(tracker, Pair(""), now=now, by=by)


@sensitive_variables()
def opened(pair: Credentials) -> Pair:
    """The tokens themselves. Raises AuthNeeded if they were sealed under another SECRET_KEY."""
    try:
        access = sealing.unseal(pair.access, PURPOSE)
        return Pair(access, sealing.unseal(pair.refresh, PURPOSE) if pair.refresh else "")
    except sealing.WrongKey:
        raise AuthNeeded(_("The tokens were sealed under another SECRET_KEY: connect anew.")) from None


@sensitive_variables()
def renew(tracker: TrackerSettings, refused: str, now: datetime) -> bool:
    """Another pair in place of this access token; False if somebody else has seen to it. Whoever comes second waits.

    Raises AuthNeeded where the tracker gives none, Transient where it did not answer.
    """
    with _in_turn():
        kept = stored(tracker, now)
        if kept is None:
            raise AuthNeeded(_("No token has been given."))
        pair = opened(kept)
        if pair.access != refused:
            return False
        if not pair.refresh:
            raise AuthNeeded(_("There is no refresh token: connect anew."))
        rows = Credentials.objects.filter(pk=kept.pk)
        rows.update(tried_at=now, said="", is_refused=False)
        try:
            given = oauth.by_refresh(tracker, pair.refresh)
        except TrackerError as error:
            rows.update(said=str(error), is_refused=isinstance(error, AuthNeeded))
            raise
        # At once, and in a transaction of its own that nothing can take back: nobody may use what is not written.
        with transaction.atomic(durable=True):
            # A person who connected anew meanwhile, or disconnected, has the last word.
            return bool(rows.filter(access=kept.access).update(**_facts(given, now)))


@sensitive_variables()
def renew_in_time(tracker: TrackerSettings, now: datetime) -> bool:
    """Renew at half of the pair's life, and not more often than hourly if that fails; True if it was renewed."""
    kept = stored(tracker, now)
    if kept is None or now < (renewed_from(kept) or now + TRY_AGAIN):
        return False
    if kept.tried_at and kept.tried_at > kept.issued_at and now < kept.tried_at + TRY_AGAIN:
        return False
    return renew(tracker, opened(kept).access, now)


def renewed_from(kept: Credentials) -> datetime | None:
    """From when on the pair is renewed; None: it cannot be."""
    life = kept.expires_at - kept.issued_at if kept.expires_at else UNKNOWN_LIFE
    return kept.issued_at + life / 2 if kept.refresh else None


def ends_soon(tracker: TrackerSettings, now: datetime) -> datetime | None:
    """When the pair ends, if that is near: renewing it in time must have failed."""
    kept = stored(tracker, now)
    return kept.expires_at if kept and kept.expires_at and kept.expires_at - now < WARN_BEFORE else None


def was_cut_short(kept: Credentials) -> bool:
    """A renewal began, and nobody wrote what came of it: the process died, or is at it."""
    return bool(kept.tried_at and kept.tried_at > kept.issued_at and not kept.said)


def note_owner(tracker: TrackerSettings, owner: str, now: datetime) -> None:
    """The tracker was asked whose token it is."""
    Credentials.objects.filter(backend=tracker.backend).exclude(access="").update(owner=owner, seen_at=now)


@contextmanager
def _in_turn() -> Iterator[None]:
    """One process at a time; the lock ends with the process that holds it, however it ends."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with alone(LOCK_CLASS, LOCK) as is_alone:
            if is_alone:
                yield
                return
        time.sleep(LOOK_SECONDS)
    raise Transient("another process is renewing the token")


@sensitive_variables()
def _facts(pair: Pair, now: datetime) -> dict[str, Any]:
    return {
        "access": sealing.seal(pair.access, PURPOSE) if pair.access else "",
        "refresh": sealing.seal(pair.refresh, PURPOSE) if pair.refresh else "",
        "issued_at": now,
        "expires_at": now + pair.life if pair.life else None,
        "said": "",
        "is_refused": False,
    }


@sensitive_variables()
def _seed(tracker: TrackerSettings) -> str:
    return hashlib.sha256(f"{tracker.access}\n{tracker.refresh}".encode()).hexdigest() if tracker.access else ""
