"""Issues, comments and changes of Yandex Tracker as values of the protocol, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tracker_bridge.backends.marks import unmarked
from tracker_bridge.protocol import FieldChange, RemoteComment, RemoteFile, RemoteIssue, RemoteRef, Value

Json = Mapping[str, Any]


class Shapes:
    """`names` leads from ids of fields to our names; `login` from the uid of a user to his login."""

    def __init__(
        self, *, pages: str, queue: str, names: Mapping[str, str], login: Callable[[str], str], us: Callable[[], str]
    ) -> None:
        self.pages, self.queue, self.names, self.login, self.us = pages.rstrip("/"), queue, names, login, us

    def issue(self, body: Json) -> RemoteIssue:
        fields = {name: self.value(body[remote]) for remote, name in self.names.items() if remote in body}
        writer, author = _ref(body.get("updatedBy")), _ref(body.get("createdBy"))
        in_scope = str(body["queue"]["key"]) == self.queue
        return RemoteIssue(
            ref=RemoteRef(str(body["id"]), str(body["key"]), f"{self.pages}/{body['key']}"),
            version=str(body["version"]),
            status=str(body["status"]["key"]),
            fields=fields,
            created_at=moment(body["createdAt"]),
            updated_at=moment(body["updatedAt"]),
            writer=self.login(writer) if writer else "",
            is_ours=bool(writer) and writer == self.us(),
            author="" if author == self.us() else self.login(author),
            in_scope=in_scope,
            # Another queue has other local fields; their ids begin with a number of their own.
            lacks=frozenset() if in_scope else frozenset(name for remote, name in self.names.items() if "--" in remote),
            comment_count=_count(body),
            commented_at=moment(body["lastCommentUpdatedAt"]) if body.get("lastCommentUpdatedAt") else None,
            files=tuple(self._files(body)),
        )

    def _files(self, body: Json) -> Iterator[RemoteFile]:
        """Those of others; only an expanded issue names any. Their authors are named by uid or by login."""
        for each in body.get("attachments") or ():
            author = self.login(_ref(each.get("createdBy"))) if each.get("createdBy") else ""
            if not author or author != self.login(self.us()):
                yield replace(file(each), author=author)

    def value(self, given: Any) -> Value:
        """People become logins, references keys, dates moments."""
        if isinstance(given, Mapping):
            if "/users/" in str(given.get("self", "")):
                return self.login(str(given["id"]))
            return str(given.get("key") or given.get("id") or "")
        if isinstance(given, list):
            return tuple(str(self.value(each)) for each in given)
        if isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d{4}", given):
            return moment(given)
        return given if isinstance(given, str | int | bool) or given is None else str(given)

    def comment(self, body: Json) -> RemoteComment:
        text, author = str(body.get("text") or ""), _ref(body.get("createdBy"))
        text, idem = unmarked(text) if author == self.us() else (text, "")
        return RemoteComment(
            id=str(body["id"]),
            author=self.login(author) if author else "",
            text=text,
            created_at=moment(body["createdAt"]),
            version=str(body.get("version", "")),
            idem=idem,
            is_letter=body.get("transport") == "email" or body.get("type") in ("incoming", "outcoming"),
            files=tuple(map(file, body.get("attachments") or ())),
        )

    def changes(self, body: Json) -> list[FieldChange]:
        at, author = moment(body["updatedAt"]), self.login(_ref(body.get("updatedBy")))
        return [
            FieldChange(at, author, name, self.value(each.get("from")), self.value(each.get("to")))
            for each in body.get("fields") or ()
            if (name := self._name(str(each["field"]["id"])))
        ]

    def _name(self, remote: str) -> str:
        return "status" if remote == "status" else self.names.get(remote, "")


def file(body: Json) -> RemoteFile:
    return RemoteFile(
        str(body["id"]),
        str(body.get("name") or body.get("display") or ""),
        int(body.get("size") or 0),
        str(body.get("mimetype") or "application/octet-stream"),
    )


def outgoing(value: Value) -> Any:
    """A value as the API takes it; None empties a field."""
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
    return list(value) if isinstance(value, tuple) else value


def moment(given: str) -> datetime:
    """`2026-02-03T08:15:30.120+0000`"""
    return datetime.strptime(given, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


def _ref(body: Any) -> str:
    return str(body.get("id", "")) if isinstance(body, Mapping) else ""


def _count(body: Json) -> int | None:
    counted: list[Any] = [body.get(f"comment{each}ExternalMessageCount") for each in ("Without", "With")]
    return None if None in counted else sum(map(int, counted))
