"""The pages of accounts for letters out: health in words, the trial, what administrators may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from dispatchers.models import User
from dispatchers.roles import Role
from mailbox import account_changes, account_health, accounts, attempts, outbox, sealing, smtp_trial
from mailbox.attempts import Step
from mailbox.models import AccountState, Folder, Mailbox, Outgoing, SmtpAccount
from mailbox.smtp_trial import Stage
from tests.certificates import certificate
from tests.factories import make_email, make_user
from tests.smtp_server import PASSWORD, smtp_server

pytestmark = pytest.mark.django_db
URL = "/mail/accounts/"
HTMX = {"HTTP_HX_REQUEST": "true"}
TYPED = {
    "from_address": "avr@towers.example",
    "from_name": "АВР",
    "host": "smtp.towers.example",
    "port": "587",
    "security": "starttls",
    "username": "avr",
    "password": "very secret ",
    "per_minute": "30",
}


@pytest.fixture(autouse=True)
def _english(settings: Any) -> Iterator[None]:
    settings.EMAIL_HOST = ""
    with translation.override("en"):
        yield


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every account that was tried; the server is fine."""
    tried: list[Any] = []

    def answer(account: Any) -> tuple[Step, ...]:
        tried.append(account)
        return tuple(Step(stage, passed=True) for stage in Stage)

    monkeypatch.setattr(smtp_trial, "try_out", answer)
    return tried


def browser(role: str = Role.ADMINISTRATOR) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role))
    client.cookies["django_language"] = "en"
    return client


def make_account(address: str = "desk@towers.example", **over: Any) -> SmtpAccount:
    facts = {"host": "smtp.towers.example", "username": "desk", "password": sealing.seal("first"), **over}
    return SmtpAccount.objects.create(from_address=address, name=address, **facts)


def make_letter(account: SmtpAccount | None, state: str = "sent", **over: Any) -> Outgoing:
    now = timezone.now()
    facts = {"to_address": "noc@operator.example", "queued_at": now, "tried_at": now, **over}
    return Outgoing.objects.create(email=make_email(direction="out"), account=account, state=state, **facts)


def said(client: Client, url: str = URL, **extra: Any) -> str:
    answer = client.get(url, **extra)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def proof_in(page: str) -> str:
    return page.partition('name="tried" value="')[2].partition('"')[0]


def saved(client: Client, url: str, typed: dict[str, str]) -> Any:
    """Try, then press the second button."""
    page = client.post(url, typed).text
    return client.post(url, {**typed, "tried": proof_in(page), "save": "1"})


# --- The list ---------------------------------------------------------------------------------


def test_each_account_says_in_words_how_it_is() -> None:
    now = timezone.now()
    works, fails = make_account("a@towers.example"), make_account("b@towers.example", per_minute=30)
    make_account("c@towers.example")
    make_account("d@towers.example", is_active=False)
    AccountState.objects.create(account=works, last_sent_at=now)
    trouble = {"failed_since": now, "paused_until": now + timedelta(minutes=9), "said": "535 5.7.8 bad credentials"}
    AccountState.objects.create(account=fails, **trouble)
    for _ in range(3):
        make_letter(works)
    make_letter(works, tried_at=now - timedelta(hours=2))
    make_letter(fails, "retrying")

    found = {each.account.address[0]: each for each in account_health.of_all(now)}
    shown = said(browser(Role.OBSERVER))

    assert {name: each.state for name, each in found.items()} == {"a": "works", "b": "failing", "c": "new", "d": "off"}
    assert (found["a"].hour, found["b"].waiting, found["c"].hour) == (3, 1, 0)
    assert "The server refuses the login or the password." in shown
    assert "Tried again at" in shown
    assert "30 a minute" in shown
    assert "1 account fails" in shown


def test_the_account_of_the_settings_stands_there_and_steps_back_for_others(settings: Any) -> None:
    settings.EMAIL_HOST, settings.EMAIL_HOST_PASSWORD = "smtp.towers.example", "hidden"
    assert "EMAIL_HOST_PASSWORD" in said(browser())
    assert "hidden" not in said(browser())

    make_account()

    assert [each.state for each in account_health.of_all(timezone.now())] == ["new", "unused"]


def test_without_any_account_the_page_says_what_to_do() -> None:
    assert "Add an account of a mail server" in said(browser())
    assert "An administrator can add an account" in said(browser(Role.DISPATCHER))


def test_who_may_only_look_sees_no_button() -> None:
    account = make_account()
    AccountState.objects.create(account=account, failed_since=timezone.now(), said="x")
    shown = said(browser(Role.MANAGER))

    assert "Change" not in shown
    assert "Retry now" not in shown


@pytest.mark.parametrize("number", [5, 50])
def test_the_page_costs_the_same_however_many_accounts(django_assert_num_queries: Any, number: int) -> None:
    for each in range(number):
        AccountState.objects.create(account=make_account(f"a{each}@towers.example"), last_sent_at=timezone.now())
    client = browser()
    said(client)

    # Session, person, accounts, and whether the palette may offer to write a letter.
    with django_assert_num_queries(4):
        said(client)


# --- Trying and saving ------------------------------------------------------------------------


def test_trying_shows_every_step_and_saves_nothing(tries: list[Any]) -> None:
    page = browser().post(f"{URL}add/", TYPED, **HTMX).text

    assert tries[0].password == "very secret "
    assert page.count("in order") == len(Stage)
    assert "very secret" not in page
    assert SmtpAccount.objects.count() == 0


def test_what_was_tried_is_saved_with_its_password_sealed(tries: list[Any]) -> None:
    answer = saved(browser(), f"{URL}add/", TYPED)

    assert answer.headers["Location"] == URL
    account = SmtpAccount.objects.get()
    assert sealing.unseal(account.password) == "very secret "
    assert (account.from_address, account.per_minute, account.is_default) == ("avr@towers.example", 30, True)
    assert accounts.choose().address == "avr@towers.example"


def test_facts_that_were_changed_after_the_trial_are_tried_first(tries: list[Any]) -> None:
    client = browser()
    page = client.post(f"{URL}add/", TYPED).text

    client.post(f"{URL}add/", {**TYPED, "host": "other.example", "tried": proof_in(page), "save": "1"})

    assert [account.host for account in tries] == ["smtp.towers.example", "other.example"]
    assert SmtpAccount.objects.count() == 0


def test_an_account_whose_server_is_down_can_be_saved_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "LIMIT_SECONDS", 5)
    typed = {**TYPED, "host": "nowhere.invalid"}
    page = browser().post(f"{URL}add/", typed).text
    assert "Save all the same" in page

    saved(browser(), f"{URL}add/", typed)

    assert SmtpAccount.objects.get().host == "nowhere.invalid"


def test_an_empty_password_keeps_the_stored_one_for_the_same_server_only(tries: list[Any]) -> None:
    account = make_account()
    facts = {**TYPED, "from_address": "desk@towers.example", "username": "desk", "password": ""}
    client = browser()

    saved(client, f"{URL}{account.pk}/", facts)
    account.refresh_from_db()
    assert sealing.unseal(account.password) == "first"
    page = client.post(f"{URL}{account.pk}/", {**facts, "host": "evil.example"}).text

    assert "type the password too" in page
    assert [each.host for each in tries] == ["smtp.towers.example"]


def test_a_password_that_cannot_be_opened_is_asked_for_anew(tries: list[Any]) -> None:
    account = make_account(password="sealed under another key")
    facts = {**TYPED, "from_address": "desk@towers.example", "username": "desk", "password": ""}

    assert "cannot be opened any more" in browser().post(f"{URL}{account.pk}/", facts).text
    assert tries == []


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"from_address": "none"}, "Enter a valid email address."),
        ({"from_address": "DESK@towers.example"}, "There is an account with this address already."),
        ({"host": "smtps://x/"}, "Only the name of the server"),
        ({"port": "0"}, "greater than or equal to 1"),
        ({"per_minute": "0"}, "leave it empty for no limit"),
        ({"password": ""}, "Without a password no server lets us in."),
        ({"username": ""}, "A password goes with a login."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(tries: list[Any], over: dict[str, str], words: str) -> None:
    make_account()

    assert words in browser().post(f"{URL}add/", {**TYPED, **over}).text
    assert tries == []


def test_copies_go_into_a_folder_of_the_mailbox_it_answers_for(tries: list[Any]) -> None:
    boxes = [Mailbox.objects.create(address=f"{name}@towers.example", host="x", login="x") for name in "ab"]
    folder, foreign = [Folder.objects.create(mailbox=box, name="Sent", role="sent") for box in boxes]
    choice = {**TYPED, "mailbox": str(boxes[0].pk)}

    refused = browser().post(f"{URL}add/", {**choice, "copies_to": str(foreign.pk)}).text
    assert "This folder belongs to another mailbox" in refused
    saved(browser(), f"{URL}add/", {**choice, "copies_to": str(folder.pk)})

    assert SmtpAccount.objects.get().copies_to == folder


def test_there_is_always_one_usual_account(tries: list[Any]) -> None:
    client = browser()
    saved(client, f"{URL}add/", TYPED)
    saved(client, f"{URL}add/", {**TYPED, "from_address": "b@towers.example"})
    usual = SmtpAccount.objects.filter(is_default=True)
    assert [each.from_address for each in usual.all()] == ["avr@towers.example"]
    saved(client, f"{URL}add/", {**TYPED, "from_address": "c@towers.example", "is_default": "on"})
    assert [each.from_address for each in usual.all()] == ["c@towers.example"]

    client.post(f"{URL}{usual.get().pk}/remove/")

    assert [each.from_address for each in usual.all()] == ["avr@towers.example"]


# --- Removing, pausing ------------------------------------------------------------------------


def test_an_account_that_has_sent_is_switched_off_and_can_be_used_again() -> None:
    account = make_account()
    make_letter(account, "queued")
    client = browser()

    client.post(f"{URL}{account.pk}/remove/")
    assert not SmtpAccount.objects.get().is_active
    assert "1 letter waits until it is used again." in said(client)
    client.post(f"{URL}{account.pk}/use/")

    account = SmtpAccount.objects.get()
    assert (account.is_active, account.is_default) == (True, True)


def test_an_account_that_never_sent_is_gone() -> None:
    account = make_account()

    browser().post(f"{URL}{account.pk}/remove/")

    assert SmtpAccount.objects.count() == 0


def test_a_paused_account_is_tried_at_once_that_of_the_settings_too() -> None:
    account = make_account()
    later = timezone.now() + timedelta(minutes=9)
    for each in (account, None):
        AccountState.objects.create(account=each, failed_since=timezone.now(), paused_until=later, said="x")

    for pk in (account.pk, 0):
        browser().post(f"{URL}{pk}/resume/")

    assert list(AccountState.objects.values_list("paused_until", flat=True)) == [None, None]


def test_saving_ends_the_pause(tries: list[Any]) -> None:
    account = make_account()
    AccountState.objects.create(account=account, paused_until=timezone.now() + timedelta(minutes=9), said="535")

    account_changes.save({"host": "other.example"}, password="second", account=account)

    assert AccountState.objects.get().paused_until is None


# --- A real conversation ----------------------------------------------------------------------


def tried(settings: Any, login: str = "", **over: Any) -> tuple[Step, ...]:
    facts = {"pk": None, "address": "desk@towers.example", "name": "", "host": "127.0.0.1", "security": "none"}
    return smtp_trial.try_out(accounts.Account(**{**facts, "username": login, **over}))


def failed_at(steps: tuple[Step, ...]) -> str:
    return next(str(step.stage) for step in steps if step.advice)


def test_a_trial_goes_up_to_the_recipient_and_sends_nothing(settings: Any) -> None:
    with smtp_server(settings, login="desk") as server:
        steps = tried(settings, "desk", port=server.port, password=PASSWORD)

    assert [(str(step.stage), step.passed) for step in steps] == [
        (stage, True) for stage in ("name", "port", "speech", "login", "address")
    ]
    assert (server.letters, server.ends) == ([], 0)


def test_a_wrong_password_fails_at_the_login(settings: Any) -> None:
    with smtp_server(settings, login="desk") as server:
        steps = tried(settings, "desk", port=server.port, password="certainly wrong")

    assert failed_at(steps) == "login"
    assert "certainly wrong" not in str(steps)


@pytest.mark.parametrize(("security", "stages"), [("starttls", "speech tls"), ("ssl", "tls speech")])
def test_a_certificate_nobody_vouches_for_fails_at_the_encryption(
    settings: Any, tmp_path: Path, security: str, stages: str
) -> None:
    context, _authority = certificate(tmp_path)
    how: dict[str, Any] = {"starttls": context} if security == "starttls" else {"tls": context}
    with smtp_server(settings, **how) as server:
        steps = tried(settings, "desk", port=server.port, host="localhost", security=security, password="x")

    assert failed_at(steps) == "tls"
    assert [str(step.stage) for step in steps] == ["name", "port", *stages.split(), "login", "address"]


def test_an_address_the_server_does_not_let_us_use_fails_at_the_address(settings: Any) -> None:
    with smtp_server(settings) as server:
        server.refuse("desk@towers.example", "550 5.1.1 no such user")
        steps = tried(settings, port=server.port)

    assert failed_at(steps) == "address"
    advice = steps[-1].advice
    assert advice
    assert advice.what == "The server does not know this address."


def test_tls_where_there_is_none_fails_at_the_encryption(settings: Any) -> None:
    with smtp_server(settings) as server:
        steps = tried(settings, port=server.port, security="ssl")

    assert failed_at(steps) == "tls"
    assert steps[2].advice
    assert steps[2].advice.what == "The encryption does not fit the port."


# --- A test letter ----------------------------------------------------------------------------


def me_with(client: Client, email: str = "me@towers.example") -> None:
    User.objects.filter(pk=client.session["_auth_user_id"]).update(email=email)


def test_a_test_letter_is_a_real_one_to_whoever_asked_and_its_fate_stands_there(settings: Any) -> None:
    client = browser()
    me_with(client)
    with smtp_server(settings) as server:
        client.post(f"{URL}0/test/")
        assert "Test letter to me@towers.example: queued" in said(client)
        outbox.send_due(now=timezone.now)

        assert [each.recipients for each in server.letters] == [["me@towers.example"]]
        assert "The server took the test letter to me@towers.example" in said(client)


def test_a_test_letter_that_was_refused_says_why_beside_its_account(settings: Any) -> None:
    client = browser()
    me_with(client)
    with smtp_server(settings) as server:
        server.refuse("me@towers.example", "550 5.1.1 no such user")
        client.post(f"{URL}0/test/")
        outbox.send_due(now=timezone.now)

        text = said(client)

    assert "has not arrived" in text
    assert "The server does not know this address." in text


def test_whoever_has_no_address_of_his_own_is_told_so(settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"
    client = browser()
    me_with(client, "")

    answer = client.post(f"{URL}0/test/", follow=True)

    assert "has no e-mail address" in answer.text
    assert not Outgoing.objects.exists()


def test_an_account_that_is_switched_off_sends_no_test_letter() -> None:
    client, account = browser(), make_account(is_active=False)
    me_with(client)

    assert client.post(f"{URL}{account.pk}/test/").status_code == 404
    assert client.post(f"{URL}0/test/").status_code == 404
    assert "Test letter" not in said(client)
