"""Watching folders for as long as the process lives: IDLE with a poll beside it, healing by itself.

One thread a folder. Whatever breaks (server, network, database), the thread drops the connection, waits a
little and begins anew; it never waits longer than HEAL_SECONDS, so mail flows again within a minute.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from mailbox import fetching
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Folder

logger = logging.getLogger(__name__)

HEAL_SECONDS = 20
# A refused login is tried rarely: servers lock accounts that insist.
REFUSED_SECONDS = 60
# Advisory locks are numbered by (class, folder).
LOCK_CLASS = 0x4D41


class FolderIsTaken(Exception):
    """Another watcher reads this folder."""


def look_once(account: Mapping[str, Any]) -> int:
    """One pass over all folders; returns how many letters were stored. Raises LoginRefused or imap.BROKEN."""
    stored = 0
    for folder in fetching.folders(account):
        with ImapSession(account, folder.name) as session:
            stored += fetching.fetch(folder, session, now=timezone.now())
    if stored:
        wake()
    return stored


def watch(account: Mapping[str, Any], stop: threading.Event) -> None:
    """Watch all folders until `stop` is set."""
    folders: list[Folder] = []
    for pause in _pauses():
        try:
            folders = fetching.folders(account)
            break
        except (LoginRefused, DatabaseError, *BROKEN) as error:
            logger.warning("mail: %s", error)
            _recover()
            if stop.wait(REFUSED_SECONDS if isinstance(error, LoginRefused) else pause):
                return
    threads = [
        threading.Thread(target=_watch_folder, args=(account, folder, stop), name=folder.name, daemon=True)
        for folder in folders
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=2)


def wake() -> None:
    """Tell the workers that letters wait. Only a wake-up: without it the clock finds the same rows in seconds."""
    try:
        current_app.send_task(settings.MAIL_STORED_TASK, expires=10)
    except (BrokerError, OSError) as error:
        logger.warning("broker: %s; letters wait for the next tick", error)


def _watch_folder(account: Mapping[str, Any], folder: Folder, stop: threading.Event) -> None:
    pauses = _pauses()
    while not stop.is_set():
        pause = 0.0
        try:
            for _ in _passes(account, folder, stop):
                pauses = _pauses()
        except FolderIsTaken:
            pause = 5
        except LoginRefused as error:
            pause = REFUSED_SECONDS
            _say(folder, error)
        except (DatabaseError, *BROKEN) as error:
            pause = next(pauses)
            _say(folder, error)
        except Exception as error:
            # Our own mistake must not end the mail of this folder for good: it is logged whole and tried again.
            logger.exception("mail: %s", folder)
            pause = HEAL_SECONDS
            _say(folder, error)
        stop.wait(pause)
    connection.close()


def _passes(account: Mapping[str, Any], folder: Folder, stop: threading.Event) -> Iterator[int]:
    """Connect and fetch again and again; yields after each good pass."""
    with _alone(folder), ImapSession(account, folder.name) as session:
        logger.info("mail: watching %s", folder)
        while not stop.is_set():
            stored = fetching.fetch(folder, session, now=timezone.now())
            if stored:
                logger.info("mail: %s stored %d", folder, stored)
                wake()
            yield stored
            session.wait(settings.MAIL_POLL_SECONDS, stop)


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """Hold the folder for this thread's database session; the lock ends with the session at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, folder.pk])
        if not cursor.fetchone()[0]:
            raise FolderIsTaken
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, folder.pk])
        except DatabaseError:
            # The session is gone, and the lock with it.
            _recover()


def _say(folder: Folder, error: Exception) -> None:
    logger.warning("mail: %s: %s", folder, error)
    _recover()
    try:
        fetching.note_failure(folder, str(error) or type(error).__name__, now=timezone.now())
    except DatabaseError:
        _recover()


def _recover() -> None:
    """Drop this thread's database connection if it is of no use any more."""
    close_old_connections()


def _pauses() -> Iterator[float]:
    """Seconds to wait before the next attempt: growing, never together with other watchers, never long."""
    seconds = 1.0
    while True:
        yield min(seconds, HEAL_SECONDS) * random.uniform(0.7, 1.0)
        seconds *= 2
