"""Searching: filters, a little of the query language, order, pages and scrolls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from demo.tracker.records import ApiError, Issue, User
from demo.tracker.store import Store

WAYS = ("queue", "keys", "filter", "query")
NAMES = {"queue": "queue", "status": "status", "updated": "updatedAt", "created": "createdAt", "key": "key"}
NAMES |= {"assignee": "assignee", "author": "createdBy", "summary": "summary"}
# `Name: values`, up to the next name; a name of two words is quoted.
CLAUSE = re.compile(r'("[^"]+"|[\w.]+)\s*:\s*((?:"[^"]*"|[^:"])*?)(?=\s+(?:AND\s+)?(?:"[^"]+"|[\w.]+)\s*:|$)')
ROWS_BY_PAGES = 10_000


class Search:
    """One request to _search or _count, understood; nulls count as absent, as the client always sends all names."""

    def __init__(self, store: Store, body: Mapping[str, Any], by: User) -> None:
        self.store, self.by = store, by
        self.body = {name: value for name, value in body.items() if value is not None}
        ways = [way for way in WAYS if way in self.body]
        if len(ways) > 1:
            raise ApiError(400, "Можно использовать только ключи, очередь или поисковый запрос.")
        self.way = ways[0] if ways else "filter"

    @property
    def may_scroll(self) -> bool:
        return self.way in ("filter", "query")

    def found(self) -> list[Issue]:
        if self.way == "filter":
            return self._matching(self.body.get("filter", {}), self.body.get("order"))
        if self.way == "query":
            return self._matching(*_understood(str(self.body["query"])))
        issues = self.store.searchable()
        if self.way == "queue":
            issues = [issue for issue in issues if issue.queue == self.body["queue"]]
            return sorted(issues, key=_by_key)
        keys = self.body["keys"] if isinstance(self.body["keys"], list) else [self.body["keys"]]
        return [issue for key in keys for issue in issues if key in (issue.key, *issue.aliases)]

    def _matching(self, wanted: Mapping[str, Any], order: Any) -> list[Issue]:
        tests = [self._test(name, value) for name, value in wanted.items()]
        changed = wanted.get("updatedAt")
        since = _moment(changed.get("from")) if isinstance(changed, Mapping) else None
        issues = [issue for issue in self.store.searchable(since) if all(test(issue) for test in tests)]
        return self._ordered(issues, [order] if isinstance(order, str) else list(order or ("-updatedAt",)))

    def _test(self, name: str, wanted: Any) -> Callable[[Issue], bool]:
        if isinstance(wanted, Mapping) and ("from" in wanted or "to" in wanted):
            return self._range(name, wanted)
        values = [self._plain(each) for each in (wanted if isinstance(wanted, list | tuple) else [wanted])]
        if values == ["empty()"]:
            return lambda issue: not self._has(issue, name)
        if values == ["notEmpty()"]:
            return lambda issue: bool(self._has(issue, name))
        return lambda issue: any(value in values for value in self._has(issue, name))

    def _range(self, name: str, wanted: Mapping[str, Any]) -> Callable[[Issue], bool]:
        since, to = _moment(wanted.get("from")), _moment(wanted.get("to"))

        def within(issue: Issue) -> bool:
            value = {"updatedAt": issue.updated_at, "createdAt": issue.created_at}.get(name)
            value = value or _moment(issue.values.get(name))
            return value is not None and (since is None or value >= since) and (to is None or value <= to)

        return within

    def _plain(self, value: Any) -> str:
        if isinstance(value, Mapping):
            value = next((value[name] for name in ("id", "key", "login", "uid") if name in value), "")
        return self.by.uid if value == "me()" else str(value)

    def _has(self, issue: Issue, name: str) -> Sequence[str]:
        """What the issue has there, by all of its names."""
        if name == "status":
            status = self.store.statuses[issue.status]
            return (status.key, status.id)
        if name == "queue":
            return (issue.queue, "12" if issue.queue == self.store.queue else "13")
        if name == "key":
            return (issue.key, *issue.aliases)
        if name in ("unique", "id"):
            return tuple(filter(None, (getattr(issue, name),)))
        if name in ("createdBy", "updatedBy"):
            user = issue.author if name == "createdBy" else issue.writer
            return (user.uid, user.login)
        value = issue.values.get(self.store.field(name).id)
        if value is None:
            return ()
        if name == "assignee":
            return (value, self.store.users[value].login)
        return tuple(map(str, value)) if isinstance(value, list) else (str(value),)

    def _ordered(self, issues: list[Issue], order: Iterable[str]) -> list[Issue]:
        for name in reversed(list(order)):
            key = {"updatedAt": _by_update, "createdAt": _by_creation, "key": _by_key}.get(name.lstrip("+-"))
            if key is None:
                raise ApiError(400, f"Сортировка {name} недоступна.")
            issues = sorted(issues, key=key, reverse=name.startswith("-"))
        return issues


def _by_key(issue: Issue) -> Any:
    queue, _, number = issue.key.rpartition("-")
    return queue, int(number)


def _by_update(issue: Issue) -> Any:
    return issue.updated_at


def _by_creation(issue: Issue) -> Any:
    return issue.created_at


def _moment(given: Any) -> datetime | None:
    if not given:
        return None
    try:
        at = datetime.fromisoformat(str(given).strip('"'))
    except ValueError:
        raise ApiError(400, f"Неверная дата: {given}.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _understood(query: str) -> tuple[dict[str, Any], list[str] | None]:
    """The clauses `Name: value, value`, `Updated: >= "…"`, `"Sort by": Updated ASC`, all of which must hold."""
    wanted: dict[str, Any] = {}
    order = None
    for name, given in CLAUSE.findall(query.strip()):
        name, given = name.strip('"').lower(), given.strip()
        if name == "sort by":
            field, _, way = given.partition(" ")
            order = [("-" if way.strip().upper() == "DESC" else "+") + NAMES.get(field.lower(), field)]
        elif given.startswith((">", "<")):
            edge = {"from" if given[0] == ">" else "to": given.lstrip("<>= ").strip('"')}
            wanted[NAMES.get(name, name)] = {**wanted.get(NAMES.get(name, name), {}), **edge}
        else:
            wanted[NAMES.get(name, name)] = [each.strip().strip('"') for each in given.split(",")]
    if not wanted and order is None:
        raise ApiError(400, "Запрос не понят.")
    return wanted, order
