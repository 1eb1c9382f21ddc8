"""One conversation with a real server that accepts, refuses, drops and hangs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailbox import smtp
from mailbox.smtp import Answer, Result, Unreachable
from tests.smtp_server import DROP, DROP_KEEPING, HANG, SmtpServer, smtp_server

RAW = b"Subject: x\r\n\r\none\r\n.two\r\n"
A, B, C = "a@operator.example", "b@operator.example", "c@operator.example"
DESK = "desk@towers.example"


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


def results(answers: dict[str, Answer]) -> list[str]:
    return [answers[each].result for each in sorted(answers)]


def test_a_letter_arrives_byte_for_byte(server: SmtpServer) -> None:
    answers = smtp.deliver("", [A, B], RAW)

    assert results(answers) == [Result.ACCEPTED, Result.ACCEPTED]
    (arrived,) = server.letters
    assert (arrived.sender, arrived.recipients, arrived.raw) == ("", [A, B], RAW)


def test_one_of_three_refused_is_told_by_name_and_the_others_get_it(server: SmtpServer) -> None:
    server.refuse(B, "550 5.1.1 no such user")

    answers = smtp.deliver(DESK, [A, B, C], RAW)

    assert results(answers) == [Result.ACCEPTED, Result.REFUSED, Result.ACCEPTED]
    assert answers[B].said == "550 5.1.1 no such user"
    assert server.letters[0].recipients == [A, C]


def test_a_recipient_who_is_busy_waits_alone(server: SmtpServer) -> None:
    server.refuse(A, "451 4.3.0 mailbox busy")

    assert results(smtp.deliver(DESK, [A, B], RAW)) == [Result.WAITING, Result.ACCEPTED]


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 4.3.0 later"])
def test_a_server_that_cannot_now_is_tried_again(server: SmtpServer, answer: str) -> None:
    server.at_the_end = answer

    assert results(smtp.deliver(DESK, [A], RAW)) == [Result.WAITING]


def test_a_letter_that_is_not_wanted_has_failed(server: SmtpServer) -> None:
    server.at_the_end = "554 5.7.1 spam"

    assert smtp.deliver(DESK, [A, B], RAW) == dict.fromkeys([A, B], Answer(Result.REFUSED, "554 5.7.1 spam"))


def test_refused_before_the_letter_it_has_failed_too(server: SmtpServer) -> None:
    server.at_data = "554 5.7.1 no"

    assert results(smtp.deliver(DESK, [A], RAW)) == [Result.REFUSED]


def test_a_server_gone_before_the_letter_is_tried_again(server: SmtpServer) -> None:
    server.at_data = DROP
    server.refuse(B, "550 5.1.1 no such user")

    assert results(smtp.deliver(DESK, [A, B], RAW)) == [Result.WAITING, Result.REFUSED]


@pytest.mark.parametrize("end", [DROP, DROP_KEEPING])
def test_a_server_gone_after_the_letter_leaves_us_not_knowing(server: SmtpServer, end: str) -> None:
    server.at_the_end = end
    server.refuse(B, "550 5.1.1 no such user")

    assert results(smtp.deliver(DESK, [A, B], RAW)) == [Result.UNKNOWN, Result.REFUSED]


def test_a_server_that_hangs_after_the_letter_leaves_us_not_knowing(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "VERDICT_SECONDS", 0.3)
    server.at_the_end = HANG

    assert results(smtp.deliver(DESK, [A], RAW)) == [Result.UNKNOWN]


def test_nobody_listens(settings) -> None:
    with smtp_server(settings):
        pass

    with pytest.raises(Unreachable):
        smtp.deliver(DESK, [A], RAW)


def test_a_server_that_refuses_the_null_return_path_gets_the_desks_address(server: SmtpServer) -> None:
    server.refused_senders[""] = "553 5.7.1 sender address rejected"

    assert results(smtp.deliver("", [A], RAW)) == [Result.ACCEPTED]
    assert server.letters[0].sender == DESK


def test_a_sender_that_is_refused_fails_everybody(server: SmtpServer) -> None:
    server.refused_senders[DESK] = "553 5.7.1 sender address rejected"

    assert results(smtp.deliver(DESK, [A, B], RAW)) == [Result.REFUSED, Result.REFUSED]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_it_signs_in_and_a_wrong_password_is_tried_again(settings) -> None:
    with smtp_server(settings, login=DESK) as server:
        assert results(smtp.deliver(DESK, [A], RAW)) == [Result.ACCEPTED]

        settings.EMAIL_HOST_PASSWORD = "wrong"
        with pytest.raises(Unreachable, match=r"^535") as raised:
            smtp.deliver(DESK, [A], RAW)

    assert raised.value.is_locked_out
    assert len(server.letters) == 1


def test_starttls_with_a_good_certificate(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with smtp_server(settings, starttls=context) as server:
        assert results(smtp.deliver(DESK, [A], RAW)) == [Result.ACCEPTED]
    assert len(server.letters) == 1


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_good(settings, tmp_path: Path) -> None:
    context, _authority = certificate(tmp_path)
    with smtp_server(settings, starttls=context) as server, pytest.raises(Unreachable, match=r"(?i)certificate"):
        smtp.deliver(DESK, [A], RAW)

    assert server.letters == []


def test_nothing_is_sent_in_the_open_where_tls_is_wanted(server: SmtpServer, settings) -> None:
    settings.EMAIL_USE_TLS = True

    with pytest.raises(Unreachable):
        smtp.deliver(DESK, [A], RAW)
    assert server.letters == []


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context for a server named localhost, and the file of the authority that vouches for it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.pem", folder / "server.key"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
