"""What the look-alike keeps. Plain rows; who changes them is demo.tracker.store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# A refusal names the field it minds, as the real one does.
Messages = Mapping[str, str]


class ApiError(Exception):
    """An answer that is not the one asked for."""

    def __init__(self, status: int, message: str = "", errors: Messages | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, dict(errors or {})


@dataclass
class User:
    uid: str
    login: str
    display: str
    email: str
    has_license: bool = True
    dismissed: bool = False
    # May read and write issues; without it every call is answered 403.
    may_work: bool = True


@dataclass(frozen=True)
class Status:
    id: str
    key: str
    name: str
    type: str


@dataclass
class Field:
    """A field of issues. `id` stands in their JSON; of local ones it is longer than the key."""

    id: str
    key: str
    name: str
    type: str
    options: list[str] | None = None
    readonly: bool = False
    queue: str = ""

    @property
    def is_array(self) -> bool:
        return self.type == "array"


@dataclass(frozen=True)
class Step:
    """A transition; `source` None: from everywhere. Fields of the screen have to be given."""

    id: str
    name: str
    source: str | None
    target: str
    screen: tuple[str, ...] = ()


@dataclass
class File:
    id: str
    name: str
    content: bytes
    content_type: str
    author: User
    at: datetime


@dataclass
class Comment:
    id: int
    long_id: str
    text: str
    author: User
    at: datetime
    updated_at: datetime
    version: int = 1
    files: list[File] = field(default_factory=list)
    # "email" where a letter made it.
    transport: str = "internal"


@dataclass
class Change:
    """A row of the changelog."""

    id: str
    type: str
    at: datetime
    author: User
    # (field id, before, after)
    fields: list[tuple[str, Any, Any]] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)


@dataclass
class Link:
    id: int
    kind: str
    other: str


@dataclass
class Issue:
    id: str
    key: str
    queue: str
    status: str
    author: User
    writer: User
    created_at: datetime
    updated_at: datetime
    unique: str = ""
    version: int = 1
    previous: str = ""
    aliases: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    is_hidden: bool = False
    # Moments (by time.monotonic) from which the search shows the issue as it was then; empty without a lag.
    shown: list[tuple[float, Issue]] = field(default_factory=list, repr=False)


@dataclass
class Trigger:
    """Calls a web address whenever an issue changes or a comment is made."""

    id: int
    name: str
    endpoint: str
    headers: dict[str, str]
    body: str
    log: list[dict[str, Any]] = field(default_factory=list)
