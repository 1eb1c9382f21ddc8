"""The table of what `manage.py up` runs beside the database and the broker, and how each shows that it works."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from config.embedded import tracker
from config.embedded.paths import PROJECT, ports_file
from config.embedded.processes import identity
from config.embedded.supervision import Service, python

HOST = "127.0.0.1"


def web(port: int) -> Service:
    # No gateway stands before it: what a client claims of its address counts for nothing.
    options = ["--host", HOST, "--port", str(port), "--no-proxy-headers", "--no-access-log"]
    options += ["--timeout-graceful-shutdown", "3"]
    command = python("-m", "uvicorn", "config.asgi:application", *options)
    return Service("web", command, is_ready=lambda child: child.has_said("Uvicorn running on"))


def worker(var: Path) -> Service:
    """The worker with the clock in it; threads, because the work waits for the database."""
    clock = ["-B", "-s", str(var / "celerybeat-schedule")]
    options = ["-P", "threads", "-c", "4", "-l", "INFO", "--without-gossip", "--without-mingle"]
    command = python("-m", "celery", "-A", "config", "worker", *clock, *options)
    return Service("worker", command, is_ready=lambda child: child.has_said(" ready."))


def watcher() -> Service:
    return Service(
        "mail watcher",
        manage("watch_mail"),
        is_ready=lambda child: child.has_said("mail: watching"),
        start_limit=20,
        may_come_later=True,
    )


def demo_servers(var: Path) -> Service:
    """TowerStore, IMAP and SMTP of the demo; ready when ports.json is this very process's."""
    command = manage("demo_servers")
    return Service("demo servers", command, is_ready=lambda child: read_ports(var).get("pid") == child.process.pid)


def demo_letters() -> Service:
    return Service("demo letters", manage("demo_letters"), is_ready=lambda child: child.age() > 1)


def tracker_server(var: Path) -> Service:
    """The look-alike of Yandex Tracker; ready when its card is this very process's."""
    command = manage("tracker_server", "--keep")
    return Service("tracker", command, is_ready=lambda child: tracker.read_card(var).get("pid") == child.process.pid)


def tracker_import() -> Service:
    """What is in the queue already, and issues for open incidents; done again at each start, which finds the rest."""
    return Service("tracker import", manage("sync_tracker", "--import"), is_ready=lambda _: True, ends=True)


def demo_environment(var: Path) -> Mapping[str, str]:
    """Settings that make the product use the demo's servers.

    Where somebody has set one of a group (TS_, PARSING_, EMAIL_), the whole group is his: half a real server and half
    a demo's would be neither.
    """
    wanted = read_ports(var).get("environment", {})
    own = {_group(name) for name in wanted if os.environ.get(name, "").strip()}
    return {name: value for name, value in wanted.items() if _group(name) not in own}


def _group(name: str) -> str:
    return name.partition("_")[0]


def manage(*arguments: str) -> list[str]:
    return python(str(PROJECT / "manage.py"), *arguments)


def without_tracker(command: list[str]) -> list[str]:
    """The same program with the mirror off, whatever its environment says."""
    return ["env", "TRACKER_BACKEND=off", *command]


def read_ports(var: Path) -> dict[str, Any]:
    """What the demo's servers wrote, if they still run."""
    try:
        known = json.loads(ports_file(var).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) and identity(int(known.get("pid", 0))) else {}


def healthz(port: int) -> int | None:
    """The status of /healthz, or None if nobody answers."""
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
