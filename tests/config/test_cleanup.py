"""`manage.py cleanup`: what it finds, what it spares, and that it changes nothing until told to."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.core.management import call_command
from django.utils import timezone

from config import retention, tasks
from incidents.models import Comment, IncidentEmail, NoteFile
from mailbox import store
from mailbox.models import Attachment, Email, Folder, Mailbox, Receipt
from tests.factories import make_email, make_incident

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD = NOW - timedelta(days=400)


@pytest.fixture(autouse=True)
def _own_folders(settings, tmp_path: Path) -> None:
    settings.LOG_DIR, settings.BACKUP_DIR = tmp_path / "logs", tmp_path / "backups"
    settings.LOG_DIR.mkdir()
    settings.LOG_KEEP_DAYS, settings.UNJOINED_LETTER_KEEP_DAYS = 30, 365


def put(content: bytes, *, days: int = 400) -> str:
    """Bytes that were stored so many days ago."""
    sha256 = store.put(content)
    age(store.path(sha256), days)
    return sha256


def age(path: Path, days: int) -> Path:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def make_letter(content: bytes, *, received_at=OLD, state: str = Receipt.State.KEPT, **over) -> Email:
    """A letter with its bytes and the receipt that brought it."""
    sha256 = put(content)
    email = make_email(sha256=sha256, received_at=received_at, **over)
    inbox, _ = Folder.objects.get_or_create(
        mailbox=Mailbox.objects.get_or_create(address="a")[0], name="INBOX", role="inbox"
    )
    Receipt.objects.create(
        folder=inbox, uidvalidity=1, uid=email.pk, direction="in", sha256=sha256, size=len(content),
        received_at=received_at, state=state, email=email,
    )  # fmt: skip
    return email


def sweep(*, delete: bool = True) -> dict[str, int]:
    return {found.what: found.count for found in retention.sweep(now=NOW, delete=delete)}


def stored() -> set[str]:
    return {path.name for path in Path(project_settings.LETTER_STORE).rglob("*") if path.is_file()}


def test_an_old_letter_without_incident_goes_with_its_receipt_and_its_bytes():
    email = make_letter(b"old")
    attachment = Attachment.objects.create(email=email, name="a", content_type="x", size=1, sha256=put(b"file"))

    sweep()

    assert not Email.objects.exists()
    assert not Receipt.objects.exists()
    assert not Attachment.objects.filter(pk=attachment.pk).exists()
    assert stored() == set()


def test_letters_of_incidents_and_recent_ones_stay():
    joined, recent = make_letter(b"joined"), make_letter(b"recent", received_at=NOW - timedelta(days=364))
    IncidentEmail.objects.create(incident=make_incident(), email=joined, way="opened", thread=joined.pk)

    assert not any(sweep().values())
    assert set(Email.objects.all()) == {joined, recent}
    assert stored() == {joined.sha256, recent.sha256}


def test_bytes_that_another_letter_names_stay():
    shared = put(b"logo")
    for name, received_at in (("old", OLD), ("new", NOW)):
        email = make_letter(name.encode(), received_at=received_at)
        Attachment.objects.create(email=email, name="logo", content_type="image/png", size=4, sha256=shared)

    sweep()

    assert stored() == {shared, Email.objects.get().sha256}


def test_bytes_of_a_file_of_a_note_stay():
    sha256 = put(b"act")
    note = Comment.objects.create(incident=make_incident(), text="x")
    NoteFile.objects.create(comment=note, name="act.pdf", content_type="application/pdf", size=3, sha256=sha256)

    sweep()

    assert stored() == {sha256}


def test_bytes_of_a_letter_that_waits_to_be_taken_stay():
    sha256 = put(b"waiting")
    Receipt.objects.create(direction="in", sha256=sha256, size=7, received_at=OLD)

    sweep()

    assert stored() == {sha256}
    assert Receipt.objects.count() == 1


def test_old_letters_that_nobody_could_read_go():
    Receipt.objects.create(direction="in", sha256=put(b"broken"), size=6, received_at=OLD, state="quarantined")
    young = Receipt.objects.create(direction="in", sha256=put(b"b"), size=1, received_at=NOW, state="quarantined")

    sweep()

    assert list(Receipt.objects.all()) == [young]
    assert stored() == {young.sha256}


def test_bytes_without_a_row_go_once_they_are_a_day_old():
    old, young = put(b"old", days=2), put(b"young", days=0)
    left = store.path(old).with_name("arriving-abc")
    left.write_bytes(b"half")
    age(left, 2)

    sweep()

    assert old not in stored()
    assert stored() == {young}


def test_bytes_stored_again_while_they_are_swept_stay(monkeypatch):
    sha256 = put(b"again")
    real = Path.replace

    def touched_first(self: Path, target: Path) -> Path:
        if self.name == sha256:
            os.utime(self)  # what a writer of the same bytes does at this moment
        return real(self, target)

    monkeypatch.setattr(Path, "replace", touched_first)

    sweep()

    assert stored() == {sha256}


def test_what_a_dead_sweep_left_is_judged_again():
    email = make_letter(b"needed", received_at=NOW)
    path = store.path(email.sha256)
    path.rename(path.with_name(f"leaving-{path.name}"))

    sweep()

    assert stored() == {email.sha256}


def test_a_letter_that_joins_an_incident_meanwhile_stays():
    email = make_letter(b"late")
    IncidentEmail.objects.create(incident=make_incident(), email=email, way="hand", thread=email.pk)

    retention._delete_letters([email.pk])

    assert Email.objects.get() == email


def test_more_letters_than_a_batch_all_go(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for n in range(5):
        make_letter(f"{n}".encode())

    sweep()

    assert not Email.objects.exists()
    assert stored() == set()


def test_old_logs_go_and_one_that_is_written_stays(settings):
    old, rotated, young, other, held = (
        settings.LOG_DIR / name for name in ("a.log", "b.log.1", "c.log", "notes.txt", "d.log")
    )
    for path, days in ((old, 31), (rotated, 31), (young, 29), (other, 400), (held, 400)):
        path.write_text("x")
        age(path, days)

    with held.open("a"):
        sweep()

    assert set(settings.LOG_DIR.iterdir()) == {young, other, held}


def test_without_delete_it_only_says_what_it_would_do(settings, capsys):
    email = make_letter(b"old")
    log = settings.LOG_DIR / "a.log"
    log.write_text("x")
    age(log, 31)

    call_command("cleanup")

    said = capsys.readouterr().out
    assert "--delete" in said
    assert Email.objects.get() == email
    assert log.exists()
    assert store.path(email.sha256).exists()


def test_with_delete_it_does(settings, capsys):
    make_letter(b"old")

    call_command("cleanup", "--delete")

    assert not Email.objects.exists()
    assert stored() == set()


def test_the_clock_deletes():
    make_letter(b"old")

    tasks.cleanup()

    assert not Email.objects.exists()
    assert stored() == set()
