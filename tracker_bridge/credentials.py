"""Pairs of tokens: sealed in the database, renewed in time by one process at a time, written before they are used."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import requests
from django.db import transaction
from django.utils import timezone

from config.tracker import TrackerSettings
from mailbox import sealing
from mailbox.locks import alone
from tracker_bridge.models import Credentials
from tracker_bridge.protocol import AuthNeeded, Transient

# Any numbers that no other lock of this database has.
LOCK_CLASS, LOCK = 77_421, 1
PURPOSE = b"dispatch tracker token"
# A pair of unknown life is renewed as the tracker's documentation advises.
UNKNOWN_LIFE = timedelta(days=180)
WARN_BEFORE = timedelta(days=30)
TRY_AGAIN = timedelta(hours=1)
KEPT_SECONDS = 20.0
SECONDS = (5, 20)
LONGEST_WORDS = 200


class Stored:
    """The keys of a backend, from the database; the settings' pair is only the seed."""

    def __init__(self, tracker: TrackerSettings, clock: Callable[[], datetime] = timezone.now) -> None:
        self._tracker, self._clock = tracker, clock
        self._access, self._until = "", 0.0

    def current(self) -> str:
        """Kept for some seconds, so that a call costs no query."""
        if not self._access or time.monotonic() > self._until:
            pair = stored(self._tracker, self._clock())
            if pair is None:
                raise AuthNeeded("no token has been given")
            self._access, self._until = _open(pair.access), time.monotonic() + KEPT_SECONDS
        return self._access

    def renewed(self, refused: str) -> str:
        """What somebody else has renewed meanwhile, or a new pair."""
        self._access = ""
        if self.current() == refused:
            renew(self._tracker, self._clock(), refused=refused)
            self._access = ""
        if self.current() == refused:
            raise AuthNeeded("the token is not accepted any more")
        return self._access


def stored(tracker: TrackerSettings, now: datetime) -> Credentials | None:
    """The pair in force. Another pair in the settings than the one it began with takes its place."""
    seed = _seed(tracker)
    pair = Credentials.objects.filter(backend=tracker.backend).first()
    if tracker.access and (pair is None or (pair.seed and pair.seed != seed)):
        return save(tracker, tracker.access, tracker.refresh, now=now, seed=seed)
    return pair


def save(
    tracker: TrackerSettings,
    access: str,
    refresh: str,
    *,
    now: datetime,
    life: timedelta | None = None,
    seed: str | None = None,
) -> Credentials:
    """Keep a pair. One that a person pasted or allowed stands until the settings name another one than now."""
    facts = {
        "access": sealing.seal(access, PURPOSE),
        "refresh": sealing.seal(refresh, PURPOSE) if refresh else "",
        "issued_at": now,
        "expires_at": now + life if life else None,
        "said": "",
        "seed": _seed(tracker) if seed is None else seed,
    }
    return Credentials.objects.update_or_create(backend=tracker.backend, defaults=facts)[0]


def renew(tracker: TrackerSettings, now: datetime, *, refused: str = "") -> bool:
    """A new pair for the refresh token; False if another process is at it. The old pair is worth nothing after it.

    Raises AuthNeeded where the tracker gives none, Transient where it did not answer.
    """
    with alone(LOCK_CLASS, LOCK) as is_alone:
        if not is_alone:
            return False
        pair = stored(tracker, now)
        if pair is None or (refused and _open(pair.access) != refused):
            return pair is not None
        if not pair.refresh:
            raise AuthNeeded("there is no refresh token: give a new pair")
        Credentials.objects.filter(pk=pair.pk).update(tried_at=now)
        try:
            given = _ask(tracker, grant_type="refresh_token", refresh_token=_open(pair.refresh))
        except AuthNeeded as error:
            Credentials.objects.filter(pk=pair.pk).update(said=str(error))
            raise
        # At once, and in a transaction of its own: nobody may use what is not written.
        with transaction.atomic():
            _keep(tracker, given, _open(pair.refresh), now, pair.seed)
    return True


def by_code(tracker: TrackerSettings, code: str, now: datetime) -> Credentials:
    """The pair for the code that a person's consent gave; raises as `renew` does."""
    return _keep(tracker, _ask(tracker, grant_type="authorization_code", code=code), "", now, None)


def renew_in_time(tracker: TrackerSettings, now: datetime) -> bool:
    """Renew at half of the pair's life, and not more often than hourly if that fails; True if it was renewed."""
    pair = stored(tracker, now)
    if pair is None or not pair.refresh:
        return False
    life = pair.expires_at - pair.issued_at if pair.expires_at else UNKNOWN_LIFE
    is_due = now >= pair.issued_at + life / 2
    if not is_due or (pair.tried_at and now < pair.tried_at + TRY_AGAIN and pair.tried_at > pair.issued_at):
        return False
    return renew(tracker, now)


def ends_soon(tracker: TrackerSettings, now: datetime) -> datetime | None:
    """When the pair ends, if that is near: renewing it in time must have failed."""
    pair = stored(tracker, now)
    return pair.expires_at if pair and pair.expires_at and pair.expires_at - now < WARN_BEFORE else None


def _keep(
    tracker: TrackerSettings, given: dict[str, Any], refresh: str, now: datetime, seed: str | None
) -> Credentials:
    life = timedelta(seconds=int(given["expires_in"])) if given.get("expires_in") else None
    refresh = str(given.get("refresh_token") or refresh)
    return save(tracker, str(given["access_token"]), refresh, now=now, life=life, seed=seed)


def _ask(tracker: TrackerSettings, **form: str) -> dict[str, Any]:
    form |= {"client_id": tracker.client_id, "client_secret": tracker.client_secret}
    try:
        answer = requests.post(
            f"{tracker.oauth_url.rstrip('/')}/token", data=form, timeout=SECONDS, allow_redirects=False
        )
        body = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Transient(f"OAuth: {type(error).__name__}") from None
    if answer.status_code == 200 and isinstance(body, dict) and body.get("access_token"):
        return body
    if answer.status_code >= 500:
        raise Transient(f"OAuth: HTTP {answer.status_code}")
    words = f"{body.get('error', '')} {body.get('error_description', '')}" if isinstance(body, dict) else ""
    raise AuthNeeded(f"OAuth: HTTP {answer.status_code} {words}".strip()[:LONGEST_WORDS])


def _seed(tracker: TrackerSettings) -> str:
    return hashlib.sha256(f"{tracker.access}\n{tracker.refresh}".encode()).hexdigest() if tracker.access else ""


def _open(sealed: str) -> str:
    try:
        return sealing.unseal(sealed, PURPOSE)
    except sealing.WrongKey:
        raise AuthNeeded("the tokens were sealed under another SECRET_KEY: give a new pair") from None
