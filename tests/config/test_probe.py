"""config.probe asks the database in its own words: they must fit the tables."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from config import probe
from mailbox.models import Folder, Mailbox

pytestmark = pytest.mark.django_db


def is_well() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(probe.LAST_LOOK, [probe.SILENCE_SECONDS])
        return bool(cursor.fetchone()[0])


def folder(minutes: int, **over: object) -> Folder:
    mailbox = Mailbox.objects.create(address=f"{minutes}@towers.example", host="h", login="l")
    seen = timezone.now() - timedelta(minutes=minutes)
    return Folder.objects.create(mailbox=mailbox, name="INBOX", role="inbox", last_ok_at=seen, **over)


def test_a_watcher_with_nothing_to_watch_is_well():
    folder(60, is_watched=False)
    assert is_well()


def test_a_watcher_that_saw_no_folder_for_long_is_not_well():
    folder(60)
    assert not is_well()


def test_a_watcher_that_never_saw_its_folder_is_not_well():
    folder(0)
    Folder.objects.update(last_ok_at=None)
    assert not is_well()


def test_one_mailbox_that_cannot_be_read_does_not_make_the_watcher_ill():
    folder(60)
    folder(1)
    assert is_well()
