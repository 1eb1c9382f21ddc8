"""Promises: whose they are, when they are missed, that each is said once; and moments as people type them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents import moments, moving, promises, services, work_words
from incidents.clocks import ClockState
from incidents.errors import DomainError
from incidents.models import Incident, Promise, Status
from tests.factories import NOW, make_incident, make_user

MOSCOW = ZoneInfo("Europe/Moscow")
# 15:00 in Moscow, a Tuesday.
LOCAL = NOW.astimezone(MOSCOW)


def at(typed: str) -> str:
    return moments.parse(typed, NOW, MOSCOW).astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("15:30", "18.08.2026 15:30"),
        ("к 15:30", "18.08.2026 15:30"),
        ("15.30", "18.08.2026 15:30"),
        ("1530", "18.08.2026 15:30"),
        ("в 18", "18.08.2026 18:00"),
        # Nine in the evening is over a night's shift away from no morning: the next six o'clock is meant.
        ("6:00", "19.08.2026 06:00"),
        ("+2ч", "18.08.2026 17:00"),
        ("+2 часа", "18.08.2026 17:00"),
        ("+1,5ч", "18.08.2026 16:30"),
        ("+1ч30м", "18.08.2026 16:30"),
        ("+30м", "18.08.2026 15:30"),
        ("+45", "18.08.2026 15:45"),
        ("+2h", "18.08.2026 17:00"),
        ("через 20 минут", "18.08.2026 15:20"),
        ("через час", "18.08.2026 16:00"),
        ("завтра 9:00", "19.08.2026 09:00"),
        ("Завтра в 9", "19.08.2026 09:00"),
        ("послезавтра 10.15", "20.08.2026 10:15"),
        ("tomorrow at 9:00", "19.08.2026 09:00"),
        ("20.08 9:00", "20.08.2026 09:00"),
        ("20.08.2026 в 9:00", "20.08.2026 09:00"),
        ("2.01 9:00", "02.01.2027 09:00"),
        ("2026-08-20 09:00", "20.08.2026 09:00"),
    ],
)
def test_a_typed_moment_is_read_in_the_desks_time_zone(typed, meant):
    assert at(typed) == meant


@pytest.mark.parametrize("typed", ["", "скоро", "25:00", "15:75", "+", "+0м", "завтра", "32.08 9:00", "15:30 15:40"])
def test_what_is_no_moment_is_refused_with_the_ways_to_write_one(typed):
    with pytest.raises(DomainError):
        at(typed)


def test_a_time_that_has_just_passed_is_a_slip_and_not_tomorrow():
    with pytest.raises(DomainError) as refused:
        at("14:30")
    assert "14:30" in refused.value.user_message
    with pytest.raises(DomainError):
        at("сегодня 14:30")


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)), st.integers(1, 16 * 60))
@settings(max_examples=200, deadline=None)
def test_any_time_of_the_next_sixteen_hours_is_understood_as_itself(now, minutes):
    now = now.replace(second=0, microsecond=0, tzinfo=MOSCOW)
    meant = now + timedelta(minutes=minutes)
    assert moments.parse(f"{meant:%H:%M}", now, MOSCOW) == meant


@given(st.text(alphabet="0123456789:.-+ чмдhзавтрк", max_size=16))
@settings(max_examples=400, deadline=None)
def test_whatever_is_typed_gives_a_moment_ahead_or_a_refusal(typed):
    with suppress(DomainError):
        assert moments.parse(typed, NOW, MOSCOW) > NOW


@pytest.fixture
def me(db):
    return make_user()


def promised(incident: Incident, me, minutes: int = 30, **over) -> Promise:
    facts = {"giver": "contractor", "text": "бригада будет на месте", "by": me, "at": NOW, **over}
    return promises.promise(incident, due_at=NOW + timedelta(minutes=minutes), **facts)


def kinds(incident: Incident) -> list[str]:
    return list(incident.events.order_by("pk").values_list("kind", flat=True))


def test_who_promised_has_the_next_move(me):
    incident = make_incident()

    given = promised(incident, me)

    incident.refresh_from_db()
    assert (incident.ball, incident.ball_since, incident.first_action_at) == ("contractor", NOW, NOW)
    event = incident.events.get()
    assert (event.kind, event.actor, event.data["promise"]) == ("promised", me, given.pk)
    assert "бригада будет на месте" in work_words.sentence(event)
    assert "15:30" in work_words.sentence(event)


def test_a_missed_promise_is_said_once_and_can_still_be_kept_late(me):
    incident = make_incident()
    given = promised(incident, me)
    assert promises.note_missed(NOW + timedelta(minutes=29)) == 0

    late = NOW + timedelta(minutes=31)
    assert promises.note_missed(late) == 1
    assert promises.note_missed(late + timedelta(minutes=1)) == 0

    given.refresh_from_db()
    assert given.missed_at == late
    assert kinds(incident) == ["promised", "promise_missed"]
    assert incident.events.get(kind="promise_missed").actor is None
    assert promises.clock(given, late).state == ClockState.OVERDUE

    promises.settle(given, promises.KEPT, by=me, at=late)
    assert kinds(incident)[-1] == "promise_kept"


@pytest.mark.parametrize("deed", [promises.KEPT, promises.CANCELLED])
def test_a_settled_promise_is_never_missed_and_never_settled_again(me, deed):
    incident = make_incident()
    given = promised(incident, me)
    promises.settle(given, deed, by=me, at=NOW)

    assert promises.note_missed(NOW + timedelta(hours=2)) == 0
    with pytest.raises(DomainError):
        promises.settle(given, promises.KEPT, by=me, at=NOW)
    assert kinds(incident) == ["promised", deed]


def test_nobody_waits_for_what_was_promised_on_an_incident_that_is_closed(me):
    incident = make_incident(status="inProgress")
    given = promised(incident, me)
    services.change_status(incident, Status.objects.get(key="closed"), by=me, at=NOW)

    assert promises.note_missed(NOW + timedelta(hours=1)) == 0

    given.refresh_from_db()
    assert given.cancelled_at
    assert given.missed_at is None
    with pytest.raises(DomainError):
        promised(incident, me)


def test_a_promise_follows_its_incident_into_the_one_it_is_merged_into(me):
    incident, other = make_incident(), make_incident()
    given = promised(incident, me)
    moving.merge(incident, other, by=me, at=NOW)
    assert list(promises.of(other)) == [given]

    assert promises.note_missed(NOW + timedelta(hours=1)) == 1
    given.refresh_from_db()
    promises.settle(given, promises.KEPT, by=me, at=NOW + timedelta(hours=2))

    assert kinds(other)[-2:] == ["promise_missed", "promise_kept"]
