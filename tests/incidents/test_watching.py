"""Watchers hear of letters and decisions of others, never of their own deeds, until they have looked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dispatchers.roles import Role
from incidents import services, watching, work
from incidents.models import IncidentEmail, IncidentEvent, Status
from tests.factories import NOW, make_email, make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me():
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def other():
    return make_user(last_name="Седов", first_name="Павел")


@pytest.fixture
def desk(client, me):
    client.force_login(me)
    return client


def watched(person, **facts):
    incident = make_incident(**facts)
    watching.watch(incident, on=True, by=person, at=NOW)
    return incident


def newest() -> int:
    return IncidentEvent.objects.latest("id").pk


def test_a_letter_a_note_a_step_and_an_assignment_of_others_are_news_the_newest_first(me, other):
    incident = watched(me, status="inProgress")
    services.attach_email(incident, make_email(), way=IncidentEmail.Way.THREAD, at=NOW)
    services.add_comment(incident, "Бригада выехала", by=other, at=NOW)
    services.change_status(incident, Status.objects.get(key="naGeneraciiNb"), by=other, at=NOW)
    services.assign(incident, to=other, by=other, at=NOW)
    work.tag(incident, "охрана", by=other, at=NOW)

    (found,) = watching.news(me)

    assert found.incident == incident
    assert len(found.lines) == 4
    assert "Бригада выехала" in found.lines[2]
    assert watching.count(me) == 1
    assert watching.news(other) == []


def test_ones_own_deeds_and_what_was_before_the_watch_are_no_news(me, other):
    incident = make_incident(status="inProgress")
    services.add_comment(incident, "раньше", by=other, at=NOW)
    watching.watch(incident, on=True, by=me, at=NOW)
    services.add_comment(incident, "моё", by=me, at=NOW)
    services.take(incident, by=me, at=NOW)

    assert watching.news(me) == []


def test_looking_ends_the_news_and_what_came_after_the_page_was_drawn_stays(me, other):
    incident = watched(me)
    services.add_comment(incident, "раз", by=other, at=NOW)
    drawn = newest()
    services.add_comment(incident, "два", by=other, at=NOW)

    watching.look(incident, me, up_to=drawn)
    assert [len(each.lines) for each in watching.news(me)] == [1]
    watching.look(incident, me)
    assert watching.news(me) == []


def test_many_lines_are_counted_beyond_the_first_ones(me, other):
    incident = watched(me)
    for number in range(watching.MOST_LINES + 3):
        services.add_comment(incident, f"заметка {number}", by=other, at=NOW)

    (found,) = watching.news(me)

    assert (len(found.lines), found.more) == (watching.MOST_LINES, 3)


@pytest.mark.parametrize("name", ["@pavel", "@Pavel", "@Седов", "@седов"])
def test_whoever_is_named_in_a_note_watches_from_that_note_on(desk, me, name):
    named = make_user(username="pavel", last_name="Седов")
    incident = make_incident()

    desk.post(reverse("incidents:add_comment", args=[incident.code]), {"text": f"{name}, посмотри, пожалуйста"})

    (found,) = watching.news(named)
    assert "посмотри" in found.lines[0]
    assert watching.news(me) == []


def test_an_address_a_stranger_oneself_and_a_surname_of_two_name_nobody(me):
    make_user(last_name="Иванов")
    make_user(last_name="Иванов")
    make_user(username="observer", role=Role.OBSERVER)
    incident = make_incident()
    text = f"noc@седов.example @никто @Иванов @observer @{me.username}"

    assert watching.call(incident, text, by=me, at=NOW) == []
    assert not incident.watches.exists()


def test_the_page_names_what_happened_and_one_click_has_seen_it_all(desk, me, other):
    incident = watched(me)
    services.add_comment(incident, "Бригада <b>выехала</b>", by=other, at=NOW)

    page = desk.get(reverse("incidents:watching")).content.decode()
    assert incident.get_absolute_url() in page
    assert "Бригада &lt;b&gt;выехала" in page
    desk.post(reverse("incidents:watching_seen"))
    assert "Бригада" not in desk.get(reverse("incidents:watching")).content.decode()


def test_opening_the_card_says_what_it_shows_and_that_is_seen(desk, me, other):
    incident = watched(me, assignee=None)
    services.add_comment(incident, "Бригада выехала", by=other, at=NOW)

    page = desk.get(incident.get_absolute_url()).content.decode()
    assert f'data-seen="{newest()}"' in page
    assert desk.post(reverse("incidents:mark_read", args=[incident.code]), {"seen": newest()}).status_code == 204

    assert watching.count(me) == 0
    assert "data-read=" not in desk.get(incident.get_absolute_url()).content.decode()


def test_nobody_has_seen_what_has_not_happened_yet(desk, me, other):
    incident = watched(me)

    address = reverse("incidents:mark_read", args=[incident.code])
    assert desk.post(address, {"seen": "9" * 40}).status_code == 204
    services.add_comment(incident, "Бригада выехала", by=other, at=NOW)

    assert watching.count(me) == 1


def test_an_open_page_is_told_what_to_listen_for_and_hears_only_what_is_new(desk, me, other):
    incident, quiet = watched(me), watched(me)
    services.add_comment(incident, "раньше", by=other, at=NOW)
    mark = desk.get(reverse("incidents:watching_mark")).content.decode()
    assert f'data-watched="{quiet.code} {incident.code}"' in mark
    assert f'data-newest="{newest()}"' in mark
    before = newest()

    address = reverse("incidents:watching_messages")
    assert "data-news" not in desk.get(address, {"after": before}).content.decode()
    services.add_comment(incident, "сейчас", by=other, at=NOW)
    said = desk.get(address, {"after": before}).content.decode()
    assert "сейчас" in said
    assert "раньше" not in said
    assert desk.get(address, {"after": "x" * 30}).status_code == 200


def test_the_number_of_queries_does_not_grow_with_what_is_watched(desk, me, other):
    def fill(number: int) -> None:
        for _n in range(number):
            incident = watched(me, status="inProgress")
            services.add_comment(incident, "раз", by=other, at=NOW)
            services.assign(incident, to=other, by=other, at=NOW + timedelta(minutes=1))
            services.change_status(incident, Status.objects.get(key="closed"), by=other, at=NOW)

    def queries(name: str) -> int:
        with CaptureQueriesContext(connection) as made:
            desk.get(reverse(f"incidents:{name}"))
        return len(made)

    fill(3)
    pages = ("watching", "watching_mark", "watching_messages")
    for name in pages:
        queries(name)
    few = [queries(name) for name in pages]
    fill(20)
    assert [queries(name) for name in pages] == few


def test_the_desk_lists_what_one_watches(desk, me):
    mine, theirs = watched(me), make_incident()

    page = desk.get("/", {"queue": "open", "watched": "me"}).content.decode()

    assert f'data-code="{mine.code}"' in page
    assert f'data-code="{theirs.code}"' not in page


def test_a_flood_on_one_incident_hides_no_other(me, other, monkeypatch):
    monkeypatch.setattr(watching, "MOST_LINES", 2)
    quiet, loud = watched(me), watched(me)
    services.add_comment(quiet, "тихо", by=other, at=NOW)
    for number in range(9):
        services.add_comment(loud, f"шум {number}", by=other, at=NOW)

    found = {each.incident: each for each in watching.news(me)}

    assert (len(found[loud].lines), found[loud].more) == (2, 7)
    assert (len(found[quiet].lines), found[quiet].more) == (1, 0)


def test_the_page_goes_on_with_what_happened_earlier(desk, me, other, monkeypatch):
    monkeypatch.setattr(watching, "MOST", 2)
    incidents = [watched(me) for _n in range(5)]
    for incident in incidents:
        services.add_comment(incident, "заметка", by=other, at=NOW)
    seen, pages, address = [], 0, reverse("incidents:watching")
    while address:
        pages += 1
        page = desk.get(address).content.decode()
        seen += re.findall(r'<li><header><a class="link" href="([^"]+)"', page)
        more = re.search(r'href="(\?before=\d+)"', page)
        address = reverse("incidents:watching") + more[1] if more else ""

    assert seen == [each.get_absolute_url() for each in reversed(incidents)]
    assert pages == 3
