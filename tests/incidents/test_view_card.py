"""The incident card: what it shows, what may be done on it, and that a late or wrong click loses nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident, IncidentEmail, IncidentType, Status, Transition
from tests.factories import NOW, make_email, make_incident, make_pole, make_station, make_user
from towers.matching import Match

HTMX = {"HTTP_HX_REQUEST": "true"}


def on_card(incident: Incident) -> dict[str, str]:
    """Headers of a click on the open card."""
    return {**HTMX, "HTTP_HX_CURRENT_URL": f"http://testserver{url(incident)}?everything=1"}


@pytest.fixture
def me(db: None) -> User:
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


def url(incident: Incident, name: str = "card") -> str:
    return reverse(f"incidents:{name}", args=[incident.code])


def seen(incident: Incident) -> int:
    return incident.events.order_by("-id").values_list("pk", flat=True).first() or 0


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def put(incident: Incident, way: str = "opened", **over: object) -> IncidentEmail:
    email = make_email(**over)
    return IncidentEmail.objects.create(incident=incident, email=email, way=way, thread=email.pk)


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def test_the_card_shows_letter_pole_contractor_and_only_the_allowed_steps(desk):
    pole = make_pole(
        "41960-P-43-1-1", contractor_phones=["8 (800) 555-01-43 доб. 12"], contractor_emails=["avr@c.example"]
    )
    incident = make_incident(pole=pole, contractor=pole.contractor, status="inProgress")
    put(incident, reply_text="Нет питания с 16:05.")

    page = text_of(desk.get(url(incident)))

    for expected in (
        incident.code.split("-")[1],
        "Нет питания с 16:05.",
        "41960-P-43-1-1",
        "tel:88005550143",
        "avr@c.example",
    ):
        assert expected in page
    allowed = set(Transition.objects.filter(from_status=incident.status).values_list("to_status__key", flat=True))
    assert f'value="{status("naGeneraciiNb").pk}"' in page
    assert "uvedomiliOZakrytii" not in allowed
    assert f'name="to" value="{status("uvedomiliOZakrytii").pk}"' not in page


def test_what_a_stranger_wrote_is_text_and_nothing_else(desk):
    incident = make_incident(subject="<script>alert(1)</script>")
    put(incident, subject="<img src=x onerror=alert(1)>", reply_text="<b>жирно</b>", from_name="<i>Кто</i>")

    page = text_of(desk.get(url(incident)))

    for raw in ("<script>alert", "<img src=x", "<b>жирно", "<i>Кто"):
        assert raw not in page


def test_an_unknown_code_is_not_found(desk):
    assert desk.get("/incidents/NT-1/").status_code == 404
    assert desk.post("/incidents/NT-1/take/").status_code == 404


def test_nobody_sees_a_card_without_signing_in(client, db):
    response = client.get(url(make_incident()))

    assert response.status_code == 302
    assert response.url.startswith(reverse("dispatchers:sign_in"))


ACTIONS = ["take", "assign", "change_status", "set_type", "link_site", "add_comment", "mark_read"]


def test_an_observer_reads_the_card_and_finds_no_buttons(client, db):
    incident = make_incident(has_news=True)
    client.force_login(make_user(role=Role.OBSERVER))

    response = client.get(url(incident))

    assert response.status_code == 200
    for name in ACTIONS:
        assert url(incident, name) not in text_of(response)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_observer_may_change_nothing(client, db, name):
    incident = make_incident()
    client.force_login(make_user(role=Role.OBSERVER))

    assert client.post(url(incident, name), {"text": "…", "to": 1}).status_code == 403
    assert not incident.events.exists()


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_answer_to_post_only(desk, name):
    assert desk.get(url(make_incident(), name)).status_code == 405


def test_taking_gives_it_to_me_and_puts_it_to_work(desk, me):
    incident = make_incident()

    response = desk.post(url(incident, "take"), {"seen": 0})

    incident.refresh_from_db()
    assert (incident.assignee, incident.status.key) == (me, "inProgress")
    assert response.url == url(incident)


def test_htmx_gets_what_changed_instead_of_a_redirect(desk):
    incident = make_incident()

    response = desk.post(url(incident, "take"), {"seen": 0}, **on_card(incident))

    page = text_of(response)
    assert response.status_code == 200
    assert "<html" not in page
    assert page.count('hx-swap-oob="true"') == 5
    for part in ("card-head", "card-talk", "card-facts", "card-seen"):
        assert f'id="{part}"' in page


def test_a_click_on_the_desk_gets_the_words_only(desk):
    incident = make_incident()
    there = {**HTMX, "HTTP_HX_CURRENT_URL": "http://testserver/?queue=mine"}

    taken = desk.post(url(incident, "take"), **there)
    refused = desk.post(url(incident, "change_status"), {"to": 0}, **there)

    assert "card-head" not in text_of(taken)
    assert "card-head" not in text_of(refused)
    assert 'hx-swap-oob="beforeend:#toasts"' in text_of(refused)


def test_taking_what_a_colleague_has_just_taken_is_refused_once_and_says_who(desk, me):
    incident, other = make_incident(), make_user(last_name="Седов")
    known = seen(incident)
    services.take(incident, by=other, at=NOW)

    refused = desk.post(url(incident, "take"), {"seen": known})

    incident.refresh_from_db()
    assert refused.status_code == 422
    assert incident.assignee == other
    assert "Седов" in text_of(refused)
    desk.post(url(incident, "take"), {"seen": seen(incident)})
    incident.refresh_from_db()
    assert incident.assignee == me


def test_it_can_be_given_to_a_colleague_and_back_to_the_queue(desk):
    incident, other = make_incident(), make_user()

    desk.post(url(incident, "assign"), {"to": other.pk})
    incident.refresh_from_db()
    assert incident.assignee == other

    desk.post(url(incident, "assign"), {"to": ""})
    incident.refresh_from_db()
    assert incident.assignee is None


def test_an_observer_cannot_be_given_an_incident(desk):
    incident = make_incident()

    response = desk.post(url(incident, "assign"), {"to": make_user(role=Role.OBSERVER).pk})

    incident.refresh_from_db()
    assert response.status_code == 422
    assert incident.assignee is None


def test_an_allowed_step_is_taken(desk):
    incident = make_incident(status="inProgress")

    desk.post(url(incident, "change_status"), {"to": status("naGeneraciiNb").pk, "seen": 0})

    incident.refresh_from_db()
    assert incident.status.key == "naGeneraciiNb"


def test_a_step_that_is_not_allowed_is_refused_with_the_allowed_ones(desk):
    incident = make_incident(status="new")

    response = desk.post(url(incident, "change_status"), {"to": status("closed").pk})

    assert response.status_code == 422
    assert status("inProgress").name in text_of(response)
    incident.refresh_from_db()
    assert incident.status.key == "new"


def test_a_reason_typed_for_a_refused_step_comes_back(desk):
    incident = make_incident(status="inProgress")
    known = seen(incident)
    services.change_status(incident, status("naGeneraciiNb"), by=make_user(), at=NOW)

    response = desk.post(
        url(incident, "change_status"), {"to": status("error").pk, "reason": "шифр с ошибкой", "seen": known}
    )

    page = text_of(response)
    assert response.status_code == 422
    assert "шифр с ошибкой</textarea>" in page
    assert 'dk-step" open' in page
    incident.refresh_from_db()
    assert incident.status.key == "naGeneraciiNb"


def test_reopening_asks_for_a_reason(desk):
    incident = make_incident(status="closed", closed_at=NOW)
    data = {"to": status("inProgress").pk, "reason": " "}

    assert desk.post(url(incident, "change_status"), data).status_code == 422
    desk.post(url(incident, "change_status"), {**data, "reason": "питание снова пропало"})

    incident.refresh_from_db()
    assert incident.is_open


def test_once_power_is_back_closing_is_the_first_step(desk):
    incident = make_incident(status="peredanoPodradciku", power_back_at=NOW)

    steps = desk.get(url(incident)).context["card"].steps

    assert steps[0].to_status.key == "closed"


def test_setting_the_type_starts_the_clock(desk):
    incident = make_incident()

    desk.post(url(incident, "set_type"), {"to": IncidentType.objects.get(key="power-msk").pk})

    incident.refresh_from_db()
    assert incident.due_at == incident.opened_at + timedelta(minutes=240)


def test_a_note_is_stored_and_the_field_is_empty_again(desk, me):
    incident = make_incident()

    response = desk.post(url(incident, "add_comment"), {"text": "звонили, едут"}, **on_card(incident))

    assert incident.comments.get().author == me
    assert 'aria-invalid="true"' not in text_of(response)
    assert "звонили, едут</textarea>" not in text_of(response)


def test_an_empty_note_is_refused_beside_its_field(desk):
    incident = make_incident()

    response = desk.post(url(incident, "add_comment"), {"text": "  "})

    assert response.status_code == 422
    assert 'id="note-error"' in text_of(response)


def test_a_note_that_is_too_long_is_not_lost(desk):
    incident = make_incident()

    response = desk.post(url(incident, "add_comment"), {"text": "ы" * 20_001}, **on_card(incident))

    assert "ы" * 20_001 in text_of(response)
    assert not incident.comments.exists()


def test_the_unread_mark_goes_for_the_assignee_but_not_for_a_passer_by(desk, me):
    mine, other = make_incident(assignee=me, has_news=True), make_incident(assignee=make_user(), has_news=True)

    for incident in (mine, other):
        assert desk.post(url(incident, "mark_read"), **HTMX).status_code == 204
        incident.refresh_from_db()

    assert (mine.has_news, other.has_news) == (False, True)


def test_an_open_card_gets_nothing_while_nothing_has_happened(desk):
    incident = make_incident()
    services.add_comment(incident, "раз", by=None, at=NOW)

    assert desk.get(url(incident), {"seen": seen(incident)}, **HTMX).status_code == 204
    fresh = text_of(desk.get(url(incident), {"seen": 0}, **HTMX))
    assert "data-guard" in fresh
    assert 'id="note"' not in fresh


def test_an_error_says_what_is_wrong_and_offers_the_candidates(desk):
    poles = [make_pole("41960-P-43-1-1"), make_pole("41960-P-43-1-2")]
    reading = Match(problem="ambiguous", candidates=tuple(pole.code for pole in poles)).as_json()
    incident = make_incident(status="error", error_reason="Подходят две опоры.", reading=reading)

    page = text_of(desk.get(url(incident)))

    assert "Подходят две опоры." in page
    for pole in poles:
        assert f'name="pole" value="{pole.code}"' in page


def test_other_incidents_of_the_pole_stand_beside(desk):
    pole = make_pole()
    make_station("KI000075", pole)
    incident, other = make_incident(pole=pole), make_incident(pole=pole, subject="прежняя авария")

    page = text_of(desk.get(url(incident)))

    assert "прежняя авария" in page
    assert url(other) in page
    assert "KI000075" in page


def test_the_number_of_queries_does_not_depend_on_the_conversation(desk, me, django_assert_num_queries):
    pole = make_pole()
    incident = make_incident(pole=pole, contractor=pole.contractor, assignee=me)
    make_station(pole=pole)
    make_incident(pole=pole)
    put(incident)
    put(incident, "thread")
    services.take(incident, by=me, at=NOW)
    # Two who neither have it now nor did anything here: people are asked for.
    for _ in range(2):
        services.assign(incident, to=make_user(), by=me, at=NOW)
    services.add_comment(incident, "раз", by=me, at=NOW)
    desk.get(url(incident))
    with CaptureQueriesContext(connection) as few:
        desk.get(url(incident))
    for n in range(6):
        put(incident, "thread", received_at=NOW + timedelta(minutes=n))
        services.add_comment(incident, "ещё", by=make_user(), at=NOW + timedelta(minutes=n))
        services.assign(incident, to=make_user(), by=make_user(), at=NOW + timedelta(minutes=n))
        make_station(pole=pole, operator=f"Оператор {n}")
        make_incident(pole=pole)

    with django_assert_num_queries(len(few)):
        desk.get(url(incident))
    assert len(few) <= 36


def test_each_letter_has_a_menu_of_its_own(desk, me):
    incident = make_incident(assignee=me, letter_count=4)
    places = [put(incident), put(incident, "thread"), put(incident, direction="out"), put(incident, kind="bounce")]

    page = text_of(desk.get(url(incident)))

    menus = dict(re.findall(r'<div class="dk-menu" id="letter-menu-(\d+)" popover>(.*?)\n</div>', page, re.DOTALL))
    assert set(menus) == {str(each.email_id) for each in places}
    for place in places:
        menu = menus[str(place.email_id)]
        named = set(re.findall(r"(?:letter=|/letters/|name=\"letter\" value=\")(\d+)", menu))
        assert named == {str(place.email_id)}
        assert set(re.findall(r"thread=(\d+)", menu)) == {str(place.thread)}
        # Only letters to us are split off.
        assert ('name="letter"' in menu) == (place.email.direction == "in")
