"""A call as the routes see it, and what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from demo.tracker.records import ApiError, User
from demo.tracker.shapes import Shapes, expanded
from demo.tracker.store import Store


@dataclass
class Reply:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"

    def as_bytes(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()


@dataclass
class Request:
    """`params` are those of the query, the first value of each; `path` has neither version nor slash at the end."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Message
    content: bytes
    base: str
    store: Store
    by: User

    @property
    def shapes(self) -> Shapes:
        return Shapes(self.store, self.base)

    @property
    def expand(self) -> frozenset[str]:
        return expanded([self.params.get("expand", "")])

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; nothing is an empty one."""
        if not self.content.strip():
            return {}
        try:
            given = json.loads(self.content)
        except ValueError:
            raise ApiError(422, "Тело запроса не является JSON.") from None
        if not isinstance(given, dict):
            raise ApiError(422, "Тело запроса должно быть объектом.")
        return given

    @property
    def match(self) -> int | None:
        """The version of If-Match: `"7"`."""
        given = str(self.headers.get("If-Match", "")).strip('"')
        return int(given) if given.isdigit() else None

    def number(self, name: str, default: int) -> int:
        given = self.params.get(name, "")
        if given and not given.isdigit():
            raise ApiError(400, f"{name}: неверное число.")
        return int(given) if given else default

    def file(self) -> tuple[str, bytes, str]:
        """Name, content and type of the one file of a multipart body. The name of the query is the better one."""
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n\r\n".encode()
        for part in BytesParser(policy=HTTP).parsebytes(head + self.content).iter_parts():
            if part.get_param("name", header="Content-Disposition") == "file":
                name = self.params.get("filename") or part.get_filename() or "file"
                content = part.get_payload(decode=True)
                return name, content if isinstance(content, bytes) else b"", part.get_content_type()
        raise ApiError(422, "В запросе нет файла.")
