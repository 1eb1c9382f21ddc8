"""Links between incidents: both sides say the same thing in their own words, and closing heeds them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatchers.models import User
from incidents import blocking, linking, moving, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentLink, Status
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me() -> User:
    return make_user()


def seen_by(incident: Incident) -> list[tuple[str, Incident]]:
    return [(each.side, each.other) for each in linking.links_of(incident)]


def close(incident: Incident, by: User | None) -> Incident:
    return services.change_status(incident, Status.objects.get(key="closed"), by=by, at=NOW, reason="Всё работает")


@pytest.mark.parametrize("side", linking.SIDES)
def test_each_side_of_a_link_sees_it_in_its_own_words(me, side):
    one, other = make_incident(), make_incident()

    linking.link(one, side, other, by=me, at=NOW)

    (back,) = seen_by(other)
    assert seen_by(one) == [(side, other)]
    assert back == (linking._OTHER_SIDE[side], one)
    assert linking._OTHER_SIDE[back[0]] == side


def test_a_link_stands_in_both_timelines_with_who_made_it(me):
    one, other = make_incident(), make_incident()

    linking.link(one, "blocks", other, by=me, at=NOW)
    linking.unlink(other, IncidentLink.objects.get().pk, by=me, at=NOW)

    for incident, side in ((one, "blocks"), (other, "blocked_by")):
        events = incident.events.order_by("pk")
        assert [(each.kind, each.actor, each.data["what"]) for each in events] == [
            ("linked", me, side),
            ("unlinked", me, side),
        ]
    assert not IncidentLink.objects.exists()


def test_saying_the_same_again_from_either_side_records_nothing(me):
    one, other = make_incident(), make_incident()
    linking.link(one, "related", other, by=me, at=NOW)

    assert linking.link(other, "related", one, by=me, at=NOW) is None
    assert IncidentLink.objects.count() == 1
    assert other.events.count() == 1


def test_a_link_removed_by_somebody_else_is_gone_without_complaint(me):
    one, other = make_incident(), make_incident()
    linking.link(one, "related", other, by=me, at=NOW)
    pk = IncidentLink.objects.get().pk
    linking.unlink(other, pk, by=me, at=NOW)

    assert linking.unlink(one, pk, by=me, at=NOW) is None


def test_a_link_of_other_incidents_is_not_removed_here(me):
    one, other, stranger = make_incident(), make_incident(), make_incident()
    linking.link(one, "related", other, by=me, at=NOW)

    assert linking.unlink(stranger, IncidentLink.objects.get().pk, by=me, at=NOW) is None
    assert IncidentLink.objects.exists()


def test_an_incident_is_not_linked_with_itself_or_with_a_merged_one(me):
    one = make_incident()
    merged = make_incident(merged_into=one)

    for other in (one, merged):
        with pytest.raises(DomainError):
            linking.link(one, "related", other, by=me, at=NOW)


@pytest.mark.parametrize("side", ["blocks", "duplicate", "parent"])
def test_no_chain_of_links_comes_back_to_its_start(me, side):
    first, second, third = (make_incident() for _n in range(3))
    linking.link(first, side, second, by=me, at=NOW)
    linking.link(second, side, third, by=me, at=NOW)

    with pytest.raises(DomainError):
        linking.link(third, side, first, by=me, at=NOW)


def test_an_incident_is_a_part_of_one_only(me):
    part, one, other = make_incident(), make_incident(), make_incident()
    linking.link(part, "child", one, by=me, at=NOW)

    with pytest.raises(DomainError, match=one.code):
        linking.link(other, "parent", part, by=me, at=NOW)


def test_what_is_blocked_is_not_closed_before_what_blocks_it(me):
    incident, blocker = make_incident(status="inProgress"), make_incident(status="inProgress")
    linking.link(incident, "blocked_by", blocker, by=me, at=NOW)

    with pytest.raises(DomainError, match=blocker.code):
        close(incident, me)
    close(blocker, me)

    assert not close(incident, me).is_open


def test_without_the_link_it_is_closed(me):
    incident, blocker = make_incident(status="inProgress"), make_incident(status="inProgress")
    linking.link(incident, "blocked_by", blocker, by=me, at=NOW)
    linking.unlink(incident, IncidentLink.objects.get().pk, by=me, at=NOW)

    assert not close(incident, me).is_open


def test_what_closes_elsewhere_closes_here_too(me):
    """A mirror reports what has happened; refusing it would only hide the truth."""
    incident = make_incident(status="inProgress")
    linking.link(incident, "blocked_by", make_incident(), by=me, at=NOW)

    assert not close(incident, None).is_open


def test_a_merged_blocker_blocks_by_what_it_was_merged_into(me):
    incident, blocker, into = (make_incident() for _n in range(3))
    linking.link(incident, "blocked_by", blocker, by=me, at=NOW)

    moving.merge(blocker, into, by=me, at=NOW)

    assert blocking.blockers(incident) == [into]


def test_whoever_is_merged_into_the_blocked_one_holds_it_no_more(me):
    incident, blocker = make_incident(), make_incident()
    linking.link(incident, "blocked_by", blocker, by=me, at=NOW)

    moving.merge(blocker, incident, by=me, at=NOW)

    assert blocking.blockers(incident) == []
    assert [each.holds_back for each in linking.links_of(incident)] == [False]


def test_what_holds_back_stands_first(me):
    incident, blocker = make_incident(), make_incident()
    for n in range(3):
        linking.link(incident, "related", make_incident(), by=me, at=NOW + timedelta(minutes=n))
    linking.link(incident, "blocked_by", blocker, by=me, at=NOW)

    assert linking.links_of(incident)[0].other == blocker


def test_linking_is_a_first_action_on_the_incident_it_was_done_on_only(me):
    one, other = make_incident(), make_incident()

    linking.link(one, "related", other, by=me, at=NOW)

    one.refresh_from_db()
    other.refresh_from_db()
    assert one.first_action_at == NOW
    assert other.first_action_at is None
