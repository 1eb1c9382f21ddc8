"""The look-alike over HTTP, in threads of its own."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.tracker import consent, page
from demo.tracker.faults import SLOW_SECONDS, Fault, Faults
from demo.tracker.hooks import Hooks
from demo.tracker.paging import Pages
from demo.tracker.records import ApiError, User
from demo.tracker.request import Reply, Request
from demo.tracker.routes import route
from demo.tracker.store import Store
from demo.tracker.tokens import Tokens

logger = logging.getLogger(__name__)
QUEUE, TOKEN = "DISPATCH", "demo-token"
ORGANISATION = "1234567"
HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
LARGEST_BODY = 140 * 1024 * 1024
HANG = 60


class Tracker:
    """`with Tracker() as tracker:` serves at `tracker.url`; queue, token and keys of fields come from `env`.

    Faults, lag and required screens are off until they are asked for: `faults`, `store.rules`, `store.steps`,
    `tokens`. Whatever reads or changes `store` from outside holds `lock`.
    """

    def __init__(
        self, *, env: Mapping[str, str] | None = None, host: str = "127.0.0.1", port: int = 0, wait: float = HANG
    ) -> None:
        env = os.environ if env is None else env
        self.store = Store(env.get("YT_QUEUE") or QUEUE, env)
        self.tokens = Tokens(env.get("YT_ACCESS_TOKEN") or TOKEN, self.store.robot)
        self.tokens.client_id = env.get("YT_CLIENT_ID") or self.tokens.client_id
        self.tokens.client_secret = env.get("YT_CLIENT_SECRET") or self.tokens.client_secret
        self.faults, self.pages, self.hooks = Faults(), Pages(), Hooks()
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.wait = wait
        # (method, path without version) of every call that was let in.
        self.calls: list[tuple[str, str]] = []
        self._http = _Server((host, port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def fail(self, **fault: Any) -> None:
        """The next call that fits fails; see demo.tracker.faults.Fault."""
        self.faults.add(Fault(**fault))

    def person(self, login: str = "anna") -> User:
        return self.store.user(login)

    def start(self) -> Tracker:
        self._thread.start()
        self.hooks.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self.hooks.stop()
        self._http.server_close()

    def __enter__(self) -> Tracker:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The bridge and its benches open many connections at once.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], tracker: Tracker) -> None:
        self.tracker = tracker
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Whoever called has gone; the caller's own log says why.
        logger.debug("a call was broken off", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in one piece, at once.
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        logger.debug(format, *args)

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        tracker, parts = self.server.tracker, urlsplit(self.path)
        content = self._content()
        if content is None:
            return
        if parts.path == "/_knobs":
            self._send(_knobs(tracker, content))
        elif parts.path in (consent.AUTHORIZE, consent.SHOWN):
            with tracker.lock:
                answer = consent.answer(tracker, self.command, parts.path, parse_qs(parts.query), content)
            self._send(answer)
        elif parts.path in ("/", "/act") or parts.path.startswith("/page/"):
            with tracker.lock:
                answer = page.answer(tracker, self.command, parts.path, parse_qs(parts.query), content)
            self._send(answer)
        elif parts.path in ("/oauth/token", "/token"):
            self._with_fault("/oauth/token", lambda: self._token(content))
        else:
            self._with_fault(parts.path, lambda: self._api(parts.path, parts.query, content))

    def _with_fault(self, path: str, work: Callable[[], Reply]) -> None:
        """The answer, or what a fault makes of it, before or after its effect."""
        tracker = self.server.tracker
        fault = tracker.faults.next(self.command, path)
        if fault is not None and fault.kind == "slow":
            time.sleep(SLOW_SECONDS)
            fault = None
        if fault is None:
            self._send(work())
            return
        if fault.after:
            work()
        if fault.kind == "drop":
            self.close_connection = True
        elif fault.kind == "hang":
            tracker.stopping.wait(tracker.wait)
            self.close_connection = True
        elif fault.kind == "html":
            self._send(Reply(HTML.encode(), fault.status or 200, content_type="text/html"))
        else:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._send(Reply(_refusal(ApiError(fault.status, fault.message)), fault.status, headers))

    def _api(self, path: str, query: str, content: bytes) -> Reply:
        tracker = self.server.tracker
        _, version, *rest = path.split("/", 2)
        try:
            if version not in ("v2", "v3") or not rest:
                raise ApiError(404, "Ресурс не существует.")
            name = rest[0].strip("/")
            with tracker.lock:
                by = self._who()
                tracker.faults.bucket.take()
                tracker.calls.append((self.command, name))
                function, names = route(self.command, name)
                params = {key: values[0] for key, values in parse_qs(query, keep_blank_values=True).items()}
                base = f"http://{self.headers.get('Host', urlsplit(tracker.url).netloc)}/{version}"
                request = Request(self.command, name, params, self.headers, content, base, tracker.store, by)
                return function(tracker, request, **names)
        except ApiError as error:
            headers = {"Retry-After": "1"} if error.status == 429 and tracker.faults.bucket.says_when else {}
            return Reply(_refusal(error), error.status, headers)

    def _who(self) -> User:
        user = self.server.tracker.tokens.user(self.headers.get("Authorization", ""))
        if not self.server.tracker.tokens.names_organisation(self.headers):
            raise ApiError(403, "Организация не указана.")
        if not user.may_work or not user.has_license:
            raise ApiError(403, "Нет прав на доступ к Трекеру.")
        return user

    def _token(self, content: bytes) -> Reply:
        form = {name: values[0] for name, values in parse_qs(content.decode("utf-8", "replace")).items()}
        with self.server.tracker.lock:
            status, answer = self.server.tracker.tokens.grant(form, self.headers.get("Authorization", ""))
        return Reply(answer, status)

    def _content(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._send(Reply(_refusal(ApiError(413, "Слишком большой запрос.")), 413))
            return None
        return self.rfile.read(length)

    def _send(self, reply: Reply) -> None:
        body = reply.as_bytes()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def _refusal(error: ApiError) -> dict[str, Any]:
    return {
        "errors": error.errors,
        "errorsData": {},
        "errorMessages": [error.message] if error.message else [],
        "statusCode": error.status,
    }


def _knobs(tracker: Tracker, content: bytes) -> Reply:
    """POST {"rules": {...}, "bucket": {...}, "fail": {...}, "tokens": "expire"|"revoke"}: see docs/tracker.md."""
    given = json.loads(content or b"{}")
    with tracker.lock:
        for name, value in given.get("rules", {}).items():
            if not hasattr(tracker.store.rules, name):
                return Reply({"error": f"no such rule: {name}"}, 422)
            setattr(tracker.store.rules, name, value)
        for name, value in given.get("bucket", {}).items():
            setattr(tracker.faults.bucket, name, value)
        if given.get("fail"):
            tracker.fail(**given["fail"])
        if given.get("tokens") in ("expire", "revoke"):
            getattr(tracker.tokens, given["tokens"])()
    return Reply({"at": time.time()})
