"""The form of a letter on the card: what it offers, what it refuses and keeps, what became of letters."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.models import User
from incidents import drafts, services
from incidents.models import Draft, Incident, IncidentEmail
from mailbox.models import Email, Outgoing
from tests.factories import NOW, make_email, make_incident, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


@pytest.fixture
def incident() -> Incident:
    return make_incident(status="inProgress")


@pytest.fixture
def asked(incident: Incident) -> Email:
    email = make_email(from_name="Смена NOC")
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    return email


def address(incident: Incident) -> str:
    return reverse("incidents:reply", args=[incident.code])


def words(asked: Email, **over: str) -> dict[str, str]:
    said = {"to": "noc@operator.example", "text": "Бригада выехала.", "letter": str(asked.pk), "seen": "0"}
    return {**said, **over}


def text_of(response: Any) -> str:
    return response.content.decode()


def test_the_form_shows_everybody_who_gets_the_letter_and_what_it_answers(
    desk: Client, incident: Incident, asked: Email, me: User
) -> None:
    drafts.keep(incident, me, "Бригада", at=NOW, field=Draft.Field.LETTER)

    page = text_of(desk.get(address(incident), **HTMX))

    assert "Смена NOC &lt;noc@operator.example&gt;" in page
    assert f"Re: {incident.code}: {asked.subject}" in page
    assert ">Бригада</textarea>" in page
    assert "<html" not in page


def test_without_scripts_the_card_opens_with_the_form(desk: Client, incident: Incident, asked: Email) -> None:
    page = desk.get(address(incident), {"letter": asked.pk}, follow=True)

    assert page.request["QUERY_STRING"] == f"reply={asked.pk}"
    assert 'id="reply-text"' in text_of(page)
    assert desk.post(address(incident), words(asked)).headers["Location"] == incident.get_absolute_url()


def test_a_letter_is_queued_and_stands_on_the_card_with_what_becomes_of_it(
    desk: Client, incident: Incident, asked: Email
) -> None:
    page = text_of(desk.post(address(incident), words(asked), **HTMX))

    queued = Outgoing.objects.get()
    assert queued.answers == asked
    assert 'id="reply-text"' not in page
    assert "Бригада выехала." in page
    assert reverse("incidents:letter_sending", args=[queued.email_id]) in page

    Outgoing.objects.update(state="sent", sent_at=NOW)
    mark = text_of(desk.get(reverse("incidents:letter_sending", args=[queued.email_id])))
    assert "hx-get" not in mark
    assert "Отправлено" in mark or "Sent" in mark


@pytest.mark.parametrize(
    "over", [{"to": ""}, {"to": "noc"}, {"copies": "почта@домен.рф"}, {"text": " "}, {"letter": "77777777"}]
)
def test_what_is_refused_comes_back_with_its_words(
    desk: Client, incident: Incident, asked: Email, over: dict[str, str]
) -> None:
    said = words(asked, **over)

    page = desk.post(address(incident), said)

    assert page.status_code == 422
    assert 'class="dk-hint err"' in text_of(page)
    assert said["text"].strip() in text_of(page)
    assert not Outgoing.objects.exists()


def test_who_wrote_meanwhile_is_told_of_once_and_the_words_are_kept(
    desk: Client, incident: Incident, asked: Email
) -> None:
    other = make_user(last_name="Седов")
    services.add_comment(incident, "Сам отвечу", by=other, at=NOW)

    refused = text_of(desk.post(address(incident), words(asked), **HTMX))

    assert "Сам отвечу" in refused
    assert ">Бригада выехала.</textarea>" in refused
    assert not Outgoing.objects.exists()
    newest = incident.events.latest("id").pk
    desk.post(address(incident), words(asked, seen=str(newest)), **HTMX)
    assert Outgoing.objects.count() == 1


def test_a_letter_by_a_colleague_is_news_too(desk: Client, incident: Incident, asked: Email) -> None:
    other = Client()
    other.force_login(make_user(first_name="Павел", last_name="Седов"))
    other.post(address(incident), words(asked))

    refused = text_of(desk.post(address(incident), words(asked), **HTMX))

    assert "Павел Седов" in refused
    assert Outgoing.objects.count() == 1


def test_a_page_that_sends_twice_sends_one_letter(desk: Client, incident: Incident, asked: Email) -> None:
    for text in ("Бригада выехала.", "Бригада выехала.", "Бригада на месте."):
        desk.post(address(incident), words(asked, text=text, once="a1"))

    assert Outgoing.objects.count() == 2


def test_one_own_letter_is_no_news(desk: Client, incident: Incident, asked: Email) -> None:
    for text in ("Бригада выехала.", "Бригада на месте."):
        desk.post(address(incident), words(asked, text=text), **HTMX)

    assert Outgoing.objects.count() == 2


def test_without_a_server_the_card_offers_no_letter(
    desk: Client, incident: Incident, asked: Email, settings: Any
) -> None:
    assert 'data-write="reply"' in text_of(desk.get(incident.get_absolute_url()))

    settings.EMAIL_HOST = ""

    assert 'data-write="reply"' not in text_of(desk.get(f"{incident.get_absolute_url()}?reply="))
    assert desk.post(address(incident), words(asked)).status_code == 422
