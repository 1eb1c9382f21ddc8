import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.locks import FileLock
from config.embedded.paths import PROJECT
from config.embedded.processes import end_all, identity, is_alive, wait_until

HOLD = """
import sys, time
from pathlib import Path
from config.embedded.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.hold_alone()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_many_share_a_lock_but_only_one_holds_it_alone(path):
    with FileLock(path) as one, FileLock(path) as two, FileLock(path) as three:
        assert one.share()
        assert two.share()
        assert not three.hold_alone()
        one.release()
        two.release()
        assert three.hold_alone()
        assert not one.share()


def test_waiting_for_a_lock_ends_at_its_limit(path):
    with FileLock(path) as one, FileLock(path) as two:
        one.hold_alone()
        assert not two.share(wait=0.05)
        one.release()
        assert two.share(wait=0.05)


def test_asking_whether_a_lock_is_taken_does_not_take_it(path):
    with FileLock(path) as one, FileLock(path) as two:
        assert not two.is_taken()
        one.hold_alone()
        assert two.is_taken()
        one.release()
        assert one.hold_alone()


def test_the_lock_of_a_killed_process_is_free(path):
    with FileLock(path) as lock:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            assert not lock.hold_alone()
            holder.kill()
        assert lock.hold_alone(wait=2)


def sleeper(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command or ("sleep", "60"))


def test_a_process_is_known_until_it_ends_even_as_a_zombie():
    with sleeper() as process:
        known = identity(process.pid)
        assert known is not None
        assert is_alive(known)
        process.kill()
        assert wait_until(lambda: not is_alive(known), 2)  # not reaped yet


def test_a_stranger_with_a_reused_number_is_not_the_process_we_knew():
    with sleeper() as process:
        assert not is_alive(f"{process.pid}:1")
        end_all([f"{process.pid}:1"])
        assert process.poll() is None
        process.kill()


def test_what_does_not_listen_to_sigterm_is_killed():
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end_all([identity(process.pid) or ""], limit=0.1)
        assert process.wait(2) == -signal.SIGKILL
