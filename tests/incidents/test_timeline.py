"""The order of the timeline, its intervals and silences; everything in a constant number of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents import cards, services, timeline
from incidents.models import Comment, Incident, IncidentEmail, IncidentEvent, Status
from incidents.occurrences import Happened
from incidents.timeline import Entry, arrange
from tests.factories import NOW, make_email, make_incident, make_pole, make_station, make_user

MOSCOW = ZoneInfo("Europe/Moscow")


def at(hours: float = 0, minutes: float = 0) -> datetime:
    """A moment after nine in the morning, Moscow."""
    return datetime(2026, 8, 17, 6, 0, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)


def note(moment: datetime, pk: int = 1) -> Entry:
    return Entry(f"note-{pk}", moment, note=Comment(pk=pk, text="…", at=moment))


def deed(moment: datetime, pk: int, kind: str = "assigned", actor: int | None = None, **data: object) -> Entry:
    event = IncidentEvent(pk=pk, kind=kind, at=moment, actor_id=actor, data=data)
    after = Status(key="closed") if kind == "closed" else None
    return Entry(f"event-{pk}", moment, happened=(Happened(event, after=after),))


def letter(incident: Incident, moment: datetime, **over: object) -> IncidentEmail:
    email = make_email(received_at=moment, **over)
    return IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)


def test_entries_stand_in_order_of_time_and_say_how_long_after_the_one_before():
    rows = arrange([note(at(minutes=30), 2), note(at(), 1)], MOSCOW)

    assert [row.key for row in rows] == ["note-1", "note-2"]
    assert [row.interval for row in rows] == [None, timedelta(minutes=30)]
    assert [row.is_last for row in rows] == [False, True]


def test_a_day_is_named_once_and_by_the_clock_of_the_desk():
    # 20:59 and 21:01 UTC are two days in Moscow.
    rows = arrange([note(at(14, 59), 1), note(at(15, 1), 2), note(at(15, 2), 3)], MOSCOW)

    assert [row.day and row.day.day for row in rows] == [17, 18, None]


def test_a_silence_is_said_from_six_hours_on():
    rows = arrange([note(at(), 1), note(at(5, 59), 2), note(at(11, 59), 3)], MOSCOW)

    assert [row.silence for row in rows] == [None, None, timedelta(hours=6)]
    assert not rows[2].is_night


def test_a_silence_over_midnight_is_called_a_night_unless_it_lasts_days():
    rows = arrange([note(at(10), 1), note(at(24), 2), note(at(72), 3)], MOSCOW)

    assert [row.is_night for row in rows] == [False, True, False]


def test_deeds_of_one_actor_within_moments_share_a_line():
    rows = arrange([deed(at(), 1), deed(at(), 2, "type_set"), deed(at(minutes=1), 3, "site_linked")], MOSCOW)

    assert [[each.kind for each in row.happened] for row in rows] == [["assigned", "type_set"], ["site_linked"]]


def test_deeds_of_different_people_never_share_a_line():
    rows = arrange([deed(at(), 1, actor=7), deed(at(), 2, "type_set", actor=8)], MOSCOW)

    assert len(rows) == 2


def test_a_deed_with_a_reason_has_a_line_of_its_own():
    rows = arrange([deed(at(), 1), deed(at(), 2, "error", reason="нет опоры")], MOSCOW)

    assert len(rows) == 2


def test_at_one_moment_the_letter_comes_before_what_it_caused(db):
    incident = make_incident()
    letter(incident, NOW)
    IncidentEvent.objects.create(incident=incident, kind="power_back", at=NOW)

    rows = timeline.load(incident, MOSCOW).entries

    assert [bool(row.letter) for row in rows] == [True, False]


def test_letters_notes_and_opening_are_told_once(db):
    incident = make_incident()
    email = make_email()
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    IncidentEvent.objects.create(incident=incident, kind="opened", at=NOW, data={"email": email.pk})
    services.add_comment(incident, "звонили", by=make_user(), at=NOW)

    rows = timeline.load(incident, MOSCOW).entries

    assert [(bool(row.letter), bool(row.note), len(row.happened)) for row in rows] == [
        (True, False, 0),
        (False, True, 0),
    ]


def test_a_deed_knows_the_people_statuses_and_sites_it_speaks_of(db):
    incident, person, pole = make_incident(), make_user(), make_pole()
    services.take(incident, by=person, at=NOW)
    services.link_asset(incident, pole=pole, station=make_station(pole=pole), by=person, at=NOW + timedelta(hours=1))

    taken, placed = timeline.load(incident, MOSCOW).entries

    assert taken.happened[0].is_taken
    assert taken.happened[1].after == Status.objects.get(key="inProgress")
    assert placed.happened[0].pole == pole


def test_the_number_of_queries_does_not_grow_with_the_conversation(db, django_assert_num_queries):
    incident, person = make_incident(), make_user()
    services.take(incident, by=person, at=NOW)
    # Two who neither have it now nor did anything here: people are asked for.
    for _ in range(2):
        services.assign(incident, to=make_user(), by=person, at=NOW)
    services.add_comment(incident, "раз", by=person, at=NOW)
    letter(incident, NOW)
    with CaptureQueriesContext(connection) as few:
        timeline.load(incident, MOSCOW)
    for n in range(8):
        services.assign(incident, to=make_user(), by=person, at=NOW + timedelta(minutes=n))
        services.add_comment(incident, f"{n}", by=make_user(), at=NOW + timedelta(minutes=n))
        letter(incident, NOW + timedelta(minutes=n))

    with django_assert_num_queries(len(few)):
        timeline.load(incident, MOSCOW)


def test_what_the_incident_has_now_is_not_asked_for_again(db):
    incident, person, pole = make_incident(), make_user(), make_pole()
    services.take(incident, by=person, at=NOW)
    services.link_asset(incident, pole=pole, station=None, by=person, at=NOW)
    incident = cards.find(incident.code)

    with CaptureQueriesContext(connection) as asked:
        shown = timeline.load(incident, MOSCOW)

    assert not [each["sql"] for each in asked if 'FROM "dispatchers_user"' in each["sql"] or '_pole"' in each["sql"]]
    named = {each.kind: each.person or each.pole for each in shown.happened}
    assert (named["assigned"], named["site_linked"]) == (person, pole)


def test_a_loop_of_letters_shows_the_first_and_the_newest_and_counts_the_rest(db, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_SHOWN", 3)
    incident = make_incident(letter_count=6)
    for n in range(6):
        letter(incident, NOW + timedelta(minutes=n), subject=f"письмо {n}")

    shown = timeline.load(incident, MOSCOW)

    assert [row.letter.email.subject for row in shown.entries if row.letter] == [f"письмо {n}" for n in (3, 4, 5)]
    assert shown.opening is not None
    assert shown.opening.letter.email.subject == "письмо 0"
    assert shown.hidden == 2
    assert timeline.load(incident, MOSCOW, everything=True).hidden == 0


@pytest.mark.parametrize(("mine", "late"), [(True, False), (False, True)])
def test_somebody_elses_deed_after_what_the_page_has_shown_is_found(db, mine, late):
    incident, me, other = make_incident(), make_user(), make_user()
    seen = timeline.load(incident, MOSCOW).seen
    services.assign(incident, to=other, by=me if mine else other, at=NOW)

    found = timeline.newer(incident, seen, frozenset({"assigned"}), than_own=me.pk)

    assert (found is not None) == late


def long_talk(letters: int = 10) -> Incident:
    incident = make_incident(letter_count=letters)
    for n in range(letters):
        letter(incident, NOW + timedelta(minutes=n), subject=f"письмо {n}")
    return incident


def subjects(shown: timeline.Timeline) -> list[str]:
    return [row.letter.email.subject.split()[1] for row in shown.entries if row.letter]


def test_pages_go_back_to_the_beginning_and_show_each_place_once(db, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_SHOWN", 3)
    incident, person = long_talk(), make_user()
    for n in range(0, 10, 4):
        services.add_comment(incident, f"заметка {n}", by=person, at=NOW + timedelta(minutes=n, seconds=30))

    page = timeline.load(incident, MOSCOW)
    assert page.opening is not None
    keys, pages = [page.opening.key, *(row.key for row in page.entries)], 1
    while page.older:
        page = timeline.load(incident, MOSCOW, before=page.older)
        keys += [row.key for row in page.entries]
        pages += 1

    everything = [row.key for row in timeline.load(incident, MOSCOW, everything=True).entries]
    assert sorted(keys) == sorted(everything)
    assert len(keys) == len(set(keys))
    assert pages >= 3


def test_letters_of_one_moment_are_never_parted_by_a_page(db, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_SHOWN", 3)
    incident = make_incident(letter_count=8)
    for n in range(8):
        letter(incident, NOW + timedelta(minutes=0 if n < 2 else 1), subject=f"письмо {n}")

    page = timeline.load(incident, MOSCOW)

    assert subjects(page) == [str(n) for n in range(2, 8)]
    older = timeline.load(incident, MOSCOW, before=page.older)
    assert (subjects(older), older.older) == (["1"], None)


def test_the_newest_may_come_first_with_each_day_named_at_its_top(db):
    rows = timeline.turned(arrange([note(at(), 1), note(at(1), 2), note(at(24), 3)], MOSCOW), MOSCOW)

    assert [row.key for row in rows] == ["note-3", "note-2", "note-1"]
    assert [row.day and row.day.day for row in rows] == [18, 17, None]


def test_the_first_unread_letter_is_marked_and_what_was_read_is_not(db):
    incident = make_incident()
    for n in range(3):
        services.attach_email(incident, make_email(received_at=NOW + timedelta(minutes=n)), way="thread", at=NOW)
    services.mark_read(incident)
    for n in range(3, 5):
        services.attach_email(incident, make_email(received_at=NOW + timedelta(minutes=n)), way="thread", at=NOW)
    incident.refresh_from_db()

    rows = [row for row in timeline.load(incident, MOSCOW).entries if row.letter]

    assert [row.is_new for row in rows] == [False, False, False, True, True]
    assert [row.is_first_new for row in rows] == [False, False, False, True, False]
    services.mark_read(incident)
    incident.refresh_from_db()
    assert not any(row.is_new for row in timeline.load(incident, MOSCOW).entries)


def test_a_letter_that_came_after_the_page_was_drawn_stays_unread(db):
    incident = make_incident()
    services.attach_email(incident, make_email(), way="thread", at=NOW)
    seen = timeline.load(incident, MOSCOW).seen
    services.attach_email(incident, make_email(), way="thread", at=NOW)

    services.mark_read(incident, up_to=seen)

    incident.refresh_from_db()
    assert incident.has_news
    services.mark_read(incident)
    incident.refresh_from_db()
    assert (incident.has_news, incident.read_up_to) == (False, incident.events.latest("id").pk)
