"""The desk: what stands in each queue, what an address may ask for, what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident, IncidentEmail
from incidents.tables import DeskTable
from tests.factories import make_email, make_incident, make_pole, make_station, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def codes(desk: Client, path: str = "/", **headers: str) -> list[str]:
    response = desk.get(path, headers=headers)
    assert response.status_code == 200
    return re.findall(r'<tr [^>]*data-code="([^"]+)"', response.text)


def make_changed(minutes_ago: int, **facts: Any) -> Incident:
    moment = timezone.now() - timedelta(minutes=minutes_ago)
    return make_incident(**{"opened_at": moment, "active_at": moment, **facts})


def test_it_opens_on_the_open_incidents_the_last_changed_first(desk: Client) -> None:
    old, new = make_changed(9), make_changed(1)
    make_changed(0, status="closed", closed_at=timezone.now())

    assert codes(desk) == [new.code, old.code]


def test_every_queue_shows_what_its_number_promises(desk: Client, me: User) -> None:
    now = timezone.now()
    pole = make_pole()
    make_changed(1, assignee=me, status="inProgress", pole=pole)
    make_changed(2, pole=pole)
    make_changed(3, assignee=make_user(), status="needAcceptance")
    make_changed(4, assignee=me, status="inProgress", pole=pole, due_at=now + timedelta(minutes=30))
    make_changed(500, assignee=me, status="inProgress", pole=pole, due_at=now - timedelta(minutes=30))
    make_changed(600, assignee=me, status="closed", closed_at=now)
    page = desk.get("/").text

    numbers = dict(re.findall(r'<a class="dk-q[^"]*" href="/(?:\?queue=)?(\w*)".*?class="n[^"]*">(\d*)</span>', page))

    expected = {"mine": 3, "new": 1, "unassigned": 1, "no_site": 1, "at_risk": 1, "overdue": 1, "waiting": 1, "": 5}
    assert numbers == {**{name: str(number) for name, number in expected.items()}, "closed": ""}
    for name, number in expected.items():
        assert len(codes(desk, f"/?queue={name}")) == number
    assert len(codes(desk, "/?queue=closed")) == 1


def test_status_and_assignee_narrow_the_list(desk: Client, me: User) -> None:
    mine = make_changed(1, assignee=me, status="inProgress")
    nobodys = make_changed(2)
    make_changed(3, assignee=make_user(), status="inProgress")

    assert codes(desk, f"/?status=inProgress&who={me.pk}") == [mine.code]
    assert codes(desk, "/?who=none") == [nobodys.code]


@pytest.mark.parametrize("queue", ["open", "closed"])
def test_text_is_a_code_a_pole_a_station_or_words_of_the_subject(desk: Client, queue: str) -> None:
    ended = {"status": "closed", "closed_at": timezone.now()} if queue == "closed" else {}
    pole = make_pole("41960-P-43-1-1")
    station = make_station("KI000075", pole)
    wanted = make_changed(
        1, code="NT-163341", subject="Отсутствует ВЭС на Слободской", pole=pole, base_station=station, **ended
    )
    make_changed(2, subject="Отключение ЭП", **ended)

    for text in ("nt-163341", "NT – 163341", "163341", "41960-p", "KI0000", "ВЭС", "слободской отсутствует"):
        assert codes(desk, f"/?queue={queue}&q={text}") == [wanted.code], text
    assert codes(desk, f"/?queue={queue}&q=нет такого") == []


def test_a_whole_code_is_found_among_the_closed_ones_too(desk: Client) -> None:
    closed = make_changed(1, status="closed", closed_at=timezone.now())

    assert codes(desk, f"/?q={closed.code}") == [closed.code]


def test_wrong_words_of_an_address_count_as_not_said(desk: Client) -> None:
    incident = make_changed(1)

    path = "/?queue=x&status=x&who=x&sort=x&after=x&before=~~&open=x"
    assert codes(desk, path) == [incident.code]
    assert codes(desk, "/?live=rows&codes=,,x") == []


def test_it_sorts_by_deadline_with_the_undated_last(desk: Client) -> None:
    now = timezone.now()
    undated = make_changed(1)
    late, soon = (make_changed(2, due_at=now + timedelta(hours=hours)) for hours in (9, 2))

    assert codes(desk, "/?sort=due") == [soon.code, late.code, undated.code]
    assert codes(desk, "/?sort=-due") == [late.code, soon.code, undated.code]


def test_pages_follow_one_another_by_cursor_and_keep_the_filters(desk: Client) -> None:
    incidents = [make_changed(n) for n in range(60)]
    first = desk.get("/?queue=new").text
    following = re.search(r'rel="next"[^>]*href="([^"]+)"', first)
    assert following

    address = following[1].replace("&amp;", "&")

    assert "queue=new" in address
    assert codes(desk, f"/{address}") == [incident.code for incident in incidents[50:]]
    back = re.search(r'rel="prev" href="([^"]+)"', desk.get(f"/{address}").text)
    assert back
    assert codes(desk, f"/{back[1].replace('&amp;', '&')}") == [incident.code for incident in incidents[:50]]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 15),
        ("/?queue=closed&q=ВЭС", 20),
        ("/?sort=due", 17),
        (f"/?cols={'.'.join(DeskTable.base_columns)}", 15),
        ("/?live=rows&codes={codes}", 4),
        ("/?open={code}", 21),
    ],
)
def test_the_cost_does_not_grow_with_the_rows(desk: Client, path: str, most: int) -> None:
    def ask() -> int:
        known = list(Incident.objects.values_list("code", flat=True))
        with CaptureQueriesContext(connection) as queries:
            desk.get(path.format(code=known[0], codes=",".join(known)))
        return len(queries)

    def add(number: int) -> None:
        for _ in range(number):
            station = make_station()
            incident = make_changed(
                1, assignee=make_user(), pole=station.pole, base_station=station, contractor=station.pole.contractor
            )
            IncidentEmail.objects.create(incident=incident, email=make_email(), way="opened", thread=1)

    add(2)
    few = ask()
    add(20)
    assert ask() == few <= most


def test_a_row_names_who_has_left_and_escapes_what_came_from_outside(desk: Client) -> None:
    left = make_user(last_name="Ушедший", is_active=False)
    pole = make_pole("41960-P-43-1-1", address='"><script>alert(1)</script>')
    incident = make_changed(1, subject="<b>Нет питания</b> & связи", assignee=left, pole=pole)

    page = desk.get("/").text

    row = page[page.index(f'data-code="{incident.code}"') :].partition("</tr>")[0]
    assert "Ушедший" in row
    assert "&lt;b&gt;Нет питания&lt;/b&gt; &amp; связи" in row
    assert "<script" not in row
    assert f'href="/incidents/{incident.code}/"' in row


def test_no_question_counts_or_skips(desk: Client) -> None:
    make_changed(1)
    with CaptureQueriesContext(connection) as queries:
        desk.get("/?queue=closed")

    said = " ".join(query["sql"] for query in queries)
    assert "OFFSET" not in said
    assert "COUNT(*)" not in said


def test_an_open_page_gets_only_the_named_rows_that_still_belong_there(desk: Client, me: User) -> None:
    stays, leaves, unasked = make_changed(1), make_changed(2), make_changed(3)
    services.take(leaves, by=me, at=timezone.now())
    asked = f"codes={stays.code},{leaves.code}"

    assert codes(desk, f"/?queue=new&live=rows&{asked}") == [stays.code]
    assert set(codes(desk, f"/?queue=new&live=rows&first=1&{asked}")) == {stays.code, unasked.code}
    assert 'id="queues"' not in desk.get(f"/?live=rows&{asked}").text
    assert 'id="queues"' in desk.get(f"/?live=counts&{asked}").text


def test_a_page_that_lacks_nothing_is_told_so_in_a_word(desk: Client, me: User) -> None:
    incident = make_changed(1)
    mark = re.search(r'data-mark="([^"]+)"', desk.get("/").text)
    assert mark
    address = f"/?live=counts&first=1&since={mark[1]}"

    with CaptureQueriesContext(connection) as queries:
        answer = desk.get(address)
    assert (answer.status_code, answer.content) == (204, b"")
    # Session, person, and the events themselves.
    assert len(queries) <= 4
    services.take(incident, by=me, at=timezone.now())
    assert codes(desk, address) == [incident.code]


def test_a_boosted_link_gets_the_list_and_the_queues_without_the_page(desk: Client) -> None:
    make_changed(1)
    answer = desk.get("/?queue=new", headers={"HX-Request": "true", "HX-Boosted": "true"}).text

    assert "<html" not in answer
    assert 'id="main"' in answer
    assert 'id="queues" hx-swap-oob="true"' in answer


def test_going_back_in_history_gets_the_whole_page(desk: Client) -> None:
    headers = {"HX-Request": "true", "HX-Boosted": "true", "HX-History-Restore-Request": "true"}

    assert "<html" in desk.get("/", headers=headers).text


def test_the_preview_shows_the_last_letter_open_and_without_htmx_leads_to_the_card(desk: Client) -> None:
    incident = make_changed(5, letter_count=1)
    email = make_email(reply_text="Питание отсутствует <b>с 16:05</b>", subject="Нет ВЭС")
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    path = f"/incidents/{incident.code}/preview/"

    answer = desk.get(path, headers={"HX-Request": "true"})

    assert "Питание отсутствует &lt;b&gt;с 16:05" in answer.text
    assert desk.get(path).headers["Location"] == f"/incidents/{incident.code}/"
    assert desk.get("/incidents/NT-0/preview/", headers={"HX-Request": "true"}).status_code == 404


def test_who_only_observes_has_no_buttons(me: User) -> None:
    incident = make_changed(1)
    client = Client()
    client.force_login(make_user(Role.OBSERVER))

    answer = client.get(f"/incidents/{incident.code}/preview/", headers={"HX-Request": "true"}).text

    assert "/take/" not in answer
    assert "/status/" not in answer


def test_a_stranger_is_sent_to_the_sign_in_page() -> None:
    assert Client().get("/").headers["Location"] == "/sign-in/?next=/"


def test_it_only_reads(desk: Client) -> None:
    assert desk.post("/").status_code == 405


def test_nobody_else_keeps_a_copy_of_the_page(desk: Client) -> None:
    headers = desk.get("/").headers

    assert "private" in headers["Cache-Control"]
    assert "HX-Request" in headers["Vary"]


def test_the_page_carries_nothing_that_its_policy_forbids(desk: Client) -> None:
    make_changed(1)
    page = desk.get("/").text

    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", page)
