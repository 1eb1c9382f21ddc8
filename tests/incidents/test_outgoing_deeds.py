"""What managers do with letters of ours on their list: send at once, again, cancel; one letter or many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import outgoing_deeds
from mailbox.models import Outgoing
from tests.factories import make_incident, make_user
from tests.incidents.letters_sent import PAGE, act, browser, make_account, make_letter, page, recipient, row_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _with_a_server(settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"


@pytest.fixture
def boss() -> User:
    return make_user(Role.MANAGER)


@pytest.fixture
def desk(boss: User) -> Client:
    return browser(boss)


def test_a_waiting_letter_is_cancelled_and_its_incident_remembers_by_whom(desk: Client, boss: User) -> None:
    incident = make_incident()
    letter = make_letter("queued", incident)

    said = act(desk, one=f"cancel:{letter.pk}")

    letter.refresh_from_db()
    assert letter.state == "cancelled"
    assert "1 letter is cancelled." in said
    assert incident.events.get(kind="letter_cancelled").actor == boss


def test_a_letter_that_leaves_later_is_sent_at_once(desk: Client) -> None:
    at = timezone.now() + timedelta(hours=5)
    incident = make_incident()
    letter = make_letter("queued", incident, leaves_at=at, next_try_at=at)

    act(desk, one=f"hasten:{letter.pk}")

    letter.refresh_from_db()
    assert letter.next_try_at is not None
    assert letter.next_try_at <= timezone.now()
    assert incident.events.filter(kind="letter_hastened").exists()


def test_a_failed_letter_is_sent_again_at_one_press(desk: Client) -> None:
    letter = make_letter("failed")

    said = act(desk, one=f"retry:{letter.pk}")

    letter.refresh_from_db()
    assert (letter.state, letter.recipients[0]["state"]) == ("queued", "waiting")
    assert "1 letter is being sent again." in said


def test_a_letter_that_may_have_arrived_is_sent_again_only_after_a_question(desk: Client) -> None:
    letter = make_letter("unknown")

    said = act(desk, one=f"retry:{letter.pk}")
    letter.refresh_from_db()
    assert letter.state == "unknown"
    assert "decide about it by itself" in said
    assert "It may arrive twice." in row_of(letter, said)
    act(desk, one=f"sure:{letter.pk}")

    letter.refresh_from_db()
    assert letter.state == "queued"


def test_what_has_left_cannot_be_cancelled(desk: Client) -> None:
    sent = make_letter()
    partly = make_letter("retrying", to=[recipient(), recipient("b@operator.example", "waiting")])

    said = act(desk, do="cancel", letter=[sent.pk, partly.pk])

    assert set(Outgoing.objects.values_list("state", flat=True)) == {"sent", "retrying"}
    assert "2 letters were left alone" in said
    assert "cancel:" not in said


def test_many_are_tried_again_at_once_but_none_that_may_have_arrived(desk: Client) -> None:
    failed = [make_letter("failed") for _ in range(3)]
    unknown = make_letter("unknown")

    said = act(desk, do="retry", letter=[each.pk for each in (*failed, unknown)])

    assert Outgoing.objects.filter(state="queued").count() == 3
    assert Outgoing.objects.get(pk=unknown.pk).state == "unknown"
    assert "3 letters are being sent again." in said
    assert "1 letter was left alone" in said


def test_all_failed_letters_of_an_account_are_tried_again_and_no_others(desk: Client) -> None:
    account = make_account()
    for _ in range(60):
        make_letter("failed", account=account)
    other = make_letter("failed")

    desk.post(f"{PAGE}retry/", {"account": account.pk, "state": "failed"})

    assert Outgoing.objects.filter(account=account, state="queued").count() == 60
    assert Outgoing.objects.get(pk=other.pk).state == "failed"


def test_without_a_server_it_is_said_and_nothing_is_queued(desk: Client, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    letter = make_letter("failed")

    said = act(desk, one=f"retry:{letter.pk}")

    assert "No server for outgoing letters is set up" in said
    assert Outgoing.objects.get(pk=letter.pk).state == "failed"


def test_dispatchers_see_the_letters_and_have_no_buttons(desk: Client) -> None:
    letter = make_letter("failed")
    dispatcher = browser(make_user(Role.DISPATCHER))

    said = page(dispatcher)

    assert "Not sent" in row_of(letter, said)
    assert "Send again" not in said
    assert 'type="checkbox"' not in said
    assert dispatcher.post(f"{PAGE}act/", {"one": f"retry:{letter.pk}"}).status_code == 403


def test_a_wish_that_means_nothing_changes_nothing(desk: Client) -> None:
    letter = make_letter("failed")

    for posted in ({"one": "retry:x"}, {"one": f"burn:{letter.pk}"}, {"do": "sure", "letter": letter.pk}, {}):
        act(desk, **posted)

    assert Outgoing.objects.get(pk=letter.pk).state == "failed"


def test_one_goes_back_to_the_list_one_came_from_and_nowhere_else(desk: Client) -> None:
    letter = make_letter("failed")

    assert desk.post(f"{PAGE}act/", {"next": f"{PAGE}?state=failed"}).headers["Location"] == f"{PAGE}?state=failed"
    elsewhere = desk.post(f"{PAGE}act/", {"one": f"retry:{letter.pk}", "next": "https://evil.example/"})
    assert elsewhere.headers["Location"] == PAGE


def test_a_copy_that_could_not_be_kept_is_asked_for_once_more(desk: Client) -> None:
    incident = make_incident()
    letter = make_letter("sent", incident, copy_state="failed", copy_attempts=8)

    act(desk, one=f"copy:{letter.pk}")

    letter.refresh_from_db()
    assert (letter.copy_state, letter.copy_attempts) == ("waiting", 0)
    assert incident.events.filter(kind="letter_copy_asked").exists()


@pytest.mark.parametrize("deed", [outgoing_deeds.cancel, outgoing_deeds.hasten, outgoing_deeds.send_again])
def test_only_managers_act_whatever_page_asks(deed: Any) -> None:
    letter = make_letter("queued")

    with pytest.raises(PermissionDenied):
        deed(letter, by=make_user(Role.DISPATCHER), at=timezone.now())
