"""The launcher's children: started in order, restarted when they die, stopped in reverse, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import leftovers
from config.embedded.errors import EmbeddedError
from config.embedded.keeper import last_line, log_path, open_log
from config.embedded.paths import PROJECT
from config.embedded.processes import end, identity
from config.embedded.state import LAUNCHER

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PROGRESS_SECONDS = 10.0
STEADY = 60.0  # who lived this long starts again without a growing pause


@dataclass(frozen=True)
class Service:
    """A program that runs as long as the launcher, and how to see that it works."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[Child], bool]
    start_limit: float = 60
    may_come_later: bool = False  # it depends on somebody else's server, which may be down just now
    stop_limit: float = 10
    ends: bool = False  # it has something to do once; only if it fails is it started again


@dataclass
class Child:
    """A service as it runs now."""

    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    pause: float = FIRST_PAUSE
    restart_at: float | None = None
    told: float = field(default_factory=time.monotonic)

    @property
    def is_first_start(self) -> bool:
        return self.pause == FIRST_PAUSE  # every further one lengthens it

    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    def has_said(self, words: str) -> bool:
        """Whether the words stand in the log since this start."""
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            return words.encode() in log.read()


class Supervisor:
    """Keeps services running. Use it from the main thread, and call `stop` at the end."""

    def __init__(self, var: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.var = var
        self.environment = dict(environment) | {LAUNCHER: identity(os.getpid()) or "", "VAR_DIR": str(var)}
        self.say = say
        self.children: list[Child] = []

    def start(self, *services: Service, waiting: Callable[[], None]) -> None:
        """Start these side by side and return when each is ready; `waiting` is called all along."""
        self.wait_for([self.begin(service) for service in services], waiting=waiting)

    def wait_for(self, fresh: Sequence[Child], *, waiting: Callable[[], None]) -> None:
        """Return when each of these, begun before, is ready; one that ends instead stops the start."""
        while not all(child.ready for child in fresh):
            waiting()
            self._tend_while_starting()
            time.sleep(0.05)

    def run(self, name: str, command: Sequence[str], *, waiting: Callable[[], None]) -> None:
        """Run a program to its end, which must be good; now and then say how far it is."""
        child = self.begin(Service(name, command, is_ready=lambda _: True))
        child.ready = True  # nobody waits for it but us
        while not _has_ended(child.process):
            waiting()
            self._tend_while_starting(apart_from=child)
            self._tell_progress(child)
            time.sleep(0.05)
        self.children.remove(child)
        if child.process.wait():
            raise EmbeddedError(_failure(child))

    def tend(self) -> None:
        """One look at everybody: who died is started again, later each time it dies young."""
        for child in list(self.children):
            self._tend(child)

    def _tend_while_starting(self, *, apart_from: Child | None = None) -> None:
        """As `tend`, but who has not been ready yet may not fail."""
        for child in list(self.children):
            if not child.ready and child.is_first_start:
                self._look_at_start(child)
            elif child is not apart_from:
                self._tend(child)

    def _tend(self, child: Child) -> None:
        if child.restart_at is not None:
            if time.monotonic() >= child.restart_at:
                self._restart(child)
        elif _has_ended(child.process):
            self._bury(child)
        elif child.service.ends:
            self._tell_progress(child)
        elif not child.ready and child.service.is_ready(child):
            child.ready = True
            self.say(f"{child.service.name}: runs again")

    def stop(self, *, hurry: Callable[[], bool]) -> None:
        """Stop everybody in reverse order; who does not listen in time, or not at once in a hurry, is killed."""
        for child in reversed(self.children):
            end(child.process.pid, signal.SIGTERM)
            deadline = time.monotonic() + child.service.stop_limit
            while not _has_ended(child.process) and not hurry() and time.monotonic() < deadline:
                time.sleep(0.02)
            _reap_with_group(child.process)
        self.children.clear()
        leftovers.sweep(self.environment[LAUNCHER])

    def begin(self, service: Service) -> Child:
        """Start a service without waiting for it."""
        log = log_path(self.var, service.name.replace(" ", "-"))
        with open_log(log) as file:
            process = subprocess.Popen(
                service.command,
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # Out of reach of the terminal's Ctrl-C: the order of stopping is ours.
                start_new_session=True,
            )
            child = Child(service, process, log, log_start=file.tell())
        self.children.append(child)
        return child

    def _look_at_start(self, child: Child) -> None:
        service = child.service
        if _has_ended(child.process):
            _reap_with_group(child.process)
            raise EmbeddedError(_failure(child))
        if child.age() > service.start_limit and service.may_come_later:
            child.ready = True
            self.say(f"  {service.name:<14} goes on trying ({last_line(child.log)})")
            return
        if child.age() > service.start_limit:
            raise EmbeddedError(f"{service.name} is not ready in {service.start_limit:.0f} s. See {child.log}.")
        if service.is_ready(child):
            child.ready = True
            self.say(f"  {service.name:<14} ready {child.age():5.1f} s")

    def _tell_progress(self, child: Child) -> None:
        if time.monotonic() > child.told + PROGRESS_SECONDS and child.log.stat().st_size > child.log_start:
            child.told = time.monotonic()
            self.say(f"    {last_line(child.log)}")

    def _bury(self, child: Child) -> None:
        _reap_with_group(child.process)
        if child.service.ends and child.process.returncode == 0:
            self.children.remove(child)
            self.say(f"{child.service.name}: {last_line(child.log)}")
            return
        if child.age() > STEADY:
            child.pause = FIRST_PAUSE
        self.say(f"{_failure(child)} Starting it again in {child.pause:.0f} s.")
        child.restart_at = time.monotonic() + child.pause

    def _restart(self, dead: Child) -> None:
        place = self.children.index(dead)
        child = self.begin(dead.service)
        self.children.remove(child)
        child.pause = min(dead.pause * 2, LONGEST_PAUSE)
        self.children[place] = child


def python(*arguments: str) -> list[str]:
    """This very interpreter with these arguments."""
    return [sys.executable, *arguments]


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended; it is not reaped yet, so that its number, and its group's, cannot be anybody else's."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _reap_with_group(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        end(process.pid, signal.SIGKILL, group=True)
        process.wait()


def _failure(child: Child) -> str:
    code = child.process.returncode
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return f"{child.service.name} {how} ({last_line(child.log)}). See {child.log}."
