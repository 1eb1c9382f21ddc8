"""Watching all folders for as long as the process lives; `manage.py watch_mail` runs this.

One thread a folder (mailbox.folder_watch). This one looks every few seconds which folders are wanted, so that what
is added, changed or switched off on the page counts without a restart.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from mailbox import fetching, mailboxes
from mailbox.folder_watch import FolderWatch, Gate
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Folder
from mailbox.sealing import WrongKey

logger = logging.getLogger(__name__)

# The table is asked so often for what is to be watched.
ROSTER_SECONDS = 2.0
# Advisory locks are numbered by (class, folder).
LOCK_CLASS = 0x4D41


def look_once() -> int:
    """Take everything from all folders, each to its end; returns how many letters were stored.

    A folder that cannot be read does not stop the others; the first error is raised when all were tried:
    LoginRefused, WrongKey or one of imap.BROKEN.
    """
    mailboxes.follow_settings()
    mailboxes.ensure_inboxes()
    stored, seen = 0, set[int]()
    errors: list[Exception] = []
    # The folder of sent letters may be found on the way.
    while folder := mailboxes.watched_folders().exclude(pk__in=seen).first():
        seen.add(folder.pk)
        try:
            stored += _look_at(folder)
        except (LoginRefused, WrongKey, *BROKEN) as error:
            fetching.note_failure(folder, str(error), now=timezone.now())
            errors.append(error)
    if errors:
        raise errors[0]
    return stored


def _look_at(folder: Folder) -> int:
    with ImapSession(mailboxes.account_of(folder.mailbox), folder.name) as session:
        if folder.role == Folder.Role.INBOX:
            mailboxes.find_sent(folder.mailbox, session)
        return fetching.fetch_all(folder, session, timezone.now)


def watch(stop: threading.Event) -> None:
    """Watch all folders until `stop` is set."""
    roster = _Roster()
    is_settled = False
    while not stop.is_set():
        try:
            if not is_settled:
                mailboxes.follow_settings()
            roster.follow()
            if not is_settled and not mailboxes.watched_folders().exists():
                logger.info("mail: watching nothing yet: no mailbox is connected")
            is_settled = True
        except DatabaseError as error:
            logger.warning("mail: %s", error)
            roster.let_go()
        stop.wait(ROSTER_SECONDS)
    roster.stop()


def wake() -> None:
    """Tell the workers that letters wait. Only a wake-up: without it the clock finds the same rows in seconds."""
    try:
        current_app.send_task(settings.MAIL_STORED_TASK, expires=10)
    except (BrokerError, OSError) as error:
        logger.warning("broker: %s; letters wait for the next tick", error)


class _Roster:
    """The running watches, kept equal to what the table wants.

    This thread's database session holds one advisory lock a folder: a second watcher process finds it taken and
    waits. The locks end with the session, at the latest when the process dies.
    """

    def __init__(self) -> None:
        self._watches: dict[int, FolderWatch] = {}
        self._gates: dict[int, Gate] = {}
        self._asked: dict[int, datetime | None] = {}
        self._session: Any = None
        self._held: set[int] = set()

    def follow(self) -> None:
        """Start, stop and nudge watches as the table says now. Raises DatabaseError."""
        mailboxes.ensure_inboxes()
        wanted = {folder.pk: folder for folder in mailboxes.watched_folders()}
        self._lock(set(wanted))
        for pk, watch in list(self._watches.items()):
            if pk not in self._held or watch.facts != _facts(wanted[pk]) or not watch.is_alive():
                watch.stop()
                del self._watches[pk]
        for watch in self._watches.values():
            watch.cut_off_if_stuck()
        for pk in self._held:
            folder = wanted[pk]
            if pk not in self._watches:
                self._start(folder)
            elif folder.asked_at != self._asked[pk]:
                self._gates[folder.mailbox_id].open()
                self._watches[pk].ask()
            self._asked[pk] = folder.asked_at

    def let_go(self) -> None:
        """The database is away: begin with a new session, in which nothing is locked."""
        if connection.connection is not None:
            # Closed for good, lest a session that still holds locks goes back to the pool.
            connection.connection.close()
        connection.close()

    def stop(self) -> None:
        for watch in self._watches.values():
            watch.stop()
        for watch in self._watches.values():
            watch.join(timeout=2)
        self.let_go()

    def _start(self, folder: Folder) -> None:
        gate = self._gates.setdefault(folder.mailbox_id, Gate())
        # Whoever changed the facts, or switched the folder on, wants to know at once.
        gate.open()
        watch = FolderWatch(folder, _facts(folder), gate, stored=wake)
        self._watches[folder.pk] = watch
        watch.start()

    def _lock(self, wanted: set[int]) -> None:
        connection.ensure_connection()
        if connection.connection is not self._session:
            self._session, self._held = connection.connection, set()
        with connection.cursor() as cursor:
            for pk in self._held - wanted:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, pk])
            self._held &= wanted
            for pk in wanted - self._held:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, pk])
                if cursor.fetchone()[0]:
                    self._held.add(pk)


def _facts(folder: Folder) -> tuple[object, ...]:
    """What a watch must begin anew for."""
    box = folder.mailbox
    return (folder.name, folder.role, box.host, box.port, box.security, box.login, box.password)
