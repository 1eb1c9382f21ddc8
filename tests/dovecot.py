"""A real IMAP server for tests: Dovecot, started as whoever runs the tests, with its data in a short folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from mailbox.imap import Account, readable

LOGIN, PASSWORD = "desk@towers.example", "secret"
# A second mailbox on the same server.
OTHER, OTHER_PASSWORD = "other@towers.example", "пароль"
SENT = "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"

CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
{tls}
disable_plaintext_auth = no
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login_user}
first_valid_uid = 1
mail_location = maildir:{base}/mail/%u
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {base}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox {sent} {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service auth {{
  user = {auth_user}
}}
service auth-worker {{
  user = {auth_user}
}}
service stats {{
  chroot =
}}
"""


def is_installed() -> bool:
    return shutil.which("dovecot") is not None or Path("/usr/sbin/dovecot").exists()


class Dovecot:
    """A running server; `account` is what settings.MAIL_ACCOUNT would hold."""

    def __init__(self, base: Path, port: int) -> None:
        self.base, self.port = base, port

    @property
    def account(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "ssl": False,
            "login": LOGIN,
            "password": PASSWORD,
            "address": LOGIN,
            "inbox": "INBOX",
            "sent": "",
        }

    @property
    def facts(self) -> Account:
        return Account("127.0.0.1", self.port, "none", LOGIN, PASSWORD)

    def start(self) -> None:
        program = shutil.which("dovecot") or "/usr/sbin/dovecot"
        subprocess.run([program, "-c", str(self.base / "dovecot.conf")], check=True)
        for _ in range(200):
            try:
                self.client().logout()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError((self.base / "dovecot.log").read_text())

    def kill(self) -> None:
        """End the server with all its sessions at once, as a machine that loses power does."""
        master = int((self.base / "run" / "master.pid").read_text())
        pids = [master, *_children_of(master)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for _ in range(200):
            if not any(Path(f"/proc/{pid}").exists() for pid in pids):
                return
            time.sleep(0.02)

    def client(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=10)
        client.folder_encode = False
        client._imap.debug = 0  # imapclient would describe every byte for a log that nobody reads
        client.login(LOGIN, PASSWORD)
        return client

    def append(self, raw: bytes, folder: str = "INBOX") -> None:
        with self.client() as client:
            client.append(folder, raw)

    def append_all(self, letters: Iterable[bytes], folder: str = "INBOX", received: datetime | None = None) -> None:
        """Many at once (MULTIAPPEND)."""
        with self.client() as client:
            client.folder_encode = True  # multiappend() takes nothing else
            dated = [{"msg": raw, "date": received} if received else raw for raw in letters]
            for start in range(0, len(dated), 500):
                client.multiappend(readable(folder), dated[start : start + 500])

    def flags(self, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """What a look at the folder could have changed: its UIDs with their flags."""
        with self.client() as client:
            client.select_folder(folder, readonly=True)
            return dict(client.get_flags(client.search()))


@contextmanager
def running(certificate: Path | None = None) -> Iterator[Dovecot]:
    """A server for the block; with STARTTLS if it is given a file with key and certificate."""
    # Unix sockets lie below it, and their paths may not exceed 107 bytes.
    base = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    server = Dovecot(base, _free_port())
    try:
        _configure(server, certificate)
        server.start()
        yield server
    finally:
        if (base / "run" / "master.pid").exists():
            server.kill()
        shutil.rmtree(base, ignore_errors=True)


def _configure(server: Dovecot, certificate: Path | None) -> None:
    base, root = server.base, os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid())
    mail = pwd.getpwnam("mail") if root else me
    (base / "mail").mkdir()
    base.chmod(0o755)
    os.chown(base / "mail", mail.pw_uid, mail.pw_gid)
    (base / "users").write_text(f"{LOGIN}:{{PLAIN}}{PASSWORD}\n{OTHER}:{{PLAIN}}{OTHER_PASSWORD}\n")
    (base / "dovecot.conf").write_text(
        CONFIG.format(
            base=base,
            tls=f"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{certificate}" if certificate else "ssl = no",
            port=server.port,
            sent='"Отправленные"',
            internal="dovecot" if root else me.pw_name,
            group="dovecot" if root else _group(me),
            login_user="dovenull" if root else me.pw_name,
            auth_user="root" if root else me.pw_name,
            uid=mail.pw_uid,
            gid=mail.pw_gid,
        )
    )


def _group(person: pwd.struct_passwd) -> str:
    import grp

    return grp.getgrgid(person.pw_gid).gr_name


def _children_of(parent: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
