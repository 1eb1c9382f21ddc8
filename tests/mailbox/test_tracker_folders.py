"""Yandex Tracker's own folders in a mailbox are neither offered nor read."""

from __future__ import annotations

import pytest

from config.checks import intake_folder_is_not_the_trackers
from mailbox import mailboxes, trial, watching
from mailbox.imap import ImapSession
from mailbox.models import Folder, Receipt
from mailbox.tracker_folders import is_of_tracker

LETTER = b"Subject: %s\r\nMessage-ID: <%s@operator.example>\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "YandexTrackerInbox",
        "YandexTrackerArchive",
        "YANDEXTRACKERINBOX",
        "INBOX.YandexTrackerInbox",
        "INBOX/yandextrackerarchive/2026",
        "Tracker|YandexTrackerArchive|Sent",
        "Old\\YandexTrackerInbox",
    ],
)
def test_they_are_known_in_any_case_and_at_any_depth(name: str) -> None:
    assert is_of_tracker(name)


@pytest.mark.parametrize("name", ["INBOX", "YandexTracker", "NotYandexTrackerInbox", "YandexTrackerInboxes", ""])
def test_a_folder_that_only_looks_like_them_is_not(name: str) -> None:
    assert not is_of_tracker(name)


@pytest.mark.django_db
def test_the_folders_of_the_tracker_are_never_read_as_intake(server) -> None:
    with server.client() as client:
        for name in ("YandexTrackerInbox", "YandexTrackerArchive", "yandextrackerarchive/Sent", "Operators"):
            client.create_folder(name)
    server.append(LETTER % (b"kept", b"1"))
    server.append(LETTER % (b"taken by the tracker", b"2"), "YandexTrackerInbox")
    server.append(LETTER % (b"put away by the tracker", b"3"), "YandexTrackerArchive")
    server.append(LETTER % (b"sent by the tracker", b"4"), "yandextrackerarchive/Sent")
    mailbox = mailboxes.follow_settings()
    # Even if somebody has chosen them, long ago or by hand.
    for name in ("YandexTrackerInbox", "yandextrackerarchive/Sent"):
        Folder.objects.create(mailbox=mailbox, name=name, role="inbox")
    assert watching.look_once() == 1
    assert Receipt.objects.count() == 1
    with ImapSession(server.facts) as session:
        names = {each.name for each in session.folders()}
        assert {"INBOX", "Operators"} <= names
        assert not any(is_of_tracker(name) for name in names)
        assert not is_of_tracker(session.sent_folder() or "")
        assert session.spelling_of("YandexTrackerInbox") is None


@pytest.mark.django_db
def test_they_are_not_offered_where_folders_are_chosen(server) -> None:
    with server.client() as client:
        client.create_folder("YandexTrackerInbox")
    assert "YandexTrackerInbox" not in {place.name for place in trial.try_out(server.facts).places}


def test_settings_that_name_one_of_them_are_refused(settings) -> None:
    settings.MAIL_ACCOUNT = {"inbox": "YandexTrackerInbox"}
    (error,) = intake_folder_is_not_the_trackers()
    assert "YandexTrackerInbox" in error.msg
    settings.MAIL_ACCOUNT = {"inbox": "INBOX"}
    assert not intake_folder_is_not_the_trackers()
