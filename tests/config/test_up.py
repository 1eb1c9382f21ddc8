"""`manage.py up` as a person sees it: the real database, broker and web server; sleepers for the rest."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from config.embedded import keeper, paths, services
from config.embedded.processes import identity, is_alive, wait_until
from tests.config.test_embedded_supervision import free_port

UP = """
import json, os, sys
from pathlib import Path
from config.embedded import paths, services
from config.embedded.supervision import Service, python
from django.core.management import execute_from_command_line

SLEEP = "import sys, time; print('up', sys.argv[1], flush=True); time.sleep(600)"
SERVERS = '''
import json, os, sys, time
from pathlib import Path
content = {"pid": os.getpid(), "environment": {"EMAIL_HOST": "from the demo", "LANG": "from the demo"}}
Path(sys.argv[1], "ports.json").write_text(json.dumps(content))
time.sleep(600)
'''
SEED = '''
import os, sys
from pathlib import Path
said = [os.environ["EMAIL_HOST"], os.environ["LANG"], os.environ["TRACKER_BACKEND"]]
Path(sys.argv[1], "seeded").write_text(", ".join(said))
Path(sys.argv[1], "demo-logins.txt").write_text("dispatcher / secret")
'''

def sleeper(name):
    return Service(name, python("-c", SLEEP, name), lambda child: child.has_said("up"))

def servers(var):
    ready = lambda child: services.read_ports(var).get("pid") == child.process.pid
    return Service("demo servers", python("-c", SERVERS, str(var)), ready)

services.demo_servers = servers
services.worker = lambda var: sleeper("worker")
services.watcher = lambda: sleeper("mail watcher")
services.demo_letters = lambda: sleeper("demo letters")
manage, importer = services.manage, "import os; print('imported into', os.environ['YT_QUEUE'], flush=True)"
programs = {"demo_seed": python("-c", SEED, os.environ["VAR_DIR"]), "sync_tracker": python("-c", importer)}
services.manage = lambda name, *rest: programs.get(name) or manage(name, *rest)
execute_from_command_line(["manage.py", "up"])
"""
OURS = {"DB_HOST", "REDIS_URL", "PARSING_EMAIL_SERVER", "EMAIL_HOST", "DJANGO_ALLOWED_HOSTS", "TRACKER_BACKEND"}


class Launcher:
    """`manage.py up` in the background."""

    def __init__(self, var: Path, port: int, **more: str) -> None:
        self.var, self.port = var, port
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        own = {"VAR_DIR": str(var), "PORT": str(port), "LANG": "C.UTF-8", "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", UP],
            cwd=paths.PROJECT,
            env=environment | own | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []

    def read_until(self, words: str) -> bool:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if words in line:
                return True
        return False

    def stop(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read().splitlines()
        return self.process.wait()

    def everything(self) -> list[str]:
        """Identities of the launcher and all it has started."""
        known = f"DISPATCH_LAUNCHER={identity(self.process.pid)}".encode()
        found = [identity(self.process.pid) or ""]
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and known in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(identity(int(entry.name)) or "")
            except OSError:
                continue  # ended in between
        return found + [str(keeper.state_of(self.var, name)["server"]) for name in ("postgres", "valkey")]


@pytest.fixture(scope="module")
def var(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("Диспетчерская")


@pytest.fixture
def launcher(var) -> Iterator[Launcher]:
    launcher = Launcher(var, free_port())
    yield launcher
    launcher.process.kill()
    launcher.process.wait()
    assert wait_until(lambda: not keeper.has_keeper(var, "postgres") and not keeper.has_keeper(var, "valkey"), 20)


def test_it_prints_progress_address_and_logins_and_sigterm_stops_all_of_it(launcher):
    assert launcher.read_until("Ctrl-C stops everything"), launcher.said
    text = "\n".join(launcher.said)
    order = ["database", "broker", "migrations", "demo servers", "demo history", "mail watcher", "Ready after"]
    assert sorted(order, key=text.index) == order
    assert f"http://127.0.0.1:{launcher.port}/" in text
    assert "dispatcher / secret" in launcher.said
    assert (launcher.var / "seeded").read_text() == "from the demo, C.UTF-8, off"  # the second was set already
    assert services.healthz(launcher.port) == 200
    everything = launcher.everything()
    assert len(everything) == 8  # launcher, web, worker, watcher, demo servers, letters, PostgreSQL, Valkey

    assert launcher.stop(signal.SIGTERM) == 0
    assert launcher.said[-2:] == ["Stopping …", f"Stopped. The data stays in {launcher.var}"]
    assert not any(map(is_alive, everything))
    assert services.healthz(launcher.port) is None


@pytest.mark.slow
def test_a_killed_database_comes_back_under_it_and_is_said(launcher):
    assert launcher.read_until("Ctrl-C stops everything")
    server = str(keeper.state_of(launcher.var, "postgres")["server"])
    os.kill(int(server.partition(":")[0]), signal.SIGKILL)
    assert launcher.read_until("database: was killed, started again")
    parts = paths.postgres_dsn_parts(launcher.var)
    psycopg.connect(host=parts["HOST"], port=5432, user=parts["USER"], dbname=parts["NAME"]).close()
    assert services.healthz(launcher.port) == 200


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_after_a_kill_nothing_runs_on_and_the_next_start_is_not_blocked(var, launcher):
    assert launcher.read_until("Ctrl-C stops everything")
    everything = launcher.everything()
    launcher.process.kill()
    assert wait_until(lambda: not any(map(is_alive, everything)), 20)
    again = Launcher(var, launcher.port)
    try:
        assert again.read_until("Ctrl-C stops everything"), again.said
    finally:
        again.stop(signal.SIGINT)
    assert again.process.returncode == 0


@pytest.mark.slow
def test_stopping_in_the_middle_of_the_start_leaves_nothing(launcher):
    assert launcher.read_until("demo servers")
    everything = launcher.everything()
    assert launcher.stop(signal.SIGINT) == 0
    assert not any(map(is_alive, everything))


@pytest.mark.slow
def test_a_tracker_runs_beside_it_only_when_it_is_wanted(var):
    beside = Launcher(var, free_port(), TRACKER="1")
    try:
        assert beside.read_until("tracker import: imported into DISPATCH"), beside.said
        (address,) = [line for line in beside.said if line.startswith("tracker: http://127.0.0.1:")]
        page = address.split()[1]
        assert "Очередь DISPATCH" in requests.get(page, timeout=5).text
        assert page in paths.logins_file(var).read_text()
        assert "dispatcher / secret" in beside.said
        assert (var / "seeded").read_text().endswith(", off")
        form = {"do": "create", "by": "dispatcher", "summary": "Заведена руками"}
        assert requests.post(f"{page}act", data=form, timeout=5).ok
    finally:
        assert beside.stop(signal.SIGTERM) == 0
    without = Launcher(var, beside.port)
    try:
        assert without.read_until("Ctrl-C stops everything")
        assert any("mirror in the demo's tracker is off" in line for line in without.said)
        assert "tracker" not in paths.logins_file(var).read_text()
    finally:
        without.stop(signal.SIGTERM)
    again = Launcher(var, beside.port, TRACKER="1")
    try:
        assert again.read_until("Ctrl-C stops everything")
        assert address in again.said
        assert "Заведена руками" in requests.get(page, timeout=5).text
    finally:
        again.stop(signal.SIGTERM)


@pytest.mark.slow
def test_a_tracker_of_ones_own_wins_over_the_demos(var):
    own = Launcher(var, free_port(), TRACKER="1", TRACKER_BACKEND="off")
    try:
        assert own.read_until("Ctrl-C stops everything")
        assert any("no demo tracker: TRACKER_BACKEND is set" in line for line in own.said)
    finally:
        own.stop(signal.SIGTERM)
