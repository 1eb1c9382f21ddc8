"""A tracker in memory: what the protocol promises, in the fewest words. For tests, and as the pattern of a new backend.

It fails on demand: `fail("put_comment", Ambiguous("…"), after=True)` does what it was asked and then raises.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from threading import RLock
from typing import Concatenate, ParamSpec, TypeVar

from tracker_bridge.protocol import (
    Caps,
    ChangePage,
    Conflict,
    FieldChange,
    Gone,
    IssueDraft,
    Problem,
    Refused,
    RemoteComment,
    RemoteFile,
    RemoteIssue,
    RemotePerson,
    RemoteRef,
    TrackerError,
    Upload,
    Value,
)

PAGE = 50
US, START = "dispatch", "open"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class _Kept:
    """An issue with all that hangs on it."""

    issue: RemoteIssue
    comments: list[RemoteComment] = field(default_factory=list)
    history: list[FieldChange] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def call(method: Callable[Concatenate[MemoryBackend, P], R]) -> Callable[Concatenate[MemoryBackend, P], R]:
    """A method of the protocol: one at a time, counted, and failing when a test wants it to."""

    @wraps(method)
    def counted(self: MemoryBackend, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            name = method.__name__
            self.calls[name] += 1
            waiting = self._faults[name]
            error, after = waiting.pop(0) if waiting else (None, False)
            if error and not after:
                raise error
            done = method(self, *args, **kwargs)
            if error:
                raise error
            return done

    return counted


class MemoryBackend:
    """`workflow` names the steps that are allowed from a status; without it any step is."""

    name = "memory"
    caps = Caps(edits_comments=True, files=True, largest_file=1024 * 1024, transitions=True)

    def __init__(self, workflow: Mapping[str, Sequence[str]] | None = None) -> None:
        self.calls: dict[str, int] = defaultdict(int)
        self.workflow = workflow
        self.logins = ["anna", "oleg"]
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self._kept: dict[str, _Kept] = {}
        self._created: dict[str, str] = {}
        self._faults: dict[str, list[tuple[TrackerError, bool]]] = defaultdict(list)
        self._ids = itertools.count(1)
        self._lock = RLock()

    # --- for tests: failures, and people who work there

    def fail(self, method: str, error: TrackerError, *, after: bool = False, times: int = 1) -> None:
        """The next calls of this method raise; `after`: when they have had their effect."""
        self._faults[method] += [(error, after)] * times

    def issues(self) -> list[RemoteIssue]:
        """All of them, oldest first."""
        with self._lock:
            return [kept.issue for kept in self._kept.values()]

    def mend(self) -> None:
        """No failures any more."""
        self._faults.clear()

    def edit(self, ref: RemoteRef, author: str, **fields: Value) -> RemoteIssue:
        """Somebody changes fields, or the status, by hand."""
        with self._lock:
            return self._change(self._of(ref), author, fields)

    def create(self, author: str, summary: str, **fields: Value) -> RemoteIssue:
        """Somebody creates an issue by hand."""
        with self._lock:
            return self._add(author, {"summary": summary, **fields})

    def say(self, ref: RemoteRef, author: str, text: str, files: Sequence[Upload] = ()) -> RemoteComment:
        """Somebody writes a comment."""
        with self._lock:
            return self._comment(self._of(ref), author, text, files, "")

    def send(self, ref: RemoteRef, author: str, text: str) -> RemoteComment:
        """Somebody sends a letter out of the issue, which keeps it as a comment."""
        with self._lock:
            kept = self._of(ref)
            written = replace(self._comment(kept, author, text, (), ""), is_letter=True)
            kept.comments[-1] = written
            return written

    def attach(self, ref: RemoteRef, author: str, file: Upload) -> RemoteIssue:
        """Somebody drops a file onto the issue, or pastes a picture into its description."""
        with self._lock:
            kept, number = self._of(ref), str(next(self._ids))
            kept.files[number] = file.content
            put = RemoteFile(number, file.name, len(file.content), file.content_type, author)
            kept.issue = replace(kept.issue, files=(*kept.issue.files, put))
            return self._touch(kept, author)

    def rewrite(self, ref: RemoteRef, comment: RemoteComment, author: str, text: str) -> RemoteComment:
        """Somebody changes his own words."""
        with self._lock:
            rewritten = self._rewrite(self._of(ref), comment, text)
            self._touch(self._of(ref), author)
            return rewritten

    def vanish(self, ref: RemoteRef) -> None:
        """The issue is gone, or out of our sight."""
        with self._lock:
            del self._kept[ref.id]

    def leave(self, ref: RemoteRef) -> RemoteIssue:
        """The issue is moved into another queue, under another key."""
        with self._lock:
            kept = self._of(ref)
            kept.issue = replace(kept.issue, ref=replace(ref, key=f"OTHER-{ref.id}"), in_scope=False)
            return self._touch(kept, "somebody")

    # --- the protocol

    @call
    def check(self) -> list[Problem]:
        return []

    @call
    def ensure_issue(self, draft: IssueDraft, *, idem: str) -> RemoteIssue:
        if idem not in self._created:
            fields = {"summary": draft.summary, "description": draft.description, **draft.fields}
            self._created[idem] = self._add(US, fields).ref.id
        return self._kept[self._created[idem]].issue

    @call
    def get_issue(self, ref: RemoteRef) -> RemoteIssue:
        return self._of(ref).issue

    @call
    def update_fields(self, ref: RemoteRef, changes: Mapping[str, Value], *, expect: str) -> RemoteIssue:
        kept = self._of(ref)
        if kept.issue.version != expect:
            raise Conflict("the issue has changed", current=kept.issue)
        return self._change(kept, US, changes)

    @call
    def set_status(self, ref: RemoteRef, status: str) -> RemoteIssue:
        kept = self._of(ref)
        if kept.issue.status == status:
            return kept.issue
        if self.workflow is not None and status not in self.workflow.get(kept.issue.status, ()):
            allowed = self.workflow.get(kept.issue.status, ())
            raise Refused(f"no step leads from {kept.issue.status} to {status}", field="status", steps=allowed)
        return self._change(kept, US, {"status": status})

    @call
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
        kept = self._of(ref)
        # As trackers without keys for comments do it: whoever says that it is the first time is believed.
        looked_at = kept.comments if again or replace else ()
        written = next((each for each in looked_at if each.idem == idem or each.id == replace), None)
        if written is None:
            return self._comment(kept, US, text, files, idem)
        if replace and written.text != text:
            return self._rewrite(kept, written, text)
        return written

    @call
    def comments(self, ref: RemoteRef) -> list[RemoteComment]:
        return list(self._of(ref).comments)

    @call
    def history(self, ref: RemoteRef, *, since: datetime) -> list[FieldChange]:
        return [each for each in self._of(ref).history if each.at >= since]

    @call
    def changes(self, cursor: str) -> Iterator[ChangePage]:
        issues = sorted((kept.issue for kept in self._kept.values()), key=_place)
        later = [issue for issue in issues if not cursor or _place(issue) > _place_of(cursor)]
        starts = range(0, len(later), PAGE)
        pages = [(later[start : start + PAGE], len(later) - start) for start in starts]
        return iter([ChangePage(tuple(page), _cursor(page[-1]), left) for page, left in pages])

    @call
    def people(self) -> list[RemotePerson]:
        return [RemotePerson(login, f"{login}@tower.example", login.title()) for login in self.logins]

    @call
    def open_file(self, ref: RemoteRef, file: RemoteFile) -> Iterator[bytes]:
        return iter([self._of(ref).files[file.id]])

    # --- how it is kept

    def _of(self, ref: RemoteRef) -> _Kept:
        if ref.id not in self._kept:
            raise Gone(f"there is no issue {ref.key}")
        return self._kept[ref.id]

    def _tick(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    def _add(self, author: str, fields: Mapping[str, Value]) -> RemoteIssue:
        number, at = str(next(self._ids)), self._tick()
        ref = RemoteRef(number, f"MEM-{number}", f"https://tracker.example/MEM-{number}")
        known = {name: value for name, value in fields.items() if value is not None and name != "status"}
        issue = RemoteIssue(
            ref,
            "1",
            str(fields.get("status") or START),
            known,
            at,
            at,
            author,
            author == US,
            author="" if author == US else author,
        )
        self._kept[number] = _Kept(issue)
        return issue

    def _change(self, kept: _Kept, author: str, changes: Mapping[str, Value]) -> RemoteIssue:
        before: dict[str, Value] = {**kept.issue.fields, "status": kept.issue.status}
        after = {**before, **changes}
        if after == before:
            return kept.issue
        at = self._tick()
        kept.history += [
            FieldChange(at, author, name, before.get(name), value)
            for name, value in changes.items()
            if before.get(name) != value
        ]
        status = str(after.pop("status"))
        known = {name: value for name, value in after.items() if value is not None}
        kept.issue = replace(kept.issue, fields=known, status=status)
        return self._touch(kept, author)

    def _touch(self, kept: _Kept, author: str) -> RemoteIssue:
        version = str(int(kept.issue.version) + 1)
        kept.issue = replace(
            kept.issue,
            version=version,
            updated_at=self._tick(),
            writer=author,
            is_ours=author == US,
            comment_count=len(kept.comments),
        )
        return kept.issue

    def _comment(self, kept: _Kept, author: str, text: str, files: Sequence[Upload], idem: str) -> RemoteComment:
        put = []
        for file in files:
            number = str(next(self._ids))
            kept.files[number] = file.content
            put.append(RemoteFile(number, file.name, len(file.content), file.content_type))
        written = RemoteComment(str(next(self._ids)), author, text, self._tick(), "1", idem, files=tuple(put))
        kept.comments.append(written)
        kept.issue = replace(kept.issue, commented_at=written.created_at)
        self._touch(kept, author)
        return written

    def _rewrite(self, kept: _Kept, written: RemoteComment, text: str) -> RemoteComment:
        rewritten = replace(written, text=text, version=str(int(written.version) + 1))
        kept.comments[kept.comments.index(written)] = rewritten
        kept.issue = replace(kept.issue, commented_at=self._tick())
        self._touch(kept, US)
        return rewritten


def _place(issue: RemoteIssue) -> tuple[datetime, int]:
    return issue.updated_at, int(issue.ref.id)


def _cursor(issue: RemoteIssue) -> str:
    return f"{issue.updated_at.isoformat()} {issue.ref.id}"


def _place_of(cursor: str) -> tuple[datetime, int]:
    at, _, number = cursor.rpartition(" ")
    return datetime.fromisoformat(at), int(number)
