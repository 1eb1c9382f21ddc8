"""Files of letters: taken out of the letter when somebody asks, and gone only when the letter is."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from mailbox import files, store
from mailbox.models import Attachment
from mailbox.parsing import parse
from tests.factories import make_email

PLAN = b"%PDF-1.4\n\x00\xff plan\n"

pytestmark = pytest.mark.django_db


def with_files(*contents: tuple[str, bytes]) -> list[Attachment]:
    """The rows of a stored letter with these files, as intake makes them: without their bytes."""
    message = EmailMessage()
    message["From"], message["Subject"] = "noc@operator.example", "Акт"
    message.set_content("Файлы во вложении.")
    for name, content in contents:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    raw = message.as_bytes()
    email = make_email(sha256=store.put(raw))
    return [
        Attachment.objects.create(
            email=email, name=each.name, content_type=each.content_type, size=each.size, sha256=each.sha256
        )
        for each in parse(raw).attachments
    ]


def test_a_file_is_taken_out_of_its_letter_and_kept():
    first, second = with_files(("План.pdf", PLAN), ("пусто.txt", b""))
    assert not store.path(first.sha256).exists()
    assert files.content(first) == PLAN
    assert files.content(second) == b""
    assert store.read(first.sha256) == PLAN


def test_a_file_that_lies_in_the_store_needs_no_letter():
    email = make_email()
    row = Attachment.objects.create(email=email, name="a", content_type="x/y", size=3, sha256=store.put(b"abc"))
    with files.open_attachment(row) as file:
        assert file.read() == b"abc"


def test_a_file_whose_letter_is_gone_is_not_found():
    (row,) = with_files(("План.pdf", PLAN))
    store.path(row.email.sha256).unlink()
    with pytest.raises(FileNotFoundError):
        files.content(row)


def test_a_file_the_letter_never_had_is_not_found():
    (row,) = with_files(("План.pdf", PLAN))
    row.sha256, row.name = "0" * 64, "другое.pdf"
    with pytest.raises(FileNotFoundError):
        files.content(row)


def test_a_file_that_is_decoded_otherwise_today_is_found_by_its_name():
    (row,) = with_files(("План.pdf", PLAN))
    row.sha256 = "0" * 64
    assert files.content(row) == PLAN


def test_a_full_disk_does_not_keep_anybody_from_reading(monkeypatch):
    (row,) = with_files(("План.pdf", PLAN))

    def full(content: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "put", full)
    assert files.content(row) == PLAN
