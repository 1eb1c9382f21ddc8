"""What people write in the tracker is a note here, once, and is never said back to them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents import note_files, services
from incidents.models import Comment, Incident, NoteFile
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import MirroredComment


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    made = bridge.open()
    bridge.sync()
    return made


def rewrite(bridge: Bridge, incident: Incident, text: str) -> None:
    kept = bridge.backend._kept[bridge.issue(incident).ref.id]
    bridge.backend._rewrite(kept, kept.comments[-1], text)
    bridge.backend._touch(kept, "anna")


def texts(incident: Incident) -> list[str]:
    return list(Comment.objects.filter(incident=incident).order_by("pk").values_list("text", flat=True))


def test_a_rewritten_comment_is_said_again_here_and_not_there(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna")
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Бригада выехала")
    bridge.sync()
    rewrite(bridge, incident, "Бригада выедет в 15:00")
    bridge.sync()
    assert texts(incident) == ["Бригада выехала", "Rewritten in the tracker: Бригада выедет в 15:00"]
    assert len(bridge.backend.comments(bridge.issue(incident).ref)) == 1


def test_a_deleted_comment_stays_here_marked_and_its_note_stays_as_it_was(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna")
    bridge.backend.say(bridge.issue(incident).ref, "anna", "Бригада выехала")
    bridge.sync()
    kept = bridge.backend._kept[bridge.issue(incident).ref.id]
    kept.comments.clear()
    bridge.backend._touch(kept, "anna")
    bridge.sync()
    assert texts(incident) == ["Бригада выехала"]
    assert MirroredComment.objects.get(comment__isnull=False).gone_at is not None


def test_the_description_of_an_issue_made_by_hand_is_its_first_note_and_stays_as_it_is_there(bridge: Bridge) -> None:
    bridge.wait(minutes=1)
    anna = bridge.person("anna")
    made = bridge.backend.create("anna", "Нет питания", description="Звонил охранник.\nПриезжать до 18.")
    bridge.sync()
    note = Comment.objects.get()
    assert (note.author, note.text) == (anna, "Звонил охранник.\nПриезжать до 18.")
    assert bridge.issue(note.incident).fields["description"] == "Звонил охранник.\nПриезжать до 18."
    bridge.backend.edit(made.ref, "anna", description="Звонил охранник. Приезжать до 20.")
    bridge.sync()
    assert texts(note.incident)[1:] == ["Description rewritten in the tracker: Звонил охранник. Приезжать до 20."]
    assert bridge.issue(note.incident).fields["description"] == "Звонил охранник. Приезжать до 20."
    assert not bridge.backend.comments(made.ref)
    bridge.sync()
    assert Comment.objects.count() == 2


def test_a_note_of_a_merged_incident_is_read_where_its_matter_goes_on(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna")
    ref, other = bridge.issue(incident).ref, bridge.open("Та же авария")
    Incident.objects.filter(pk=incident.pk).update(merged_into=other)
    bridge.backend.say(ref, "anna", "Это про ту же аварию")
    bridge.sync()
    assert texts(other) == ["Это про ту же аварию"]


def test_somebody_who_may_not_work_incidents_is_named_in_the_note(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna", is_active=False)
    ref = bridge.issue(incident).ref
    bridge.backend.say(ref, "anna", "Я уже уволена")
    bridge.sync()
    assert texts(incident) == [f"anna ({ref.key}): Я уже уволена"]


def test_files_of_a_note_here_go_with_it_and_what_is_too_large_is_named(bridge: Bridge, incident: Incident) -> None:
    files = [
        SimpleUploadedFile("Акт.pdf", b"%PDF-1.4", "application/pdf"),
        SimpleUploadedFile("видео.mp4", b"x" * 2_000_000),
    ]
    note = services.add_comment(incident, "Акт и видео", by=None, at=bridge.now)
    note_files.put(note, note_files.stored(files))
    bridge.sync()
    (comment,) = bridge.backend.comments(bridge.issue(incident).ref)
    assert [(each.name, each.size) for each in comment.files] == [("Акт.pdf", 8)]
    assert "Файл остался в Dispatch: видео" in comment.text
    bridge.sync()
    assert NoteFile.objects.count() == 2
