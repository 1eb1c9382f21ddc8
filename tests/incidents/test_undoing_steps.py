"""Taking back an assignment or a step: all of the click goes back, or nothing does and the reason is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatchers.models import User
from incidents import services, undoing_steps
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, IncidentEvent, Status
from mailbox.models import Outgoing
from tests.factories import NOW, make_email, make_incident, make_user

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me() -> User:
    return make_user(last_name="Крылова")


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def last(incident: Incident) -> IncidentEvent:
    return incident.events.latest("id")


def undo(incident: Incident, by: User, at: Any = SOON) -> Incident:
    undoing_steps.undo(last(incident), by=by, at=at)
    return Incident.objects.get(pk=incident.pk)


def facts(incident: Incident) -> dict[str, Any]:
    """Everything but what says that something was done."""
    row = Incident.objects.filter(pk=incident.pk).values().get()
    return {name: value for name, value in row.items() if name not in {"version", "active_at", "first_action_at"}}


def test_an_assignment_goes_back_to_whoever_had_it(me: User) -> None:
    before = make_user()
    incident = make_incident(assignee=before)
    services.assign(incident, to=make_user(), by=me, at=NOW)

    incident = undo(incident, me)

    assert incident.assignee == before
    event = last(incident)
    assert (event.kind, event.actor, event.data["to"]) == ("assigned", me, before.pk)
    assert event.data["undoes"]


def test_taking_is_one_click_and_goes_back_as_one(me: User) -> None:
    incident = make_incident()
    before = facts(incident)
    services.take(incident, by=me, at=NOW)
    assert facts(incident) != before

    undo(incident, me)

    assert facts(incident) == before


@pytest.mark.parametrize("to", ["naGeneraciiNb", "closed", "error"])
def test_a_step_leaves_no_trace_on_status_and_clocks(me: User, to: str) -> None:
    incident = make_incident(status="inProgress", assignee=me)
    before = facts(incident)
    services.change_status(incident, status(to), by=me, at=NOW, reason="шифр с ошибкой")
    assert facts(incident) != before

    undo(incident, me)

    assert facts(incident) == before


def test_a_reopening_goes_back_to_the_moment_of_closing(me: User) -> None:
    incident = make_incident(status="inProgress", assignee=me)
    services.change_status(incident, status("closed"), by=me, at=NOW)
    before = facts(incident)
    services.reopen(incident, by=me, at=NOW + timedelta(minutes=1), reason="рано")

    undo(incident, me)

    assert facts(incident) == before


def test_what_was_wrong_stands_again_when_its_correction_is_taken_back(me: User) -> None:
    incident = make_incident(status="inProgress", assignee=me)
    services.raise_error(incident, reason="нет такого шифра", by=me, at=NOW)
    services.change_status(incident, status("inProgress"), by=me, at=NOW + timedelta(minutes=1))

    incident = undo(incident, me)

    assert (incident.status.key, incident.error_reason) == ("error", "нет такого шифра")


def test_the_hand_over_takes_the_contractors_clock_off_again(me: User) -> None:
    hands_over = Status.objects.filter(hands_over=True).first()
    incident = make_incident(status="inProgress")
    before = facts(incident)
    services._move(services.locked(incident), hands_over, by=me, at=NOW, reason="")  # type: ignore[arg-type]
    Incident.objects.filter(pk=incident.pk).update(contractor_due_at=NOW + timedelta(hours=6))

    undo(incident, me)

    assert facts(incident) == before


def test_it_is_too_late_after_ten_minutes(me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=NOW)

    with pytest.raises(DomainError, match="10"):
        undo(incident, me, NOW + timedelta(minutes=11))


def test_a_newer_change_of_the_same_fact_is_named(me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=NOW)
    mine = last(incident)
    services.assign(incident, to=make_user(last_name="Агеев"), by=make_user(last_name="Седов"), at=SOON)

    with pytest.raises(DomainError, match=r"Седов.*Агеев"):
        undoing_steps.undo(mine, by=me, at=SOON)

    assert last(incident).data.get("undoes") is None


def test_another_fact_that_changed_since_does_not_matter(me: User) -> None:
    incident = make_incident(status="inProgress")
    services.assign(incident, to=me, by=me, at=NOW)
    mine = last(incident)
    services.change_status(incident, status("naGeneraciiNb"), by=me, at=SOON)

    undoing_steps.undo(mine, by=me, at=SOON)

    incident.refresh_from_db()
    assert (incident.assignee, incident.status.key) == (None, "naGeneraciiNb")


def test_nobody_undoes_the_same_thing_twice_but_the_undoing_itself_may_be_undone(me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=NOW)
    mine = last(incident)
    undoing_steps.undo(mine, by=me, at=SOON)

    with pytest.raises(DomainError):
        undoing_steps.undo(mine, by=me, at=SOON)
    assert undo(incident, me).assignee == me


def test_a_step_after_which_a_letter_left_stays(me: User) -> None:
    incident = make_incident(status="inProgress")
    services.change_status(incident, status("closed"), by=me, at=NOW)
    email = make_email(direction="out")
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    Outgoing.objects.create(email=email, to_address="noc@operator.example", queued_at=NOW)

    with pytest.raises(DomainError):
        undo(incident, me)

    incident.refresh_from_db()
    assert not incident.is_open


def test_a_status_that_sends_is_not_reached_by_undoing(me: User) -> None:
    sending = Status.objects.filter(status_class="sending").first()
    assert sending is not None
    incident = make_incident(status="inProgress")
    services._move(services.locked(incident), sending, by=me, at=NOW, reason="")
    services._move(services.locked(incident), status("closed"), by=me, at=NOW, reason="")
    with pytest.raises(DomainError):
        undo(incident, me)


def test_what_the_machine_did_is_not_offered_for_undoing() -> None:
    incident = make_incident()
    services.assign(incident, to=make_user(), by=None, at=NOW)

    assert not undoing_steps.may_be_undone(last(incident), NOW)


def test_nothing_is_undone_on_a_merged_incident(me: User) -> None:
    incident, other = make_incident(), make_incident()
    services.assign(incident, to=me, by=me, at=NOW)
    Incident.objects.filter(pk=incident.pk).update(merged_into=other)

    with pytest.raises(DomainError, match=other.code):
        undo(incident, me)
