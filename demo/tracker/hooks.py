"""Triggers of the queue: a call to a web address for every change, in a thread, after the change."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from demo.tracker.records import Issue, Trigger

logger = logging.getLogger(__name__)
TIMEOUT = 5


class Hooks:
    """`fire` returns at once; what the address answers stands in the trigger's log."""

    def __init__(self) -> None:
        self.triggers: list[Trigger] = []
        self._jobs: queue.Queue[tuple[Trigger, str] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(TIMEOUT + 1)

    def fire(self, issue: Issue) -> None:
        for trigger in self.triggers:
            # As there: what is put into the body is not escaped.
            body = trigger.body
            for name in ("key", "id", "version"):
                body = body.replace("{{issue." + name + "}}", str(getattr(issue, name)))
            body = body.replace("{{issue.summary}}", str(issue.values.get("summary", "")))
            self._jobs.put((trigger, body))

    def _work(self) -> None:
        while job := self._jobs.get():
            trigger, body = job
            headers = {"Content-Type": "application/json; charset=UTF-8", **trigger.headers}
            request = urllib.request.Request(trigger.endpoint, body.encode(), headers, method="POST")
            started, status = time.time(), 0
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError as error:
                logger.info("trigger %s: %s", trigger.name, error)
            trigger.log.append({"startTime": started, "endTime": time.time(), "body": body, "status": status})


def of_request(number: int, given: dict[str, object]) -> Trigger:
    """A trigger as POST /queues/<Q>/triggers describes it: its first webhook."""
    actions = given.get("actions")
    webhooks = [each for each in actions if each.get("type") == "Webhook"] if isinstance(actions, list) else []
    action: dict[str, Any] = webhooks[0] if webhooks else {}
    headers = {str(name): str(value) for name, value in dict(action.get("headers") or {}).items()}
    context = action.get("authContext") or {}
    if context.get("type") == "oauth":
        headers[context["headerName"]] = f"{context['tokenType']} {context['accessToken']}"
    body = action.get("body") or json.dumps({"key": "{{issue.key}}"})
    return Trigger(number, str(given.get("name", "")), str(action.get("endpoint", "")), headers, str(body))
