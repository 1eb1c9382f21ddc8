import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mailbox import imap_client, mailboxes, sealing, watching
from mailbox.imap import Account, ImapSession, LoginRefused
from mailbox.models import Folder, Mailbox
from tests import dovecot

ACCOUNT = {
    "host": "imap.towers.example", "port": 993, "ssl": True, "login": "desk", "password": "not-in-the-table",
    "address": "desk@towers.example", "inbox": "INBOX", "sent": "",
}  # fmt: skip


@pytest.mark.django_db
def test_the_mailbox_of_the_settings_becomes_a_row_without_its_password(settings):
    settings.MAIL_ACCOUNT = ACCOUNT
    row = mailboxes.follow_settings()
    assert (row.host, row.security, row.password, row.from_settings) == ("imap.towers.example", "ssl", "", True)
    assert mailboxes.account_of(row) == Account("imap.towers.example", 993, "ssl", "desk", "not-in-the-table")
    assert [folder.name for folder in mailboxes.watched_folders()] == ["INBOX"]


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "start"), [(-1, "now"), (0, "all"), (14, "days")])
def test_the_settings_say_how_far_back_the_first_look_goes(settings, days, start):
    settings.MAIL_ACCOUNT, settings.MAIL_FIRST_LOOK_DAYS = ACCOUNT, days
    assert mailboxes.follow_settings().start == start


@pytest.mark.django_db
def test_changed_settings_are_followed_and_what_people_chose_stays(settings):
    settings.MAIL_ACCOUNT = ACCOUNT
    row = mailboxes.follow_settings()
    Mailbox.objects.filter(pk=row.pk).update(is_watched=False, start="all")
    settings.MAIL_ACCOUNT = {**ACCOUNT, "host": "new.example", "ssl": False, "starttls": True}
    row = mailboxes.follow_settings()
    assert (row.host, row.security) == ("new.example", "starttls")
    assert (row.is_watched, row.start) == (False, "all")


@pytest.mark.django_db
def test_a_mailbox_the_settings_name_no_more_is_not_watched_until_they_name_it_again(settings):
    settings.MAIL_ACCOUNT = ACCOUNT
    mailboxes.follow_settings()
    settings.MAIL_ACCOUNT = {**ACCOUNT, "address": "other@towers.example"}
    mailboxes.follow_settings()
    assert [folder.mailbox.address for folder in mailboxes.watched_folders()] == ["other@towers.example"]
    settings.MAIL_ACCOUNT = None
    assert mailboxes.follow_settings() is None
    assert not mailboxes.watched_folders()
    settings.MAIL_ACCOUNT = ACCOUNT
    mailboxes.follow_settings()
    assert [folder.mailbox.address for folder in mailboxes.watched_folders()] == ["desk@towers.example"]


@pytest.mark.django_db
def test_a_password_sealed_under_another_key_is_said_so(settings):
    row = Mailbox.objects.create(address="a@b.example", host="h", login="l", password=sealing.seal("secret"))
    assert mailboxes.account_of(row).password == "secret"
    settings.SECRET_KEY = "another one"
    with pytest.raises(sealing.WrongKey, match="SECRET_KEY"):
        mailboxes.account_of(row)


@pytest.mark.django_db
def test_several_folders_of_incoming_letters_are_read(server):
    with server.client() as client:
        client.create_folder("Operators")
    mailbox = mailboxes.follow_settings()
    Folder.objects.create(mailbox=mailbox, name="Operators", role="inbox")
    server.append(b"Subject: a\r\n\r\n", "Operators")
    server.append(b"Subject: b\r\n\r\n")
    assert watching.look_once() == 2


@pytest.mark.django_db
def test_one_mailbox_that_cannot_be_read_does_not_stop_the_others(server):
    Mailbox.objects.create(
        address="a@first.example", host="127.0.0.1", port=1, security="none", login="x", password=sealing.seal("x")
    )
    server.append(b"Subject: b\r\n\r\n")
    with pytest.raises(OSError, match="refused"):
        watching.look_once()
    assert Folder.objects.get(mailbox__address=dovecot.LOGIN, role="inbox").receipts.count() == 1
    assert "refused" in Folder.objects.get(mailbox__address="a@first.example").last_error


def test_a_russian_password_can_be_used_and_a_wrong_one_is_a_refusal(server):
    account = replace(server.facts, login=dovecot.OTHER, password=dovecot.OTHER_PASSWORD)
    with ImapSession(account) as session:
        assert session.folders()
    with pytest.raises(LoginRefused):
        ImapSession(replace(account, password="не тот")).__enter__()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for "localhost", in one file."""
    file = tmp_path / "tls.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "cert.pem").read_text())
    return file


def test_starttls_encrypts_before_the_login_and_trusts_only_known_certificates(certificate):
    if not dovecot.is_installed():
        pytest.skip("needs Dovecot")
    trusting = ssl.create_default_context(cafile=str(certificate))
    with dovecot.running(certificate) as server:
        account = Account("localhost", server.port, "starttls", dovecot.LOGIN, dovecot.PASSWORD)
        with ImapSession(account, "INBOX", trusting) as session:
            assert isinstance(session._client.socket(), ssl.SSLSocket)
        with pytest.raises(ssl.SSLCertVerificationError):
            ImapSession(account).__enter__()


def test_a_server_without_starttls_gets_no_password(server, monkeypatch):
    monkeypatch.setattr(imap_client.Client, "login", lambda *_: pytest.fail("the password was sent"))
    with pytest.raises(ConnectionError, match="STARTTLS"):
        ImapSession(Account("127.0.0.1", server.port, "starttls", "x", "y")).__enter__()
