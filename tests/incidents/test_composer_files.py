"""Files of a letter: stored as they come, limited, named as they were, swept when nobody needs them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from config import retention
from dispatchers.models import User
from incidents import composer_files
from incidents.errors import DomainError
from incidents.models import ReplyFile, WrittenLetter
from mailbox import store
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


def upload(name: str = "Акт осмотра.pdf", content: bytes = b"%PDF-1") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def test_a_file_is_stored_at_once_and_survives_a_reload(desk: Client, me: User) -> None:
    incident = make_incident()

    answer = desk.post(reverse("incidents:reply_files", args=[incident.code]), {"file": upload()})

    file = ReplyFile.objects.get()
    assert "Акт осмотра.pdf" in answer.content.decode()
    assert f'name="uploads" value="{file.pk}"' in answer.content.decode()
    assert store.read(file.sha256) == b"%PDF-1"
    form = desk.get(reverse("incidents:reply", args=[incident.code]), HTTP_HX_REQUEST="true").content.decode()
    assert f'name="uploads" value="{file.pk}"' in form


def test_it_is_sent_with_the_letter_whose_form_showed_it(desk: Client, me: User) -> None:
    incident = make_incident()
    for name in ("a.pdf", "b.pdf"):
        composer_files.keep(incident, me, upload(name), at=NOW)
    first = ReplyFile.objects.get(name="a.pdf")
    said = {"kind": "new", "to": "noc@operator.example", "text": "Акт во вложении", "uploads": [first.pk]}

    desk.post(
        reverse("incidents:reply", args=[incident.code]),
        {**said, "asked": ["stranger noc@operator.example"], "anyway": "1"},
    )

    letter = incident.letters.get().email
    assert [each.name for each in letter.attachments.all()] == ["a.pdf"]
    assert [each.name for each in composer_files.at_hand(incident, me)] == ["b.pdf"]


def test_it_is_removed_by_its_owner_alone(desk: Client, me: User) -> None:
    incident = make_incident()
    mine = composer_files.keep(incident, me, upload(), at=NOW)
    his = composer_files.keep(incident, make_user(), upload(), at=NOW)

    for file in (mine, his):
        answer = desk.post(reverse("incidents:reply_file_remove", args=[incident.code, file.pk]))
        assert answer.status_code == 204

    assert list(ReplyFile.objects.all()) == [his]


@pytest.mark.parametrize(("content", "said"), [(b"", "пуст|empty"), (b"x" * 2000, "больше|larger")])
def test_what_is_refused_is_said_in_one_line_and_nothing_is_kept(
    desk: Client, settings: Any, content: bytes, said: str
) -> None:
    settings.LETTER_FILE_MAX_BYTES = 1000

    answer = desk.post(reverse("incidents:reply_files", args=[make_incident().code]), {"file": upload(content=content)})

    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert any(word in answer.content.decode() for word in said.split("|"))
    assert not ReplyFile.objects.exists()


def test_files_have_room_together_and_no_more(me: User, settings: Any) -> None:
    settings.LETTER_MAX_BYTES = 1000
    incident = make_incident()
    composer_files.keep(incident, me, upload(content=b"x" * 500), at=NOW)

    with pytest.raises(DomainError):
        composer_files.keep(incident, me, upload(content=b"x" * 300), at=NOW)

    # Another letter has its own room.
    composer_files.keep(make_incident(), me, upload(content=b"x" * 300), at=NOW)


def test_no_more_files_than_a_person_can_look_through(me: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer_files, "MOST_FILES", 2)
    incident = make_incident()
    for _n in range(2):
        composer_files.keep(incident, me, upload(), at=NOW)

    with pytest.raises(DomainError):
        composer_files.keep(incident, me, upload(), at=NOW)


@given(st.text(max_size=400))
def test_a_name_is_one_line_without_folders_and_ends_as_it_did(typed: str) -> None:
    name = composer_files.clean_name(f"{typed}.pdf")

    assert 0 < len(name) <= composer_files.LONGEST_NAME
    assert name.isprintable()
    assert not set(name) & set("/\\\r\n\0")
    assert name.endswith("pdf")


def test_what_nobody_needs_is_swept_and_what_waits_is_not(me: User) -> None:
    incident, old = make_incident(), NOW - timedelta(days=100)
    given_up = composer_files.keep(incident, me, upload("забыт.pdf"), at=old)
    waits = composer_files.keep(incident, me, upload("ждёт.pdf"), at=old)
    waits.written = WrittenLetter.objects.create(incident=incident, person=me, written_at=old, leaves_at=NOW)
    waits.save()
    fresh = composer_files.keep(incident, me, upload("новый.pdf"), at=NOW)

    retention.sweep(now=NOW, delete=True)

    assert set(ReplyFile.objects.all()) == {waits, fresh}
    assert given_up.name == "забыт.pdf"


def test_bytes_of_a_letter_being_written_are_needed(me: User) -> None:
    file = composer_files.keep(make_incident(), me, upload(), at=NOW)
    later = NOW + timedelta(days=3650)

    retention._bytes(later, delete=True)  # whatever its age

    assert store.read(file.sha256) == b"%PDF-1"
    ReplyFile.objects.all().delete()
    retention._bytes(later, delete=True)
    assert not store.path(file.sha256).exists()
