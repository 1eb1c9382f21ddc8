"""Yandex OAuth: the page of consent, and pairs of tokens for a code or for a refresh token. Values in, values out."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from django.views.decorators.debug import sensitive_variables

from config.tracker import TrackerSettings
from tracker_bridge.protocol import AuthNeeded, Transient

SECONDS = (5, 20)
LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """What opens the tracker, and what gives the next one. Neither is ever printed."""

    access: str = field(repr=False)
    refresh: str = field(repr=False, default="")
    # How long it lasts from now on; None: nobody said.
    life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One asking for consent: what comes back has to fit it, and only who asked can use the code (RFC 7636)."""

    # Where the code is brought; the provider's own page shows it to whoever has to type it.
    back: str
    state: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(48))


def page_with_code(tracker: TrackerSettings) -> str:
    """Where the provider shows the code instead of bringing it: no address of ours has to be reachable from there."""
    return f"{_base(tracker)}/verification_code"


def consent(tracker: TrackerSettings, asked: Asked) -> str:
    """The page where a person lets Dispatch in."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
    given = {
        "response_type": "code",
        "client_id": tracker.client_id,
        "redirect_uri": asked.back,
        "state": asked.state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{_base(tracker)}/authorize?{urlencode(given)}"


@sensitive_variables()
def by_code(tracker: TrackerSettings, code: str, asked: Asked) -> Pair:
    """The pair that the consent gave. Raises AuthNeeded where it gave none, Transient where nobody answered."""
    return _ask(
        tracker, grant_type="authorization_code", code=code, code_verifier=asked.verifier, redirect_uri=asked.back
    )


@sensitive_variables()
def by_refresh(tracker: TrackerSettings, refresh: str) -> Pair:
    """The next pair; the last one is worth nothing after it. Raises as `by_code` does."""
    return _ask(tracker, grant_type="refresh_token", refresh_token=refresh)


@sensitive_variables()
def _ask(tracker: TrackerSettings, **form: str) -> Pair:
    form |= {"client_id": tracker.client_id, "client_secret": tracker.client_secret}
    try:
        with requests.Session() as session:
            # No proxies or passwords from the environment of the process.
            session.trust_env = False
            answer = session.post(f"{_base(tracker)}/token", data=form, timeout=SECONDS, allow_redirects=False)
            body = answer.json()
    except (requests.RequestException, ValueError) as error:
        # The text of such an error may repeat what was sent.
        raise Transient(f"OAuth: {type(error).__name__}") from None
    if answer.status_code == 200 and isinstance(body, dict) and body.get("access_token"):
        return _pair(body, form.get("refresh_token", ""))
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Transient(f"OAuth: HTTP {answer.status_code}")
    words = f"{body.get('error', '')} {body.get('error_description', '')}" if isinstance(body, dict) else ""
    raise AuthNeeded(f"OAuth: HTTP {answer.status_code} {words}".strip()[:LONGEST_WORDS])


@sensitive_variables()
def _pair(body: dict[str, Any], refresh: str) -> Pair:
    """A refresh token that is not given anew stays the one that was used."""
    seconds = str(body.get("expires_in") or "")
    return Pair(
        access=str(body["access_token"]),
        refresh=str(body.get("refresh_token") or refresh),
        life=timedelta(seconds=int(seconds)) if seconds.isdigit() else None,
    )


def _base(tracker: TrackerSettings) -> str:
    return tracker.oauth_url.rstrip("/")
