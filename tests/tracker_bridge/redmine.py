"""A real Redmine for tests: Debian's package, copied into a throw-away folder, with SQLite, on loopback.

`tests/tracker_bridge/get_redmine.sh FOLDER` fetches it without touching the system's own; REDMINE_HOME names the folder
then. Where it is missing, the tests that need it are skipped and counted.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from config.tracker import TrackerSettings
from demo.tracker.seed import STATUSES, STEPS, TYPES_OF_PROBLEM
from tests.tracker_bridge.conftest import MEMORY

HOME = Path(os.environ.get("REDMINE_HOME") or "/usr/share/redmine")
RUBY = ("bundle", "exec", "ruby")
TRIES = 3
PARTS = ("app", "bin", "config", "config.ru", "db", "lib", "public", "Rakefile")
SEED = Path(__file__).with_name("redmine_seed.rb")
# The form of Redmine's own keys.
KEYS = {name: secrets.token_hex(20) for name in ("admin", "robot", "anna", "oleg")}
KEY_FIELD = "Ключ Dispatch"
# May not be written in new issues, and is not used as a filter.
CLOSED_FIELD = "Закрытое поле"
FIELDS = {
    "type": "Тип проблемы",
    "database_id": "Номер в базе",
    "email_ids": "Письма",
    "pole": "Шифр опоры",
    "base_station": "Номер БС",
    "email_datetime": "Время первого письма",
    "is_new_message": "Новое сообщение",
    "sla_deadline": "Срок SLA",
    "sla_state": "Статус SLA",
    "operator": "Оператор",
    "contractor": "Подрядчик по АВР",
}


def is_here() -> bool:
    return (HOME / "config.ru").is_file() and shutil.which("bundle") is not None and shutil.which("ruby") is not None


class Redmine:
    """One server with people, statuses and fields; each test makes a project of its own in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "redmine"
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._projects = 0

    def start(self) -> None:
        self._copy()
        with (self.folder / "seed.json").open("w") as file:
            json.dump(_seed(), file)
        with (self.folder / "output").open("wb") as output:
            facts: Any = {"cwd": self.folder, "env": self._env(), "stdout": output, "stderr": output}
            seed = [*RUBY, "bin/rails", "runner", str(SEED), "seed.json"]
            seeded = subprocess.run(seed, timeout=300, check=False, **facts)
            for _ in range(TRIES if seeded.returncode == 0 else 0):
                # Anybody may have taken the port meanwhile.
                port = _free_port()
                self.url = f"http://127.0.0.1:{port}"
                serve = [*RUBY, "-S", "rackup", "-s", "webrick", "-o", "127.0.0.1", "-p", str(port)]
                # A group of its own, so that nothing of it outlives the tests.
                self._process = subprocess.Popen(serve, start_new_session=True, **facts)
                if self._answers():
                    return
                self.stop()
        raise AssertionError((self.folder / "output").read_text(errors="replace")[:3000])

    def stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def project(self) -> str:
        """A new project with all people in it, by its identifier."""
        self._projects += 1
        key = f"desk-{self._projects}"
        # Members of a project that an administrator makes are nobody.
        made = self.call("POST", "projects.json", project={"name": key, "identifier": key})
        role = self.call("GET", "roles.json")["roles"][0]["id"]
        for user in self.call("GET", "users.json")["users"]:
            if user["login"] != "admin":
                member = {"user_id": user["id"], "role_ids": [role]}
                self.call("POST", f"projects/{made['project']['id']}/memberships.json", membership=member)
        return key

    def settings(self, project: str, **facts: Any) -> TrackerSettings:
        """As an installation names this Redmine and this project."""
        given = {"access": KEYS["robot"], "fields": FIELDS, "key_field": KEY_FIELD, **facts}
        return replace(
            MEMORY, backend="redmine", queue=project, url=self.url, pages=self.url, names_statuses=True, **given
        )

    def call(self, method: str, path: str, *, by: str = "admin", **body: Any) -> Any:
        """What a person does over there."""
        headers = {"X-Redmine-API-Key": KEYS[by]}
        answer = requests.request(method, f"{self.url}/{path}", json=body or None, headers=headers, timeout=30)
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.text.strip() else None

    def id_of(self, kind: str, name: str) -> int:
        """Of a status or a custom field, by its name."""
        return next(int(each["id"]) for each in self.call("GET", f"{kind}.json")[kind] if each["name"] == name)

    def _copy(self) -> None:
        instance = self.folder / "instances" / "default"
        for name in ("config", "log", "files", "tmp/cache", "public/plugin_assets"):
            (instance / name).mkdir(parents=True)
        for part in PARTS:
            source = HOME / part
            if source.is_dir():
                # Debian's own links lead into folders of the system that are not there.
                shutil.copytree(source, self.folder / part, symlinks=True)
            else:
                shutil.copy(source, self.folder / part)
        (self.folder / "config" / "database.yml").unlink(missing_ok=True)
        (instance / "config" / "database.yml").write_text(
            f"production: {{adapter: sqlite3, database: {self.folder}/redmine.sqlite3, timeout: 10000}}\n"
        )
        gems = (HOME / "Gemfile").read_text()
        gems = gems.replace("/usr/share/redmine/{config,instances/*/config}", str(instance / "config"))
        (self.folder / "Gemfile").write_text(f"{gems}\ngem 'webrick'\n")

    def _env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, "LANG": "C.UTF-8", "RAILS_ENV": "production", "SECRET_KEY_BASE": secrets.token_hex(64)}

    def _answers(self) -> bool:
        """Whether our server, and nobody else's, answers before long."""
        assert self._process is not None
        deadline = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(requests.RequestException, AssertionError):
                self.call("GET", "issue_statuses.json")
                return self._process.poll() is None
            time.sleep(0.1)
        return False


def upload(server: Redmine, name: str, content: bytes) -> str:
    """Anna uploads a file; the token is what an issue names it by."""
    headers = {"X-Redmine-API-Key": KEYS["anna"], "Content-Type": "application/octet-stream"}
    answer = requests.post(
        f"{server.url}/uploads.json", params={"filename": name}, data=content, headers=headers, timeout=30
    )
    return str(answer.json()["upload"]["token"])


def _seed() -> dict[str, Any]:
    """The workflow that the look-alike of Yandex Tracker has, by names."""
    names = {key: name for _, key, name, _ in STATUSES if key != "open"}
    everywhere = STEPS["*"]
    steps = [
        (names[before], names[after])
        for before in names
        for after in dict.fromkeys((*STEPS.get(before, ()), *everywhere))
        if before != after
    ]
    return {
        "statuses": [(name, key == "closed") for key, name in names.items()],
        "steps": steps,
        "fields": [
            (KEY_FIELD, []),
            *((name, TYPES_OF_PROBLEM if ours == "type" else []) for ours, name in FIELDS.items()),
        ],
        "people": list(KEYS.items()),
    }


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
