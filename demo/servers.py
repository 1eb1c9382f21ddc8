"""The stand-in servers as one process: TowerStore, IMAP and SMTP on loopback ports."""

import asyncio
import logging
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

from demo import places, registry
from demo.mailserver import MailServer, Ports
from demo.towerstore import TowerStore

PARENT_CHECK_SECONDS = 0.5


class AlreadyServed(Exception):
    """Another process holds the letters of this copy."""


async def serve(var: Path, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGINT, or the end of the process that started this one."""
    # aiosmtpd warns of its own deprecated attribute at every login.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    parent, stopped = os.getppid(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    known = places.read_ports(var)
    try:
        mail = MailServer(places.mail_dir(var), desk=places.DESK, password=places.password(var))
    except sqlite3.OperationalError as error:
        raise AlreadyServed(f"the demo servers of {var} run already ({error})") from error
    with _towerstore(known.get("towerstore", 0)) as towers:
        ports = await mail.start(ports=Ports(known.get("imap", 0), known.get("smtp", 0)))
        places.write_ports(var, towerstore=towers.port, mail=ports)
        say(f"TowerStore {towers.url}, IMAP 127.0.0.1:{ports.imap}, SMTP 127.0.0.1:{ports.smtp}")
        await _until(stopped, parent)
    await mail.stop()


def _towerstore(port: int) -> TowerStore:
    """On the port of last time, so that an address somebody noted stays right; else on any."""
    try:
        return TowerStore(registry.build(), port=port)
    except OSError:
        return TowerStore(registry.build())


async def _until(stopped: asyncio.Event, parent: int) -> None:
    while os.getppid() == parent:
        try:
            await asyncio.wait_for(stopped.wait(), PARENT_CHECK_SECONDS)
            return
        except TimeoutError:
            continue
