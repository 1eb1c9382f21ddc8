"""The form of a letter on the card: what it offers, asks, refuses and keeps, and what may still be taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from incidents import drafts, services
from incidents.models import Draft, Incident, IncidentEmail, WrittenLetter
from mailbox.models import Email, Outgoing, SmtpAccount
from tests.factories import NOW, make_email, make_incident, make_pole, make_user

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


def words(asked: Email, **over: Any) -> dict[str, Any]:
    said = {"kind": "reply", "to": "noc@operator.example", "text": "Бригада выехала.", "subject": "Отсутствует ВЭС"}
    return {**said, "letter": str(asked.pk), "seen": "0", **over}


def text_of(response: Any) -> str:
    return response.content.decode()


def test_the_form_shows_everybody_who_gets_the_letter_and_what_it_answers(
    desk: Client, incident: Incident, asked: Email, me: User
) -> None:
    drafts.keep(incident, me, "Бригада", at=NOW, field=Draft.Field.LETTER)

    page = text_of(desk.get(address(incident), **HTMX))

    assert "Смена NOC &lt;noc@operator.example&gt;" in page
    assert f"Re: {incident.code}:" in page
    assert f'value="{asked.subject}"' in page
    assert ">Бригада</textarea>" in page
    assert "<html" not in page


@pytest.mark.parametrize("kind", ["reply", "all", "forward", "new"])
def test_without_scripts_the_card_opens_with_the_form_of_that_kind(
    desk: Client, incident: Incident, asked: Email, kind: str
) -> None:
    page = desk.get(address(incident), {"letter": asked.pk, "as": kind}, follow=True)

    assert page.request["QUERY_STRING"] == f"reply={asked.pk}&as={kind}"
    assert f'name="kind" value="{kind}"' in text_of(page)
    assert desk.post(address(incident), words(asked)).headers["Location"] == incident.get_absolute_url()


def test_a_letter_is_queued_and_stands_on_the_card_with_its_way_back(
    desk: Client, incident: Incident, asked: Email
) -> None:
    page = text_of(desk.post(address(incident), words(asked), **HTMX))

    queued = Outgoing.objects.get()
    assert queued.answers == asked
    assert 'id="reply-text"' not in page
    assert "Бригада выехала." in page
    assert reverse("incidents:letter_take_back", args=[queued.email_id]) in page

    Outgoing.objects.update(state="sent", sent_at=NOW)
    mark = text_of(desk.get(reverse("incidents:letter_sending", args=[queued.email_id])))
    assert "hx-get" not in mark
    assert "take-back" not in mark
    assert "Отправлено" in mark or "Sent" in mark


def test_a_letter_that_not_everybody_got_says_so(desk: Client, incident: Incident, asked: Email) -> None:
    desk.post(address(incident), words(asked))
    refused = [{"address": "b@operator.example", "state": "refused", "said": "550 5.1.1"}]
    Outgoing.objects.update(state="sent", sent_at=NOW, leaves_at=None, recipients=refused)

    mark = text_of(desk.get(reverse("incidents:letter_sending", args=[Outgoing.objects.get().email_id])))

    assert "не всем" in mark or "not to all" in mark


def test_a_colleague_sees_that_it_leaves_and_no_way_back(desk: Client, incident: Incident, asked: Email) -> None:
    desk.post(address(incident), words(asked))
    queued, other = Outgoing.objects.get(), Client()
    other.force_login(make_user())

    mark = text_of(other.get(reverse("incidents:letter_sending", args=[queued.email_id])))

    assert "data-leaves" in mark
    assert "take-back" not in mark
    refused = text_of(other.post(reverse("incidents:letter_take_back", args=[queued.email_id]), **HTMX))
    assert "data-toast" in refused
    assert Outgoing.objects.get().state == Outgoing.State.QUEUED


def test_what_is_taken_back_stands_in_the_form(desk: Client, incident: Incident, asked: Email) -> None:
    desk.post(address(incident), words(asked, copies="energo@operator.example"))
    queued = Outgoing.objects.get()

    page = text_of(desk.post(reverse("incidents:letter_take_back", args=[queued.email_id]), **HTMX))

    assert ">Бригада выехала.</textarea>" in page
    assert "energo@operator.example" in page
    assert f'id="letter-{queued.email_id}"' not in page
    again = desk.post(reverse("incidents:letter_take_back", args=[queued.email_id]), **HTMX)
    assert again.status_code == 404


@pytest.mark.parametrize(
    "over",
    [
        {"to": ""},
        {"to": "noc"},
        {"copies": "почта@домен.рф"},
        {"text": " "},
        {"letter": "77777777"},
        {"attach": ["77777777"]},
        {"account": "77"},
        {"leaves": "вчера"},
        {"later": "1", "leaves": ""},
    ],
)
def test_what_is_refused_comes_back_with_its_words(
    desk: Client, incident: Incident, asked: Email, over: dict[str, Any]
) -> None:
    said = words(asked, **over)

    page = desk.post(address(incident), said)

    assert page.status_code == 422
    assert 'class="dk-hint err"' in text_of(page)
    assert said["text"].strip() in text_of(page)
    assert not Outgoing.objects.exists()
    assert not WrittenLetter.objects.exists()


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


# --- Questions --------------------------------------------------------------------------------


def test_a_slip_is_asked_about_before_the_letter_leaves_and_never_twice(
    desk: Client, incident: Incident, asked: Email
) -> None:
    said = words(asked, to="noc@operator.example, x@stranger.example", text="Акт во вложении")

    page = text_of(desk.post(address(incident), said, **HTMX))

    assert 'value="stranger x@stranger.example"' in page
    assert 'value="files"' in page
    assert not Outgoing.objects.exists()
    asks = ["stranger x@stranger.example", "files"]
    desk.post(address(incident), {**said, "asked": asks, "anyway": "1"}, **HTMX)
    assert Outgoing.objects.count() == 1


def test_an_answer_is_remembered_while_another_question_is_open(desk: Client, incident: Incident, asked: Email) -> None:
    said = words(asked, text="Акт во вложении, прибытие в ___")

    page = text_of(desk.post(address(incident), {**said, "asked": ["files"], "anyway": "1"}, **HTMX))

    assert 'name="answered" value="files"' in page
    assert 'name="asked" value="unfilled ___"' in page
    assert 'name="asked" value="files"' not in page


def test_pressing_send_again_is_no_answer(desk: Client, incident: Incident, asked: Email) -> None:
    said = words(asked, text="Акт во вложении") | {"asked": ["files"]}

    desk.post(address(incident), said, **HTMX)

    assert not Outgoing.objects.exists()


# --- Later ------------------------------------------------------------------------------------


def test_a_letter_for_later_stands_above_the_form_with_everything_one_may_do(
    desk: Client, incident: Incident, asked: Email
) -> None:
    page = text_of(desk.post(address(incident), words(asked, leaves="+2ч"), **HTMX))

    written = WrittenLetter.objects.get()
    assert written.leaves_at is not None
    assert abs(written.leaves_at - timezone.now() - timedelta(hours=2)) < timedelta(minutes=1)
    for deed in ("send", "change", "drop"):
        assert reverse("incidents:letter_planned", args=[written.pk, deed]) in page
    assert not Outgoing.objects.exists()


def test_it_is_changed_sent_and_dropped_from_the_card(desk: Client, incident: Incident, asked: Email) -> None:
    def planned() -> WrittenLetter:
        desk.post(address(incident), words(asked, leaves="+2ч"), **HTMX)
        return WrittenLetter.objects.get(outgoing=None)

    def do(deed: str) -> str:
        return text_of(desk.post(reverse("incidents:letter_planned", args=[planned().pk, deed]), **HTMX))

    assert ">Бригада выехала.</textarea>" in do("change")
    assert 'id="reply-text"' not in do("drop")
    do("send")
    assert Outgoing.objects.count() == 1
    assert not WrittenLetter.objects.filter(outgoing=None).exists()
    gone = reverse("incidents:letter_planned", args=[WrittenLetter.objects.get().pk, "send"])
    assert "data-toast" in text_of(desk.post(gone, **HTMX))
    assert Outgoing.objects.count() == 1
    assert desk.post(reverse("incidents:letter_planned", args=[WrittenLetter.objects.get().pk, "x"])).status_code == 404


def test_a_question_does_not_make_a_letter_for_later_leave_at_once(
    desk: Client, incident: Incident, asked: Email
) -> None:
    said = words(asked, text="Акт во вложении", leaves="+2ч")

    page = text_of(desk.post(address(incident), said, **HTMX))
    assert 'name="leaves"' in page
    assert 'value="+2ч"' in page
    desk.post(address(incident), {**said, "asked": ["files"], "anyway": "1"}, **HTMX)

    assert WrittenLetter.objects.get().leaves_at is not None
    assert not Outgoing.objects.exists()


# --- Drafts and accounts ----------------------------------------------------------------------


def test_people_and_subject_are_kept_with_the_words(desk: Client, incident: Incident, asked: Email) -> None:
    draft = reverse("incidents:draft", args=[incident.code])
    said = words(asked, to="avr@contractor.example", subject="АВР", kind="forward", field="letter", text="Прошу")

    assert desk.post(draft, said).status_code == 204

    page = text_of(desk.get(address(incident), **HTMX))
    assert 'value="avr@contractor.example"' in page
    assert 'value="АВР"' in page
    assert 'name="kind" value="forward"' in page
    desk.post(draft, {"field": "letter", "text": ""})
    assert not Draft.objects.exists()


def test_the_account_is_chosen_where_there_are_several(desk: Client, incident: Incident, asked: Email) -> None:
    assert 'name="account"' not in text_of(desk.get(address(incident), **HTMX))
    facts: dict[str, Any] = {"host": "smtp.towers.example", "port": 465, "security": "ssl"}
    accounts = [
        SmtpAccount.objects.create(name=name, from_address=f"{name}@towers.example", **facts) for name in ("a", "b")
    ]

    assert text_of(desk.get(address(incident), **HTMX)).count("<option value=") == 2
    desk.post(address(incident), words(asked, account=str(accounts[1].pk)))

    assert Outgoing.objects.get().account == accounts[1]
    assert Outgoing.objects.get().email.from_email == "b@towers.example"


def test_without_a_server_the_card_offers_no_letter(
    desk: Client, incident: Incident, asked: Email, settings: Any
) -> None:
    assert 'data-write="reply"' in text_of(desk.get(incident.get_absolute_url()))

    settings.EMAIL_HOST = ""

    assert 'data-write="reply"' not in text_of(desk.get(f"{incident.get_absolute_url()}?reply="))
    assert desk.post(address(incident), words(asked)).status_code == 422


def test_a_card_with_letters_for_later_costs_the_same_for_five_and_for_fifty(
    desk: Client, incident: Incident, asked: Email, me: User
) -> None:
    incident.pole = make_pole()
    incident.save()
    counts = []
    for many in (5, 45):
        for n in range(many):
            facts = {"form": {"to": "noc@operator.example", "text": str(n)}, "written_at": NOW, "leaves_at": NOW}
            WrittenLetter.objects.create(incident=incident, person=me, **facts)
        with CaptureQueriesContext(connection) as asked_for:
            desk.get(incident.get_absolute_url())
        counts.append(len(asked_for))
    assert counts[0] == counts[1]
