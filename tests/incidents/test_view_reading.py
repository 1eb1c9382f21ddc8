"""“How we read it”, “this is wrong”, and the list of cases."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from incidents import intake
from incidents.models import Incident, ReadingCase
from mailbox import inbox, store
from mailbox.models import Email
from tests.factories import NOW, make_email, make_pole, make_station, make_user
from tests.written import letter
from towers import lookup

pytestmark = pytest.mark.django_db

ONE, OTHER = "41960-P-43-1-1", "53852-11-77-1-2"


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_user(last_name="Крылова"))
    return client


def arrive(raw: bytes) -> Email:
    receipt = inbox.receive(raw, direction=Email.Direction.IN, received_at=NOW)
    assert intake.take_next(NOW)
    receipt.refresh_from_db()
    assert receipt.email
    return receipt.email


def address(email: Email) -> str:
    return reverse("incidents:letter_reading", args=[email.pk])


def page(desk: Client, email: Email) -> str:
    response = desk.get(address(email))
    assert response.status_code == 200
    return response.content.decode()


def test_the_letter_is_shown_with_its_marks_and_nothing_of_a_stranger_runs(desk):
    make_pole(ONE)
    email = arrive(letter(f"ВЭС {ONE} <script>alert(1)</script>", "<img src=x onerror=alert(1)> ждём"))

    shown = page(desk, email)

    assert f'>{ONE}<a class="rd-n" href="#reason-1">1</a></mark>' in shown
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown


def test_a_conflict_is_said_in_words_with_its_candidates(desk):
    make_station("KI000075", make_pole(ONE))
    make_pole(OTHER)

    shown = page(desk, arrive(letter(f"ВЭС KI0075/{OTHER}")))

    assert "rd-site is-wait" in shown
    assert reverse("towers:pole", args=[ONE]) in shown
    assert reverse("towers:pole", args=[OTHER]) in shown


def test_automatic_letters_say_why(desk):
    email = arrive(letter("Автоответ: в отпуске", headers={"Auto-Submitted": "auto-replied"}))
    assert "auto-replied" in page(desk, email)


def test_a_correction_comes_back_with_the_new_site(desk):
    make_pole(ONE)
    email = arrive(letter("Отсутствует ВЭС"))

    response = desk.post(address(email), {"pole": ONE, "station": "", "kind": "", "note": "видно по фото"}, follow=True)

    assert response.redirect_chain == [(address(email), 302)]
    assert Incident.objects.get().pole.code == ONE
    assert "видно по фото" in response.content.decode()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"pole": "", "station": ""}, "pole"),
        ({"pole": "НЕТ-ТАКОЙ", "station": ""}, "pole"),
        ({"pole": "", "station": "нет такой"}, "station"),
        ({"pole": ONE, "station": "", "kind": "song"}, "kind"),
    ],
)
def test_what_cannot_be_right_comes_back_with_the_typed_words(desk, said, field):
    make_pole(ONE)
    email = arrive(letter("Отсутствует ВЭС"))

    response = desk.post(address(email), {**said, "note": "мои слова"})

    assert response.status_code == 422
    assert response.context["form"].errors[field]
    assert "мои слова" in response.content.decode()
    assert not ReadingCase.objects.exists()


def test_only_the_kind_can_be_corrected(desk):
    make_pole(ONE)
    email = arrive(letter(f"ВЭС {ONE}"))

    desk.post(address(email), {"pole": ONE, "station": "", "kind": "autoreply"})

    assert (ReadingCase.objects.get().kind, ReadingCase.objects.get().pole_code) == ("autoreply", ONE)
    assert Incident.objects.get().pole.code == ONE


def test_an_observer_sees_how_it_was_read_and_corrects_nothing(client):
    client.force_login(make_user(role=Role.OBSERVER))
    email = arrive(letter())

    assert "<textarea" not in page(client, email)
    assert client.post(address(email), {"no_site": "on"}).status_code == 403


def test_a_letter_whose_bytes_are_gone_is_not_found(desk):
    assert desk.get(address(make_email())).status_code == 404


def test_cases_say_which_of_them_the_rules_read_right(desk):
    make_pole(ONE)
    right, wrong = arrive(letter(f"ВЭС {ONE}")), arrive(letter("Авария у моста"))
    ReadingCase.objects.create(email=right, pole_code=ONE)
    ReadingCase.objects.create(email=wrong, pole_code=ONE, note="мост через Вятку")

    response = desk.get(reverse("incidents:reading_cases"))

    assert [verdict.passes for verdict in response.context["verdicts"]] == [False, True]
    assert "мост через Вятку" in response.content.decode()


def test_cases_are_paged_and_cost_as_many_queries_for_twenty_as_for_two(
    desk, django_assert_max_num_queries, monkeypatch
):
    # Whether the registry has changed is asked once a second, not once a page.
    monkeypatch.setattr(lookup, "LOOK_AGAIN_AFTER", 3600)

    def asked() -> int:
        with django_assert_max_num_queries(8) as seen:
            assert desk.get(reverse("incidents:reading_cases")).status_code == 200
        return len(seen)

    def add(number: int) -> None:
        for _ in range(number):
            raw = letter()
            ReadingCase.objects.create(email=make_email(sha256=store.put(raw)))

    add(2)
    asked()
    few = asked()
    add(23)
    assert asked() == few

    first = desk.get(reverse("incidents:reading_cases"))
    assert len(first.context["verdicts"]) == 20
    rest = desk.get(reverse("incidents:reading_cases"), {"before": first.context["next"]})
    assert len(rest.context["verdicts"]) == 5
    assert desk.get(reverse("incidents:reading_cases"), {"before": "9" * 40}).status_code == 200
