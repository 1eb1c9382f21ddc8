"""No tracker. Whoever asks for the mirror without one configured gets this, and nothing happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from tracker_bridge.protocol import (
    Caps,
    ChangePage,
    FieldChange,
    IssueDraft,
    Misconfigured,
    Problem,
    RemoteComment,
    RemoteFile,
    RemoteIssue,
    RemotePerson,
    RemoteRef,
    Upload,
    Value,
)


class NullBackend:
    """Never changes anything; there is no issue in it, so that whatever needs one is told that no tracker is set."""

    name = "null"
    caps = Caps(comments=False)

    def check(self) -> list[Problem]:
        return []

    def ensure_issue(self, draft: IssueDraft, *, idem: str) -> RemoteIssue:
        self._absent()

    def get_issue(self, ref: RemoteRef) -> RemoteIssue:
        self._absent()

    def update_fields(self, ref: RemoteRef, changes: Mapping[str, Value], *, expect: str) -> RemoteIssue:
        self._absent()

    def set_status(self, ref: RemoteRef, status: str) -> RemoteIssue:
        self._absent()

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
        self._absent()

    def comments(self, ref: RemoteRef) -> list[RemoteComment]:
        return []

    def history(self, ref: RemoteRef, *, since: datetime) -> list[FieldChange]:
        return []

    def changes(self, cursor: str) -> Iterator[ChangePage]:
        return iter(())

    def people(self) -> list[RemotePerson]:
        return []

    def open_file(self, ref: RemoteRef, file: RemoteFile) -> Iterator[bytes]:
        self._absent()

    def _absent(self) -> NoReturn:
        raise Misconfigured("no tracker is configured")
