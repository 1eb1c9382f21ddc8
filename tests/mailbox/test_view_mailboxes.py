"""The page of mailboxes: health in words, what administrators may do, and the banner on every desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from dispatchers.roles import Role
from mailbox import sealing, trial
from mailbox.advice import Advice
from mailbox.attempts import Step
from mailbox.imap import Place
from mailbox.models import Folder, Mailbox, Notice, Receipt
from mailbox.trial import Stage, Trial
from tests.factories import make_user

pytestmark = pytest.mark.django_db

URL = "/mail/"
# The moment of the test, not of its collection: minutes may lie between them.
NOW = object()
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def browser(role: str = Role.ADMINISTRATOR) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role))
    client.cookies["django_language"] = "en"
    return client


def make_mailbox(address: str = "avr@towers.example", **over: Any) -> Mailbox:
    facts = {"host": "imap.towers.example", "login": address, "password": sealing.seal("first"), **over}
    return Mailbox.objects.create(address=address, **facts)


def make_folder(mailbox: Mailbox | None = None, name: str = "INBOX", *, seconds_ago: int = 5, **over: Any) -> Folder:
    """A folder of a mailbox that was read so many seconds ago."""
    now = timezone.now()
    facts = {
        "role": "inbox",
        "last_ok_at": now - timedelta(seconds=seconds_ago),
        "connected_at": now - timedelta(days=9),
        "watched_since": now - timedelta(days=9),
        **over,
    }
    return Folder.objects.create(mailbox=mailbox or make_mailbox(), name=name, **facts)


def said(client: Client, url: str = URL, **extra: Any) -> str:
    answer = client.get(url, **extra)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# --- The list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "works"),
        ({"last_ok_at": None, "watched_since": NOW}, "connecting"),
        ({"old_next_uid": 5, "old_end_uid": 9, "old_total": 50_000, "old_done": 12_300}, "12,300 of 50,000 letters"),
        ({"old_next_uid": 0, "old_end_uid": 9}, "Counting the letters from before"),
        ({"failed_since": NOW, "last_error": "timed out"}, "The server does not answer in time."),
        ({"seconds_ago": 400}, "the mail watcher does not run"),
        ({"seconds_ago": 400, "last_error": "login refused: no"}, "The server refuses the login or the password."),
        ({"is_watched": False}, "not watched"),
        ({"left_out": 3}, "3 older letters lie on the server"),
    ],
)
def test_each_folder_says_in_words_how_it_is(facts, words):
    now = timezone.now()
    make_folder(**{name: now if fact is NOW else fact for name, fact in facts.items()})

    assert words in said(browser(Role.OBSERVER))


def test_history_moves_while_somebody_looks():
    make_folder(old_next_uid=5, old_end_uid=9, old_total=100, old_done=40)

    shown = said(browser(), **HTMX)

    assert 'width="40"' in shown
    assert 'hx-trigger="every 2s"' in shown
    assert "<html" not in shown


def test_letters_of_today_and_the_lag_are_counted():
    folder = make_folder(seconds_ago=75)
    now = timezone.now()
    for uid, ago in enumerate([0, 0, 40], 1):
        moment = now - timedelta(hours=ago)
        Receipt.objects.create(folder=folder, uidvalidity=1, uid=uid, direction="in", size=1, received_at=moment)

    shown = said(browser())

    assert '<b class="num">2</b> letters today' in shown
    assert re.search(r"\b[78]\d s\b", shown)


def test_the_mailbox_of_the_settings_names_them_and_cannot_be_changed_here():
    mailbox = make_mailbox(from_settings=True)
    make_folder(mailbox)
    client = browser()

    assert "PARSING_EMAIL_SERVER" in said(client)
    assert client.get(f"/mail/{mailbox.pk}/").status_code == 404
    assert client.post(f"/mail/{mailbox.pk}/remove/").status_code == 404


def test_without_a_mailbox_the_page_says_what_to_do():
    assert "No mailbox is connected" in said(browser())
    assert "An administrator can connect one" in said(browser(Role.DISPATCHER))


def test_who_may_only_look_sees_no_button_and_nobody_who_is_told():
    make_folder(failed_since=timezone.now(), last_error="timed out")

    shown = said(browser(Role.MANAGER))

    assert "Retry now" not in shown
    assert "Who is told" not in shown


@pytest.mark.parametrize("number", [5, 50])
def test_the_page_costs_the_same_however_many_mailboxes(django_assert_num_queries, number):
    for each in range(number):
        make_folder(make_mailbox(f"m{each}@towers.example"))
    client = browser()
    said(client)

    # Session, person, the count of today, mailboxes, folders, messages sent, whether letters leave.
    with django_assert_num_queries(7):
        said(client)


# --- What administrators do -------------------------------------------------------------------


def test_somebody_asks_for_a_look_at_once():
    folder = make_folder()

    answer = browser().post(f"/mail/folders/{folder.pk}/look/", **HTMX)

    folder.refresh_from_db()
    assert folder.asked_at is not None
    assert "Looking…" in answer.content.decode()


def test_a_folder_is_watched_no_longer_and_again_without_its_old_failure():
    folder = make_folder(seconds_ago=9000, failed_since=timezone.now(), last_error="timed out")
    client = browser()

    client.post(f"/mail/folders/{folder.pk}/watch/", {"on": "0"})
    folder.refresh_from_db()
    assert not folder.is_watched
    client.post(f"/mail/folders/{folder.pk}/watch/", {"on": "1"})

    folder.refresh_from_db()
    assert (folder.is_watched, folder.last_error, folder.failed_since) == (True, "", None)
    assert "connecting" in said(client)  # and not: behind for hours


def test_a_removed_mailbox_keeps_its_letters_and_can_be_watched_again():
    folder = make_folder()
    Receipt.objects.create(folder=folder, uidvalidity=1, uid=1, direction="in", size=1, received_at=timezone.now())
    client, pk = browser(), folder.mailbox_id

    client.post(f"/mail/{pk}/remove/")
    assert not Mailbox.objects.get(pk=pk).is_watched
    assert Receipt.objects.count() == 1
    client.post(f"/mail/{pk}/resume/")

    assert Mailbox.objects.get(pk=pk).is_watched


def test_a_removed_mailbox_that_never_gave_a_letter_is_gone():
    folder = make_folder()

    browser().post(f"/mail/{folder.mailbox_id}/remove/")

    assert Mailbox.objects.count() == 0


def test_a_mailbox_without_password_asks_for_it_before_it_is_watched_again():
    mailbox = make_mailbox(is_watched=False, password="")

    answer = browser().post(f"/mail/{mailbox.pk}/resume/")

    assert answer.headers["Location"] == f"/mail/{mailbox.pk}/"
    assert not Mailbox.objects.get().is_watched


def test_older_letters_are_asked_for():
    folder = make_folder(left_out=12, first_uid=13, old_next_uid=13, old_end_uid=13)
    client = browser()
    assert "12 letters on the server are not here" in said(client, f"/mail/{folder.mailbox_id}/older/")

    refused = client.post(f"/mail/{folder.mailbox_id}/older/", {"start": "days", "start_days": "0"})
    assert "At least one day." in refused.content.decode()
    client.post(f"/mail/{folder.mailbox_id}/older/", {"start": "all"})

    folder.refresh_from_db()
    assert folder.mailbox.start == "all"
    assert folder.old_next_uid < folder.old_end_uid
    assert "Counting" in said(client)


def test_a_test_reaches_everybody_who_would_be_told(settings, monkeypatch):
    settings.TG_TOKEN, settings.TG_CHATS = "1:x", ["7"]
    settings.EMAIL_HOST, settings.ALERT_EMAILS = "smtp.towers.example", ["keeper@towers.example"]
    woken: list[str] = []
    monkeypatch.setattr("mailbox.views.mailboxes.current_app.send_task", lambda name, **_: woken.append(name))

    browser().post("/mail/test-alert/")

    assert [notice.recipient for notice in Notice.objects.order_by("id")] == ["7", "keeper@towers.example"]
    assert woken == ["mailbox.tasks.check_health"]


def test_a_test_that_would_reach_nobody_says_so(settings):
    settings.TG_TOKEN, settings.EMAIL_HOST = "", ""
    client = browser()

    client.post("/mail/test-alert/")

    assert "There is nobody to tell" in said(client)


# --- Connecting -------------------------------------------------------------------------------

TYPED = {
    "address": "new@towers.example",
    "host": "imap.towers.example",
    "port": "993",
    "security": "ssl",
    "login": "new@towers.example",
    "password": "very secret ",
    "start": "days",
    "start_days": "14",
}
PLACES = (
    Place("INBOX", frozenset()),
    Place("&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-", frozenset({"\\Sent"})),
    Place("Trash", frozenset({"\\Trash"})),
)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every account that was tried; the server is fine."""
    tried: list[Any] = []

    def answer(account: Any) -> Trial:
        tried.append(account)
        return Trial(tuple(Step(stage, passed=True) for stage in Stage), PLACES, PLACES[1].name)

    monkeypatch.setattr(trial, "try_out", answer)
    return tried


def proof_in(page: str) -> str:
    return page.partition('name="tried" value="')[2].partition('"')[0]


def saved(client: Client, url: str, typed: dict[str, str], **roles: str) -> Any:
    """Try, then press the second button with these folders."""
    page = client.post(url, typed).content.decode()
    chosen = {f"folder:{place.name}": roles.get(place.name, "") for place in PLACES}
    sent = PLACES[1].name
    return client.post(url, {**typed, **chosen, "sent": sent, "tried": proof_in(page), "save": "1"})


def test_trying_shows_what_works_and_the_folders_and_saves_nothing(tries):
    shown = browser().post("/mail/connect/", TYPED, **HTMX).content.decode()

    assert tries[0].password == "very secret "
    assert "Отправленные" in shown
    assert Mailbox.objects.count() == 0


def test_a_password_never_comes_back(tries):
    shown = browser().post("/mail/connect/", TYPED).content.decode()

    assert "very secret" not in shown


def test_what_was_tried_is_saved_with_the_folders_chosen(tries):
    answer = saved(browser(), "/mail/connect/", TYPED, INBOX="inbox")

    assert answer.headers["Location"] == URL
    mailbox = Mailbox.objects.get()
    assert sealing.unseal(mailbox.password) == "very secret "
    assert (mailbox.start, mailbox.start_days) == ("days", 14)
    # The Sent folder was not wanted: it is remembered so, or the watcher would find it again.
    folders = mailbox.folders.order_by("role").values_list("name", "role", "is_watched")
    assert list(folders) == [("INBOX", "inbox", True), (PLACES[1].name, "sent", False)]


def test_facts_that_were_changed_after_the_trial_are_tried_first(tries):
    client = browser()
    page = client.post("/mail/connect/", TYPED).content.decode()

    client.post("/mail/connect/", {**TYPED, "host": "other.example", "tried": proof_in(page), "save": "1"})

    assert [account.host for account in tries] == ["imap.towers.example", "other.example"]
    assert Mailbox.objects.count() == 0


def test_a_mailbox_without_a_folder_of_incoming_letters_is_not_saved(tries):
    answer = saved(browser(), "/mail/connect/", TYPED, **{PLACES[1].name: "sent"})

    assert "Choose at least one folder of incoming letters." in answer.content.decode()
    assert Mailbox.objects.count() == 0


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"address": "none"}, "Enter a valid email address."),
        ({"host": "imaps://x/"}, "Only the name of the server"),
        ({"port": "99999"}, "less than or equal to 65535"),
        ({"password": ""}, "Without a password no server lets us in."),
        ({"start_days": ""}, "Write a number of days."),
        ({"address": "AVR@towers.example"}, "This mailbox is connected already."),
    ],
)
def test_what_cannot_be_is_refused_before_any_server_is_asked(tries, over, words):
    make_mailbox()

    shown = browser().post("/mail/connect/", {**TYPED, **over}, **HTMX).content.decode()

    assert words in shown
    assert tries == []


def test_a_failing_step_says_what_to_do(monkeypatch):
    steps = (Step(Stage.NAME, passed=True), Step(Stage.PORT, advice=Advice("Nobody answers.", "Check the port.")))
    monkeypatch.setattr(trial, "try_out", lambda _: Trial((*steps, Step(Stage.LOGIN))))

    shown = browser().post("/mail/connect/", TYPED).content.decode()

    assert "Nobody answers. Check the port." in shown
    assert "not tried" in shown
    assert 'name="save"' not in shown


def test_a_change_keeps_the_password_for_the_same_server_only(tries):
    folder = make_folder()
    url = f"/mail/{folder.mailbox_id}/"
    typed = {**TYPED, "address": "avr@towers.example", "login": "avr@towers.example", "password": ""}
    client = browser()

    saved(client, url, typed, INBOX="inbox")
    elsewhere = client.post(url, {**typed, "host": "evil.example"}).content.decode()

    assert {account.password for account in tries} == {"first"}
    assert "type the password too" in elsewhere
    assert Mailbox.objects.get().start_days == 14


def test_folders_that_are_not_chosen_any_more_are_not_watched_and_keep_their_letters(tries):
    mailbox = make_mailbox()
    inbox, old = make_folder(mailbox), make_folder(mailbox, "Old")
    typed = {**TYPED, "address": mailbox.address, "login": mailbox.login, "password": ""}

    saved(browser(), f"/mail/{mailbox.pk}/", typed, INBOX="inbox")

    inbox.refresh_from_db()
    old.refresh_from_db()
    assert (inbox.is_watched, old.is_watched) == (True, False)
    assert inbox.connected_at is not None


def test_a_password_under_another_key_has_to_be_typed_anew(tries):
    mailbox = make_mailbox(password="damaged")
    typed = {**TYPED, "address": mailbox.address, "login": mailbox.login, "password": ""}

    shown = browser().post(f"/mail/{mailbox.pk}/", typed).content.decode()

    assert "type it anew" in shown
    assert tries == []


# --- The banner -------------------------------------------------------------------------------


def banner(role: str = Role.DISPATCHER, seen: str = "") -> str:
    return said(browser(role), f"/mail/alarm/?seen={seen or 'x'}")


def test_while_mail_comes_there_is_no_banner():
    make_folder()

    assert "is-on" not in banner()


def test_a_folder_that_is_behind_is_told_to_everybody_at_the_desk():
    make_folder(seconds_ago=600, last_error="login refused: no")
    make_folder(make_mailbox("b@towers.example"), seconds_ago=500)

    shown = banner(Role.OBSERVER)

    assert "Mail has not come since" in shown
    assert "avr@towers.example, INBOX: The server refuses the login or the password. 1 more folder is behind." in shown
    assert 'href="/mail/"' in shown


def test_letters_that_nobody_takes_are_told_too():
    receipt = Receipt.objects.create(direction="in", size=1, received_at=timezone.now(), sha256="0" * 64)
    Receipt.objects.update(stored_at=timezone.now() - timedelta(minutes=7))

    assert "are not on the desk yet" in banner()
    assert receipt.state == "new"


def test_a_banner_that_is_shown_already_is_left_alone_and_goes_when_mail_comes_again():
    folder = make_folder(seconds_ago=600)
    client = browser(Role.DISPATCHER)
    stamp = said(client, "/mail/alarm/?seen=x").partition("?seen=")[2].partition('"')[0]

    assert client.get(f"/mail/alarm/?seen={stamp}").status_code == 204
    Folder.objects.filter(pk=folder.pk).update(last_ok_at=timezone.now())
    healed = said(client, f"/mail/alarm/?seen={stamp}")

    assert "is-on" not in healed
    assert client.get("/mail/alarm/?seen=").status_code == 204


@pytest.mark.parametrize("number", [1, 30])
def test_the_banner_costs_two_queries_beside_the_session(django_assert_num_queries, number):
    for each in range(number):
        make_folder(make_mailbox(f"m{each}@towers.example"), seconds_ago=600)
    client = browser(Role.DISPATCHER)

    with django_assert_num_queries(4):
        client.get("/mail/alarm/?seen=x")


@pytest.mark.parametrize("page", ["/", "card"])
def test_desk_and_card_ask_for_the_banner(page, open_incident: Callable[[], str]):
    url = open_incident() if page == "card" else page

    assert 'hx-get="/mail/alarm/"' in said(browser(Role.DISPATCHER), url)


@pytest.fixture
def open_incident() -> Callable[[], str]:
    from tests.factories import make_incident

    return lambda: make_incident().get_absolute_url()
