"""Files that people attach in the tracker are copied here: once, within limits, and named where they stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dispatchers.models import User
from incidents import note_files, services
from incidents.models import Comment, Incident, IncidentEvent, IncidentType, NoteFile
from mailbox import store
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import remote_files
from tracker_bridge.models import IncomingFile, Mirror
from tracker_bridge.protocol import AuthNeeded, Gone, RemoteFile, RemoteRef, Transient, Upload

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
ACT = Upload("Акт осмотра.pdf", "application/pdf", b"%PDF-1.4 " + b"x" * 100)


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    made = bridge.open()
    bridge.sync()
    return made


def fetch(bridge: Bridge) -> int:
    return remote_files.fetch(bridge.backend, bridge.mirror, now=lambda: bridge.now, seconds=1)


def test_a_file_of_a_comment_is_copied_once_into_its_note(bridge: Bridge, incident: Incident) -> None:
    anna, ref = bridge.person("anna"), bridge.issue(incident).ref
    bridge.backend.say(ref, "anna", "Акт приложен", [ACT])
    bridge.sync()
    note = Comment.objects.get()
    assert (note.author, note.text) == (anna, "Акт приложен")
    # The words are here already; the file comes by a worker of its own.
    assert not note.files.exists()
    bridge.calls()
    assert fetch(bridge) == 1
    file = note.files.get()
    assert (file.name, file.content_type, file.size) == (ACT.name, "application/pdf", len(ACT.content))
    assert store.read(file.sha256) == ACT.content
    assert fetch(bridge) == 0
    assert bridge.calls() == {"open_file": 1}
    bridge.sync()
    # Nothing of it goes back.
    assert len(bridge.backend.comments(ref)) == 1


def test_open_cards_are_told_when_a_file_has_come(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.say(bridge.issue(incident).ref, "anna", "", [ACT])
    bridge.sync()
    fetch(bridge)
    event = IncidentEvent.objects.get(kind="note_file")
    assert (event.actor, event.data["comment"]) == (None, Comment.objects.get().pk)


def test_a_comment_of_files_alone_is_a_note_that_says_so(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna")
    bridge.backend.say(bridge.issue(incident).ref, "anna", "", [ACT])
    bridge.sync()
    assert Comment.objects.get().text == "Attached in the tracker:"


def test_a_picture_pasted_into_the_description_comes_along(bridge: Bridge) -> None:
    bridge.wait(minutes=1)
    made = bridge.backend.create("petrov", "Нет питания", description="Вот так:\n![image.png](/ajax/v2/attachments/7)")
    bridge.backend.attach(made.ref, "petrov", Upload("image.png", "image/png", PNG))
    bridge.sync()
    note = Comment.objects.get()
    assert note.text == f"petrov ({made.ref.key}): Вот так:\n[image.png]"
    fetch(bridge)
    assert store.read(note.files.get().sha256) == PNG


def test_a_file_dropped_onto_the_issue_later_is_a_note_of_whoever_did_it(bridge: Bridge, incident: Incident) -> None:
    oleg = bridge.person("oleg")
    bridge.backend.attach(bridge.issue(incident).ref, "oleg", ACT)
    bridge.sync()
    note = Comment.objects.get()
    assert (note.author, note.text) == (oleg, "Attached in the tracker:")
    fetch(bridge)
    assert note.files.get().name == ACT.name
    bridge.backend.edit(bridge.issue(incident).ref, "oleg", status="inProgress")
    bridge.sync()
    assert Comment.objects.count() == 1
    assert not bridge.backend.comments(bridge.issue(incident).ref)


def test_files_of_a_comment_are_not_taken_for_files_of_the_issue(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Акт", [ACT])
    # Some trackers list them with the issue as well.
    kept = bridge.backend._kept[bridge.issue(incident).ref.id]
    kept.issue = replace(kept.issue, files=kept.comments[0].files)
    bridge.sync()
    fetch(bridge)
    assert (Comment.objects.count(), NoteFile.objects.count()) == (1, 1)


def test_files_that_we_sent_cost_one_look_at_most_where_the_tracker_does_not_say_whose_they_are(
    bridge: Bridge, incident: Incident
) -> None:
    note = services.add_comment(incident, "Акт", by=None, at=bridge.now)
    note_files.put(note, note_files.stored([SimpleUploadedFile(ACT.name, ACT.content)]))
    bridge.sync()
    kept = bridge.backend._kept[bridge.issue(incident).ref.id]
    kept.issue = replace(kept.issue, files=kept.comments[0].files)
    bridge.backend._touch(kept, "anna")
    bridge.sync()
    bridge.calls()
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.sync()
    assert "comments" not in bridge.calls()
    assert (Comment.objects.count(), NoteFile.objects.count()) == (1, 1)


def test_what_is_too_large_stays_there_and_the_note_says_so(bridge: Bridge, incident: Incident) -> None:
    ref = bridge.issue(incident).ref
    large = Upload("съёмка.mp4", "video/mp4", b"x" * 2000)
    bridge.backend.say(ref, "anna", "Видео и акт", [large, ACT])
    bridge.sync()
    assert "съёмка.mp4" in Comment.objects.get().text
    fetch(bridge)
    assert [each.name for each in NoteFile.objects.all()] == [ACT.name]


def test_a_file_that_turns_out_larger_than_was_said_is_not_kept(
    bridge: Bridge, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Акт", [ACT])
    bridge.sync()
    pieces = iter([b"x" * 600, b"x" * 600])
    monkeypatch.setattr(bridge.backend, "open_file", lambda ref, file: pieces)
    assert fetch(bridge) == 0
    assert IncomingFile.objects.get().state == IncomingFile.State.LEFT
    said = Comment.objects.latest("pk")
    assert said.text.startswith(f"“{ACT.name}” stayed in the tracker: it is larger than ")
    assert bridge.link(incident).url in said.text


def test_an_empty_or_vanished_file_is_named_and_not_tried_again(bridge: Bridge, incident: Incident) -> None:
    ref = bridge.issue(incident).ref
    bridge.backend.say(ref, "anna", "Два", [ACT, Upload("пусто.txt", "text/plain", b"")])
    bridge.sync()
    bridge.backend.fail("open_file", Gone("no such file"))
    fetch(bridge)
    assert set(IncomingFile.objects.values_list("state", flat=True)) == {IncomingFile.State.LEFT}
    assert Comment.objects.filter(text__contains="stayed in the tracker").count() == 2
    assert fetch(bridge) == 0


def test_a_tracker_that_is_away_is_asked_again_and_nothing_is_lost(bridge: Bridge, incident: Incident) -> None:
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Акт", [ACT])
    bridge.sync()
    bridge.backend.fail("open_file", Transient("away"))
    assert fetch(bridge) == 0
    assert fetch(bridge) == 0
    bridge.wait(minutes=1)
    bridge.backend.fail("open_file", AuthNeeded("no token"))
    assert fetch(bridge) == 0
    assert bridge.mirror.state == Mirror.State.AUTH
    bridge.wait(minutes=5)
    assert fetch(bridge) == 1


def test_a_worker_that_dies_gives_the_file_back(bridge: Bridge, incident: Incident, monkeypatch: Any) -> None:
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Акт", [ACT])
    bridge.sync()

    def die(ref: RemoteRef, file: RemoteFile) -> Iterator[bytes]:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(bridge.backend, "open_file", die)
        with pytest.raises(KeyboardInterrupt):
            fetch(bridge)
    assert fetch(bridge) == 0
    bridge.wait(minutes=11)
    assert fetch(bridge) == 1
    assert NoteFile.objects.count() == 1


def test_the_card_offers_the_file_and_shows_a_picture_only_as_a_picture(
    bridge: Bridge, incident: Incident, client: Client
) -> None:
    fake = Upload("снимок.png", "image/png", b"<script>alert(1)</script>")
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Снимки", [Upload("опора.png", "image/png", PNG), fake, ACT])
    bridge.sync()
    fetch(bridge)
    me: User = make_user()
    client.force_login(me)
    page = client.get(f"/incidents/{incident.code}/").content.decode()
    picture, false_picture, act = NoteFile.objects.order_by("pk")
    for each in (picture, false_picture, act):
        assert f"/notes/files/{each.pk}/" in page
    shown = client.get(f"/notes/files/{picture.pk}/picture")
    assert (shown["Content-Type"], b"".join(shown)) == ("image/png", PNG)  # type: ignore[call-overload]
    assert client.get(f"/notes/files/{false_picture.pk}/picture").status_code == 404
    given = client.get(f"/notes/files/{act.pk}/")
    assert given["Content-Type"] == "application/octet-stream"
    assert given["Content-Disposition"].startswith("attachment")
