"""What people change in the tracker, by the rules of the desk: sites, types, people, statuses that send letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from incidents import notices, services
from incidents.models import Comment, Incident, IncidentEmail, IncidentEvent, IncidentLink, IncidentType, Notice, Status
from mailbox import outbox
from mailbox.models import Outgoing
from tests.factories import make_email, make_pole, make_station, make_user
from tests.smtp_server import SmtpServer, smtp_server
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge.models import Conflict
from tracker_bridge.protocol import RemoteIssue

NOC, AVR = "noc@operator.example", "avr@contractor.example"
NOTIFIED = {
    "uvedomlaemOperatora": "uvedomiliOperatora",
    "peredatPodradciku": "peredanoPodradciku",
    "uvedomitOZakrytii": "uvedomiliOZakrytii",
}


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpServer]:
    settings.SEND_UNDO_SECONDS = 0
    with smtp_server(settings) as running:
        yield running


@pytest.fixture
def incident(bridge: Bridge) -> Incident:
    made = bridge.open()
    bridge.sync()
    return made


@pytest.fixture
def in_work(bridge: Bridge) -> Incident:
    """With everything that its letters need, told to both sides. Letters look at the real clock."""
    bridge.now = bridge.backend.now = timezone.now() - timedelta(minutes=5)
    bridge.mirror_at(bridge.now)
    made = bridge.open("Т2 Отсутствует ВЭС KI0075")
    email = make_email(received_at=bridge.now)
    IncidentEmail.objects.create(incident=made, email=email, way="opened", thread=email.pk)
    station = make_station("KI0075", make_pole("41960-P-43-1-1", contractor_emails=[AVR]))
    services.link_asset(made, pole=station.pole, station=station, by=None, at=bridge.now)
    services.set_type(made, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    services.change_status(made, Status.objects.get(key="inProgress"), by=None, at=bridge.now)
    bridge.sync()
    return made


def fresh(incident: Incident) -> Incident:
    return Incident.objects.select_related("status", "pole", "base_station", "type", "assignee").get(pk=incident.pk)


def edit(bridge: Bridge, incident: Incident, login: str = "anna", **fields: Any) -> RemoteIssue:
    bridge.backend.edit(bridge.issue(incident).ref, login, **fields)
    bridge.sync()
    return bridge.issue(incident)


def said(bridge: Bridge, incident: Incident) -> list[str]:
    return [each.text for each in bridge.backend.comments(bridge.issue(incident).ref)]


def tick() -> None:
    """The clock: what is due is sent, and statuses follow."""
    now = timezone.now() + timedelta(seconds=1)
    outbox.send_due(now=lambda: now)
    notices.settle(now)


# --- Sites and types


def test_a_pole_typed_there_brings_contractor_and_region_there_too(bridge: Bridge, incident: Incident) -> None:
    make_pole("41960-P-43-1-1", region_ru="Кировская область")
    issue = edit(bridge, incident, pole="41960")
    assert (issue.fields["pole"], issue.fields["contractor"]) == ("41960-P-43-1-1", "ООО «Пример-Энерго»")
    assert "Регион: Кировская область" in str(issue.fields["description"])


def test_a_station_typed_there_brings_pole_and_operator_there_too(bridge: Bridge, incident: Incident) -> None:
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    issue = edit(bridge, incident, base_station="ki000075")
    assert (issue.fields["base_station"], issue.fields["pole"]) == ("KI000075", "41960-P-43-1-1")
    assert issue.fields["operator"] == "Т2"


def test_a_station_and_its_own_pole_typed_together_are_both_taken(bridge: Bridge, incident: Incident) -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1"))
    edit(bridge, incident, base_station="KI000075", pole="41960-P-43-1-1")
    assert (fresh(incident).base_station, fresh(incident).pole) == (station, station.pole)
    assert not Conflict.objects.exists()


def test_every_change_names_whoever_made_it_there_and_what_follows_by_itself_does_not(
    bridge: Bridge, incident: Incident
) -> None:
    anna = bridge.person("anna", last_name="Огнева", first_name="Мария")
    make_pole("41960-P-43-1-1")
    services.assign(incident, to=None, by=None, at=bridge.now)
    before = IncidentEvent.objects.latest("pk").pk
    edit(bridge, incident, "anna", type="Авария ВОЛС")
    edit(bridge, incident, "petrov", pole="99999")
    edit(bridge, incident, "petrov", pole="41960")
    edit(bridge, incident, "anna", status="needAcceptance")
    done = [
        (each.kind, each.actor, each.data.get("elsewhere", ""))
        for each in IncidentEvent.objects.filter(pk__gt=before).order_by("pk").select_related("actor")
        if each.kind != "deadline"
    ]
    assert done == [
        ("type_set", anna, anna.full_name),
        ("error", None, "petrov"),
        ("site_linked", None, "petrov"),
        ("status_changed", None, "petrov"),
        ("status_changed", anna, anna.full_name),
    ]


def test_the_card_says_who_typed_it_there(bridge: Bridge, incident: Incident, client: Client) -> None:
    edit(bridge, incident, "petrov", pole="99999")
    client.force_login(make_user())
    page = client.get(f"/incidents/{incident.code}/").content.decode()
    assert '<b>petrov</b> <span class="dim">' in page


def test_what_follows_by_itself_is_nobodys_there(bridge: Bridge) -> None:
    make_user()
    bridge.wait(minutes=1)
    bridge.backend.create("petrov", "Нет питания")
    bridge.sync()
    whose = dict(IncidentEvent.objects.values_list("kind", "data__elsewhere"))
    assert (whose["opened"], whose["assigned"]) == ("petrov", None)


def test_a_pole_typed_again_keeps_the_station_that_stands_on_it(bridge: Bridge, incident: Incident) -> None:
    station = make_station("KI000075", make_pole("41960-P-43-1-1"))
    edit(bridge, incident, base_station="KI000075")
    edit(bridge, incident, pole="41960-p")
    assert fresh(incident).base_station == station


def test_a_station_on_another_pole_than_the_one_typed_beside_it_is_an_error(bridge: Bridge, incident: Incident) -> None:
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    make_pole("50000-P-43-1-1")
    issue = edit(bridge, incident, base_station="KI000075", pole="50000-P-43-1-1")
    assert (fresh(incident).status.key, issue.status) == ("error", "error")
    assert "KI000075" in fresh(incident).error_reason
    assert "41960-P-43-1-1" in fresh(incident).error_reason


@pytest.mark.parametrize("login", ["anna", "stranger"])
@pytest.mark.parametrize("is_pole_first", [True, False])
def test_what_is_corrected_there_afterwards_goes_on(
    bridge: Bridge, incident: Incident, login: str, is_pole_first: bool
) -> None:
    bridge.person("anna")
    make_pole("41960-P-43-1-1")
    assert edit(bridge, incident, login, pole="99999").status == "error"
    edit(bridge, incident, login, type="Поломка")
    assert all(each in fresh(incident).error_reason for each in ("99999", "Поломка"))
    right = [{"pole": "41960"}, {"type": "Авария ВОЛС"}]
    first, second = right if is_pole_first else right[::-1]
    # One of two is not enough, and only the other is said any more.
    assert edit(bridge, incident, login, **first).status == "error"
    assert fresh(incident).status.key == "error"
    assert ("99999" in fresh(incident).error_reason, "Поломка" in fresh(incident).error_reason) == (
        not is_pole_first,
        is_pole_first,
    )
    issue = edit(bridge, incident, login, **second)
    assert (fresh(incident).status.key, issue.status) == ("inProgress", "inProgress")
    assert bridge.link(incident).wrong == {}


def test_what_a_dispatcher_put_right_here_is_not_held_against_it_there(bridge: Bridge, incident: Incident) -> None:
    me, pole = make_user(), make_pole("41960-P-43-1-1")
    edit(bridge, incident, pole="99999")
    services.link_asset(fresh(incident), pole=pole, station=None, by=me, at=bridge.now)
    bridge.sync()
    assert bridge.issue(incident).status == "inProgress"
    edit(bridge, incident, type="Поломка")
    assert "99999" not in fresh(incident).error_reason
    assert edit(bridge, incident, type="Авария ВОЛС").status == "inProgress"


def test_an_error_that_somebody_raised_for_another_reason_is_not_ended_by_a_type(
    bridge: Bridge, incident: Incident
) -> None:
    services.raise_error(incident, reason="Нет доступа на объект", by=make_user(), at=bridge.now)
    bridge.sync()
    assert edit(bridge, incident, type="Авария ВОЛС").status == "error"


def test_what_is_wrong_is_said_there_once_in_the_language_of_the_installation(
    bridge: Bridge, incident: Incident, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "en"
    with translation.override("ru"):
        edit(bridge, incident, pole="99999")
    (words,) = said(bridge, incident)
    assert "No pole starts with 99999. Correct the code." in words
    assert fresh(incident).error_reason == "No pole starts with 99999. Correct the code."
    services.set_type(incident, IncidentType.objects.get(key="power-rf"), by=None, at=bridge.now)
    bridge.sync()
    assert len(said(bridge, incident)) == 1


def test_an_error_raised_here_is_explained_there(bridge: Bridge, incident: Incident) -> None:
    services.raise_error(incident, reason="Опора не найдена", by=None, at=bridge.now)
    bridge.sync()
    assert bridge.issue(incident).status == "error"
    assert ["Опора не найдена" in each for each in said(bridge, incident)] == [True]
    services.raise_error(incident, reason="Станция не найдена", by=None, at=bridge.now)
    bridge.sync()
    assert ["Станция не найдена" in each for each in said(bridge, incident)] == [False, True]


# --- People


def test_an_assignee_who_is_no_dispatcher_here_is_set_back_and_explained(bridge: Bridge, incident: Incident) -> None:
    me = bridge.person("oleg")
    services.assign(incident, to=me, by=None, at=bridge.now)
    bridge.sync()
    issue = edit(bridge, incident, assignee="petrov")
    assert issue.fields["assignee"] == "oleg"
    assert any("petrov" in each for each in said(bridge, incident))
    conflict = Conflict.objects.get()
    assert (conflict.field, conflict.theirs, conflict.winner) == ("assignee", "petrov", "dispatch")


def test_an_assignee_who_was_dismissed_here_is_set_back(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna", is_active=False)
    before = fresh(incident).assignee
    issue = edit(bridge, incident, "oleg", assignee="anna")
    assert (issue.fields.get("assignee"), fresh(incident).assignee) == (None, before)


def test_a_dispatcher_without_an_account_there_has_incidents_all_the_same(bridge: Bridge, incident: Incident) -> None:
    bridge.person("anna")
    services.assign(incident, to=make_user(), by=None, at=bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields.get("assignee") is None
    # Nobody there took it from him.
    edit(bridge, incident, type="Авария ВОЛС")
    assert fresh(incident).assignee is not None
    edit(bridge, incident, assignee="anna")
    assert fresh(incident).assignee.tracker_logins.get().login == "anna"  # type: ignore[union-attr]


# --- Statuses that send


@pytest.mark.parametrize("login", ["anna", "stranger"])
@pytest.mark.parametrize(("key", "to"), [("uvedomlaemOperatora", NOC), ("peredatPodradciku", AVR)])
def test_a_notify_status_set_there_sends_our_letter_and_moves_on_on_both_sides(
    bridge: Bridge, server: SmtpServer, in_work: Incident, key: str, to: str, login: str
) -> None:
    anna = bridge.person("anna")
    edit(bridge, in_work, login, status=key)
    notice = Notice.objects.get()
    assert (fresh(in_work).status.key, notice.by) == (key, anna if login == "anna" else None)
    assert bridge.issue(in_work).status == key
    tick()
    bridge.wait(minutes=10)
    bridge.sync()
    (letter,) = server.letters
    assert letter.recipients[0] == to
    assert fresh(in_work).status.key == bridge.issue(in_work).status == NOTIFIED[key]
    # The letter is a comment there, and nothing comes back.
    assert sum(in_work.code in each for each in said(bridge, in_work)) == 1
    bridge.sync()
    tick()
    assert len(server.letters) == 1


def test_the_closing_status_set_there_tells_the_operator_and_moves_on(
    bridge: Bridge, server: SmtpServer, in_work: Incident
) -> None:
    services.change_status(in_work, Status.objects.get(key="uvedomiliOperatora"), by=None, at=bridge.now)
    bridge.sync()
    edit(bridge, in_work, status="uvedomitOZakrytii")
    tick()
    bridge.wait(minutes=10)
    bridge.sync()
    assert fresh(in_work).status.key == bridge.issue(in_work).status == "uvedomiliOZakrytii"
    assert [letter.recipients[0] for letter in server.letters] == [NOC]


@pytest.mark.parametrize("login", ["anna", "stranger"])
def test_a_notify_status_whose_letter_has_no_address_is_an_error_with_the_reason_on_both_sides(
    bridge: Bridge, server: SmtpServer, in_work: Incident, login: str
) -> None:
    bridge.person("anna")
    in_work.refresh_from_db()
    assert in_work.pole
    in_work.pole.contractor_emails = []
    in_work.pole.save()
    issue = edit(bridge, in_work, login, status="peredatPodradciku")
    assert (fresh(in_work).status.key, issue.status) == ("error", "error")
    assert not Outgoing.objects.exists()
    assert in_work.pole.code in fresh(in_work).error_reason
    assert any("41960" in each for each in said(bridge, in_work))
    conflict = Conflict.objects.get()
    assert (conflict.field, conflict.theirs, conflict.winner) == ("status", "peredatPodradciku", "dispatch")


def test_an_incident_that_another_one_blocks_is_not_closed_from_there(bridge: Bridge, in_work: Incident) -> None:
    other = bridge.open("Сначала это")
    IncidentLink.objects.create(source=other, target=in_work, kind=IncidentLink.Kind.BLOCKS)
    bridge.sync()
    issue = edit(bridge, in_work, status="closed")
    assert (fresh(in_work).status.key, issue.status) == ("inProgress", "inProgress")
    assert other.code in Comment.objects.filter(incident=in_work).latest("pk").text
