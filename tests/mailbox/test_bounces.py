"""A letter that comes back is written to the letter it was, address by address."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from mailbox import bounces, inbox, outbox
from mailbox.composing import Composed
from mailbox.models import BadAddress, Email, Outgoing, Settled
from mailbox.smtp import Result
from tests.factories import NOW, make_user
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db

A, B, C = "a@operator.example", "b@operator.example", "c@operator.example"


@pytest.fixture(autouse=True)
def _sending(settings) -> None:
    settings.EMAIL_HOST = "smtp.towers.example"


def sent_to(*recipients: str, state: str = Result.ACCEPTED, answers: str = "") -> Outgoing:
    """A letter of ours that left, to these and to the desk itself."""
    raw = letter(sender=DESK, to=", ".join(recipients), cc=DESK, answers=answers).replace(b"\n", b"\r\n")
    sent = outbox.queue(Composed(raw, (*recipients, DESK)), now=NOW)
    for each in sent.recipients:
        each["state"] = state
    sent.state = Outgoing.State.UNKNOWN if state == Result.UNKNOWN else Outgoing.State.SENT
    sent.save()
    return sent


def report(about: Outgoing, *failed: tuple[str, str], action: str = "failed", mentions: str = "") -> bytes:
    """A report as mail servers write it: prose, a block a recipient, the letter's headers."""
    blocks = [f"Final-Recipient: rfc822; {to}\nAction: {action}\nDiagnostic-Code: smtp; {said}" for to, said in failed]
    status = "\n\n".join(["Reporting-MTA: dns; mx.operator.example", *blocks])
    headers = f"Message-ID: {about.email.message_id}\nTo: {about.to_address}"
    parts = [("text/plain", "I'm sorry to say."), ("message/delivery-status", status), ("text/rfc822-headers", headers)]
    lines = [
        "From: MAILER-DAEMON@operator.example",
        f"To: {DESK}",
        "Subject: Undelivered",
        "Message-ID: <report@operator.example>",
        f"References: {mentions or about.email.message_id}",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "MIME-Version: 1.0",
        "",
        *(f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts),
        "--b--",
    ]
    return "\n".join(lines).encode()


def arrive(raw: bytes) -> Email:
    (stored,) = inbox.store([inbox.read(inbox.receive(raw, direction="in", received_at=NOW))])
    return stored.email


def results(sent: Outgoing) -> list[str]:
    sent.refresh_from_db()
    return [each["state"] for each in sent.recipients]


def test_the_recipient_it_came_back_from_is_marked_with_the_words() -> None:
    sent = sent_to(A, B, C)

    assert bounces.note(arrive(report(sent, (B, "550 5.1.1 no such user"))), now=NOW) == [B]

    assert results(sent) == ["accepted", "bounced", "accepted", "accepted"]
    assert (sent.state, sent.said) == (Outgoing.State.SENT, "550 5.1.1 no such user")
    bad = BadAddress.objects.get()
    assert (bad.address, bad.said, bad.bounce_id) == (B, "550 5.1.1 no such user", Email.objects.latest("pk").pk)


def test_only_the_letter_that_came_back_is_marked_though_the_report_mentions_others() -> None:
    first = sent_to(A)
    second = sent_to(A, answers=first.email.message_id)
    third = sent_to(A)

    mentions = f"{first.email.message_id} {third.email.message_id}"
    bounces.note(arrive(report(second, (A, "550 gone"), mentions=mentions)), now=NOW)

    assert [results(each)[0] for each in (first, second, third)] == ["accepted", "bounced", "accepted"]


def test_a_letter_of_unknown_fate_that_comes_back_has_left() -> None:
    sent = sent_to(A, B, state=Result.UNKNOWN)

    bounces.note(arrive(report(sent, (A, "550 5.1.1 no such user"))), now=NOW + timedelta(minutes=5))

    assert results(sent) == ["bounced", "accepted", "accepted"]
    assert sent.state == Outgoing.State.SENT


def test_an_alias_of_the_address_that_failed_is_enough_where_only_one_got_it() -> None:
    sent = sent_to(A)

    assert bounces.note(arrive(report(sent, ("ivan@inside.operator.example", "550 full"))), now=NOW) == [A]
    assert results(sent) == ["bounced", "accepted"]


def test_of_several_the_prose_names_the_one() -> None:
    sent = sent_to(A, B)
    bounce = EmailMessage()
    bounce["From"], bounce["To"], bounce["Subject"] = "mailer-daemon@operator.example", DESK, "Undelivered"
    bounce["In-Reply-To"] = sent.email.message_id
    bounce["X-Failed-Recipients"] = B
    bounce.set_content(f"Your message to {B} was not delivered:\n  550 5.2.1 mailbox disabled\n")

    assert bounces.note(arrive(bounce.as_bytes()), now=NOW) == [B]
    assert results(sent) == ["accepted", "bounced", "accepted"]
    assert sent.said == "550 5.2.1 mailbox disabled"


def test_the_desk_itself_is_never_bad() -> None:
    sent = sent_to(A, B)

    assert bounces.note(arrive(report(sent, (DESK, "552 over quota"))), now=NOW) == []
    assert not BadAddress.objects.exists()


def test_a_delay_is_no_failure() -> None:
    assert bounces.read(report(sent_to(A), (A, "451 busy"), action="delayed")) == {}


def test_a_letter_that_came_back_from_one_of_its_recipients_is_in_trouble_again() -> None:
    sent = sent_to(A, B)
    Settled.objects.create(kind=Settled.Kind.OUTGOING, number=sent.pk, person=make_user(), at=NOW)
    came_back = arrive(report(sent, (B, "550 5.1.1 no such user")))

    bounces.note(came_back, now=NOW)

    assert list(outbox.troubled()) == [sent]
    assert list(sent.bounces.all()) == [came_back]


def test_a_second_report_of_what_is_known_changes_nothing() -> None:
    sent = sent_to(A, B)
    bounces.note(arrive(report(sent, (B, "550 5.1.1 no such user"))), now=NOW)
    Settled.objects.create(kind=Settled.Kind.OUTGOING, number=sent.pk, person=make_user(), at=NOW)

    bounces.note(arrive(report(sent, (B, "550 5.1.1 no such user")) + b"\nonce more"), now=NOW)

    assert not outbox.troubled().exists()
    assert sent.bounces.count() == 1
