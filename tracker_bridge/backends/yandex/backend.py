"""The protocol, spoken with Yandex Tracker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from tracker_bridge.backends.http import Keys
from tracker_bridge.backends.marks import MARK
from tracker_bridge.backends.yandex import checking, shapes
from tracker_bridge.backends.yandex.config import (
    COMMENTS_OF_AN_ISSUE,
    LONGEST_COMMENT,
    LONGEST_SUMMARY,
    YandexConfig,
)
from tracker_bridge.backends.yandex.http import Calls
from tracker_bridge.protocol import (
    Caps,
    ChangePage,
    Conflict,
    Exhausted,
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
    Upload,
    Value,
)

PER_PAGE = 100
# Searches are late by a moment, and clocks differ: what changed shortly before the cursor is told again.
OVERLAP = timedelta(minutes=3)
CUT = "\n…"


class YandexBackend:
    """One queue of one organisation."""

    name = "yandex"

    def __init__(self, config: YandexConfig, keys: Keys) -> None:
        self.config = config
        self.caps = Caps(
            edits_comments=True, files=True, largest_file=config.largest_file, transitions=True, hints=True, links=True
        )
        self.calls = Calls(config, keys)

    # --- what is known of the queue, asked once

    @cached_property
    def fields(self) -> dict[str, str]:
        """Our name → id over there. A local field may be named by its key alone."""
        known = {"summary": "summary", "description": "description", "assignee": "assignee", **self.config.fields}
        local = self.calls.read(f"v3/queues/{quote(self.config.queue)}/localFields").body or []
        whole = {str(each["key"]): str(each["id"]) for each in local}
        return {name: whole.get(remote, remote) for name, remote in known.items() if remote}

    @cached_property
    def shapes(self) -> shapes.Shapes:
        return shapes.Shapes(
            pages=self.config.pages,
            queue=self.config.queue,
            names={remote: name for name, remote in self.fields.items()},
            login=self._login,
            us=lambda: self.us,
        )

    @cached_property
    def us(self) -> str:
        return str(self.calls.read("v2/myself").body["uid"])

    @cached_property
    def _logins(self) -> dict[str, str]:
        return {}

    # --- the protocol

    def check(self) -> list[Problem]:
        return checking.problems(self.calls, self.config)

    def ensure_issue(self, draft: IssueDraft, *, idem: str) -> RemoteIssue:
        body = {
            **self._outgoing({**draft.fields, "summary": draft.summary, "description": draft.description or None}),
            "queue": self.config.queue,
            "type": self.config.issue_type,
            "unique": idem,
        }
        body = {name: value for name, value in body.items() if value is not None}
        try:
            made = self.calls.write("POST", "v2/issues/", body=body)
        except Conflict:
            # The key was used before: by us, in a call whose answer was lost.
            made = self.calls.read("v2/issues/_findByUnique", post={}, unique=idem)
        except Refused as refusal:
            raise self._named(refusal) from None
        return self.shapes.issue(made.body)

    def get_issue(self, ref: RemoteRef) -> RemoteIssue:
        return self.shapes.issue(self.calls.read(_issue(ref), expand="attachments").body)

    def update_fields(self, ref: RemoteRef, changes: Mapping[str, Value], *, expect: str) -> RemoteIssue:
        try:
            changed = self.calls.write("PATCH", _issue(ref), body=self._outgoing(changes), version=expect)
        except Refused as refusal:
            raise self._named(refusal) from None
        return self.shapes.issue(changed.body)

    def set_status(self, ref: RemoteRef, status: str) -> RemoteIssue:
        body = self.calls.read(_issue(ref), expand="transitions").body
        if body["status"]["key"] == status:
            return self.shapes.issue(body)
        steps = body.get("transitions")
        if steps is None:
            steps = self.calls.read(f"{_issue(ref)}/transitions").body
        step = next((each["id"] for each in steps if each["to"]["key"] == status), None)
        if step is None:
            allowed = [str(each["to"]["key"]) for each in steps]
            words = f"{body['status']['key']} → {status}; {', '.join(allowed) or '—'}"
            raise Refused(words, field="status", steps=allowed)
        try:
            self.calls.write("POST", f"{_issue(ref)}/transitions/{quote(step)}/_execute", body={})
        except (Refused, Gone) as refusal:
            # A screen wants fields, or the step has gone meanwhile: in either case it is the status that is refused.
            raise Refused(str(refusal), field="status") from None
        return self.get_issue(ref)

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
        mark = MARK.format(idem=idem)
        room = LONGEST_COMMENT - len(mark) - len(CUT)
        text = f"{text if len(text) <= room else text[:room] + CUT}{mark}"
        if replace:
            place = f"{_issue(ref)}/comments/{quote(replace)}"
            return self.shapes.comment(self.calls.write("PATCH", place, body={"text": text}).body)
        known = self.comments(ref) if again else []
        if written := next((each for each in known if each.idem == idem), None):
            return written
        body: dict[str, Any] = {"text": text}
        if files:
            # Files that wait for their comment are kept for a time only, so they go up in the same job.
            body["attachmentIds"] = [self._upload(file) for file in files]
        try:
            made = self.calls.write("POST", f"{_issue(ref)}/comments", body=body, isAddToFollowers="false")
        except Refused as refusal:
            if len(known or self.comments(ref)) >= COMMENTS_OF_AN_ISSUE:
                raise Exhausted(str(refusal)) from None
            raise
        return replaced(self.shapes.comment(made.body), idem=idem)

    def comments(self, ref: RemoteRef) -> list[RemoteComment]:
        pages = self._pages(f"{_issue(ref)}/comments", perPage=PER_PAGE, expand="attachments")
        return [self.shapes.comment(body) for body in pages]

    def history(self, ref: RemoteRef, *, since: datetime) -> list[FieldChange]:
        rows = self._pages(f"{_issue(ref)}/changelog", perPage=PER_PAGE)
        return [change for body in rows for change in self.shapes.changes(body) if change.at >= since]

    def changes(self, cursor: str) -> Iterator[ChangePage]:
        """Page one again and again, each from the newest moment seen: rows that move between pages are not missed."""
        since = shapes.moment(cursor) - OVERLAP if cursor else None
        newest, seen, page = cursor, set[tuple[str, str]](), 1
        while True:
            found, total = self._changed_since(since, page)
            fresh = [each for each in found if (each.ref.id, each.version) not in seen]
            seen |= {(each.ref.id, each.version) for each in fresh}
            if fresh:
                newest = max(newest, str(shapes.outgoing(fresh[-1].updated_at)))
                yield ChangePage(tuple(fresh), newest, None if total is None else total - PER_PAGE * (page - 1))
            if len(found) < PER_PAGE:
                return
            # More rows of one moment than a page holds are the only reason to turn the page.
            page = 1 if fresh and fresh[-1].updated_at != since else page + 1
            since = found[-1].updated_at

    def people(self) -> list[RemotePerson]:
        return [
            RemotePerson(str(each["login"]), str(each.get("email") or ""), str(each.get("display") or ""))
            for each in self._users()
            if not each.get("dismissed") and each.get("hasLicense", True)
        ]

    def open_file(self, ref: RemoteRef, file: RemoteFile) -> Iterator[bytes]:
        body = self.calls.read(f"{_issue(ref)}/attachments/{quote(file.id)}").body
        return self.calls.pieces(str(body["content"]))

    # --- how

    def _changed_since(self, since: datetime | None, page: int) -> tuple[list[RemoteIssue], int | None]:
        """A page, and how many there are in all."""
        wanted: dict[str, Any] = {"queue": self.config.queue}
        if since is not None:
            wanted["updatedAt"] = {"from": shapes.outgoing(since), "to": shapes.outgoing(_far(since))}
        answer = self.calls.read(
            "v2/issues/_search",
            post={"filter": wanted, "order": ["+updatedAt"]},
            page=page,
            perPage=PER_PAGE,
            expand="attachments",
        )
        total = answer.headers.get("X-Total-Count", "")
        return [self.shapes.issue(body) for body in answer.body], int(total) if total.isdigit() else None

    def _pages(self, path: str, **params: Any) -> Iterator[Any]:
        answer = self.calls.read(path, **params)
        yield from answer.body
        while answer.following:
            answer = self.calls.read(answer.following)
            yield from answer.body

    def _upload(self, file: Upload) -> str:
        part = {"file": (file.name, file.content, file.content_type)}
        return str(self.calls.write("POST", "v2/attachments/", files=part, filename=file.name).body["id"])

    def _outgoing(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        body = {self.fields[name]: shapes.outgoing(value) for name, value in changes.items() if name in self.fields}
        if isinstance(body.get("summary"), str):
            body["summary"] = body["summary"][:LONGEST_SUMMARY]
        return body

    def _named(self, refusal: Refused) -> Refused:
        """The refused field by our name."""
        return Refused(str(refusal), field=self.shapes.names.get(refusal.field, ""))

    def _users(self) -> Iterator[Any]:
        page = 1
        while people := self.calls.read("v2/users/", perPage=PER_PAGE, page=page).body:
            yield from people
            page += 1

    def _login(self, uid: str) -> str:
        """All people are asked for once; somebody new is asked for by himself."""
        if not self._logins:
            self._logins.update({str(each["uid"]): str(each["login"]) for each in self._users()})
        if uid not in self._logins:
            try:
                self._logins[uid] = str(self.calls.read(f"v2/users/{quote(uid)}").body["login"])
            except Gone:
                self._logins[uid] = uid
        return self._logins[uid]


def _issue(ref: RemoteRef) -> str:
    return f"v2/issues/{quote(ref.id)}"


def _far(since: datetime) -> datetime:
    """Ranges need an end; one beyond any clock's error."""
    return max(since, datetime.now(UTC)) + timedelta(days=1)
