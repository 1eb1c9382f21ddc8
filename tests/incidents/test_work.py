"""Whose move it is, kinds of work, tags, watchers and checklists: one event a deed, none for one done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from dispatchers.roles import Role
from incidents import services, watching, work, work_words
from incidents.errors import DomainError
from incidents.models import ChecklistItem, Incident, IncidentType, Status
from incidents.occurrences import describe
from tests.factories import NOW, make_incident, make_user


@pytest.fixture
def me(db):
    return make_user()


def kinds(incident: Incident) -> list[str]:
    return list(incident.events.order_by("pk").values_list("kind", flat=True))


def close(incident: Incident, me) -> None:
    services.change_status(incident, Status.objects.get(key="closed"), by=me, at=NOW)


def test_passing_the_ball_says_since_when_and_moves_the_version(me):
    incident = make_incident()

    work.pass_ball(incident, "energy", by=me, at=NOW)
    work.pass_ball(incident, "energy", by=me, at=NOW + timedelta(hours=1))

    incident.refresh_from_db()
    assert (incident.ball, incident.ball_since, incident.version) == ("energy", NOW, 2)
    event = incident.events.get()
    assert event.data == {"from": "us", "to": "energy"}
    assert work_words.sentence(event)


def test_the_ball_of_a_closed_incident_stays(me):
    incident = make_incident(status="inProgress")
    close(incident, me)
    with pytest.raises(DomainError):
        work.pass_ball(incident, "operator", by=me, at=NOW)


def test_who_may_only_look_does_nothing(db):
    incident = make_incident()
    with pytest.raises(PermissionDenied):
        work.pass_ball(incident, "operator", by=make_user(role=Role.OBSERVER), at=NOW)


def test_work_of_a_kind_runs_once_and_ends_even_after_closing(me):
    incident = make_incident(status="inProgress")
    period = work.start_work(incident, "dgu", since=NOW - timedelta(hours=1), by=me, at=NOW)
    with pytest.raises(DomainError):
        work.start_work(incident, "dgu", since=NOW, by=me, at=NOW)
    work.start_work(incident, "avr", since=NOW, by=me, at=NOW)
    close(incident, me)

    ended = work.end_work(period, by=me, at=NOW + timedelta(hours=3))

    assert ended.ended_at - ended.started_at == timedelta(hours=4)
    with pytest.raises(DomainError):
        work.end_work(period, by=me, at=NOW)
    assert kinds(incident) == ["work_started", "work_started", "closed", "work_ended"]
    said = [each.words for each in describe(incident.events.order_by("pk")) if each.words]
    assert len(said) == 3


def test_work_cannot_begin_in_the_future(me):
    with pytest.raises(DomainError):
        work.start_work(make_incident(), "avr", since=NOW + timedelta(minutes=1), by=me, at=NOW)


def test_a_tag_is_found_however_it_is_capitalised_and_put_on_once(me):
    incident, other = make_incident(), make_incident()
    first = work.tag(incident, "Охрана", by=me, at=NOW)
    assert work.tag(incident, "охрана", by=me, at=NOW) == first
    assert work.tag(other, "ОХРАНА", by=me, at=NOW) == first

    work.untag(incident, first, by=me, at=NOW)
    work.untag(incident, first, by=me, at=NOW)

    assert kinds(incident) == ["tagged", "untagged"]
    assert [row.tag for row in other.tag_rows.all()] == [first]


def test_too_many_tags_are_refused(me):
    incident = make_incident()
    for number in range(work.MOST_TAGS):
        work.tag(incident, f"метка {number}", by=me, at=NOW)
    with pytest.raises(DomainError):
        work.tag(incident, "ещё", by=me, at=NOW)


def test_watching_twice_is_watching_and_changes_nothing_of_the_incident(me):
    incident = make_incident()
    for on in (True, True, False, False):
        watching.watch(incident, on=on, by=me, at=NOW)
    assert kinds(incident) == ["watched", "unwatched"]
    assert describe(incident.events.all()) == []
    incident.refresh_from_db()
    assert incident.version == 1


def item(name: str, **over) -> ChecklistItem:
    return ChecklistItem.objects.create(name_ru=name, name_en=name, **over)


def test_the_checklist_is_that_of_the_type_and_of_all(me):
    mine, other = IncidentType.objects.all()[:2]
    everywhere, own = item("для всех"), item("своё", type=mine)
    item("чужое", type=other)
    item("старое", is_active=False)
    assert set(work.checklist(make_incident(type=mine.key))) == {everywhere, own}
    assert list(work.checklist(make_incident())) == [everywhere]


def test_closing_asks_about_required_items_that_nobody_has_ticked(me):
    incident = make_incident()
    needed = item("акт получен", is_required=True)
    item("сфотографировано")
    assert work.unfinished(incident) == [needed]

    work.mark(incident, needed, done=True, by=me, at=NOW)
    work.mark(incident, needed, done=True, by=me, at=NOW)
    assert work.unfinished(incident) == []

    work.mark(incident, needed, done=False, by=me, at=NOW)
    assert work.unfinished(incident) == [needed]
    assert kinds(incident) == ["checked", "unchecked"]
