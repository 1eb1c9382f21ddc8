"""Bring `.venv` to what a lock file says: `python tools/setup.py run|dev`. Standard library only.

An unchanged lock costs nothing. Packages for development stay once they are there: `run` never removes them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OLDEST = (3, 11)


def main(wanted: str) -> None:
    with _alone():
        installed = _read_stamp()
        kind = "dev" if "dev" in (wanted, installed.get("kind")) else "run"
        stamp = {"kind": kind, "lock": hashlib.sha256(LOCKS[kind].read_bytes()).hexdigest()}
        if installed == stamp and _works(PYTHON):
            return
        _make_environment()
        STAMP.unlink(missing_ok=True)
        _install(LOCKS[kind])
        STAMP.write_text(json.dumps(stamp))


class _alone:
    """One set-up at a time; `make run` and `make test` may be called together."""

    def __enter__(self) -> None:
        self.descriptor = os.open(ROOT, os.O_RDONLY)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def _read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _works(python: Path) -> bool:
    """Whether this is a Python that is new enough; one whose base was removed or replaced is not."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make_environment() -> None:
    if _works(PYTHON) and _quiet(PYTHON, "-m", "pip", "--version").returncode == 0:
        return
    _say("Making .venv …")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        _fail("Python's venv module is not here. Install it, on Debian or Ubuntu: apt install python3-venv")
    made = _quiet(getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--clear", VENV)
    if made.returncode:
        _fail(f"Cannot make {VENV}: {_last_line(made)}")


def _install(lock: Path) -> None:
    _say(f"Installing what {lock.name} lists …")
    uv = [PYTHON, "-m", "uv"]
    if _quiet(*uv, "--version").returncode and _quiet(PYTHON, "-m", "pip", "install", "--quiet", "uv").returncode:
        _say("No uv, so pip does it, which takes a minute.")
    elif (synced := _quiet(*uv, "pip", "sync", "--quiet", "--python", PYTHON, lock)).returncode == 0:
        return
    else:
        _say(f"uv could not ({_last_line(synced)}), so pip does it, which takes a minute.")
    installed = _quiet(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock)
    if installed.returncode:
        _fail(f"Cannot install the packages; is a package index within reach? {_last_line(installed)}")


def _quiet(*command: str | Path) -> subprocess.CompletedProcess[str]:
    # As pip does: trust what this machine trusts, such as a company's own certificate authority.
    environment = os.environ | {"UV_SYSTEM_CERTS": "true"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no word why"])[-1]


def _say(line: str) -> None:
    print(line, flush=True)


def _fail(line: str) -> None:
    sys.exit(line)


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["dev"]):
        _fail("Usage: python tools/setup.py run|dev")
    try:
        main(sys.argv[1])
    except OSError as error:
        _fail(f"Cannot set up {VENV}: {error.strerror}: {error.filename}")
