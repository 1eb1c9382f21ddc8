"""The issues and what may be done to them: versions, steps, limits. Every deed names the user who does it."""

from __future__ import annotations

import itertools
import secrets
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from demo.tracker import seed
from demo.tracker.records import ApiError, Change, Comment, Field, File, Issue, Link, Status, Step, User

LONGEST_SUMMARY = 255
LONGEST_COMMENT = 512_000
LARGEST_FILE = 128 * 1024 * 1024
COMMENTS = 1000
VERSIONS_OF_ROBOTS, VERSIONS_OF_PEOPLE = 10_100, 11_100
# What an issue has beside its fields; everything else that a request names must be one of them.
OF_ISSUES = {"queue", "unique", "attachmentIds", "author", "parent", "sprint", "markupType"}


@dataclass
class Rules:
    """How the look-alike behaves where the real one's behaviour is not known, or may be trouble."""

    # Milliseconds until searches see a change.
    search_lag_ms: int = 0
    # Each change takes between nothing and that, so that searches see them in another order than they were made in.
    search_lag_varies: bool = False
    # What a stale ?version= and a stale If-Match are answered with.
    stale_version: int = 409
    stale_match: int = 412
    comment_moves_version: bool = True
    # Added to the clock.
    skew: timedelta = timedelta()
    comments: int = COMMENTS
    versions_of_robots: int = VERSIONS_OF_ROBOTS
    versions_of_people: int = VERSIONS_OF_PEOPLE


class Store:
    """Not safe for threads: the server holds its lock around every call."""

    def __init__(self, queue: str, env: Mapping[str, str]) -> None:
        self.queue, self.other_queue = queue, f"{queue}ARCHIVE"
        self.rules = Rules()
        self.users = {user.uid: copy(user) for user in (seed.ROBOT, seed.TRIGGERS, *seed.PEOPLE)}
        self.statuses = {status.key: status for status in seed.statuses(env)}
        self.steps: list[Step] = seed.steps(env)
        self.fields = {field.id: field for field in seed.fields(env, queue)}
        self.issues: dict[str, Issue] = {}
        self.loose_files: dict[str, File] = {}
        # Ids of issues by what else they are asked for: keys of now and of old, what they were created under.
        self._by_key: dict[str, str] = {}
        self._by_unique: dict[str, str] = {}
        self._files: dict[str, File] = {}
        # Every change that searches may find, oldest first.
        self._touched: list[tuple[datetime, str]] = []
        self._random = Random()
        self._numbers = {queue: itertools.count(1), self.other_queue: itertools.count(1)}
        self._ids = itertools.count(1)
        self._last = datetime.min.replace(tzinfo=UTC)

    # --- who and what

    @property
    def robot(self) -> User:
        return self.users[seed.ROBOT.uid]

    def user(self, name: str) -> User:
        """By login, uid or e-mail; 422 if there is none."""
        for user in self.users.values():
            if name in (user.uid, user.login, user.email):
                return user
        raise ApiError(422, f"Пользователь {name} не существует.", {"assignee": "Пользователь не существует."})

    def find(self, name: str) -> Issue:
        """By id, key or a key of old; 404 if there is none, or it may not be seen."""
        issue = self.issues.get(self._by_key.get(name, name))
        if issue is None or issue.is_hidden:
            raise ApiError(404, "Задача не существует.")
        return issue

    def find_by_unique(self, unique: str) -> Issue:
        return self.find(self._by_unique.get(unique, ""))

    def status(self, name: str) -> Status:
        for status in self.statuses.values():
            if name in (status.key, status.id):
                return status
        raise ApiError(422, f"Статус {name} не существует.")

    def field(self, name: str) -> Field:
        """By its id; a local one also by its short key."""
        if name in self.fields:
            return self.fields[name]
        for field in self.fields.values():
            if field.queue and field.key == name:
                return field
        raise ApiError(422, f"Поле {name} не существует.", {name: "Поле не существует."})

    def now(self) -> datetime:
        """Whole milliseconds, and never backwards."""
        at = datetime.now(UTC) + self.rules.skew
        self._last = max(self._last, at.replace(microsecond=at.microsecond // 1000 * 1000))
        return self._last

    # --- issues

    def create(self, values: Mapping[str, Any], by: User) -> Issue:
        unique = str(values.get("unique") or "")
        if unique in self._by_unique:
            raise ApiError(409, "Задача с таким unique уже существует.")
        if not values.get("summary"):
            raise ApiError(422, "", {"summary": "Поле обязательно."})
        queue = self._queue(values.get("queue"))
        at, key = self.now(), f"{queue}-{next(self._numbers[queue])}"
        issue = Issue(secrets.token_hex(12), key, queue, "open", by, by, at, at, unique)
        issue.values = {"type": "incident", "priority": "normal"}
        self._write(issue, {name: each for name, each in values.items() if name not in OF_ISSUES})
        issue.files = self._take_files(values.get("attachmentIds") or ())
        self.issues[issue.id] = self._name(issue)
        issue.changes.append(self._row("IssueCreated", by))
        self._keep_for_search(issue)
        return issue

    def patch(self, issue: Issue, values: Mapping[str, Any], by: User, version: int | None, match: int | None) -> Issue:
        """Change the named fields; refused where the version is not the one that the caller has seen."""
        if version is not None and version != issue.version:
            raise ApiError(self.rules.stale_version, "Задача была изменена.")
        if match is not None and match != issue.version:
            raise ApiError(self.rules.stale_match, "Задача была изменена.")
        self._may_change(issue, by)
        if "status" in values:
            raise ApiError(422, "", {"status": "Статус меняется переходом."})
        if not values:
            raise ApiError(422, "Нет изменений.")
        before = dict(issue.values)
        self._write(issue, values)
        changed = [
            (name, before.get(name), issue.values.get(name))
            for name in sorted(before.keys() | issue.values.keys())
            if before.get(name) != issue.values.get(name)
        ]
        # The real one counts a version for a change that changes nothing, too.
        self._touch(issue, by)
        if changed:
            issue.changes.append(self._row("IssueUpdated", by, fields=changed))
        return issue

    def steps_from(self, issue: Issue) -> list[Step]:
        return [step for step in self.steps if step.source in (None, issue.status) and step.target != issue.status]

    def step(self, issue: Issue, step_id: str) -> Step:
        for step in self.steps_from(issue):
            if step.id == step_id:
                return step
        raise ApiError(404, "Переход не существует или недоступен.")

    def execute(self, issue: Issue, step_id: str, values: Mapping[str, Any], by: User) -> Issue:
        self._may_change(issue, by)
        step = self.step(issue, step_id)
        missing = [name for name in step.screen if not values.get(name)]
        if missing:
            raise ApiError(422, "", dict.fromkeys(missing, "Поле обязательно."))
        self._write(issue, {name: each for name, each in values.items() if name != "comment"})
        before, issue.previous, issue.status = issue.status, issue.status, step.target
        self._touch(issue, by)
        issue.changes.append(self._row("IssueWorkflow", by, fields=[("status", before, step.target)]))
        if values.get("comment"):
            self.comment(issue, {"text": values["comment"]}, by)
        return issue

    def move(self, issue: Issue, queue: str, by: User) -> Issue:
        """Another queue, another key; local fields are lost, the id stays."""
        self._queue(queue)
        issue.aliases.append(issue.key)
        issue.queue, issue.key = queue, f"{queue}-{next(self._numbers[queue])}"
        self._name(issue)
        for field in self.fields.values():
            if field.queue and field.queue != queue:
                issue.values.pop(field.id, None)
        self._touch(issue, by)
        issue.changes.append(self._row("IssueMoved", by))
        return issue

    def link(self, issue: Issue, kind: str, other: str) -> Link:
        target = self.find(other)
        if any(each.other == target.id for each in issue.links):
            raise ApiError(422, "Задачи уже связаны.")
        link = Link(next(self._ids), kind, target.id)
        issue.links.append(link)
        return link

    # --- comments and files

    def comment(self, issue: Issue, values: Mapping[str, Any], by: User, transport: str = "internal") -> Comment:
        text = str(values.get("text") or "")
        if not text and not values.get("summonees"):
            raise ApiError(422, "", {"text": "Поле обязательно."})
        if len(text) > LONGEST_COMMENT:
            raise ApiError(422, "", {"text": "Комментарий слишком длинный."})
        if len(issue.comments) >= self.rules.comments:
            raise ApiError(422, f"В задаче не может быть больше {self.rules.comments} комментариев.")
        at = self.now()
        comment = Comment(next(self._ids), secrets.token_hex(12), text, by, at, at, transport=transport)
        comment.files = self._take_files(values.get("attachmentIds") or ())
        issue.comments.append(comment)
        self._touch(issue, by, moves_version=self.rules.comment_moves_version)
        issue.changes.append(self._row("IssueCommentAdded", by, comments=[comment.id]))
        return comment

    def find_comment(self, issue: Issue, name: str) -> Comment:
        for comment in issue.comments:
            if name in (str(comment.id), comment.long_id):
                return comment
        raise ApiError(404, "Комментарий не существует.")

    def rewrite(self, issue: Issue, comment: Comment, text: str, by: User) -> Comment:
        if by is not comment.author:
            raise ApiError(403, "Чужой комментарий.")
        comment.text, comment.updated_at = text, self.now()
        comment.version += 1
        self._touch(issue, by, moves_version=self.rules.comment_moves_version)
        issue.changes.append(self._row("IssueCommentUpdated", by, comments=[comment.id]))
        return comment

    def remove_comment(self, issue: Issue, comment: Comment, by: User) -> None:
        issue.comments.remove(comment)
        self._touch(issue, by, moves_version=self.rules.comment_moves_version)
        issue.changes.append(self._row("IssueCommentRemoved", by, comments=[comment.id]))

    def upload(self, name: str, content: bytes, content_type: str, by: User, issue: Issue | None = None) -> File:
        """A file beside an issue, or one that waits to be named by an issue or a comment."""
        if not content:
            raise ApiError(422, "Файл пуст.")
        if len(content) > LARGEST_FILE:
            raise ApiError(413, "Файл слишком большой.")
        file = File(str(next(self._ids)), name or "file", content, content_type, by, self.now())
        self._files[file.id] = file
        if issue is None:
            self.loose_files[file.id] = file
        else:
            issue.files.append(file)
            self._touch(issue, by, moves_version=False)
        return file

    def files_of(self, issue: Issue) -> list[File]:
        return [*issue.files, *(file for comment in issue.comments for file in comment.files)]

    def find_file(self, file_id: str) -> File:
        if file_id not in self._files:
            raise ApiError(404, "Файл не существует.")
        return self._files[file_id]

    # --- what searches see

    def searchable(self, since: datetime | None = None) -> list[Issue]:
        """Issues as the index has them, late by the lag; those that were changed since then, and perhaps others."""
        now, seen, issues = time.monotonic(), [], list(self.issues.values())
        if since is not None:
            later = self._touched[bisect_left(self._touched, (since, "")) :]
            issues = [self.issues[key] for key in dict.fromkeys(key for _, key in later)]
        for issue in issues:
            if issue.is_hidden:
                continue
            if not issue.shown:
                seen.append(issue)
                continue
            known = [old for visible_from, old in issue.shown if visible_from <= now]
            if known:
                seen.append(known[-1])
        return seen

    # --- how

    def _queue(self, given: Any) -> str:
        name = given.get("key") or given.get("id") if isinstance(given, Mapping) else given
        if name not in self._numbers:
            raise ApiError(404, f"Очередь {name} не существует.")
        return str(name)

    def _may_change(self, issue: Issue, by: User) -> None:
        limit = self.rules.versions_of_robots if by is self.robot else self.rules.versions_of_people
        if issue.version >= limit:
            raise ApiError(423, "Превышено число изменений задачи.")

    def _write(self, issue: Issue, values: Mapping[str, Any]) -> None:
        written = {}
        for name, given in values.items():
            field = self.field(name)
            if field.readonly:
                raise ApiError(422, "", {field.id: "Поле доступно только для чтения."})
            written[field.id] = self._value(field, issue.values.get(field.id), given)
        for name, value in written.items():
            if value in (None, "", []):
                issue.values.pop(name, None)
            else:
                issue.values[name] = value

    def _value(self, field: Field, before: Any, given: Any) -> Any:
        if field.is_array:
            return _array(list(before or ()), given)
        value = _plain(given)
        if value is None:
            return None
        if field.type == "user":
            user = self.user(str(value))
            if user.dismissed or not user.has_license:
                raise ApiError(422, "", {field.id: "Пользователь не может быть исполнителем."})
            return user.uid
        if field.options is not None and value not in field.options:
            raise ApiError(422, "", {field.id: "Значение не входит в список допустимых."})
        if field.type in ("integer", "float") and isinstance(value, str):
            raise ApiError(422, "", {field.id: "Значение должно быть числом."})
        if field.type == "datetime":
            return _moment(field, str(value))
        if field.id == "summary" and len(str(value)) > LONGEST_SUMMARY:
            raise ApiError(422, "", {"summary": "Слишком длинное название."})
        return value

    def _take_files(self, ids: Sequence[Any]) -> list[File]:
        taken = []
        for file_id in map(str, ids):
            if file_id not in self.loose_files:
                raise ApiError(422, f"Файл {file_id} не существует.")
            taken.append(self.loose_files.pop(file_id))
        return taken

    def _touch(self, issue: Issue, by: User, *, moves_version: bool = True) -> None:
        issue.version += moves_version
        issue.writer, issue.updated_at = by, self.now()
        self._keep_for_search(issue)

    def _name(self, issue: Issue) -> Issue:
        self._by_key[issue.key] = issue.id
        if issue.unique:
            self._by_unique[issue.unique] = issue.id
        return issue

    def _keep_for_search(self, issue: Issue) -> None:
        self._touched.append((issue.updated_at, issue.id))
        rules, now = self.rules, time.monotonic()
        if not rules.search_lag_ms and not issue.shown:
            return
        lag = rules.search_lag_ms * (self._random.random() if rules.search_lag_varies else 1) / 1000
        old = copy(issue)
        old.values, old.shown, old.comments = dict(issue.values), [], list(issue.comments)
        # What is out of date by now will never be shown again.
        seen = max((place for place, (visible_from, _) in enumerate(issue.shown) if visible_from <= now), default=0)
        issue.shown = [*issue.shown[seen:], (now + lag, old)]

    def _row(self, kind: str, by: User, **what: Any) -> Change:
        return Change(secrets.token_hex(12), kind, self._last, by, **what)


def _plain(given: Any) -> Any:
    """Values come bare, or as {"id"}, {"key"}, {"name"}, {"set"}."""
    if isinstance(given, Mapping):
        return next((given[name] for name in ("set", "id", "key", "name", "login", "uid") if name in given), None)
    return given


def _array(before: list[Any], given: Any) -> list[Any]:
    if isinstance(given, Mapping):
        if "set" in given:
            return list(given["set"] or ())
        removed = set(map(str, given.get("remove") or ()))
        kept = [each for each in before if str(each) not in removed]
        return kept + [each for each in given.get("add") or () if each not in kept]
    return list(given or ()) if isinstance(given, list | tuple) or given is None else [given]


def _moment(field: Field, given: str) -> str:
    """As it is given back: UTC, whole milliseconds."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ApiError(422, "", {field.id: "Неверная дата."}) from None
    return written(at if at.tzinfo else at.replace(tzinfo=UTC))


def written(at: datetime) -> str:
    """`2026-02-03T08:15:30.120+0000`"""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
