"""The whole mirror against a real Redmine: what a day of both sides' work leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from incidents import services
from incidents.events import record
from incidents.models import Comment, Incident, IncidentEmail, IncidentEvent, IncidentType, Status
from mailbox import store
from tests.factories import make_email, make_pole, make_user
from tests.tracker_bridge import redmine
from tests.tracker_bridge.redmine import FIELDS, Redmine
from tracker_bridge import backends, people, tasks
from tracker_bridge.models import Conflict, IssueLink, Job, Mirror
from tracker_bridge.protocol import TrackerBackend

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not redmine.is_here(), reason="no Redmine: see tests/tracker_bridge/redmine.py"),
]


@dataclass
class Sides:
    """The mirror as it runs, and what people do in Redmine."""

    server: Redmine
    project: str
    backend: TrackerBackend

    def rest(self) -> None:
        """Both ways until nothing is left."""
        for _ in range(20):
            Job.objects.filter(state=Job.State.WAITING).update(not_before=timezone.now() - timedelta(seconds=1))
            Mirror.objects.update(paused_until=None)
            if not tasks.push() + tasks.pull() and not Job.objects.filter(state=Job.State.WAITING).exists():
                return
        raise AssertionError("the two sides do not come to rest")

    def issue(self, incident: Incident) -> dict[str, Any]:
        number = IssueLink.objects.get(incident=incident).remote_id
        found = self.server.call("GET", f"issues/{number}.json?include=journals,attachments")
        return {**found["issue"], **{each["name"]: each["value"] for each in found["issue"]["custom_fields"]}}

    def edit(self, incident: Incident, **changes: Any) -> None:
        """Anna edits the issue; names of custom fields may be among the changes."""
        number = IssueLink.objects.get(incident=incident).remote_id
        own = {name: changes.pop(name) for name in tuple(changes) if name not in FIELDS.values()}
        if "status" in own:
            own["status_id"] = self.server.id_of("issue_statuses", own.pop("status"))
        custom = [{"id": self.server.id_of("custom_fields", name), "value": value} for name, value in changes.items()]
        self.server.call("PUT", f"issues/{number}.json", by="anna", issue={**own, "custom_fields": custom})


@pytest.fixture
def sides(server: Redmine, settings: Any) -> Iterator[Sides]:
    project = server.project()
    settings.TRACKER = server.settings(project)
    settings.INCIDENT_REACTIONS = {**settings.INCIDENT_REACTIONS, "*": ["tracker_bridge.reactions.note"]}
    backends._made.cache_clear()
    yield Sides(server, project, backends.load(settings.TRACKER))
    backends._made.cache_clear()


def test_a_day_on_both_sides_ends_equal(sides: Sides) -> None:
    anna = make_user(username="anna", email="anna@tower.example")
    assert tasks.check() == 0
    assert people.user("redmine", "anna") == anna
    incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
    services.link_asset(incident, pole=make_pole("41960-P-43-1-1"), station=None, by=None, at=timezone.now())
    email = make_email(text="Пропало питание.\n```\n@all {{ }}")
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    record(incident, "letter", actor=None, at=timezone.now(), email=email.pk)
    sides.rest()
    issue = sides.issue(incident)
    assert issue["subject"] == f"{incident.code}: Нет питания"
    assert (issue["status"]["name"], issue["Шифр опоры"]) == ("Новый", "41960-P-43-1-1")
    assert issue["Номер в базе"] == str(incident.pk)
    (letter,) = [each["notes"] for each in issue["journals"] if each["notes"]]
    assert "noc@operator.example" in letter.replace("\\", "")
    assert "````\nПропало питание.\n```\n@all {{ }}\n````" in letter
    sides.edit(incident, status="В работе", notes="Еду", **{"Тип проблемы": "Авария по питанию РФ"})
    services.add_comment(incident, "Позвонили подрядчику", by=anna, at=timezone.now())
    sides.rest()
    incident = Incident.objects.select_related("status", "type").get(pk=incident.pk)
    assert incident.status.key == "inProgress"
    assert incident.type == IncidentType.objects.get(key="power-rf")
    assert sorted(incident.comments.values_list("text", flat=True)) == ["Еду", "Позвонили подрядчику"]
    assert IncidentEvent.objects.get(incident=incident, kind="status_changed").actor == anna
    services.change_status(
        incident, Status.objects.get(key="naGeneraciiNb"), by=anna, at=timezone.now(), reason="Дизель привезли"
    )
    services.assign(incident, to=anna, by=anna, at=timezone.now())
    sides.rest()
    issue = sides.issue(incident)
    assert incident.due_at is not None
    assert issue["Срок SLA"][:16] == f"{timezone.localtime(incident.due_at):%Y-%m-%d %H:%M}"
    assert (issue["status"]["name"], issue["assigned_to"]["name"]) == ("На генерации НБ", "Anna Тестов")
    assert not Conflict.objects.exists()
    entries = len(issue["journals"])
    sides.rest()
    assert len(sides.issue(incident)["journals"]) == entries


def test_an_issue_made_by_hand_becomes_an_incident_with_its_files(sides: Sides) -> None:
    tasks.check()
    sides.rest()
    make_pole("41960-P-43-1-1")
    token = redmine.upload(sides.server, "Акт.txt", b"act")
    pole = {"id": sides.server.id_of("custom_fields", FIELDS["pole"]), "value": "41960-P-43-1-1"}
    made = {"project_id": sides.project, "subject": "Упала ель на кабель", "custom_fields": [pole]}
    made["uploads"] = [{"token": token, "filename": "Акт.txt", "content_type": "text/plain"}]
    sides.server.call("POST", "issues.json", by="anna", issue=made)
    sides.rest()
    tasks.fetch_files()
    incident = Incident.objects.select_related("pole", "contractor").get()
    assert "Упала ель на кабель" in incident.subject
    assert incident.pole is not None
    assert incident.pole.code == "41960-P-43-1-1"
    issue = sides.issue(incident)
    assert issue["subject"].startswith(incident.code)
    assert issue["Подрядчик по АВР"] == incident.contractor.name
    file = Comment.objects.get(incident=incident).files.get()
    assert store.read(file.sha256) == b"act"


def test_a_protected_field_and_a_wrong_pole_are_answered(sides: Sides) -> None:
    tasks.check()
    incident = services.open_by_hand("Нет питания", by=make_user(), at=timezone.now())
    services.change_status(incident, Status.objects.get(key="inProgress"), by=None, at=timezone.now())
    sides.rest()
    sides.edit(incident, **{"Срок SLA": "завтра", "Шифр опоры": "нет такой"})
    sides.rest()
    incident.refresh_from_db()
    issue = sides.issue(incident)
    assert issue["Срок SLA"] != "завтра"
    assert issue["status"]["name"] == "Ошибка" == incident.status.name_ru
    assert any("нет такой" in each["notes"].replace("\\", "") for each in issue["journals"] if each["notes"])


def test_the_check_says_in_words_what_is_missing(sides: Sides, settings: Any) -> None:
    out = StringIO()
    call_command("sync_tracker", "--check", stdout=out)
    assert "All is there." in out.getvalue()
    settings.TRACKER = sides.server.settings(sides.project, fields={**FIELDS, "operator": "Кто"})
    call_command("sync_tracker", "--check", stdout=out)
    assert "field: " in out.getvalue()
    assert "Кто" in out.getvalue()
    settings.TRACKER = sides.server.settings(sides.project, key_field="Нет такого")
    with pytest.raises(CommandError):
        call_command("sync_tracker", "--check", stdout=out)
    assert "Нет такого" in out.getvalue()
