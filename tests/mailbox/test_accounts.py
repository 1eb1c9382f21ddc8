"""Which account a letter leaves by, how fast, and that the trouble of one is nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from mailbox import account_changes, accounts, inbox, notices, outbox, sealing
from mailbox.composing import Composed
from mailbox.models import AccountState, Folder, Mailbox, Outgoing, Receipt, SmtpAccount
from tests.factories import NOW, make_email
from tests.mailbox.outgoing import A, B, queue, send, state_of
from tests.smtp_server import PASSWORD, SmtpServer, smtp_server
from tests.written import letter

pytestmark = pytest.mark.django_db

State = Outgoing.State


def make_account(server: SmtpServer | None = None, **over: Any) -> SmtpAccount:
    number = SmtpAccount.objects.count() + 1
    facts: dict[str, Any] = {
        "name": f"Account {number}",
        "from_address": f"desk{number}@towers.example",
        "host": "127.0.0.1",
        "port": server.port if server else 9,
        "security": "none",
        **over,
    }
    return SmtpAccount.objects.create(**facts)


@pytest.fixture
def two(settings) -> Iterator[tuple[SmtpServer, SmtpServer]]:
    """Two servers; the settings name none."""
    with ExitStack() as stack:
        servers = stack.enter_context(smtp_server(settings)), stack.enter_context(smtp_server(settings))
        settings.EMAIL_HOST = ""
        yield servers


def by(row: SmtpAccount, *recipients: str, **how: Any) -> Outgoing:
    return queue(*recipients, account=accounts.of_row(row), **how)


def test_without_rows_the_settings_are_the_account(settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = "smtp.towers.example", False, True

    account = accounts.choose()

    assert (account.pk, account.host, account.security) == (None, "smtp.towers.example", "starttls")
    assert accounts.is_possible()
    assert accounts.all_active() == [account]


def test_without_any_account_nothing_can_be_sent() -> None:
    make_account(is_active=False)

    assert not accounts.is_possible()
    assert accounts.all_active() == []
    with pytest.raises(accounts.SendingIsOff):
        accounts.choose()


def test_whether_letters_leave_is_asked_once_for_a_page_and_known_at_once_after_a_change(
    django_assert_num_queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "KNOWN_SECONDS", 15)
    accounts.forget()
    with django_assert_num_queries(1):
        assert [accounts.is_possible() for _ in range(3)] == [False] * 3

    row = account_changes.save({"from_address": "a@b.example", "host": "x.example"}, password="", account=None)
    assert accounts.is_possible()
    account_changes.remove(row)
    assert not accounts.is_possible()


def test_an_answer_leaves_by_the_account_of_the_mailbox_the_letter_came_into() -> None:
    mailbox = Mailbox.objects.create(address="north@towers.example", host="imap", login="north")
    folder = Folder.objects.create(mailbox=mailbox, name="INBOX", role=Folder.Role.INBOX)
    make_account()
    usual, north = make_account(is_default=True), make_account(mailbox=mailbox)
    asked = make_email()
    facts = {"uid": 1, "uidvalidity": 1, "state": Receipt.State.OPENED, "size": 1, "received_at": NOW}
    Receipt.objects.create(folder=folder, email=asked, direction="in", **facts)

    assert accounts.choose(asked).pk == north.pk
    assert accounts.choose(make_email()).pk == usual.pk
    assert accounts.choose().pk == usual.pk
    north.is_active = False
    north.save()
    assert accounts.choose(asked).pk == usual.pk


def test_addresses_of_accounts_are_the_desks_own() -> None:
    make_account(from_address="North@Towers.example")

    assert "north@towers.example" in inbox.own_addresses()


def test_each_letter_leaves_by_its_own_account(two: tuple[SmtpServer, SmtpServer]) -> None:
    first, second = make_account(two[0], is_default=True), make_account(two[1])
    by(first, A)
    by(second, B)
    queue(A)

    assert send() == 3
    assert [[each.recipients for each in server.letters] for server in two] == [[[A], [A]], [[B]]]
    assert {each.last_sent_at for each in AccountState.objects.all()} == {NOW}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_it_signs_in_with_the_sealed_password(settings) -> None:
    with smtp_server(settings, login="desk1@towers.example") as server:
        settings.EMAIL_HOST = ""
        row = make_account(server, username="desk1@towers.example", password=sealing.seal(PASSWORD))
        sent = by(row, A)
        send()

    assert state_of(sent) == State.SENT


def test_a_password_sealed_under_another_key_pauses_the_account_and_says_so(two: tuple[SmtpServer, SmtpServer]) -> None:
    broken, well = make_account(two[0], username="x", password="not sealed"), make_account(two[1])
    sent, other = by(broken, A), by(well, B)
    send()

    assert (state_of(sent), state_of(other)) == (State.QUEUED, State.SENT)
    state = AccountState.objects.get(account=broken)
    assert "SECRET_KEY" in state.said
    assert state.paused_until == NOW + timedelta(minutes=10)


def test_a_server_that_is_down_holds_up_its_own_letters_only(two: tuple[SmtpServer, SmtpServer]) -> None:
    down, well = make_account(port=9), make_account(two[1])
    held, other = [by(down, A), by(down, B)], by(well, A)
    send()

    assert [state_of(each) for each in held] == [State.RETRYING, State.QUEUED]
    assert state_of(other) == State.SENT
    assert AccountState.objects.get(account=down).paused_until == NOW + timedelta(minutes=1)
    assert AccountState.objects.get(account=well).paused_until is None


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_server_that_refuses_the_login_is_not_asked_for_ten_minutes(settings) -> None:
    with smtp_server(settings, login="desk1@towers.example") as server:
        settings.EMAIL_HOST = ""
        row = make_account(server, username="desk1@towers.example", password=sealing.seal("wrong"))
        sent = by(row, A)
        send()
        row.password = sealing.seal(PASSWORD)
        row.save()

        send(NOW + timedelta(minutes=9))
        assert state_of(sent) == State.RETRYING
        assert AccountState.objects.get().said.startswith("535")
        send(NOW + timedelta(minutes=10))
        assert state_of(sent) == State.SENT


def test_so_many_letters_a_minute_and_no_more(two: tuple[SmtpServer, SmtpServer]) -> None:
    slow, fast = make_account(two[0], per_minute=3), make_account(two[1])
    for _ in range(7):
        by(slow, A)
        by(fast, B)

    left = [send(NOW + timedelta(seconds=second)) for second in range(0, 150, 10)]

    assert [each for each in left if each] == [3 + 7, 3, 1]
    assert [number for number, each in enumerate(left) if each] == [0, 6, 12]


def test_accounts_of_one_server_share_its_rate(two: tuple[SmtpServer, SmtpServer]) -> None:
    first, second = (make_account(two[0], per_minute=3) for _ in range(2))
    for _ in range(2):
        by(first, A)
        by(second, B)

    assert [send(), send(NOW + timedelta(seconds=30)), send(NOW + timedelta(seconds=60))] == [3, 0, 1]


def test_the_settings_account_has_its_rate_too(settings) -> None:
    settings.EMAIL_PER_MINUTE = 2
    with smtp_server(settings) as server:
        for _ in range(3):
            queue(A)
        assert [send(), send(NOW + timedelta(seconds=59)), send(NOW + timedelta(seconds=60))] == [2, 0, 1]
    assert len(server.letters) == 3


def test_letters_of_an_account_that_is_switched_off_wait(two: tuple[SmtpServer, SmtpServer]) -> None:
    row = make_account(two[0])
    sent = by(row, A)
    SmtpAccount.objects.update(is_active=False)

    assert send() == 0
    SmtpAccount.objects.update(is_active=True)
    assert send() == 1
    assert state_of(sent) == State.SENT


def test_a_person_who_sends_at_once_ends_the_pause(two: tuple[SmtpServer, SmtpServer]) -> None:
    row = make_account(port=9)
    sent = by(row, A)
    send()
    SmtpAccount.objects.update(port=two[0].port)

    assert send() == 0
    assert outbox.hasten(sent, now=NOW)
    assert send() == 1


def test_alerts_leave_by_the_usual_account_too(two: tuple[SmtpServer, SmtpServer], settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.ALERT_EMAILS, settings.TG_TOKEN = ["keeper@towers.example"], ""
    make_account(two[0])
    usual = make_account(two[1], is_default=True)
    notices.write("Mail does not come", "Since noon.", is_good=False, now=NOW)

    assert notices.deliver(now=lambda: NOW) == 1
    assert [each.recipients for each in two[1].letters] == [["keeper@towers.example"]]
    assert f"From: {usual.from_address}".encode() in two[1].letters[0].raw


def test_a_null_return_path_that_is_refused_becomes_the_accounts_address(two: tuple[SmtpServer, SmtpServer]) -> None:
    two[0].refused_senders[""] = "553 5.7.1 sender rejected"
    row = make_account(two[0])
    outbox.queue(Composed(letter().replace(b"\n", b"\r\n"), (A,)), now=NOW, account=accounts.of_row(row))
    send()

    assert two[0].letters[0].sender == row.from_address
