"""As whom PostgreSQL runs. It refuses to run as root, so root needs a way to be somebody else.

In this order: the owner of the data, if that is somebody else; a user namespace, in which root's own files belong to an
ordinary user, so that even a folder only root may enter works; the user `nobody`, where it can reach the files;
at last a copy of program and data in a folder that `nobody` can reach (see `copies.py`).
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.embedded.processes import LINUX, die_with_parent

CLONE_NEWUSER = 0x10000000


@dataclass(frozen=True)
class RunAs:
    """The user a program runs as. `uid` owns its files, as seen from outside."""

    uid: int
    gid: int
    namespace: bool = False

    @property
    def is_change(self) -> bool:
        return self.namespace or self.uid != os.geteuid()

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"user {self.uid}"

    def in_child(self, sign: signal.Signals | None = None) -> Callable[[], None]:
        """What a child does between fork and exec: become this user and, with `sign`, die with its parent."""
        parent = os.getpid()
        inner = ordinary_user() if self.namespace else None

        def become() -> None:
            os.umask(0o077)
            if inner is not None:
                _enter_namespace(inner)
            elif self.uid != os.geteuid():
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
            if sign is not None:
                die_with_parent(parent, sign)

        return become

    def own(self, folder: Path) -> None:
        """Give a folder and all in it to this user, if it is somebody else's."""
        if folder.stat().st_uid == self.uid:
            return
        for top, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(top) / name, self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)

    def can_run(self, program: Path, inside: Path) -> bool:
        """Whether this user may execute the program and enter the folder."""
        try:
            tried = subprocess.run(
                ["/bin/sh", "-c", 'cd "$1" && exec "$2" --version', "sh", str(inside), str(program)],
                preexec_fn=self.in_child(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return tried.returncode == 0


def myself() -> RunAs:
    return RunAs(os.geteuid(), os.getegid())


def ordinary_user() -> pwd.struct_passwd:
    """A user of this system that is not root, `nobody` if there is one. initdb wants one with a name."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return next(user for user in pwd.getpwall() if user.pw_uid)


def candidates(owner: int) -> Sequence[RunAs]:
    """Whom to try, best first. `owner` is the user who owns the database, or the folder it will lie in."""
    if os.geteuid() != 0:
        return [myself()]
    found = [RunAs(0, 0, namespace=True)] if LINUX else []
    if owner:
        found.insert(0, RunAs(owner, _group_of(owner)))
    return [*found, nobody()]


def nobody() -> RunAs:
    user = ordinary_user()
    return RunAs(user.pw_uid, user.pw_gid)


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def _enter_namespace(inner: pwd.struct_passwd) -> None:
    """Move this process to a user namespace where its own user is called `inner`; outside it stays who it is."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inner.pw_uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inner.pw_gid} {outer_gid} 1")
