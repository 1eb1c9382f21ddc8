"""A local look-alike of Telegram's Bot API: what messages of the desk need of it, and its known failures."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TOKEN = "100200300:demo"
# As Telegram answers: status, description, further members.
FAULTS: dict[str, tuple[int, str]] = {
    "busy": (429, "Too Many Requests: retry after {retry_after}"),
    "down": (502, "Bad Gateway"),
    "error": (500, "Internal Server Error"),
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "late": (504, "Gateway Timeout"),  # the message arrives all the same
    "html": (503, ""),  # a proxy's page instead of an answer
    "hang": (0, ""),  # no answer at all
    "mute": (0, ""),  # the message arrives, and no answer comes
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Telegram of the demo</title>
<h1>Sent by the bot: {number}</h1>{rows}</html>"""
ROW = "<article><h2>{at} to {chat}</h2><pre>{text}</pre></article>"
LONGEST = 4096


@dataclass(frozen=True)
class Message:
    chat: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    kind: str = "application/json; charset=utf-8"


class Telegram:
    """The server, in threads of its own; `fail()` and POST /fault make it misbehave.

    `chats` are the chats that have written to the bot; without any, every chat has. `write()` and POST /write are
    somebody who writes to it.
    """

    def __init__(
        self, *, token: str = TOKEN, chats: frozenset[str] = frozenset(), host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.token, self.chats = token, chats
        self.sent: list[Message] = []
        self.updates: list[dict[str, object]] = []
        self.calls = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._fault, self._times, self._retry_after = "", 0, 1
        self._update = 0
        self._http = _Server((host, port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{self._http.server_address[0]!s}:{self.port}"

    def fail(self, fault: str, *, times: int = 1, retry_after: int = 1) -> None:
        """Answer the next calls so; `times=0` heals."""
        if fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; one of {', '.join(FAULTS)}")
        with self._lock:
            self._fault, self._times, self._retry_after = fault, times, retry_after

    def write(self, chat: str, text: str) -> None:
        """Somebody writes to the bot."""
        with self._lock:
            number = self._update = self._update + 1
            facts = {"message_id": number, "chat": {"id": int(chat), "type": "private"}, "text": text}
            self.updates.append({"update_id": number, "message": facts})

    def answer(self, path: str, given: Mapping[str, object]) -> Answer | None:
        """What the Bot API says to this call; None is silence."""
        with self._lock:
            self.calls += 1
            is_faulty = self._times > 0
            self._times -= is_faulty
        if is_faulty:
            if self._fault in ("late", "mute"):
                self._take(given)
            return self._failure()
        bot, _, method = path.removeprefix("/").partition("/")
        if bot != f"bot{self.token}":
            return _refusal(401, "Unauthorized")
        if method == "getMe":
            return _fine({"id": 100200300, "is_bot": True, "first_name": "Dispatch", "username": "dispatch_demo_bot"})
        known = {"sendMessage": self._take, "getUpdates": self._give}
        return known[method](given) if method in known else _refusal(404, "Not Found")

    def _give(self, given: Mapping[str, object]) -> Answer:
        """What was written and is not confirmed; `offset` confirms what came before it."""
        offset = given.get("offset", 0)
        with self._lock:
            if isinstance(offset, int) and offset > 0:
                self.updates = [each for each in self.updates if int(str(each["update_id"])) >= offset]
            return _fine(list(self.updates))

    def _failure(self) -> Answer | None:
        status, words = FAULTS[self._fault]
        if self._fault in ("hang", "mute"):
            return None
        if self._fault == "html":
            return Answer(status, b"<html><h1>503 Service Unavailable</h1></html>", "text/html")
        more = {"parameters": {"retry_after": self._retry_after}} if self._fault == "busy" else {}
        return _refusal(status, words.format(retry_after=self._retry_after), more)

    def _take(self, given: Mapping[str, object]) -> Answer:
        chat, text = str(given.get("chat_id", "")), str(given.get("text", ""))
        if not chat or (self.chats and chat not in self.chats):
            return _refusal(400, "Bad Request: chat not found" if chat else "Bad Request: chat_id is empty")
        if not text.strip():
            return _refusal(400, "Bad Request: message text is empty")
        if len(text) > LONGEST:
            return _refusal(400, "Bad Request: message is too long")
        with self._lock:
            self.sent.append(Message(chat, text, datetime.now(UTC)))
            number = len(self.sent)
        return _fine({"message_id": number, "chat": {"id": chat}, "text": text})

    def page(self) -> str:
        """Everything that was sent, the newest first."""
        rows = "".join(
            ROW.format(at=f"{each.at:%H:%M:%S}", chat=escape(each.chat), text=escape(each.text))
            for each in reversed(self.sent)
        )
        return PAGE.format(number=len(self.sent), rows=rows)

    def __enter__(self) -> "Telegram":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _fine(result: Mapping[str, object] | list[dict[str, object]]) -> Answer:
    return Answer(200, json.dumps({"ok": True, "result": result}).encode())


def _refusal(status: int, words: str, more: Mapping[str, object] | None = None) -> Answer:
    said = {"ok": False, "error_code": status, "description": words, **(more or {})}
    return Answer(status, json.dumps(said).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], telegram: Telegram) -> None:
        super().__init__(address, _Handler)
        self.telegram = telegram

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up waiting is what the faults are for: no traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet: the address of a call holds the token."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/":
            self._send(Answer(200, self.server.telegram.page().encode(), "text/html; charset=utf-8"))
            return
        self._call({})

    def do_POST(self) -> None:
        try:
            given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
            if self.path == "/fault":
                self.server.telegram.fail(given.pop("fault"), **given)
                self._send(Answer(204, b""))
                return
            if self.path == "/write":
                self.server.telegram.write(str(given["chat"]), str(given["text"]))
                self._send(Answer(204, b""))
                return
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._send(_refusal(400, f"Bad Request: {error}"))
            return
        self._call(given)

    def _call(self, given: Mapping[str, object]) -> None:
        answer = self.server.telegram.answer(urlsplit(self.path).path, given)
        if answer is None:
            self.server.telegram.stopping.wait()
            return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
