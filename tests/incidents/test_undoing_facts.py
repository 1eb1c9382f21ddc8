"""Taking back a type, a priority or a link of many at once: each is again what it was, or says why not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatchers.models import User
from incidents import bulk, linking, services, undoing_facts
from incidents.bulk import Chosen, Deed
from incidents.errors import DomainError
from incidents.models import Incident, IncidentLink, IncidentType
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me() -> User:
    return make_user(last_name="Крылова")


def types() -> list[IncidentType]:
    return list(IncidentType.objects.filter(is_active=True)[:2])


def done(deed: Deed, *incidents: Incident, by: User) -> list[str]:
    """What a click did, as the message that follows it names it."""
    result = bulk.carry_out([Chosen(each.code, 0) for each in incidents], deed, by=by, at=NOW)
    assert not result.refused
    return result.codes


def facts(incident: Incident) -> dict[str, Any]:
    """Everything but what says that something was done."""
    row = Incident.objects.filter(pk=incident.pk).values().get()
    return {name: value for name, value in row.items() if name not in {"version", "active_at", "first_action_at"}}


def test_types_of_many_go_back_to_what_each_was(me: User) -> None:
    one, other = types()
    incidents = [make_incident(), make_incident(type=one.key)]
    before = [facts(each) for each in incidents]
    codes = done(bulk.set_type(other), *incidents, by=me)
    assert [facts(each) for each in incidents] != before

    result = bulk.take_back(codes, NOW, by=me, at=SOON)

    assert (result.codes, result.refused) == (codes, [])
    assert [facts(each) for each in incidents] == before
    event = incidents[0].events.latest("id")
    assert (event.kind, event.actor, event.data["to"]) == ("type_set", me, None)
    assert event.data["undoes"]


def test_priorities_go_back_too(me: User) -> None:
    incident = make_incident()
    codes = done(bulk.set_priority(Incident.Priority.URGENT), incident, by=me)

    bulk.take_back(codes, NOW, by=me, at=SOON)

    incident.refresh_from_db()
    assert incident.priority == Incident.Priority.NORMAL


def test_links_of_many_are_removed_and_others_stay(me: User) -> None:
    hub, one, other, earlier = (make_incident() for _ in range(4))
    linking.link(earlier, "duplicate", hub, by=me, at=NOW - timedelta(minutes=1))
    codes = done(bulk.link("duplicate", hub), one, other, by=me)

    result = bulk.take_back(codes, NOW, by=me, at=SOON)

    assert not result.refused
    assert list(IncidentLink.objects.values_list("source", flat=True)) == [earlier.pk]
    assert [one.events.latest("id").kind, hub.events.latest("id").kind] == ["unlinked", "unlinked"]


def test_a_type_that_somebody_has_changed_since_stays_and_he_is_named(me: User) -> None:
    one, other = types()
    stale, fresh = make_incident(), make_incident()
    codes = done(bulk.set_type(one), stale, fresh, by=me)
    services.set_type(stale, other, by=make_user(last_name="Седов", first_name="Пётр"), at=SOON)

    result = bulk.take_back(codes, NOW, by=me, at=SOON)

    assert result.codes == [fresh.code]
    assert [each.code for each in result.refused] == [stale.code]
    assert "Пётр Седов" in result.refused[0].reason
    stale.refresh_from_db()
    assert stale.type == other


def test_nothing_is_undone_twice(me: User) -> None:
    (kind, _other), hub = types(), make_incident()
    typed, linked = make_incident(), make_incident()
    codes = [*done(bulk.set_type(kind), typed, by=me), *done(bulk.link("related", hub), linked, by=me)]
    bulk.take_back(codes, NOW, by=me, at=SOON)

    assert len(bulk.take_back(codes, NOW, by=me, at=SOON).refused) == 2
    assert typed.events.filter(kind="type_set").count() == 2


def test_what_another_person_did_or_what_changed_nothing_is_not_undone(me: User) -> None:
    kind = types()[0]
    theirs, same = make_incident(), make_incident(type=kind.key)
    done(bulk.set_type(kind), theirs, by=make_user())
    codes = done(bulk.set_type(kind), same, by=me)

    assert not bulk.take_back([theirs.code, *codes], NOW, by=me, at=SOON).done


def test_it_is_too_late_after_ten_minutes_and_after_a_merge(me: User) -> None:
    kind, incident, into = types()[0], make_incident(), make_incident()
    codes = done(bulk.set_type(kind), incident, by=me)

    assert bulk.take_back(codes, NOW, by=me, at=NOW + timedelta(minutes=11)).refused
    Incident.objects.filter(pk=incident.pk).update(merged_into=into)
    assert into.code in bulk.take_back(codes, NOW, by=me, at=SOON).refused[0].reason


def test_an_event_of_another_kind_is_refused(me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=NOW)

    with pytest.raises(DomainError):
        undoing_facts.undo(incident.events.get(), by=me, at=SOON)
