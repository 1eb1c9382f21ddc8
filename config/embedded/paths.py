"""Where everything of one copy lies, computed from VAR_DIR alone: no process has to ask another."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection
from pathlib import Path

from config.embedded.errors import EmbeddedError

PROJECT = Path(__file__).resolve().parents[2]
POSTGRES_PORT = 5432  # names the socket file only; no TCP port is opened
DATABASE = USER = "dispatch"


def var_dir() -> Path:
    """The data folder: VAR_DIR (relative to the project, whatever the current folder is) or `var`."""
    return (PROJECT / (os.environ.get("VAR_DIR", "").strip() or "var")).expanduser().resolve()


def name_of(var: Path) -> str:
    """A short name of this copy, for folders outside VAR_DIR."""
    return "dispatch-" + hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:12]


def socket_dir(var: Path) -> Path:
    """The folder of the sockets. Always in /tmp: a socket's path may not exceed 107 bytes, VAR_DIR's may.

    XDG_RUNTIME_DIR and TMPDIR are left aside on purpose: they differ between shells and vanish at logout.
    """
    return Path("/tmp") / name_of(var)


def postgres_dsn_parts(var: Path) -> dict[str, str]:
    """The embedded database as Django's DATABASES entry wants it."""
    return {
        "HOST": str(socket_dir(var)),
        "PORT": str(POSTGRES_PORT),
        "NAME": DATABASE,
        "USER": USER,
        "PASSWORD": "",
    }


def valkey_socket(var: Path) -> Path:
    return socket_dir(var) / "valkey.sock"


def redis_url(var: Path) -> str:
    """The embedded broker as Celery writes it."""
    return f"redis+socket://{valkey_socket(var)}"


def redis_client_url(var: Path) -> str:
    """The embedded broker as redis-py writes it."""
    return f"unix://{valkey_socket(var)}"


def ports_file(var: Path) -> Path:
    """Ports of the demo's helper servers."""
    return var / "ports.json"


def tracker_file(var: Path) -> Path:
    """Where the demo's tracker listens, and the settings that make the product use it."""
    return var / "tracker.json"


def logins_file(var: Path) -> Path:
    """Demo logins, one `login / PASSWORD` a line, mode 600."""
    return var / "demo-logins.txt"


def make_var_dir(var: Path) -> None:
    """VAR_DIR and its own folders, each closed to other users."""
    try:
        # Root may have to let an unprivileged PostgreSQL pass through, but never look around.
        var.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        for name in ("run", "logs"):
            (var / name).mkdir(mode=0o700, exist_ok=True)
        (var / "run" / "writable").touch()
    except OSError as error:
        raise EmbeddedError(f"Cannot write to {var} ({error.strerror}). Choose another folder with VAR_DIR.") from None


def make_socket_dir(var: Path, *, owner: int | None = None, known: Collection[int] = ()) -> Path:
    """The socket folder, given to `owner` if named. Anyone may write to /tmp, so a stranger's folder is refused.

    One of `known` may own it: root's PostgreSQL can run as somebody else, who then has the data and this folder.
    """
    folder = socket_dir(var)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner, *known}:
        raise EmbeddedError(f"{folder} belongs to somebody else. Remove it, or choose another VAR_DIR.")
    if owner is not None and found.st_uid != owner:
        os.chown(folder, owner, -1)
    folder.chmod(0o700)
    return folder
