"""Rows as the API gives them: references with `self`, empty fields left out, dates in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demo.tracker.records import Change, Comment, Field, File, Issue, Status, Step, Trigger, User
from demo.tracker.store import Store, written

Json = dict[str, Any]


class Shapes:
    """`base` is the address of the version that was called, such as http://127.0.0.1:8123/v2."""

    def __init__(self, store: Store, base: str) -> None:
        self.store, self.base = store, base

    def issue(self, issue: Issue, *, expand: frozenset[str] = frozenset()) -> Json:
        own = f"{self.base}/issues/{issue.key}"
        shown: Json = {
            "self": own,
            "id": issue.id,
            "key": issue.key,
            "version": issue.version,
            "queue": self.queue(issue.queue),
            "status": self.status_ref(issue.status),
            "createdAt": written(issue.created_at),
            "updatedAt": written(issue.updated_at),
            "createdBy": self.user_ref(issue.author),
            "updatedBy": self.user_ref(issue.writer),
            "votes": 0,
            "favorite": False,
            "commentWithoutExternalMessageCount": sum(each.transport == "internal" for each in issue.comments),
            "commentWithExternalMessageCount": sum(each.transport != "internal" for each in issue.comments),
        }
        if issue.comments:
            shown["lastCommentUpdatedAt"] = written(max(each.updated_at for each in issue.comments))
        if issue.unique:
            shown["unique"] = issue.unique
        if issue.aliases:
            shown["aliases"] = issue.aliases
        if issue.previous:
            shown["previousStatus"] = self.status_ref(issue.previous)
        for name, value in issue.values.items():
            shown[name] = self._value(self.store.fields[name], value)
        if "transitions" in expand:
            shown["transitions"] = [self.step(issue, step) for step in self.store.steps_from(issue)]
        if "attachments" in expand:
            shown["attachments"] = [self.file(issue, file) for file in self.store.files_of(issue)]
        return shown

    def queue(self, key: str) -> Json:
        number = "12" if key == self.store.queue else "13"
        return {"self": f"{self.base}/queues/{key}", "id": number, "key": key, "display": "Диспетчерская"}

    def queue_whole(self, key: str) -> Json:
        lead = self.user_ref(next(iter(self.store.users.values())))
        return {**self.queue(key), "name": "Диспетчерская", "version": 5, "lead": lead, "assignAuto": False}

    def user_ref(self, user: User) -> Json:
        return {"self": f"{self.base}/users/{user.uid}", "id": user.uid, "display": user.display}

    def user(self, user: User) -> Json:
        first, _, last = user.display.partition(" ")
        return {
            "self": f"{self.base}/users/{user.uid}",
            "uid": int(user.uid),
            "login": user.login,
            "trackerUid": int(user.uid),
            "passportUid": int(user.uid),
            "firstName": first,
            "lastName": last,
            "display": user.display,
            "email": user.email,
            "external": False,
            "hasLicense": user.has_license,
            "dismissed": user.dismissed,
            "disableNotifications": False,
        }

    def status_ref(self, key: str) -> Json:
        status = self.store.statuses[key]
        return {"self": f"{self.base}/statuses/{status.id}", "id": status.id, "key": key, "display": status.name}

    def status(self, status: Status) -> Json:
        own = f"{self.base}/statuses/{status.id}"
        return {
            "self": own,
            "id": status.id,
            "version": 1,
            "key": status.key,
            "name": status.name,
            "description": "",
            "order": int(status.id),
            "type": status.type,
        }

    def step(self, issue: Issue, step: Step) -> Json:
        own = f"{self.base}/issues/{issue.key}/transitions/{step.id}"
        shown = {"self": own, "id": step.id, "display": step.name, "to": self.status_ref(step.target)}
        if step.screen:
            shown["screen"] = {"self": f"{self.base}/screens/{step.id}", "id": step.id}
        return shown

    def field(self, field: Field) -> Json:
        place = f"queues/{field.queue}/localFields/{field.key}" if field.queue else f"fields/{field.id}"
        schema: Json = {"type": field.type, "required": field.id == "summary"}
        if field.is_array:
            schema["items"] = "string"
        shown: Json = {
            "self": f"{self.base}/{place}",
            "id": field.id,
            "key": field.key,
            "name": field.name,
            "version": 1,
            "schema": schema,
            "readonly": field.readonly,
            "options": field.options is not None,
            "suggest": False,
        }
        if field.options is not None:
            shown["optionsProvider"] = {"type": "FixedListOptionsProvider", "values": field.options}
        if field.queue:
            shown |= {"type": "local", "queue": self.queue(field.queue)}
        return shown

    def comment(self, issue: Issue, comment: Comment, *, expand: frozenset[str] = frozenset()) -> Json:
        own = f"{self.base}/issues/{issue.key}/comments/{comment.id}"
        shown: Json = {
            "self": own,
            "id": comment.id,
            "longId": comment.long_id,
            "text": comment.text,
            "createdBy": self.user_ref(comment.author),
            "updatedBy": self.user_ref(comment.author),
            "createdAt": written(comment.at),
            "updatedAt": written(comment.updated_at),
            "version": comment.version,
            "type": "standard" if comment.transport == "internal" else "incoming",
            "transport": comment.transport,
        }
        if comment.files:
            shape = self.file if "attachments" in expand else self.file_ref
            shown["attachments"] = [shape(issue, each) for each in comment.files]
        return shown

    def file_ref(self, issue: Issue | None, file: File) -> Json:
        return {"self": self._file(issue, file), "id": file.id, "display": file.name}

    def file(self, issue: Issue | None, file: File) -> Json:
        return {
            "self": self._file(issue, file),
            "id": file.id,
            "name": file.name,
            "content": f"{self._file(issue, file)}/download",
            "createdBy": self.user_ref(file.author),
            "createdAt": written(file.at),
            "mimetype": file.content_type,
            "size": len(file.content),
        }

    def change(self, issue: Issue, change: Change) -> Json:
        own = f"{self.base}/issues/{issue.key}"
        shown: Json = {
            "id": change.id,
            "self": f"{own}/changelog/{change.id}",
            "issue": {"self": own, "id": issue.id, "key": issue.key, "display": issue.values.get("summary", "")},
            "updatedAt": written(change.at),
            "updatedBy": self.user_ref(change.author),
            "type": change.type,
            "transport": "api" if change.author is self.store.robot else "front",
        }
        if change.fields:
            shown["fields"] = [self._changed(*each) for each in change.fields]
        if change.comments:
            shown["comments"] = {"added": [{"id": number, "display": ""} for number in change.comments]}
        return shown

    def trigger(self, trigger: Trigger) -> Json:
        own = f"{self.base}/queues/{self.store.queue}/triggers/{trigger.id}"
        action = {"type": "Webhook", "id": 1, "endpoint": trigger.endpoint, "method": "POST"}
        return {"id": trigger.id, "self": own, "name": trigger.name, "version": 1, "active": True, "actions": [action]}

    def _changed(self, name: str, before: Any, after: Any) -> Json:
        if name == "status":
            return {
                "field": {"self": f"{self.base}/fields/status", "id": "status", "display": "Статус"},
                "from": self.status_ref(before),
                "to": self.status_ref(after),
            }
        field = self.store.fields[name]
        return {
            "field": {"self": f"{self.base}/fields/{name}", "id": name, "display": field.name},
            "from": None if before is None else self._value(field, before),
            "to": None if after is None else self._value(field, after),
        }

    def _value(self, field: Field, value: Any) -> Any:
        if field.type == "user":
            return self.user_ref(self.store.users[value])
        if field.id in ("type", "priority", "resolution"):
            kind = {"type": "issuetypes", "priority": "priorities", "resolution": "resolutions"}[field.id]
            return {"self": f"{self.base}/{kind}/{value}", "id": "1", "key": value, "display": value}
        if field.id == "followers":
            return [self.user_ref(self.store.user(str(each))) for each in value]
        return value

    def _file(self, issue: Issue | None, file: File) -> str:
        place = f"issues/{issue.key}/attachments" if issue else "attachments"
        return f"{self.base}/{place}/{file.id}"


def expanded(given: Iterable[str]) -> frozenset[str]:
    """`?expand=transitions,attachments`"""
    return frozenset(name for each in given for name in each.split(","))
