"""What a person does in the tracker's own page arrives here, over HTTP, against the look-alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from demo.tracker import Tracker
from demo.tracker.records import Issue
from incidents import notices, services
from incidents.models import Comment, Incident, IncidentEmail, IncidentType, NoteFile, Status
from mailbox import outbox, store
from tests.factories import make_email, make_pole, make_station, make_user
from tests.smtp_server import SmtpServer, smtp_server
from tests.tracker_bridge.test_whole import backend, rest, server
from tracker_bridge import tasks
from tracker_bridge.models import IssueLink

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("backend")]
__all__ = ["backend", "server"]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


@pytest.fixture
def smtp(settings: Any) -> Iterator[SmtpServer]:
    settings.SEND_UNDO_SECONDS = 0
    with smtp_server(settings) as running:
        yield running


def issue_of(server: Tracker, incident: Incident) -> Issue:
    return server.store.find(IssueLink.objects.get(incident=incident).remote_id)


def test_an_issue_made_by_hand_comes_with_its_words_its_picture_and_its_site(server: Tracker) -> None:
    pole = make_pole("41960-P-43-1-1")
    tasks.pull()
    with server.lock:
        anna = server.person("anna")
        picture = server.store.upload("схема.png", PNG, "image/png", anna)
        words = "Звонили с 41960-P-43-1-1, света нет.\n![схема.png](/ajax/v2/attachments/1)"
        made = server.store.create(
            {"queue": "DISPATCH", "summary": "Нет питания", "description": words, "attachmentIds": [picture.id]}, anna
        )
    rest()
    incident = Incident.objects.get()
    assert (incident.registration, incident.opened_at, incident.pole) == ("manual", made.created_at, pole)
    note = Comment.objects.get()
    assert "Звонили с 41960-P-43-1-1, света нет.\n[схема.png]" in note.text
    assert tasks.fetch_files() == 1
    assert store.read(note.files.get().sha256) == PNG
    # Its words stay as they were; the site is told there.
    assert made.values["description"] == words
    assert (made.values["poleNumber"], made.values["avrName"]) == ("41960-P-43-1-1", "ООО «Пример-Энерго»")
    assert made.status == "new"
    assert not made.comments


def test_files_of_comments_and_of_the_issue_are_copied_and_ours_are_not(server: Tracker) -> None:
    incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
    rest()
    issue = issue_of(server, incident)
    with server.lock:
        anna = server.person("anna")
        act = server.store.upload("Акт.pdf", b"%PDF-1.4 x", "application/pdf", anna)
        server.store.comment(issue, {"text": "Акт", "attachmentIds": [act.id]}, anna)
    rest()
    tasks.fetch_files()
    with server.lock:
        server.store.upload("фото.png", PNG, "image/png", anna, issue)
    rest()
    tasks.fetch_files()
    assert [(each.name, each.size) for each in NoteFile.objects.order_by("pk")] == [("Акт.pdf", 10), ("фото.png", 208)]
    assert Comment.objects.count() == 2
    rest()
    assert (Comment.objects.count(), len(issue.comments)) == (2, 1)


def test_a_letter_that_the_tracker_keeps_as_a_comment_is_no_note(server: Tracker) -> None:
    incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
    rest()
    with server.lock:
        server.store.comment(issue_of(server, incident), {"text": "Коллеги!"}, server.person("anna"), "email")
    rest()
    assert not Comment.objects.exists()


def test_a_notify_status_set_there_sends_our_letter_and_moves_on_there(server: Tracker, smtp: SmtpServer) -> None:
    at = timezone.now() - timedelta(minutes=5)
    tasks.pull()
    incident = services.open_by_hand("Т2 Отсутствует ВЭС", by=make_user(), at=timezone.now())
    email = make_email(received_at=at)
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    station = make_station("KI0075", make_pole("41960-P-43-1-1", contractor_emails=["avr@contractor.example"]))
    services.link_asset(incident, pole=station.pole, station=station, by=None, at=timezone.now())
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=timezone.now())
    services.change_status(incident, Status.objects.get(key="inProgress"), by=None, at=timezone.now())
    rest()
    issue = issue_of(server, incident)
    with server.lock:
        server.store.execute(issue, "inProgress-peredatPodradciku", {}, server.person("anna"))
    rest()
    now = timezone.now() + timedelta(seconds=1)
    outbox.send_due(now=lambda: now)
    notices.settle(now)
    rest()
    (letter,) = smtp.letters
    assert letter.recipients == ["avr@contractor.example", "desk@towers.example"]
    assert issue.status == "peredanoPodradciku"
    assert Incident.objects.select_related("status").get(pk=incident.pk).status.key == "peredanoPodradciku"


def test_a_wrong_pole_typed_there_is_explained_there_and_put_right(server: Tracker) -> None:
    make_pole("41960-P-43-1-1")
    incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
    rest()
    issue = issue_of(server, incident)
    with server.lock:
        server.store.patch(issue, {"poleNumber": "99999"}, server.person("anna"), None, None)
    rest()
    assert (issue.status, issue.values.get("poleNumber")) == ("error", None)
    assert "99999" in issue.comments[-1].text
    with server.lock:
        server.store.patch(issue, {"poleNumber": "4196"}, server.person("anna"), None, None)
    rest()
    assert (issue.status, issue.values["poleNumber"]) == ("inProgress", "41960-P-43-1-1")
