"""What is mirrored of an incident: every field that the customer's settings name, with what it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from config.tracker import FIELDS as SETTINGS
from incidents import services
from incidents.models import Incident, IncidentEmail
from tests.factories import NOW, make_email, make_incident, make_station
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import fields, sweeping
from tracker_bridge.fields import FIELDS, canonical


def test_every_field_of_the_customers_settings_is_mirrored() -> None:
    assert set(SETTINGS) <= set(FIELDS)


def test_the_letters_of_an_incident_are_named_by_their_keys_in_order(bridge: Bridge) -> None:
    incident = bridge.open()
    emails = [make_email(), make_email()]
    for email in reversed(emails):
        IncidentEmail.objects.create(incident=incident, email=email, way="code", thread=email.pk)
    bridge.sync()
    assert bridge.issue(incident).fields["email_ids"] == ", ".join(str(each.pk) for each in emails)


def test_the_time_of_the_first_letter_and_the_person_are_told(bridge: Bridge) -> None:
    incident, anna = bridge.open(), bridge.person("anna")
    services.assign(incident, to=anna, by=None, at=bridge.now)
    bridge.sync()
    issue = bridge.issue(incident)
    assert (issue.fields["email_datetime"], issue.fields["assignee"]) == (incident.opened_at, "anna")


def test_the_mark_of_a_new_letter_comes_and_goes(bridge: Bridge) -> None:
    incident = bridge.open()
    Incident.objects.filter(pk=incident.pk).update(has_news=True)
    bridge.sync()
    assert bridge.issue(incident).fields["is_new_message"] == "Да"
    services.mark_read(incident)
    bridge.wait(seconds=30)
    sweeping.note_quiet_changes(bridge.mirror, bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields["is_new_message"] == "Нет"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "Не определён"),
        ({"clock_left": timedelta(hours=2)}, "На паузе"),
        ({"due_at": NOW + timedelta(hours=1)}, "В работе"),
        ({"due_at": NOW - timedelta(hours=1)}, "Просрочен"),
        ({"due_at": NOW, "closed_at": NOW}, "Закрыт в срок"),
        ({"due_at": NOW, "closed_at": NOW + timedelta(seconds=1)}, "Закрыт с опозданием"),
    ],
)
def test_the_state_of_the_deadline_says_how_it_is_or_was(db: None, facts: dict[str, object], state: str) -> None:
    incident = make_incident()
    for name, value in facts.items():
        setattr(incident, name, value)
    assert fields.sla_state(incident, NOW) == state


def test_a_deadline_that_passes_is_told_without_anybody_doing_anything(bridge: Bridge) -> None:
    incident = bridge.open()
    Incident.objects.filter(pk=incident.pk).update(due_at=bridge.now + timedelta(minutes=5))
    bridge.sync()
    bridge.wait(minutes=6)
    sweeping.note_quiet_changes(bridge.mirror, bridge.now)
    bridge.sync()
    assert bridge.issue(incident).fields["sla_state"] == "Просрочен"


def test_a_summary_begins_with_the_code_and_is_never_longer_than_the_tracker_takes(bridge: Bridge) -> None:
    incident = bridge.open("Очень " * 100)
    bridge.sync()
    summary = str(bridge.issue(incident).fields["summary"])
    assert summary.startswith(f"{incident.code}: Очень Очень")
    assert len(summary) <= fields.LONGEST_SUMMARY


def test_the_station_and_the_operator_are_told(bridge: Bridge) -> None:
    incident, station = bridge.open(), make_station("KI0075")
    services.link_asset(incident, pole=station.pole, station=station, by=None, at=bridge.now)
    bridge.sync()
    issue = bridge.issue(incident)
    assert (issue.fields["base_station"], issue.fields["operator"]) == ("KI0075", "Т2")


def test_values_that_mean_the_same_are_the_same() -> None:
    moscow = datetime.fromisoformat("2026-08-18T15:00:00.123456+03:00")
    same = [
        [" KI0075 ", "KI0075", "KI0075\n"],
        [moscow, datetime(2026, 8, 18, 12, 0, 0, 123000, tzinfo=UTC)],
        ["", "  ", None],
        [("b", "a"), ("a", "b ")],
    ]
    for values in same:
        assert all(canonical(one) == canonical(other) for one, other in pairwise(values))  # type: ignore[arg-type]
