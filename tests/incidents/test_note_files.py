"""Files of notes: brought up with the words, shown under them, within limits that are named."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from incidents import note_files, services
from incidents.errors import DomainError
from incidents.models import Incident, NoteFile
from mailbox import store
from mailbox.store import NotStored
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_user())
    return client


def pdf(name: str = "Акт.pdf", content: bytes = b"%PDF-1.4") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def save(desk: Client, incident: Incident, *files: SimpleUploadedFile) -> Any:
    card = f"/incidents/{incident.code}/"
    headers = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": f"http://testserver{card}"}
    return desk.post(f"{card}comment/", {"text": "звонили", "files": files}, **headers)  # type: ignore[arg-type]


def test_files_go_with_a_note_and_stand_under_it(desk: Client) -> None:
    incident = make_incident()
    answer = save(desk, incident, pdf("../Акт.pdf"), pdf("план.pdf"))
    file, other = NoteFile.objects.filter(comment__incident=incident).order_by("pk")
    assert (file.name, file.size, store.read(file.sha256)) == ("Акт.pdf", 8, b"%PDF-1.4")
    assert answer.status_code == 200
    page = desk.get(f"/incidents/{incident.code}/").content.decode()
    assert f"/notes/files/{file.pk}/" in page
    assert f"/notes/files/{other.pk}/" in page


@pytest.mark.parametrize(
    ("size", "number", "words"), [(0, 1, "is empty"), (11, 1, "is larger than"), (1, 11, "at most 10 files")]
)
def test_what_a_note_cannot_take_is_named_and_nothing_is_stored(
    settings: Any, monkeypatch: pytest.MonkeyPatch, size: int, number: int, words: str
) -> None:
    settings.LETTER_FILE_MAX_BYTES = 10
    monkeypatch.setattr(store, "put_stream", lambda pieces: pytest.fail("stored"))
    with translation.override("en"), pytest.raises(DomainError, match=words):
        note_files.stored([pdf(content=b"x" * size) for _ in range(number)])


def test_the_words_stay_in_the_field_when_a_file_is_refused(desk: Client) -> None:
    incident = make_incident()
    answer = save(desk, incident, pdf(content=b""))
    assert "звонили</textarea>" in answer.content.decode()
    assert not incident.comments.exists()


def test_a_full_disk_is_said_and_the_words_stay(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(pieces: object) -> None:
        raise NotStored(OSError(28, "No space left on device"))

    monkeypatch.setattr(store, "put_stream", full)
    incident = make_incident()
    answer = save(desk, incident, pdf())
    assert "No space left" in answer.content.decode()
    assert not incident.comments.exists()


def test_many_files_cost_no_query_more(desk: Client) -> None:
    counts = []
    for incident, number in [(make_incident(), 1), (make_incident(), 9)]:
        for _ in range(number):
            note = services.add_comment(incident, "фото", by=None, at=NOW)
            note_files.put(note, note_files.stored([pdf()] * number))
        desk.get(f"/incidents/{incident.code}/")
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(f"/incidents/{incident.code}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
