"""What `manage.py up` needs of the look-alike: the demo's people in it, a place to keep it, and where it listens."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from config.embedded import paths
from config.tracker import FIELDS
from demo import staff
from demo.places import write_private
from demo.tracker import seed
from demo.tracker.records import Trigger, User
from demo.tracker.server import ORGANISATION, TOKEN, Tracker

FIRST_UID = 8000000000000100


def queue_file(var: Path) -> Path:
    return var / "demo" / "tracker"


def employ(tracker: Tracker) -> None:
    """The desk's people under their own logins, so that the mirror finds them; and one who has left."""
    names = {role.value: names for role, names in staff.LOGINS.items()}
    names |= {login: (first, last) for login, first, last, _ in staff.COLLEAGUES}
    people = [
        User(str(FIRST_UID + number), login, f"{first} {last}", staff.address(login))
        for number, (login, (first, last)) in enumerate(names.items())
    ]
    left = next(user for user in seed.PEOPLE if user.dismissed)
    tracker.store.users = {user.uid: user for user in (seed.ROBOT, seed.TRIGGERS, *people, left)}
    for pair in tracker.tokens.pairs:
        pair.user = tracker.store.robot


def call_the_desk(tracker: Tracker, port: int) -> str:
    """A trigger that tells the desk at once which issue has changed; returns the secret that it knows."""
    secret = secrets.token_hex(24)
    hook = f"http://127.0.0.1:{port}/tracker/hint/"
    tracker.hooks.triggers = [Trigger(1, "Dispatch", hook, {"X-Dispatch-Hook": secret}, '{"key": "{{issue.key}}"}')]
    return secret


def write_card(var: Path, tracker: Tracker, secret: str) -> None:
    """Say where it listens. `environment` makes the product use it, `pid` tells whether it is stale."""
    said = environment(tracker) | {"TRACKER_HOOK_SECRET": secret}
    content = {"pid": os.getpid(), "url": tracker.url, "environment": said}
    write_private(paths.tracker_file(var), json.dumps(content, indent=2) + "\n")


def known_port(var: Path) -> int:
    """That of last time, so that links to issues stay right; 0 if it never ran."""
    try:
        return int(json.loads(paths.tracker_file(var).read_text())["url"].rpartition(":")[2])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def environment(tracker: Tracker) -> dict[str, str]:
    """The settings of the mirror for this queue, every field of it."""
    fields = {setting: ident for setting, ident, _, _ in seed.GLOBAL_FIELDS}
    fields[FIELDS["type"]] = seed.LOCAL_FIELD
    return {
        "TRACKER_BACKEND": "yandex",
        "YT_QUEUE": tracker.store.queue,
        "YT_ORGANIZATION_ID": ORGANISATION,
        "YT_API_URL": tracker.url,
        "YT_OAUTH_URL": f"{tracker.url}/oauth",
        "YT_PAGES_URL": f"{tracker.url}/page",
        "YT_ACCESS_TOKEN": TOKEN,
        "YT_REFRESH_TOKEN": "demo-refresh",
        "YT_CLIENT_ID": tracker.tokens.client_id,
        "YT_CLIENT_SECRET": tracker.tokens.client_secret,
        # On this machine nobody has to be spared.
        "TRACKER_CALLS_PER_SECOND": "100",
        **{setting: fields[setting] for setting in FIELDS.values()},
    }
