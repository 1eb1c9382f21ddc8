"""Stored clocks are a cache: whatever happens to an incident, they say what its events say."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import lifecycle, moving, services, undoing, undoing_steps, work
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, IncidentType, Status, WorkPeriod
from sla import recomputing
from sla.models import IncidentClock, PolicyVersion
from tests.factories import NOW, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def clock(incident: Incident, name: str) -> IncidentClock:
    return IncidentClock.objects.get(incident=incident, clock=name)


def said_by_check() -> str:
    out = StringIO()
    call_command("recompute_sla", check=True, stdout=out)
    return out.getvalue()


def step(incident: Incident, key: str, by: User, at: datetime) -> Incident:
    return services.change_status(incident, Status.objects.get(key=key), by=by, at=at, reason="так надо")


def test_closing_stops_the_clock_and_says_what_was_left():
    me, incident = make_user(), make_incident(type="power-msk", status="inProgress")

    step(incident, "closed", me, NOW + HOUR)

    row = clock(incident, "incident")
    assert (row.state, row.stopped_at, row.left) == ("stopped", NOW + HOUR, 3 * HOUR)


def test_opened_again_it_goes_on_with_what_was_left():
    me, incident = make_user(), make_incident(type="power-msk", status="inProgress")
    step(incident, "closed", me, NOW + HOUR)

    step(incident, "inProgress", me, NOW + 10 * HOUR)

    incident.refresh_from_db()
    assert clock(incident, "incident").state == "running"
    assert incident.due_at == NOW + 13 * HOUR


def test_a_step_that_was_taken_back_has_never_been():
    me, incident = make_user(), make_incident(type="power-msk", status="inProgress")
    step(incident, "closed", me, NOW + HOUR)
    event = incident.events.get(kind="closed")

    undoing_steps.undo(event, by=me, at=NOW + HOUR + timedelta(minutes=5))

    incident.refresh_from_db()
    assert clock(incident, "incident").state == "running"
    assert incident.due_at == NOW + 4 * HOUR


def test_the_first_deed_of_a_person_stops_the_dispatchers_clock():
    me, incident = make_user(), make_incident()

    services.add_comment(incident, "звоню", by=me, at=NOW + timedelta(minutes=12))

    row = clock(incident, "first_action")
    assert (row.state, row.left) == ("stopped", -timedelta(minutes=2))


def test_what_the_machine_does_is_no_deed():
    me, incident = make_user(), make_incident()

    services.assign(incident, to=me, by=None, at=NOW)

    assert not IncidentClock.objects.filter(incident=incident, state="stopped").exists()


def test_work_has_a_clock_of_its_own():
    me, incident = make_user(), make_incident(type="power-rf", status="inProgress")

    work.start_work(incident, WorkPeriod.Kind.GENERATOR, since=NOW + HOUR, by=me, at=NOW + HOUR)

    assert clock(incident, "work:dgu").due_at == NOW + HOUR + timedelta(days=15)


def test_a_status_that_pauses_by_the_rules_takes_the_deadline_off_the_desk():
    first = PolicyVersion.objects.get(number=1)
    document = first.document
    document["rules"][0]["pauses"] = ["needAcceptance"]
    PolicyVersion.objects.create(number=2, document=document, at=NOW - HOUR)
    me, incident = make_user(), make_incident(type="power-msk", status="inProgress")

    step(incident, "needAcceptance", me, NOW + HOUR)
    incident.refresh_from_db()
    assert (incident.due_at, clock(incident, "incident").left) == (None, 3 * HOUR)

    step(incident, "inProgress", me, NOW + 5 * HOUR)
    incident.refresh_from_db()
    assert incident.due_at == NOW + 8 * HOUR


def test_what_has_ended_keeps_the_rules_of_its_end():
    me, incident = make_user(), make_incident(type="power-msk", status="inProgress")
    step(incident, "closed", me, NOW + HOUR)
    document = PolicyVersion.objects.get(number=1).document
    document["types"]["power-msk"] = 30
    PolicyVersion.objects.filter(number=1).update(at=NOW - HOUR)
    PolicyVersion.objects.create(number=2, document=document, at=NOW + 2 * HOUR)

    assert "0 differences" in said_by_check()


def test_rules_that_ask_for_more_win():
    document = PolicyVersion.objects.get(number=1).document
    document["rules"].append({"clock": "incident", "minutes": 60, "match": {"region": ["Кировская область"]}})
    PolicyVersion.objects.create(number=2, document=document, at=NOW - HOUR)
    me = make_user()
    here, there = make_incident(pole=make_pole()), make_incident(pole=make_pole(region_ru="Пермский край"))
    for incident in (here, there):
        services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=me, at=NOW)
        incident.refresh_from_db()

    assert (here.due_at, there.due_at) == (NOW + HOUR, NOW + 4 * HOUR)


def test_the_check_names_what_differs_and_writing_makes_it_right():
    incident = make_incident(type="power-msk")
    recomputing.recompute(recomputing.load([incident.pk]), NOW)
    Incident.objects.filter(pk=incident.pk).update(due_at=NOW + 9 * HOUR)

    with pytest.raises(CommandError):
        said_by_check()
    call_command("recompute_sla", stdout=StringIO())

    assert "1 incidents, 0 differences" in said_by_check()
    incident.refresh_from_db()
    assert incident.due_at == NOW + 4 * HOUR


def test_it_asks_as_often_for_fifty_as_for_five(django_assert_num_queries):
    def ask(count: int, queries: int) -> None:
        incidents = recomputing.load([make_incident(type="power-msk").pk for _ in range(count)])
        recomputing.recompute(incidents, NOW)
        with django_assert_num_queries(queries):
            recomputing.recompute(incidents, NOW, write=False)

    ask(5, 6)
    ask(50, 6)


# --- Whatever happens -------------------------------------------------------------------------

DEED = st.tuples(
    st.sampled_from(["step", "step", "step", "type", "comment", "undo", "merge", "unmerge", "work", "end work"]),
    st.integers(0, 9),
    st.integers(1, 300),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, max_size=10))
def test_after_any_deeds_the_stored_clocks_are_those_of_the_events(deeds):
    with transaction.atomic():
        me = make_user()
        incidents = [make_incident(type="power-msk"), make_incident(status="inProgress")]
        recomputing.recompute(recomputing.load([each.pk for each in incidents]), NOW)
        at = NOW
        for name, number, minutes in deeds:
            at += timedelta(minutes=minutes)
            incident = Incident.objects.get(pk=incidents[number % 2].pk)
            try:
                _do(name, number, incident, incidents[1 - number % 2], me, at)
            except DomainError:
                continue
            loaded = recomputing.load([each.pk for each in incidents])
            assert recomputing.recompute(loaded, at, write=False) == []
        transaction.set_rollback(True)


def _do(name: str, number: int, incident: Incident, other: Incident, me: User, at: datetime) -> None:
    if name == "step":
        steps = lifecycle.next_steps(incident)
        if steps:
            services.change_status(incident, steps[number % len(steps)].to_status, by=me, at=at, reason="так надо")
    elif name == "type":
        kinds = list(IncidentType.objects.all())
        services.set_type(incident, kinds[number % len(kinds)], by=me, at=at)
    elif name == "comment":
        services.add_comment(incident, "звоню", by=me, at=at)
    elif name == "undo":
        last = incident.events.filter(kind__in=undoing_steps.STEPS).order_by("-id").first()
        if last:
            undoing_steps.undo(last, by=me, at=at)
    elif name == "merge":
        moving.merge(incident, Incident.objects.get(pk=other.pk), by=me, at=at)
    elif name == "unmerge":
        merged = IncidentEvent.objects.filter(kind="merged").order_by("-id").first()
        if merged:
            undoing.undo(merged, by=me, at=at)
    elif name == "work":
        work.start_work(incident, list(WorkPeriod.Kind)[number % 4], since=at, by=me, at=at)
    elif running := incident.work_periods.filter(ended_at=None).first():
        work.end_work(running, by=me, at=at)
