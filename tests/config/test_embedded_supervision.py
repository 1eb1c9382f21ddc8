"""The launcher's children, with small programs in the place of the product's."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import launch, leftovers, paths, state
from config.embedded.errors import EmbeddedError
from config.embedded.processes import identity, is_alive, wait_until
from config.embedded.supervision import Service, Supervisor, python

SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
# A child of a child, as the worker's clock is; it ignores the polite signal.
WITH_CHILD = (
    "import os, signal, time\n"
    "if not os.fork(): signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('pid', os.getpid(), flush=True)\n"
    "time.sleep(60)"
)
LAUNCHER = """
import os, sys, time
from pathlib import Path
from config.embedded import launch
from config.embedded.supervision import Service, Supervisor, python
var = Path(sys.argv[1])
with launch.only_launcher(var, int(sys.argv[2])):
    supervisor = Supervisor(var, os.environ, print)
    command = python("-c", sys.argv[3])
    supervisor.start(Service("child", command, lambda child: child.has_said("pid")), waiting=lambda: None)
    print("started", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path, said) -> Iterator[Supervisor]:
    paths.make_var_dir(tmp_path)
    supervisor = Supervisor(tmp_path, os.environ, said.append)
    yield supervisor
    supervisor.stop(hurry=lambda: True)


def service(code: str = SLEEP, **more: float) -> Service:
    return Service("letter box", python("-c", code), lambda child: child.has_said("ready"), **more)


def nothing() -> None:
    """Nothing else to do while waiting."""


def children_in(log: Path) -> list[str]:
    return [identity(int(line.split()[1])) or "" for line in log.read_text().splitlines() if "pid" in line]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tend_until(supervisor: Supervisor, words: str, said: list[str]) -> bool:
    def has_been_said() -> bool:
        supervisor.tend()
        return any(words in line for line in said)

    return wait_until(has_been_said, 30)


def test_start_returns_when_each_service_is_ready_and_says_so(supervisor, said):
    supervisor.start(service(), waiting=nothing)
    assert len(said) == 1
    assert "letter box" in said[0]
    assert "ready" in said[0]


def test_a_service_that_ends_at_its_start_stops_the_start_with_its_last_words(supervisor):
    with pytest.raises(EmbeddedError, match=r"letter box ended with code 3 \(no stamps\)\. See .*letter-box\.log"):
        supervisor.start(service("print('no stamps'); raise SystemExit(3)"), waiting=nothing)


def test_a_service_that_is_never_ready_stops_the_start(supervisor):
    slow = service("import time; time.sleep(60)", start_limit=0.2)
    with pytest.raises(EmbeddedError, match="letter box is not ready in 0 s"):
        supervisor.start(slow, waiting=nothing)


def test_a_service_that_waits_for_somebody_elses_server_does_not_stop_the_start(supervisor, said):
    patient = "import time; print('no route', flush=True); time.sleep(60)"
    supervisor.start(service(patient, start_limit=0.3, may_come_later=True), waiting=nothing)
    assert "goes on trying (no route)" in said[0]


def test_a_killed_service_is_started_again_and_waits_longer_each_time(supervisor, said):
    supervisor.start(service(), waiting=nothing)
    supervisor.children[0].process.kill()
    assert tend_until(supervisor, "was killed by SIGKILL (ready)", said)
    assert "again in 1 s" in said[-1]
    assert tend_until(supervisor, "letter box: runs again", said)
    supervisor.children[0].process.kill()
    assert tend_until(supervisor, "again in 2 s", said)


def test_what_a_killed_service_had_started_goes_with_it(supervisor, said):
    supervisor.start(Service("tree", python("-c", WITH_CHILD), lambda child: child.has_said("pid")), waiting=nothing)
    child = supervisor.children[0]
    assert wait_until(lambda: len(children_in(child.log)) == 2, 5)
    both = children_in(child.log)
    child.process.kill()
    assert tend_until(supervisor, "was killed", said)
    assert wait_until(lambda: not any(map(is_alive, both)), 2)


def test_stop_goes_backwards_and_kills_who_does_not_listen(supervisor, tmp_path):
    record = tmp_path / "order"
    polite = (
        "import signal, sys, time\n"
        "def leave(*_):\n    open({0!r}, 'a').write({1!r}); sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave); print('ready', flush=True); time.sleep(60)"
    )
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
    services = [
        service(polite.format(str(record), "first ")),
        service(deaf, stop_limit=0.2),
        service(polite.format(str(record), "last ")),
    ]
    supervisor.start(*services, waiting=nothing)
    processes = [child.process for child in supervisor.children]
    supervisor.stop(hurry=lambda: False)
    assert record.read_text() == "last first "
    assert [process.returncode for process in processes] == [0, -signal.SIGKILL, 0]


def test_one_run_to_its_end_must_end_well(supervisor):
    supervisor.run("history", python("-c", "print('done')"), waiting=nothing)
    with pytest.raises(EmbeddedError, match="history ended with code 1"):
        supervisor.run("history", python("-c", "raise SystemExit(1)"), waiting=nothing)
    assert supervisor.children == []


def test_a_service_begun_beside_a_long_run_is_ready_when_it_is_and_not_after_the_run(supervisor, said):
    beside = supervisor.begin(service(start_limit=5))
    supervisor.run("history", python("-c", "import time; time.sleep(6)"), waiting=nothing)
    assert beside.ready
    supervisor.wait_for([beside], waiting=nothing)
    assert len(said) == 1


def test_a_service_that_ends_beside_a_long_run_stops_the_start(supervisor):
    supervisor.begin(service("raise SystemExit(3)"))
    with pytest.raises(EmbeddedError, match="letter box ended with code 3"):
        supervisor.run("history", python("-c", SLEEP), waiting=nothing)


def test_a_killed_launcher_leaves_nothing_running_and_nothing_in_the_way(tmp_path):
    command = python("-c", LAUNCHER, str(tmp_path), str(free_port()), WITH_CHILD)
    for _ in range(2):
        with subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True) as launcher:
            assert launcher.stdout is not None
            assert any(line == "started\n" for line in launcher.stdout)
            assert wait_until(lambda: len(children_in(tmp_path / "logs" / "child.log")) >= 2, 5)
            alive = [known for known in children_in(tmp_path / "logs" / "child.log") if known]
            assert len(alive) == 2
            launcher.kill()
        assert wait_until(lambda known=alive: not any(map(is_alive, known)), 5)


def test_a_second_launcher_in_the_same_folder_is_told_where_the_first_one_is(tmp_path):
    with launch.only_launcher(tmp_path, port := free_port()):
        command = python("-c", LAUNCHER, str(tmp_path), str(free_port()), SLEEP)
        second = subprocess.run(command, cwd=paths.PROJECT, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"process {os.getpid()}, http://127.0.0.1:{port}" in second.stderr


def test_a_launcher_waits_for_one_that_is_stopping(tmp_path):
    with launch.only_launcher(tmp_path, free_port()):
        launch.say_stopping(tmp_path)
        command = python("-c", LAUNCHER, str(tmp_path), str(free_port()), WITH_CHILD)
        second = subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        assert second.poll() is None
    with second:
        assert second.stdout is not None
        assert any(line == "started\n" for line in second.stdout)
        second.kill()


def test_a_taken_port_is_said_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=f"Port {port} is taken.*PORT={port + 1} make run"):
            launch.require_free(port)


def test_the_mark_of_a_launcher_counts_only_while_it_runs(tmp_path):
    paths.make_var_dir(tmp_path)
    assert not state.is_ready(tmp_path)
    state.mark_ready(tmp_path)
    assert state.is_ready(tmp_path)
    (tmp_path / "run" / "ready").write_text(f"{os.getpid()}:1")  # a killed one whose number is ours now
    assert not state.is_ready(tmp_path)


def test_sweeping_spares_the_children_of_other_launchers(supervisor):
    supervisor.start(service(), waiting=nothing)
    leftovers.sweep("1:1")
    assert supervisor.children[0].process.poll() is None


def test_what_has_ended_well_is_told_with_its_last_words_and_not_started_again(supervisor, said):
    supervisor.begin(service("print('2 of 2')", ends=True))
    assert tend_until(supervisor, "letter box: 2 of 2", said)
    assert not supervisor.children


def test_what_has_something_to_do_once_and_failed_is_started_again(supervisor, said, tmp_path):
    mark = tmp_path / "tried"
    code = f"import pathlib, sys; mark = pathlib.Path({str(mark)!r}); tried = mark.exists(); mark.touch()\n"
    supervisor.begin(service(f"{code}print('done' if tried else 'failed'); sys.exit(not tried)", ends=True))
    assert tend_until(supervisor, "letter box: done", said)
    assert any("ended with code 1 (failed)" in line for line in said)
