"""The letters of the invented month, delivered and taken day by day as if they came now.

Letters are told by their Message-ID: a run that was killed is repeated, and delivers nothing twice.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from demo.letters import Letter
from demo.mailbox_client import Mailbox
from demo.mailstore import INBOX, SENT
from demo.stories import Story
from incidents import intake
from incidents.models import Incident
from mailbox import watching
from mailbox.models import Email, Folder

DAY = timedelta(days=1)


def hurry() -> None:
    """Commit without waiting for the disk: nothing is told to anybody before the month stands."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


def is_on(day: datetime, moment: datetime) -> bool:
    return day <= moment < day + DAY


def opened_by(letter: Letter) -> Incident | None:
    """The incident that this letter opened or joined."""
    email = Email.objects.filter(message_id=letter.draft.message_id, place__isnull=False).first()
    return email.place.incident if email else None


class Correspondence:
    """Puts the letters of the stories into the mailbox and has the desk take them."""

    def __init__(self, stories: list[Story], mailbox: Mailbox) -> None:
        self._stories = stories
        self._mailbox = mailbox
        self._delivered = mailbox.message_ids(INBOX) | mailbox.message_ids(SENT)

    def days(self) -> Iterator[datetime]:
        """Deliver day after day; yields each whose incoming letters are taken."""
        day = self._stories[0].at.replace(hour=0, minute=0, second=0, microsecond=0)
        self._connect(day)
        last = max(moment for story in self._stories for moment in story.moments())
        while day <= last:
            self._deliver(INBOX, self._incoming(day))
            self._take()
            yield day
            # The desk's answers carry the code that the incident has got by now.
            self._deliver(SENT, self._outgoing(day))
            day += DAY

    def finish(self) -> None:
        """Take what is left when the deeds are done, letters that had to wait for a second try among it."""
        self._take(later=timedelta(minutes=2))

    def _connect(self, day: datetime) -> None:
        """As if the desk had read this mailbox since then: its letters are work, not history."""
        watching.look_once()
        Folder.objects.filter(connected_at__gt=day).update(connected_at=day)

    def _incoming(self, day: datetime) -> Iterator[tuple[datetime, Letter | None]]:
        for story in self._written():
            if is_on(day, story.at):
                yield story.at, story.opening
            for mail in story.mail:
                if is_on(day, mail.at) and not mail.outgoing:
                    yield mail.at, mail.write("")

    def _outgoing(self, day: datetime) -> Iterator[tuple[datetime, Letter | None]]:
        for story in self._written():
            for mail in story.mail:
                if is_on(day, mail.at) and mail.outgoing:
                    incident = opened_by(story.opening)
                    yield mail.at, mail.write(incident.code) if incident else None

    def _written(self) -> list[Story]:
        return [story for story in self._stories if not story.by_phone]

    def _deliver(self, folder: str, letters: Iterator[tuple[datetime, Letter | None]]) -> None:
        """Append those that are not there yet, in the order of time."""
        for at, letter in sorted(letters, key=lambda item: item[0]):
            if letter and letter.draft.message_id not in self._delivered:
                self._mailbox.put(folder, letter.raw, received=at, seen=folder == SENT)

    def _take(self, *, later: timedelta = timedelta()) -> None:
        watching.look_once()
        intake.take_all(lambda: timezone.now() + later)
