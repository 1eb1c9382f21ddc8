"""Tokens of the look-alike and its OAuth end: pairs that are rotated, that end, that are taken back."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from demo.tracker.records import ApiError, User

YEAR = 365 * 24 * 3600


@dataclass
class Pair:
    access: str
    refresh: str
    user: User
    ends_at: float


class Tokens:
    """`life` is of new pairs, in seconds. The refresh token ends with the access token, as the real one does.

    `slow`: so many seconds a new pair takes. `header`: the one of two that names the organisation; empty, any does.
    """

    def __init__(self, first: str, user: User) -> None:
        self.life, self.slow, self.granted = YEAR, 0.0, 0
        self.header = ""
        self.client_id, self.client_secret = "demo-client", "demo-secret"
        self.pairs = [Pair(first, "demo-refresh", user, time.time() + YEAR)]
        # By the code: who let the application in, and what only the one who asked can answer (RFC 7636).
        self.codes: dict[str, tuple[User, str]] = {}

    def user(self, header: str) -> User:
        kind, _, token = header.partition(" ")
        for pair in self.pairs:
            if kind in ("OAuth", "Bearer") and pair.access == token and pair.ends_at > time.time():
                return pair.user
        raise ApiError(401, "Не авторизован.")

    def names_organisation(self, headers: Message) -> bool:
        return any(headers.get(name) for name in ([self.header] if self.header else ["X-Org-ID", "X-Cloud-Org-ID"]))

    def expire(self) -> None:
        """Every access token ends now; refresh tokens still serve, as after an early invalidation."""
        for pair in self.pairs:
            pair.access = f"ended-{secrets.token_hex(4)}"

    def revoke(self) -> None:
        """Nothing serves any more: the password was changed, or the user logged out everywhere."""
        self.pairs.clear()

    def grant(self, form: Mapping[str, str], header: str) -> tuple[int, dict[str, object]]:
        """POST /token: a new pair for a refresh token or a code."""
        if not self._knows_client(form, header):
            return 401, {"error": "invalid_client", "error_description": "Wrong client secret"}
        if form.get("grant_type") == "authorization_code":
            user = self._let_in(form)
        elif form.get("grant_type") == "refresh_token":
            old = next((each for each in self.pairs if each.refresh == form.get("refresh_token")), None)
            user = old.user if old and old.ends_at > time.time() else None
            if old and user:
                self.pairs.remove(old)
        else:
            return 400, {"error": "unsupported_grant_type"}
        if user is None:
            return 400, {"error": "invalid_grant", "error_description": "Token is expired or revoked"}
        time.sleep(self.slow)
        self.granted += 1
        pair = Pair(f"y0_{secrets.token_hex(16)}", f"1:{secrets.token_hex(16)}", user, time.time() + self.life)
        self.pairs.append(pair)
        return 200, {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "token_type": "bearer",
            "expires_in": self.life,
            "scope": "tracker:read tracker:write",
        }

    def code(self, user: User, challenge: str = "") -> str:
        """What the page of consent gives to the browser."""
        code = secrets.token_hex(4)
        self.codes[code] = (user, challenge)
        return code

    def _let_in(self, form: Mapping[str, str]) -> User | None:
        """Whoever let in the one who asks; a code serves once."""
        user, challenge = self.codes.pop(form.get("code", ""), (None, ""))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        fits = challenge in ("", base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
        return user if fits else None

    def _knows_client(self, form: Mapping[str, str], header: str) -> bool:
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        if header.startswith("Basic "):
            name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
            given = (name, secret)
        return given == (self.client_id, self.client_secret)
