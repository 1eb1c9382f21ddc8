"""A keeper: the process that owns one server. Starts it, restarts it when it dies, stops it after its last user.

Users hold `run/<server>.users` together; the keeper wants it alone and gets it when the last of them is gone,
be it by exit or by kill -9. `run/<server>.keeper` is held by the keeper itself, so there is only one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from config.embedded.errors import EmbeddedError
from config.embedded.locks import FileLock
from config.embedded.paths import make_var_dir
from config.embedded.processes import end, end_all, identity, is_alive, wait_until
from config.embedded.state import LAUNCHER

START_LIMIT = 120.0  # recovery after a kill may take a while on a slow disk
STOP_LIMIT = 30.0
LONGEST_PAUSE = 10.0
LONGEST_LOG = 10 * 2**20


class Server(Protocol):
    """What a keeper must know about its server."""

    name: str
    var: Path

    def prepare(self) -> str:
        """Make it ready to be spawned; returns a note for people, or nothing."""

    def spawn(self) -> subprocess.Popen[bytes]: ...

    def is_ready(self) -> bool: ...

    def left_over(self) -> list[str]:
        """Identities of server processes that an earlier keeper could not stop."""

    stop_signal: signal.Signals


def users_lock(var: Path, name: str) -> FileLock:
    return FileLock(var / "run" / f"{name}.users")


def keeper_lock(var: Path, name: str) -> FileLock:
    return FileLock(var / "run" / f"{name}.keeper")


def state_of(var: Path, name: str) -> dict[str, Any]:
    """What the keeper last said of its server: `server` (identity), `ready`, `restarts`, `note`, `options`."""
    try:
        state = json.loads((var / "run" / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_running(var: Path, name: str) -> bool:
    """Whether the server answers now, under a living keeper."""
    return bool(state_of(var, name).get("ready")) and has_keeper(var, name)


def has_keeper(var: Path, name: str) -> bool:
    """Whether a keeper looks after the server, answering or not."""
    return is_alive(str(state_of(var, name).get("keeper")))


@contextmanager
def shared(var: Path, name: str, *options: str) -> Iterator[None]:
    """Have the server for the duration of the block; whoever leaves last stops it."""
    users = join(var, name, *options)
    try:
        yield
    finally:
        leave(users, name)


def join(var: Path, name: str, *options: str) -> FileLock:
    """Become a user of the server; it answers when this returns."""
    make_var_dir(var)
    users = users_lock(var, name)
    # A keeper that is stopping the server holds this alone until the server is gone.
    if not users.share(wait=STOP_LIMIT + 10):
        raise EmbeddedError(f"{name} in {var} does not stop. See {var / 'logs'}.")
    try:
        ensure(var, name, *options)
    except BaseException:
        users.release()
        raise
    return users


def leave(users: FileLock, name: str) -> None:
    """Stop being a user. If that was the last one, returns when the server is gone."""
    var = users.path.parent.parent
    users.release()
    deadline = time.monotonic() + STOP_LIMIT + 5
    while keeper_lock(var, name).is_taken() and time.monotonic() < deadline:
        probe = users_lock(var, name)
        last = probe.hold_alone()
        probe.release()
        if not last and probe.share():
            probe.release()
            return  # somebody else still uses it
        time.sleep(0.02)
    wait_until(lambda: not has_keeper(var, name), 5)


def ensure(var: Path, name: str, *options: str) -> None:
    """Wait until the server answers, with a new keeper if there is none. The caller is a user already."""
    deadline = time.monotonic() + START_LIMIT
    while not is_running(var, name):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{name} is not ready after {START_LIMIT:.0f} s. See {log_path(var, name)}.")
        if keeper_lock(var, name).is_taken():
            time.sleep(0.02)
        else:
            _start_keeper(var, name, options)


def log_path(var: Path, name: str) -> Path:
    return var / "logs" / f"{name}.log"


def _start_keeper(var: Path, name: str, options: tuple[str, ...]) -> None:
    """Returns when the server answers, or when somebody else's keeper was quicker."""
    command = [sys.executable, "-I", str(Path(__file__).parent), name, str(var), *options]
    # Without the mark of the launcher: the keeper does not belong to whoever happened to start it.
    environment = {key: value for key, value in os.environ.items() if key != LAUNCHER}
    started = subprocess.run(
        command, cwd="/", env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if started.returncode:
        raise EmbeddedError(started.stderr.strip() or f"{name} does not start. See {log_path(var, name)}.")


def main(arguments: list[str]) -> None:
    """`NAME VAR_DIR OPTION…`: go to the background and keep the server; the foreground ends when it answers."""
    from config.embedded import postgres, valkey

    name, var, *options = arguments
    makers = {"postgres": postgres.Postgres, "valkey": valkey.Valkey}
    server: Server = makers[name](Path(var), *options)
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading) as said:
            verdict = said.read()
        sys.exit(verdict if verdict not in ("ready", "kept") else 0)
    os.close(reading)
    _go_to_background(log_path(server.var, name))
    Keeper(server, options).run(writing)


def open_log(log: Path) -> BinaryIO:
    """The log, to write at its end; a long one is put aside first."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    return open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "no word why"


def _go_to_background(log: Path) -> None:
    os.setsid()
    with open_log(log) as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)


class Keeper:
    def __init__(self, server: Server, options: list[str]) -> None:
        self.server = server
        self.options = options
        self.users = users_lock(server.var, server.name)
        self.state: dict[str, Any] = {"ready": False, "restarts": 0, "options": options, "note": ""}
        self.child: subprocess.Popen[bytes] | None = None

    def run(self, report: int) -> None:
        """Keep the server until nobody uses it; say on `report` when it answers or why it does not."""
        own = keeper_lock(self.server.var, self.server.name)
        if not own.hold_alone():
            self._say(report, "kept")
            return
        for sign in (signal.SIGINT, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the machine shuts down: stop the server in order
        try:
            self._note(keeper=identity(os.getpid()))
            self._start()
            self._say(report, "ready")
            self._keep()
        except EmbeddedError as error:
            self._say(report, str(error))
        except Exception as error:
            self._say(
                report,
                f"{self.server.name} does not start: {error}. See {log_path(self.server.var, self.server.name)}.",
            )
            raise
        finally:
            self._stop()
            own.release()
            self.users.release()

    def _keep(self) -> None:
        pause = 1.0
        while not self.users.hold_alone():
            if self.child is not None and self.child.poll() is None:
                time.sleep(0.1)
                continue
            self._note(ready=False, restarts=self.state["restarts"] + 1)
            try:
                self._start()
                pause = 1.0
            except EmbeddedError as error:
                print(error, file=sys.stderr, flush=True)
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _start(self) -> None:
        end_all(self.server.left_over(), limit=STOP_LIMIT)
        note = self.server.prepare()
        self.child = child = self.server.spawn()
        if (
            not wait_until(lambda: self.server.is_ready() or child.poll() is not None, START_LIMIT)
            or child.poll() is not None
        ):
            log = log_path(self.server.var, self.server.name)
            raise EmbeddedError(f"{self.server.name} does not start ({last_line(log)}). See {log}.")
        self._note(ready=True, server=identity(child.pid), note=note)

    def _stop(self) -> None:
        self._note(ready=False)
        if self.child is None or self.child.poll() is not None:
            return
        end(self.child.pid, self.server.stop_signal)
        try:
            self.child.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def _note(self, **facts: Any) -> None:
        self.state.update(facts)
        path = self.server.var / "run" / f"{self.server.name}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.state))
        fresh.replace(path)

    @staticmethod
    def _say(report: int, verdict: str) -> None:
        try:
            os.write(report, verdict.encode())
            os.close(report)
        except OSError:
            return  # said already, or nobody listens any more
