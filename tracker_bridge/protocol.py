"""What a tracker must be able to do to be a mirror. Values only: a backend never sees the database, nor asks settings.

Trackers differ in what they can do, which `Caps` says, and in how they fail, for which there is one closed set of
errors: whoever calls a backend decides by the class alone whether to try again, to ask, or to stop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

# What a field of an issue holds; None is empty. Moments are aware and whole to the millisecond.
Value: TypeAlias = str | int | bool | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Caps:
    """What this tracker can do; what it cannot is not asked of it."""

    comments: bool = True
    edits_comments: bool = False
    files: bool = False
    # Bytes of one file; None: no limit.
    largest_file: int | None = None
    # Status changes only by the steps that the tracker's own workflow allows.
    transitions: bool = False
    # It can tell us that an issue changed.
    hints: bool = False
    links: bool = False


@dataclass(frozen=True, slots=True)
class RemoteRef:
    """An issue of a tracker. `id` never changes; `key` is what people see, and may."""

    id: str
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """`author` is a login, empty where the tracker does not say; `size` 0 likewise."""

    id: str
    name: str
    size: int
    content_type: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class RemoteComment:
    """`author` is a login; `idem` the key under which we wrote it, empty for what others wrote."""

    id: str
    author: str
    text: str
    created_at: datetime
    version: str
    idem: str = ""
    # A letter that the tracker itself sent or took in.
    is_letter: bool = False
    files: tuple[RemoteFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteIssue:
    """An issue as it is. `fields` are by our names (tracker_bridge.fields), only those the tracker knows.

    `status` is the tracker's key, `writer` the login of who wrote last, `is_ours` whether that was this installation,
    `author` the login of who created it, empty if that was us.
    """

    ref: RemoteRef
    version: str
    status: str
    fields: Mapping[str, Value]
    created_at: datetime
    updated_at: datetime
    writer: str = ""
    is_ours: bool = False
    author: str = ""
    # In the queue that is mirrored; False after it was moved elsewhere.
    in_scope: bool = True
    comment_count: int | None = None
    # When the newest comment was written or rewritten; None where the tracker does not say.
    commented_at: datetime | None = None
    # Of the issue itself and perhaps of its comments; without those that we put there, where the tracker says whose.
    files: tuple[RemoteFile, ...] = ()
    # Fields of ours that this issue does not have at all: nobody has emptied them.
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """Who changed a field, from the tracker's own history; `field` is our name, or "status"."""

    at: datetime
    author: str
    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class RemotePerson:
    """Somebody who may be given issues."""

    login: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be put beside a comment."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """An issue to be created."""

    summary: str
    description: str
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Issues that changed, oldest change first; `cursor` goes on after them. An empty page: nothing more now."""

    issues: tuple[RemoteIssue, ...]
    cursor: str
    # How many are left, these among them, as far as the tracker says.
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the tracker that has to be put right by a person; `words` for his eyes, `code` for tests."""

    code: str
    words: str
    # Without it nothing can be mirrored at all.
    is_fatal: bool = False


class TrackerBackend(Protocol):
    """One tracker. Every method but `check` may raise any TrackerError; none touches the database."""

    name: str
    caps: Caps

    def check(self) -> list[Problem]:
        """Whether we may work there, and whether all that the mapping names exists."""

    def ensure_issue(self, draft: IssueDraft, *, idem: str) -> RemoteIssue:
        """Create the issue, or find the one created under the same key before."""

    def get_issue(self, ref: RemoteRef) -> RemoteIssue:
        """As it is now, by its id. Raises Gone."""

    def update_fields(self, ref: RemoteRef, changes: Mapping[str, Value], *, expect: str) -> RemoteIssue:
        """Write these fields and no others; Conflict if the version is not `expect` any more."""

    def set_status(self, ref: RemoteRef, status: str) -> RemoteIssue:
        """Bring it to this status; nothing happens if it is there. Refused where no step leads there."""

    def put_comment(
        self,
        ref: RemoteRef,
        text: str,
        files: Sequence[Upload] = (),
        *,
        idem: str,
        replace: str = "",
        again: bool = True,
    ) -> RemoteComment:
        """Write a comment once under this key, however often it is asked; `replace` is a comment to be rewritten.

        `again=False`: it has surely never been asked before, so that nobody need look.
        """

    def comments(self, ref: RemoteRef) -> list[RemoteComment]:
        """All of them, oldest first."""

    def history(self, ref: RemoteRef, *, since: datetime) -> list[FieldChange]:
        """Who changed what, oldest first; empty where the tracker keeps none."""

    def changes(self, cursor: str) -> Iterator[ChangePage]:
        """What changed after the cursor, in pages; "" begins with everything. An issue may come twice."""

    def people(self) -> list[RemotePerson]:
        """Everybody who may be given issues."""

    def open_file(self, ref: RemoteRef, file: RemoteFile) -> Iterator[bytes]:
        """The content of a file, in pieces."""


class TrackerError(Exception):
    """A call that was not answered as asked. `str()` is the tracker's own words, without secrets."""


class Transient(TrackerError):
    """It has surely not happened, and may well do later."""

    def __init__(self, words: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Ambiguous(TrackerError):
    """Nobody knows whether it happened: the answer was lost. Calling again with the same key is safe."""


class AuthNeeded(TrackerError):
    """The token is no good, and no new one can be had without a person."""


class Refused(TrackerError):
    """The tracker will not do it, however often it is asked. `field` is our name of what it minds, if it said.

    `steps`: the statuses that it would allow instead.
    """

    def __init__(self, words: str, *, field: str = "", steps: Sequence[str] = ()) -> None:
        super().__init__(words)
        self.field = field
        self.steps = tuple(steps)


class Conflict(TrackerError):
    """Somebody was faster. `current` is the issue as it is, if it was told."""

    def __init__(self, words: str, *, current: RemoteIssue | None = None) -> None:
        super().__init__(words)
        self.current = current


class Gone(TrackerError):
    """There is no such issue, or we may not see it."""


class Exhausted(TrackerError):
    """The issue takes no more changes, or no more comments: the tracker's limit of an issue is reached."""


class Misconfigured(TrackerError):
    """The settings name something that the tracker does not have."""
