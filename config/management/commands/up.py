"""`manage.py up`: everything of one copy, started in order, tended, and stopped in reverse."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from config.embedded import keeper, launch, paths, postgres, services, state, tracker, valkey
from config.embedded.errors import EmbeddedError
from config.embedded.processes import wait_until
from config.embedded.supervision import Supervisor
from config.env import env_int

SERVERS = {postgres.NAME: ("database", postgres), valkey.NAME: ("broker", valkey)}
SERVER_CHECK_SECONDS = 1.0
HEALTH_LIMIT = 30.0


class Command(BaseCommand):
    help = "Start everything (database, broker, web, worker, mail, demo) and keep it running until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        self.began = self.looked = time.monotonic()
        self.var: Path = settings.VAR_DIR
        self.port = env_int("PORT", 8000, least=1, most=65535)
        self.restarts: dict[str, int] = {}
        with launch.only_launcher(self.var, self.port):
            self.supervisor = Supervisor(self.var, os.environ | {"PYTHONUNBUFFERED": "1"}, self.say)
            self.signals = launch.Signals()
            try:
                self.run()
            except launch.Stop:
                self.say("Stopping …")
            finally:
                self.stop()
            self.say(f"Stopped. The data stays in {self.var}")

    def run(self) -> None:
        self.say(f"Dispatch starts, its data is in {self.var}")
        self.start_servers()
        with self.step("migrations"):
            call_command("migrate", interactive=False, verbosity=0)
            connections.close_all()
        self.start_services()
        self.announce()
        if self.has_tracker:
            self.supervisor.begin(services.tracker_import())
        while True:
            self.tend_servers()
            self.supervisor.tend()
            time.sleep(0.2)

    def start_servers(self) -> None:
        replaced = {postgres.NAME: settings.PRODUCTION, valkey.NAME: bool(settings.REDIS_URL)}
        for name, (label, server) in SERVERS.items():
            if not replaced[name]:
                with self.step(label):
                    server.start(self.var)
                found = keeper.state_of(self.var, name)
                self.restarts[name] = found["restarts"]
                if found["note"]:
                    self.say(f"    {found['note']}")

    def start_services(self) -> None:
        """The demo's servers first, where there is a demo, since the product is pointed at them."""
        begin, wait = self.supervisor.begin, partial(self.supervisor.wait_for, waiting=self.tend_servers)
        # Without a mailbox there is a demo, unless the database is somebody's own.
        demo = settings.MAIL_ACCOUNT is None and not settings.PRODUCTION
        if demo:
            wait([begin(services.demo_servers(self.var))])
            self.supervisor.environment |= services.demo_environment(self.var)
        self.has_tracker = self.may_have_tracker(demo)
        if self.has_tracker:
            wait([begin(services.tracker_server(self.var))])
        self.supervisor.environment |= tracker.environment(self.var) if self.has_tracker else {}
        web = begin(services.web(self.port))
        if demo:
            # Before the worker and the watcher, who would take the letters of the past as fresh ones; and without the
            # mirror, which begins today.
            seed = services.without_tracker(services.manage("demo_seed"))
            with self.step("demo history"):
                self.supervisor.run("demo history", seed, waiting=self.tend_servers)
        rest = [services.worker(self.var), services.watcher()]
        if demo:
            rest.append(services.demo_letters())
        wait([web, *map(begin, rest)])

    def may_have_tracker(self, demo: bool) -> bool:
        """Whether the demo's tracker is to run; says why not, where somebody may expect it."""
        own = tracker.own_settings()
        if tracker.is_wanted():
            if demo and not own:
                return True
            why = f"{own[0]} is set, and your settings win" if own else "it belongs to the demo, which does not run"
            self.say(f"    no demo tracker: {why}")
        elif tracker.was_on(self.var) and not own:
            self.say("    the mirror in the demo's tracker is off; make run TRACKER=1 goes on with it")
        return False

    def announce(self) -> None:
        state.mark_ready(self.var)
        if not wait_until(lambda: services.healthz(self.port) == 200, HEALTH_LIMIT, pause=0.2):
            said = services.healthz(self.port)
            raise EmbeddedError(f"/healthz says {said}, not 200. See {keeper.log_path(self.var, 'web')}.")
        self.say(f"Ready after {time.monotonic() - self.began:.0f} s: http://127.0.0.1:{self.port}/")
        tracker.note_address(self.var, str(tracker.read_card(self.var).get("url", "")) if self.has_tracker else "")
        logins = paths.logins_file(self.var)
        if logins.exists() and services.read_ports(self.var):
            self.say(logins.read_text().strip())
        self.say(f"Ctrl-C stops everything. What each part says is in {self.var / 'logs'}")

    def tend_servers(self) -> None:
        """Say when a keeper had to start its server again; bring back a keeper that was killed itself."""
        if time.monotonic() < self.looked + SERVER_CHECK_SECONDS:
            return
        self.looked = time.monotonic()
        for name, seen in self.restarts.items():
            label = SERVERS[name][0]
            if not keeper.has_keeper(self.var, name):
                self.say(f"{label}: its keeper was killed, starting both again")
                self.try_to_revive(name)
            elif keeper.is_running(self.var, name) and (now := keeper.state_of(self.var, name)["restarts"]) != seen:
                self.restarts[name] = now
                self.say(f"{label}: was killed, started again. See {keeper.log_path(self.var, name)}.")

    def try_to_revive(self, name: str) -> None:
        try:
            keeper.ensure(self.var, name)
            self.restarts[name] = 0
        except EmbeddedError as error:
            self.say(str(error))

    def stop(self) -> None:
        self.signals.stopping = True
        launch.say_stopping(self.var)
        self.supervisor.stop(hurry=lambda: self.signals.again)
        for _, server in reversed(SERVERS.values()):
            server.stop(self.var)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.say(f"  {name:<14} ready {time.monotonic() - began:5.1f} s")

    def say(self, line: str) -> None:
        try:
            print(line, flush=True)
        except OSError:
            # The terminal is gone; what runs must not die of having nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
