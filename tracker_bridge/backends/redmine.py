"""Redmine, from version 5.0 on; facts of its API are from its source.

Keys of new issues stand in a field of their own, those of comments in the comment. What Redmine does not want it passes
over in silence, so that every write is read back. Issues have no version: theirs is made of their history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from functools import cached_property
from time import monotonic
from typing import Any, cast
from urllib.parse import quote

from config.tracker import TrackerSettings
from tracker_bridge import protocol as that
from tracker_bridge.backends import marks, moments, redmine_check
from tracker_bridge.backends.http import Calls, OneKey
from tracker_bridge.protocol import Gone, Misconfigured, Refused, RemoteIssue, RemoteRef, Value

Json = Mapping[str, Any]
Uploads = Sequence[that.Upload]

PER_PAGE = 100
# A change may be seen late: those of the last moments are told again.
OVERLAP = timedelta(seconds=10)
# Our name → theirs; all other fields are custom ones.
OWN = {"summary": "subject", "description": "description", "assignee": "assigned_to_id"}


class RedmineBackend:
    """One project; `zone` is the clock that its people read."""

    name = "redmine"

    def __init__(self, tracker: TrackerSettings, *, statuses: frozenset[str] = frozenset(), zone: tzinfo = UTC) -> None:
        self.tracker, self.expected, self.zone = tracker, statuses, zone
        self.caps = that.Caps(edits_comments=True, files=True, largest_file=tracker.largest_file, transitions=True)
        self.calls = Calls(tracker.url, OneKey(tracker.access), lambda key: {"X-Redmine-API-Key": key})
        self._logins: dict[int, str] = {}
        self._known: dict[str, int] = {}
        self._ask_again = 0.0

    def check(self) -> list[that.Problem]:
        """Whatever is known is asked anew."""
        for known in ("us", "project", "statuses"):
            self.__dict__.pop(known, None)
        self._known, self._ask_again = {}, 0.0
        return redmine_check.problems(self)

    def ensure_issue(self, draft: that.IssueDraft, *, idem: str) -> RemoteIssue:
        key = self.numbered(self.tracker.key_field)
        if key is None:
            raise Misconfigured(f"no field {self.tracker.key_field}")
        if (known := self._under(key, idem)) is None:
            body = self._body({**draft.fields, "summary": draft.summary, "description": draft.description})
            body["custom_fields"].append({"id": key, "value": idem})
            body |= {"project_id": self.project["id"], "tracker_id": self._kind}
            made = self._write("POST", "issues.json", issue=body)["issue"]["id"]
            # Two at once: the older one is the issue, and nothing has been written to the other yet.
            if (known := self._under(key, idem) or made) != made:
                self._write("DELETE", f"issues/{made}.json")
        return self._issue(self._read(known))

    def get_issue(self, ref: RemoteRef) -> RemoteIssue:
        return self._issue(self._read(ref.id))

    def update_fields(self, ref: RemoteRef, changes: Mapping[str, Value], *, expect: str) -> RemoteIssue:
        before = self.get_issue(ref)
        if before.version != expect:
            raise that.Conflict("the issue has changed", current=before)
        self._write("PUT", f"issues/{ref.id}.json", issue=self._body(changes))
        after = self.get_issue(ref)
        for name, value in changes.items():
            if (value or None) != before.fields.get(name) == after.fields.get(name):
                raise Refused(f"{name}: {value}", field=name)
        return after

    def set_status(self, ref: RemoteRef, status: str) -> RemoteIssue:
        body = self._read(ref.id)
        if (before := body["status"]["name"]) == status:
            return self._issue(body)
        steps = {each["name"]: each["id"] for each in body.get("allowed_statuses", ()) if each["name"] != before}
        if status in steps:
            self._write("PUT", f"issues/{ref.id}.json", issue={"status_id": steps[status]})
            if (after := self.get_issue(ref)).status == status:
                return after
        raise Refused(f"{before} → {status}; {', '.join(steps) or '—'}", field="status", steps=tuple(steps))

    def put_comment(
        self, ref: RemoteRef, text: str, files: Uploads = (), *, idem: str, replace: str = "", again: bool = True
    ) -> that.RemoteComment:
        notes = marks.marked(text, idem)
        if replace:
            self._write("PUT", f"journals/{quote(replace)}.json", journal={"notes": notes})
        elif not again or not any(each.idem == idem for each in self.comments(ref)):
            issue = {"notes": notes, "uploads": [self._upload(file) for file in files]}
            self._write("PUT", f"issues/{ref.id}.json", issue=issue)
        return next(each for each in self.comments(ref) if each.idem == idem)

    def comments(self, ref: RemoteRef) -> list[that.RemoteComment]:
        return self._comments(self._read(ref.id))

    def history(self, ref: RemoteRef, *, since: datetime) -> list[that.FieldChange]:
        names = {"attr status_id": "status", **{f"attr {there}": name for name, there in OWN.items()}}
        names |= {f"cf {number}": name for name, number in self.fields.items()}
        found = []
        for entry in self._read(ref.id)["journals"]:
            at, author = datetime.fromisoformat(entry["created_on"]), self._login(entry["user"]["id"])
            for each in entry["details"] if at >= since else ():
                if name := names.get(f"{each['property']} {each['name']}"):
                    values = (self._value(name, each.get(side)) for side in ("old_value", "new_value"))
                    found.append(that.FieldChange(at, author, name, *values))
        return found

    def changes(self, cursor: str) -> Iterator[that.ChangePage]:
        """Page one again and again, each from the newest moment seen: rows that move between pages are not missed."""
        since, skip, seen, is_last = cursor or "1970-01-01T00:00:00Z", 0, set[tuple[str, int]](), False
        while not is_last:
            answer = self.listed(sort="updated_on:asc,id:asc", offset=skip, updated_on=f">={since}")
            rows = [(each["updated_on"], each["id"]) for each in answer.body["issues"]]
            issues = tuple(self._issue(self._read(number)) for at, number in rows if (at, number) not in seen)
            # At the end by the server's clock, so that next time is told what changes from now on.
            so_far, is_last = parsedate_to_datetime(answer.headers["Date"]) - OVERLAP, len(rows) < PER_PAGE
            # Redmine counts the second before to the second that is asked for.
            last = f"{so_far:%Y-%m-%dT%H:%M:%SZ}" if is_last else max(since, rows[-1][0])
            yield that.ChangePage(issues, max(cursor, last), answer.body["total_count"] - skip)
            # More rows of one second than a page holds are the only reason to turn the page.
            skip, since, seen = skip + PER_PAGE if last == since else 0, last, seen | set(rows)

    def people(self) -> list[that.RemotePerson]:
        """Members of the project. Whoever hides his address is known by his login alone."""
        members, path = list[Json](), f"projects/{self.project['id']}/memberships.json"
        while rows := self.calls.read(path, limit=PER_PAGE, offset=len(members)).body["memberships"]:
            members += rows
        return [self._person(each["user"]["id"]) for each in members if "user" in each]

    def open_file(self, ref: RemoteRef, file: that.RemoteFile) -> Iterator[bytes]:
        return self.calls.pieces(f"attachments/download/{quote(file.id)}/{quote(file.name)}")

    # --- what is known of the project

    @cached_property
    def us(self) -> Json:
        return cast(Json, self.calls.read("users/current.json", include="memberships").body["user"])

    @cached_property
    def project(self) -> Json:
        path = f"projects/{quote(self.tracker.queue)}.json"
        return cast(Json, self.calls.read(path, include="trackers,issue_custom_fields").body["project"])

    @cached_property
    def statuses(self) -> dict[str, int]:
        return {each["name"]: each["id"] for each in self.calls.read("issue_statuses.json").body["issue_statuses"]}

    @property
    def fields(self) -> dict[str, int]:
        """Our name → number of the custom field; those that are not there are left out."""
        return {name: number for name, given in self.tracker.fields.items() if (number := self.numbered(given))}

    def numbered(self, given: str) -> int | None:
        """No list that we may read names all fields, but any issue does; a missing one is asked for once a minute."""
        if not given.isdigit() and given not in self._known and monotonic() > self._ask_again:
            self._ask_again = monotonic() + 60
            any_issue = self.calls.read("issues.json", status_id="*", tracker_id=self._kind, limit=1).body["issues"]
            for each in (self.project.get("issue_custom_fields", ()), *(each["custom_fields"] for each in any_issue)):
                self._known |= {field["name"]: field["id"] for field in each}
        return int(given) if given.isdigit() else self._known.get(given)

    @property
    def _kind(self) -> int:
        kinds = [int(each["id"]) for each in self.project["trackers"] if self.tracker.issue_type in ("", each["name"])]
        if not kinds:
            raise Misconfigured(f"no tracker {self.tracker.issue_type}")
        return kinds[0]

    def listed(self, **params: Any) -> Any:
        scope = {"project_id": self.project["id"], "subproject_id": "!*", "status_id": "*", "limit": PER_PAGE}
        return self.calls.read("issues.json", **scope, **params)

    def _under(self, key: int, idem: str) -> int | None:
        """The oldest issue with this key of ours."""
        rows = self.listed(**{f"cf_{key}": idem}, sort="id").body["issues"]
        return next((int(each["id"]) for each in rows if _custom(each).get(key) == idem), None)

    def _read(self, number: int | str) -> Json:
        path = f"issues/{quote(str(number))}.json"
        return cast(Json, self.calls.read(path, include="journals,attachments,allowed_statuses").body["issue"])

    def _write(self, method: str, path: str, **body: Any) -> Any:
        try:
            return self.calls.write(method, path, body=body).body
        except Refused as refusal:
            # Sentences in Redmine's language; those about custom fields begin with the name of the field.
            said, given = str(refusal).partition(": ")[2], self.tracker.fields
            named = sorted((there, name) for name, there in given.items() if said.startswith(there))
            raise Refused(str(refusal), field=named[-1][1] if named else "") from None

    def _upload(self, file: that.Upload) -> Json:
        made = self.calls.write("POST", "uploads.json", data=file.content, filename=file.name).body["upload"]
        return {"token": made["token"], "filename": file.name, "content_type": file.content_type}

    # --- their shapes and ours

    def _person(self, number: int) -> that.RemotePerson:
        user = self.calls.read(f"users/{number}.json").body["user"]
        login = self._logins[number] = str(user["login"])
        return that.RemotePerson(login, user.get("mail") or "", f"{user['firstname']} {user['lastname']}")

    def _login(self, number: int) -> str:
        """Of a group, or of somebody who has left, the number."""
        try:
            return self._logins.get(number) or self._person(number).login
        except Gone:
            return self._logins.setdefault(number, str(number))

    def _number(self, login: str) -> int:
        if login not in self._logins.values():
            self.people()
        number = next((number for number, known in self._logins.items() if known == login), None)
        if number:
            return number
        raise Refused(f"{login} is no member of the project", field="assignee")

    def _body(self, changes: Mapping[str, Value]) -> dict[str, Any]:
        """Fields as they are written; what the project does not have is left out."""
        body: dict[str, Any] = {OWN[name]: self._words(value) for name, value in changes.items() if name in OWN}
        if body.get("assigned_to_id"):
            body["assigned_to_id"] = self._number(body["assigned_to_id"])
        there = [(number, changes[name]) for name, number in self.fields.items() if name in changes]
        return {**body, "custom_fields": [{"id": number, "value": self._words(value)} for number, value in there]}

    def _issue(self, body: Json) -> RemoteIssue:
        author, journals = body["author"]["id"], body["journals"]
        last = journals[-1]["user"]["id"] if journals else author
        custom = _custom(body)
        fields = {name: self._value(name, custom[number]) for name, number in self.fields.items() if number in custom}
        given = {**body, "assigned_to_id": body.get("assigned_to", {}).get("id")}
        fields |= {name: self._value(name, given.get(there)) for name, there in OWN.items()}
        return RemoteIssue(
            ref=RemoteRef(str(body["id"]), f"#{body['id']}", f"{self.calls.url}/issues/{body['id']}"),
            version=_digest(json.dumps([body["updated_on"], journals])),
            status=body["status"]["name"],
            fields=fields,
            created_at=datetime.fromisoformat(body["created_on"]),
            updated_at=datetime.fromisoformat(body["updated_on"]),
            writer=self._login(last),
            is_ours=last == self.us["id"],
            author="" if author == self.us["id"] else self._login(author),
            in_scope=body["project"]["id"] == self.project["id"],
            comment_count=len(self._comments(body)),
            lacks=frozenset(self.tracker.fields) - fields.keys(),
            files=tuple(self._file(each) for each in body["attachments"] if each["author"]["id"] != self.us["id"]),
        )

    def _comments(self, body: Json) -> list[that.RemoteComment]:
        """What was said, or put there: the other entries of the history are changes alone."""
        files, found = {str(each["id"]): self._file(each) for each in body["attachments"]}, []
        for entry in body["journals"]:
            named = [each["name"] for each in entry["details"] if each["property"] == "attachment"]
            put = [files[name] for name in named if name in files]
            if not entry["notes"] and not put:
                continue
            author, said = entry["user"]["id"], entry["notes"] or ""
            text, idem = marks.unmarked(said) if author == self.us["id"] else (said, "")
            version, at = _digest(said), datetime.fromisoformat(entry["created_on"])
            facts = (str(entry["id"]), self._login(author), text, at, version, idem)
            found.append(that.RemoteComment(*facts, files=tuple(put)))
        return found

    def _file(self, body: Json) -> that.RemoteFile:
        facts = (str(body["id"]), body["filename"], body["filesize"], body["content_type"] or "")
        return that.RemoteFile(*facts, self._login(body["author"]["id"]))

    def _value(self, name: str, said: Any) -> Value:
        """What words and numbers mean; descriptions have the line ends of Windows."""
        words = str(", ".join(said) if isinstance(said, list) else said or "").replace("\r\n", "\n")
        if name == "assignee" and words:
            return self._login(int(words))
        if name == "status":
            return next((status for status, number in self.statuses.items() if str(number) == words), words)
        if name == "database_id" and words.isdigit():
            return int(words)
        return moments.read(words, self.zone) or words or None

    def _words(self, value: Value) -> str:
        return moments.written(value, self.zone) if isinstance(value, datetime) else str("" if value is None else value)


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _custom(body: Json) -> dict[int, Any]:
    return {each["id"]: each.get("value") for each in body.get("custom_fields", ())}
