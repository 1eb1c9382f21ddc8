"""Calls of a tracker's API over HTTP, and what their failures mean. No retries but one, after a token was renewed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import requests
from django.views.decorators.debug import sensitive_variables

from tracker_bridge.protocol import (
    Ambiguous,
    AuthNeeded,
    Conflict,
    Exhausted,
    Gone,
    Misconfigured,
    Refused,
    TrackerError,
    Transient,
)

CONNECT_SECONDS, READ_SECONDS = 5, 30
LARGEST_ANSWER = 32 * 1024 * 1024
PIECE = 64 * 1024
LONGEST_WORDS = 500


class Keys(Protocol):
    """Where tokens come from. A backend asks for the one in force, and once for another when that is refused."""

    def current(self) -> str:
        """Raises AuthNeeded where there is none."""

    def renewed(self, refused: str) -> str:
        """Another token than the refused one; raises AuthNeeded if none can be had."""


@dataclass(frozen=True, slots=True)
class OneKey:
    """A key that lasts until somebody over there takes it away; reports of errors do not print it."""

    key: str = field(repr=False)

    def current(self) -> str:
        return self.key

    def renewed(self, refused: str) -> str:
        raise AuthNeeded("the key is not accepted")


@dataclass(frozen=True, slots=True)
class Answer:
    body: Any
    headers: Mapping[str, str]
    # The address of the next page, if the answer names one.
    following: str = ""


class Calls:
    """One session for one backend. Reads do nothing over there, so that a lost answer is only a lost answer.

    `headers` makes of a token what each call carries.
    """

    def __init__(self, url: str, keys: Keys, headers: Callable[[str], Mapping[str, str]]) -> None:
        self.url, self.keys, self.headers = url.rstrip("/"), keys, headers
        # Asked before each call by its path; comes back when the call may be made.
        self.turn: Callable[[str], None] = lambda path: None
        self._session = requests.Session()
        # No proxies or passwords from the environment of the process.
        self._session.trust_env = False

    def read(self, path: str, *, post: Mapping[str, Any] | None = None, **params: Any) -> Answer:
        """GET, or a POST that only asks. An address that a page named is taken as it is, if it is the API's own."""
        return self._call("GET" if post is None else "POST", path, params, is_read=True, json=post)

    def write(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        files: Any = None,
        data: bytes | None = None,
        **params: Any,
    ) -> Answer:
        """`data` is the content of a file as it is."""
        return self._call(method, path, params, is_read=False, json=body, files=files, data=data)

    def pieces(self, path: str) -> Iterator[bytes]:
        """The content of a file, as it comes."""
        answer = self._send("GET", path, {}, True, {"stream": True})
        with answer:
            self._raise_for(answer, is_read=True)
            try:
                yield from answer.iter_content(PIECE)
            except requests.RequestException as error:
                raise Transient(_plainly(error)) from None

    def _call(self, method: str, path: str, params: Mapping[str, Any], *, is_read: bool, **content: Any) -> Answer:
        content = {name: value for name, value in content.items() if value is not None}
        with self._send(method, path, params, is_read, {**content, "stream": True}) as answer:
            self._raise_for(answer, is_read=is_read)
            body = self._body(answer, is_read)
        return Answer(body, answer.headers, answer.links.get("next", {}).get("url", ""))

    # Reports of errors show what functions hold.
    @sensitive_variables("token")
    def _send(
        self, method: str, path: str, params: Mapping[str, Any], is_read: bool, content: Mapping[str, Any]
    ) -> requests.Response:
        self.turn(path)
        token = self.keys.current()
        answer = self._once(method, path, params, is_read, content, token)
        if answer.status_code == 401:
            answer.close()
            answer = self._once(method, path, params, is_read, content, self.keys.renewed(token))
        return answer

    @sensitive_variables("token", "headers")
    def _once(
        self, method: str, path: str, params: Mapping[str, Any], is_read: bool, content: Mapping[str, Any], token: str
    ) -> requests.Response:
        headers = dict(self.headers(token))
        if "data" in content:
            headers["Content-Type"] = "application/octet-stream"
        try:
            return self._session.request(
                method,
                self._address(path),
                params=dict(params) or None,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                # Tokens go to the API and nowhere else.
                allow_redirects=False,
                **content,
            )
        except requests.ConnectTimeout as error:
            raise Transient(_plainly(error)) from None
        except requests.RequestException as error:
            lost = Transient if is_read or _never_left(error) else Ambiguous
            raise lost(_plainly(error)) from None

    def _address(self, path: str) -> str:
        if path.startswith(("http://", "https://")):
            if not path.startswith(f"{self.url}/"):
                raise Refused("the tracker names an address that is not its own")
            return path
        return f"{self.url}/{path}"

    def _body(self, answer: requests.Response, is_read: bool) -> Any:
        lost = Transient if is_read else Ambiguous
        content = bytearray()
        try:
            for piece in answer.iter_content(PIECE):
                content += piece
                if len(content) > LARGEST_ANSWER:
                    raise lost("the answer is too long")
        except requests.RequestException as error:
            raise lost(_plainly(error)) from None
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except ValueError:
            # The page of a proxy: nobody knows what was done.
            raise lost("the answer is not JSON") from None

    def _raise_for(self, answer: requests.Response, *, is_read: bool) -> None:
        if answer.status_code < 300:
            return
        raise _error(answer, is_read)


def _error(answer: requests.Response, is_read: bool) -> TrackerError:
    """Messages are for people and in their language, so that only the number decides."""
    code, (words, named) = answer.status_code, _said(answer)
    if code == 401:
        return AuthNeeded(words)
    if code == 404:
        return Gone(words)
    if code in (409, 412, 428):
        return Conflict(words)
    if code == 423:
        return Exhausted(words)
    if code == 429:
        return Transient(words, retry_after=_pause(answer))
    if code >= 500:
        return Transient(words) if is_read else Ambiguous(words)
    if code == 403:
        return Refused(words)
    if code < 400:
        return Misconfigured(f"the tracker sends us elsewhere ({code})")
    return Refused(words, field=named)


def _said(answer: requests.Response) -> tuple[str, str]:
    """The tracker's words, and the field that it minds: a list of sentences, or a sentence for each field."""
    try:
        content = answer.raw.read(LARGEST_ANSWER // 100, decode_content=True)
        body = json.loads(content)
        errors = body.get("errors") or {}
        if isinstance(errors, list):
            return f"HTTP {answer.status_code}: {'; '.join(map(str, errors))}"[:LONGEST_WORDS], ""
        words = [*body.get("errorMessages", ()), *(f"{name}: {text}" for name, text in errors.items())]
    except (ValueError, AttributeError, OSError, requests.RequestException):
        return f"HTTP {answer.status_code}", ""
    return f"HTTP {answer.status_code}: {'; '.join(words)}"[:LONGEST_WORDS], next(iter(errors), "")


def _pause(answer: requests.Response) -> timedelta | None:
    given = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(given), 3600)) if given.isdigit() else None


def _never_left(error: requests.RequestException) -> bool:
    """The connection was not made, so that nothing can have happened."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return "NewConnectionError" in type(reason).__name__ or "NameResolution" in type(reason).__name__


def _plainly(error: Exception) -> str:
    """The kind of failure; its text would repeat addresses, and perhaps more."""
    return type(error).__name__
