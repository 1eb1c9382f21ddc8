"""Programs told from people."""

import pytest

from mailbox.parsing import Kind, parse

PERSON = "From: noc@tele.example\nReturn-Path: <noc@tele.example>\nSubject: Нет питания\n"


def kind(headers: str, body: str = "x") -> Kind:
    return parse(f"{headers}\n{body}".encode()).kind


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: (rejected) auto-replied; owner-email=x",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
    ],
)
def test_an_automatic_answer_is_known_by_its_headers(header):
    assert kind(f"{PERSON}{header}\n") is Kind.AUTOREPLY


@pytest.mark.parametrize("subject", ["Автоответ: ВЭС", "Out of Office: x", "Automatic reply: x"])
def test_an_automatic_answer_is_known_by_its_subject(subject):
    assert kind(f"From: a@b.example\nSubject: {subject}\n") is Kind.AUTOREPLY


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: OOF, DR",
        "List-Id: <noc.tele.example>",
        "X-Loop: noc",
        "X-Dispatch-Loop: desk",
    ],
)
def test_an_alarm_of_a_machine_wants_work_but_no_automatic_answer(header):
    letter = parse(f"{PERSON}{header}\n\nx".encode())

    assert letter.kind is Kind.HUMAN
    assert letter.auto_reasons != ()


def test_a_letter_that_says_it_is_not_automatic_may_be_answered():
    assert parse(f"{PERSON}Auto-Submitted: no\n\nx".encode()).auto_reasons == ()


def test_nobody_is_answered_at_an_empty_return_path_or_by_a_robot():
    assert "return-path: <>" in parse(b"From: a@b.example\nReturn-Path: <>\n\nx").auto_reasons
    assert "from: machine" in parse(b"From: no-reply@b.example\n\nx").auto_reasons
    assert "from: empty" in parse(b"Subject: x\n\nx").auto_reasons


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Mail delivery failed: returning message to sender", "This message was created automatically."),
        ("Returned mail: Host unknown", "550 5.1.2 unknown"),
        ("failure notice", "Hi. This is the qmail-send program."),
        ("Недоставленное сообщение", "Письмо не может быть доставлено."),
    ],
)
def test_a_bounce_without_a_report_is_known_by_its_sender_and_its_words(subject, body):
    assert kind(f"From: MAILER-DAEMON@mx.example\nSubject: {subject}\n", body) is Kind.BOUNCE


@pytest.mark.parametrize(
    ("event", "expected"), [("Bounce", Kind.BOUNCE), ("Complaint", Kind.FEEDBACK_REPORT), ("Delivery", Kind.HUMAN)]
)
def test_a_notice_of_a_sending_service_is_known_by_what_it_says(event, expected):
    headers = "From: no-reply@sns.example\nSubject: Notification Message\n"

    assert kind(headers, f'{{"notificationType":"{event}","mail":{{}}}}') is expected


def test_a_list_server_that_refuses_a_letter_sends_it_back():
    headers = "From: noc-admin@lists.example\nSubject: You a@b.example are not member (noc)\n"

    assert kind(headers, "You are not a member of this mailing list.") is Kind.BOUNCE
    assert kind(headers.replace("-admin", ""), "You are not a member of this mailing list.") is Kind.HUMAN


@pytest.mark.parametrize("prefix", ["Re", "Fwd", "Пересл"])
def test_a_person_who_passes_a_bounce_on_is_no_bounce(prefix):
    headers = f'From: a@b.example\nSubject: {prefix}: Undelivered Mail\nContent-Type: multipart/mixed; boundary="b"\n'
    body = "--b\n\nПочему?\n--b\nContent-Type: message/rfc822\n\nSubject: NT-1\n\nx\n--b--\n"

    assert kind(headers, body) is Kind.HUMAN


def test_words_alone_make_no_bounce():
    headers = "From: a@b.example\nSubject: Генератор не доставлен\n"

    assert kind(headers, "Указанный адрес не существует.") is Kind.HUMAN


def test_the_id_of_a_returned_letter_is_found_in_plain_text():
    raw = (
        b"From: mailer-daemon@x.example\nSubject: Mail delivery failed\nMessage-ID: <own@x.example>\n\n"
        b"550 5.1.1 User unknown\n--- copy ---\nMessage-Id: <sent@towers.example>\n"
    )

    assert parse(raw).bounced_message_id == "<sent@towers.example>"


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("feedback-report", Kind.FEEDBACK_REPORT),
        ("delivery-status", Kind.BOUNCE),
        ("disposition-notification", Kind.AUTOREPLY),
    ],
)
def test_reports_are_known_by_their_type(report, expected):
    headers = f'{PERSON}Content-Type: multipart/report; report-type={report}; boundary="b"\n'
    body = f"--b\n\ntext\n--b\nContent-Type: message/{report}\n\nfacts\n--b--\n"

    assert kind(headers, body) is expected


def report_of(*actions: str) -> bytes:
    head = f'{PERSON}Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
    groups = "\n".join(
        f"Final-Recipient: rfc822; a{n}@b.example\nAction: {action}\n" for n, action in enumerate(actions)
    )
    status = f"Reporting-MTA: dns; mx.example\n\n{groups}"
    said = f"--b\n\nThis is the mail system.\n--b\nContent-Type: message/delivery-status\n\n{status}\n--b--\n"
    return f"{head}\n{said}".encode()


@pytest.mark.parametrize("actions", [["delivered"], ["relayed"], ["Expanded", "DELIVERED"]])
def test_a_report_that_a_letter_came_or_is_on_its_way_is_no_bounce(actions):
    letter = parse(report_of(*actions))

    assert letter.kind is Kind.AUTOREPLY
    assert letter.bounced_message_id == ""


@pytest.mark.parametrize("actions", [["failed"], ["delayed"], ["delivered", "failed"], ["delayed", "exploded"], []])
def test_a_report_that_a_letter_came_back_from_anybody_is_a_bounce(actions):
    assert parse(report_of(*actions)).kind is Kind.BOUNCE
