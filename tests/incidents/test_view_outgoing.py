"""The list of letters of ours: what each row says, what the filters find, what managers do, what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import outgoing_list
from incidents.models import IncidentEvent, Notice
from mailbox.models import AccountState, Outgoing, Receipt, Settled
from tests.factories import make_incident, make_user
from tests.incidents.letters_received import make_folder
from tests.incidents.letters_sent import PAGE, browser, make_account, make_letter, page, recipient, row_of, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _with_a_server(settings: Any) -> Iterator[None]:
    settings.EMAIL_HOST = "smtp.towers.example"
    caches["calls"].clear()
    yield
    caches["calls"].clear()


@pytest.fixture
def boss() -> User:
    return make_user(Role.MANAGER, first_name="Анна", last_name="Крылова")


@pytest.fixture
def desk(boss: User) -> Client:
    return browser(boss)


# --- What stands there ------------------------------------------------------------------------


def test_the_newest_letter_stands_first(desk: Client) -> None:
    old, new = make_letter(minutes=9), make_letter("failed", minutes=1)

    assert shown(desk) == [new.pk, old.pk]


def test_a_row_says_what_became_of_every_recipient_in_the_servers_words(desk: Client) -> None:
    to = [recipient("a@operator.example"), recipient("b@operator.example", "refused", "550 5.1.1 no such user")]
    letter = make_letter("sent", make_incident(code="NT-163341"), to=to, subject="Re: NT-163341: Авария")

    said = row_of(letter, page(desk))

    assert "Sent, not to all" in said
    assert "accepted: a@operator.example" in said
    assert "refused: b@operator.example 550 5.1.1 no such user" in said
    assert "NT- 163341" in said


def test_who_wrote_it_by_which_account_and_where_its_copy_is(desk: Client, boss: User) -> None:
    account = make_account(from_address="avr@towers.example")
    by_hand = make_letter(by=boss, account=account, copy_state="kept")
    by_program = make_letter(is_automatic=True, copy_state="failed", copy_said="NO over quota")
    text = page(desk)

    assert "Крылова Анна" in row_of(by_hand, text) or "Анна Крылова" in row_of(by_hand, text)
    assert "avr@towers.example" in row_of(by_hand, text)
    assert "in Sent" in row_of(by_hand, text)
    assert "automatic" in row_of(by_program, text)
    assert "not in Sent" in row_of(by_program, text)
    assert "NO over quota" in text


def test_a_letter_of_a_status_names_whoever_took_the_step(desk: Client, boss: User) -> None:
    incident = make_incident()
    letter = make_letter(incident=incident)
    step = IncidentEvent.objects.create(incident=incident, kind="sending", at=letter.queued_at, actor=boss)
    facts = {"kind": "accepted", "audience": "operator", "state": "sent", "by": boss, "at": step.at}
    Notice.objects.create(incident=incident, event=step, outgoing=letter, **facts)

    assert boss.full_name in row_of(letter, page(desk))


def test_a_copy_that_the_server_kept_itself_counts_too(desk: Client) -> None:
    letter = make_letter()
    assert "in Sent" not in row_of(letter, page(desk))
    facts = {"direction": "out", "size": 1, "received_at": timezone.now(), "state": "copy", "sha256": "a" * 64}
    Receipt.objects.create(folder=make_folder("Sent", "sent"), uid=1, uidvalidity=1, email=letter.email, **facts)

    assert "in Sent" in row_of(letter, page(desk))


def test_a_letter_that_leaves_later_says_when(desk: Client) -> None:
    at = timezone.now() + timedelta(seconds=30)
    letter = make_letter("queued", leaves_at=at, next_try_at=at)

    said = row_of(letter, page(desk))

    assert "Leaves later" in said
    assert f"{timezone.localtime(at):%H:%M:%S}" in said
    assert "Send now" in said


def test_a_letter_that_is_tried_again_says_when_and_how_often_it_was(desk: Client) -> None:
    at = timezone.now() + timedelta(minutes=15)
    to = [recipient(state="waiting", said="451 4.7.1 later")]
    letter = make_letter("retrying", attempts=3, next_try_at=at, to=to, said="451 4.7.1 later")

    said = row_of(letter, page(desk))

    assert "Will be tried again" in said
    assert "3 attempts" in said
    assert said.count("451 4.7.1 later") == 1
    assert "Try now" in said


def test_the_desks_own_copy_is_no_recipient_unless_it_went_wrong(desk: Client, settings: Any) -> None:
    settings.DESK_ADDRESSES = ["desk@towers.example"]
    well = make_letter(to=[recipient(), recipient("desk@towers.example")])
    ill = make_letter(to=[recipient(), recipient("desk@towers.example", "refused", "552 full")])
    waits = make_letter("queued", to=[recipient(state="waiting"), recipient("desk@towers.example", "waiting")])
    alone = make_letter(to=[recipient("desk@towers.example")])
    text = page(desk)

    assert "desk@towers.example" not in row_of(well, text)
    assert "desk@towers.example" not in row_of(waits, text)
    assert "desk@towers.example" in row_of(alone, text)
    assert "desk@towers.example 552 full" in row_of(ill, text)


def test_of_many_recipients_who_did_not_get_it_stand_first_and_the_others_are_counted(desk: Client) -> None:
    to = [recipient(f"n{n}@operator.example") for n in range(20)]
    to[17] |= {"state": "refused", "said": "550 no"}
    letter = make_letter(to=to)

    said = row_of(letter, page(desk))

    assert said.index("n17@operator.example") < said.index("n0@operator.example")
    assert "and 16 more who got it" in said


def test_the_tabs_say_how_many_are_on_their_way_or_went_wrong_and_nobody_has_settled(desk: Client, boss: User) -> None:
    make_letter("queued")
    make_letter("retrying")
    failed = make_letter("failed")
    make_letter("failed")
    make_letter("sent", is_lacking=True, to=[recipient(), recipient("b@operator.example", "bounced", "550 no")])

    counted = {"queued": 1, "sending": 0, "retrying": 1, "unknown": 0, "failed": 2, "lacking": 1, "planned": 0}
    assert outgoing_list.counts() == counted

    Settled.objects.create(kind=Settled.Kind.OUTGOING, number=failed.pk, person=boss, at=timezone.now())

    assert outgoing_list.counts()["failed"] == 1
    assert "settled" in row_of(failed, page(desk, "?state=failed"))


def test_an_account_that_cannot_send_is_named_above_the_list(desk: Client) -> None:
    now = timezone.now()
    facts = {"failed_since": now, "paused_until": now + timedelta(minutes=5), "said": "[Errno 111] refused"}
    AccountState.objects.create(account=make_account(from_address="avr@towers.example"), **facts)

    said = page(desk)

    assert "Letters of avr@towers.example cannot leave just now." in said
    assert "[Errno 111] refused" in said


# --- What is found ----------------------------------------------------------------------------


def test_each_filter_shows_its_letters_and_no_others(desk: Client) -> None:
    account = make_account()
    sent = make_letter(minutes=5, is_automatic=True)
    failed = make_letter("failed", make_incident(code="NT-163341"), minutes=4)
    other = make_letter(minutes=3, account=account, to=[recipient("Dispatch@Energo.example".lower())])

    assert shown(desk, "?state=failed") == [failed.pk]
    assert shown(desk, f"?account={account.pk}") == [other.pk]
    assert shown(desk, "?account=settings") == [failed.pk, sent.pk]
    assert shown(desk, "?writer=automatic") == [sent.pk]
    assert shown(desk, "?q=NT-163341") == shown(desk, "?q=163341") == [failed.pk]
    assert shown(desk, "?q=ENERGO.example") == [other.pk]
    assert shown(desk, "?q=nobody@nowhere.example") == []
    assert shown(desk, "?state=nonsense&account=x&writer=y") == [other.pk, failed.pk, sent.pk]


def test_words_of_a_server_are_no_address(desk: Client) -> None:
    make_letter("failed")

    assert shown(desk, "?q=5.7.1") == []


def test_pages_follow_each_other_without_gap_or_double(desk: Client) -> None:
    at = timezone.now()
    letters = [make_letter(queued_at=at - timedelta(minutes=n // 4)) for n in range(120)]

    seen: list[int] = []
    query = ""
    while True:
        text = page(desk, query)
        seen += [int(pk) for pk in re.findall(r'id="out-(\d+)"', text)]
        onward = re.search(r'rel="next" href="([^"]+)"', text)
        if not onward:
            break
        query = onward[1].replace("&amp;", "&")

    assert sorted(seen) == sorted(letter.pk for letter in letters)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("query", ["", "?state=failed", "?q=operator.example"])
def test_the_page_costs_the_same_for_five_letters_and_for_fifty(desk: Client, query: str) -> None:
    costs = []
    account = make_account()
    for number in (5, 45):
        for _ in range(number):
            make_letter("failed", make_incident(), by=make_user(), account=account)
        page(desk, query)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(desk, query)
        costs.append(len(asked))

    assert costs[0] == costs[1] <= 10


# --- An open page -----------------------------------------------------------------------------


def live_address(text: str) -> str:
    found = re.search(r'id="lo-new" hx-get="([^"]+)"', text)
    assert found
    return found[1].replace("&amp;", "&")


def test_an_open_page_hears_of_new_letters_and_of_rows_that_changed_and_of_nothing_else(desk: Client) -> None:
    waiting, still = make_letter("queued", minutes=5), make_letter("queued", minutes=4)
    asked = live_address(page(desk))
    quiet = desk.get(asked).text
    assert 'id="out-' not in quiet
    assert "new letter" not in quiet

    Outgoing.objects.filter(pk=waiting.pk).update(state="sent", sent_at=timezone.now())
    make_letter("queued", minutes=0)
    news = desk.get(asked).text

    assert "1 new letter" in news
    assert re.findall(r'id="out-(\d+)"', news) == [str(waiting.pk)]
    # What has become of it is asked no more; the other one still is.
    assert f"{waiting.pk}%3A" not in live_address(news)
    assert f"{still.pk}%3A" in live_address(news)


def test_an_open_page_that_asks_nonsense_is_answered(desk: Client) -> None:
    assert desk.get(f"{PAGE}?above=20260101T000000.000000~5&open=x,1:2:3,:,9999999999999999999:a").status_code == 200


def test_a_letter_that_came_back_from_everybody_says_so(desk: Client) -> None:
    letter = make_letter("sent", to=[recipient(state="bounced", said="5.1.1 unknown")])

    said = row_of(letter, page(desk))

    assert "Came back" in said
    assert "came back: noc@operator.example 5.1.1 unknown" in said


def test_a_letter_that_only_the_desk_itself_got_is_not_called_sent(desk: Client, settings: Any) -> None:
    settings.DESK_ADDRESSES = ["desk@towers.example"]
    letter = make_letter("sent", to=[recipient(state="refused", said="550 no"), recipient("desk@towers.example")])

    assert "Refused by all" in row_of(letter, page(desk))


def test_whether_the_copy_of_an_unknown_letter_is_still_looked_for_is_said(desk: Client) -> None:
    sought = make_letter("unknown", next_try_at=timezone.now())
    given_up = make_letter("unknown")
    text = page(desk)

    assert "its copy is looked for" in row_of(sought, text)
    assert "no copy was found" in row_of(given_up, text)


def test_the_letters_own_page_says_what_became_of_every_recipient(desk: Client) -> None:
    to = [recipient(f"n{n}@operator.example") for n in range(9)]
    letter = make_letter(to=[*to, recipient("x@operator.example", "bounced", "5.1.1 unknown")])

    said = desk.get(f"/letters/{letter.email_id}/").text

    assert all(f"n{n}@operator.example" in said for n in range(9))
    assert "5.1.1 unknown" in said
