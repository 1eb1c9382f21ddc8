"""One folder, watched for as long as somebody wants it: IDLE with a poll beside it, healing by itself.

Whatever breaks (server, network, database, disk), the thread drops the connection, waits a little and begins anew;
it waits no longer than HEAL_SECONDS, so mail flows again within a minute. Only a refused login is tried rarely.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from mailbox import fetching, mailboxes
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Folder
from mailbox.sealing import WrongKey

logger = logging.getLogger(__name__)

HEAL_SECONDS = 20.0
# A connection that lasts so long was no accident: the next pause is short again.
STEADY_SECONDS = 30.0
# Servers lock accounts that insist: a refused login waits a minute, then two, at last half an hour.
REFUSED_SECONDS, MOST_REFUSED_SECONDS = 60.0, 1800.0
# While one folder tries the login again, those of the same mailbox wait so long for what it learns.
TRYING_SECONDS = 15.0
# A server that answers one command for so long, a byte a minute, is given up.
STUCK_SECONDS = 600.0
# A server that says at once, again and again, that something is new, and then has nothing.
HASTY_SECONDS, LEAST_NAP_SECONDS, MOST_NAP_SECONDS = 0.5, 0.1, 5.0


class Gate:
    """Whether a mailbox may be logged in to: after a refusal nobody for a while, each time longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refusals = 0
        self._opens = 0.0

    def enter(self) -> float:
        """Seconds that are to be waited; 0: try now, and say how it went."""
        with self._lock:
            left = self._opens - monotonic()
            if left <= 0 and self._refusals:
                self._opens = monotonic() + TRYING_SECONDS
            return max(left, 0.0)

    def refused(self) -> None:
        with self._lock:
            pause = min(REFUSED_SECONDS * 2.0**self._refusals, MOST_REFUSED_SECONDS)
            self._refusals += 1
            self._opens = monotonic() + pause

    def accepted(self) -> None:
        with self._lock:
            self._refusals, self._opens = 0, 0.0

    def open(self) -> None:
        """Somebody asks for a try at once; if it fails too, the pauses go on growing."""
        with self._lock:
            self._opens = 0.0


class FolderWatch(threading.Thread):
    """The thread of one folder. `facts` is what it was started for; `stored` is called when letters came."""

    def __init__(self, folder: Folder, facts: tuple[object, ...], gate: Gate, *, stored: Callable[[], None]) -> None:
        super().__init__(name=str(folder), daemon=True)
        self.facts = facts
        self._pk, self._gate, self._stored = folder.pk, gate, stored
        self._session: ImapSession | None = None
        self._nudge = threading.Event()
        self._is_stopped = False

    def stop(self) -> None:
        """End soon; whoever needs to know when joins the thread."""
        self._is_stopped = True
        self._nudge.set()

    def ask(self) -> None:
        """Look at once, whatever is being waited for."""
        self._nudge.set()

    def cut_off_if_stuck(self) -> None:
        """Called from outside now and then: no answer may take for ever."""
        session = self._session
        if session and session.seconds_with_one_command() > STUCK_SECONDS + settings.MAIL_POLL_SECONDS:
            logger.warning("mail: %s: the server does not come to an end, cutting it off", self.name)
            session.cut_off()

    def run(self) -> None:
        pauses = _pauses()
        while not self._is_stopped:
            self._nudge.clear()
            pause = 0.0
            try:
                began = monotonic()
                for _ in self._passes():
                    if monotonic() - began > STEADY_SECONDS:
                        pauses = _pauses()
            except Folder.DoesNotExist:
                break
            except (LoginRefused, WrongKey) as error:
                self._gate.refused()
                self._say(error)
            except (DatabaseError, *BROKEN) as error:
                pause = next(pauses)
                self._say(error)
            except Exception as error:
                # Our own mistake must not end the mail of this folder for good: it is logged whole and tried again.
                logger.exception("mail: %s", self.name)
                pause = HEAL_SECONDS
                self._say(error)
            self._rest(pause)
        _recover()

    def _passes(self) -> Iterator[None]:
        """Connect and fetch again and again; yields after each good pass."""
        folder = Folder.objects.select_related("mailbox").get(pk=self._pk)
        account = mailboxes.account_of(folder.mailbox)
        _recover()
        if left := self._gate.enter():
            self._rest(left)
            return
        with ImapSession(account, folder.name) as session:
            self._session = session
            self._gate.accepted()
            logger.info("mail: watching %s", folder)
            if folder.role == Folder.Role.INBOX:
                mailboxes.find_sent(folder.mailbox, session)
            yield from self._look_again_and_again(folder, session)

    def _look_again_and_again(self, folder: Folder, session: ImapSession) -> Iterator[None]:
        nap = LEAST_NAP_SECONDS
        while True:
            self._nudge.clear()
            if self._is_stopped:
                return
            done = self._pass(folder, session)
            yield
            if done.unfinished:
                session.refresh()
                continue
            began = monotonic()
            session.wait(settings.MAIL_POLL_SECONDS, self._nudge)
            if done.stored or monotonic() - began >= HASTY_SECONDS:
                nap = LEAST_NAP_SECONDS
            else:
                self._rest(nap)
                nap = min(nap * 2, MOST_NAP_SECONDS)

    def _pass(self, folder: Folder, session: ImapSession) -> fetching.Pass:
        done = fetching.fetch(folder, session, now=timezone.now())
        if done.stored:
            logger.info("mail: %s stored %d", folder, done.stored)
            self._stored()
        # While this thread waits for the server, others may use its database connection.
        _recover()
        return done

    def _rest(self, seconds: float) -> None:
        # A stop or an ask that came meanwhile ends the rest before it begins.
        if seconds > 0 and not self._is_stopped:
            self._nudge.wait(seconds)

    def _say(self, error: Exception) -> None:
        logger.warning("mail: %s: %s", self.name, error)
        _recover()
        try:
            row = Folder.objects.get(pk=self._pk)
            fetching.note_failure(row, str(error) or type(error).__name__, now=timezone.now())
        except (DatabaseError, Folder.DoesNotExist):
            _recover()


def _recover() -> None:
    """Give this thread's database connection back; one that is broken is replaced at the next use."""
    with suppress(DatabaseError):
        connection.close()


def _pauses() -> Iterator[float]:
    """Seconds to wait before the next attempt: growing, never together with other watchers, never long."""
    seconds = 1.0
    while True:
        yield min(seconds, HEAL_SECONDS) * random.uniform(0.7, 1.0)
        seconds *= 2
