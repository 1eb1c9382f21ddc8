"""Our letters come back: whole, stripped to their HTML, or below the answers that mail programs write above them."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from mailbox import composing
from mailbox.composing import File, Mail, Person
from mailbox.parsing import ParsedEmail, parse
from tests.dovecot import Dovecot
from tests.factories import NOW, make_email
from tests.written import letter

pytestmark = pytest.mark.django_db

WORDS = (
    "Добрый день!\n\nБригада выехала.\n\nОпора: 41960-P-43-1-1\nСрок: 19.08.2026 15:00\n\n"
    "-- \nАнна Крылова\nДиспетчерская"
)
ASKED = "Когда приедет бригада?\n\nС уважением, дежурный НОК"
OUTLOOK = (
    '<p class="MsoNormal">Новое слово.</p>'
    '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0 0 0">'
    "<p><b>От:</b> Диспетчерская &lt;desk@towers.example&gt;<br><b>Отправлено:</b> 18 августа 2026 г. 15:00<br>"
    "<b>Кому:</b> noc@operator.example<br><b>Тема:</b> Re: NT-100001</p></div></div>{ours}"
)
GMAIL = (
    '<div dir="ltr">Новое слово.</div><br><div class="gmail_quote">'
    '<div dir="ltr" class="gmail_attr">вт, 18 авг. 2026 г. в 15:00, '
    'Диспетчерская &lt;<a href="mailto:desk@towers.example">desk@towers.example</a>&gt;:<br></div>'
    '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid">{ours}</blockquote></div>'
)
YANDEX = (
    "<div>Новое слово.</div><div> </div>"
    "<div>18.08.2026, 15:00, &quot;Диспетчерская&quot; &lt;desk@towers.example&gt;:</div>"
    "<blockquote>{ours}</blockquote>"
)
PLAIN = "Новое слово.\n\n18.08.2026 15:00, Диспетчерская <desk@towers.example> пишет:\n{ours}"


@pytest.fixture(autouse=True)
def _desk(settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_FROM_NAME = "desk@towers.example", "Диспетчерская"


@pytest.fixture
def ours() -> EmailMessage:
    composed = composing.answer(
        make_email(text=ASKED, reply_text=ASKED, message_id="<asked@operator.example>"),
        Mail(code="NT-100001", subject="Нет ВЭС", text=WORDS, to=[Person("", "noc@operator.example")], now=NOW),
    )
    message = message_from_bytes(composed.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def in_html(html: str, ours: EmailMessage) -> ParsedEmail:
    """A letter that has no other words than these."""
    raw = letter(
        "Re: " + ours["Subject"], "-", answers=ours["Message-ID"], references=f"<a@x.example> {ours['Message-ID']}"
    )
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    message.set_content(html, subtype="html")
    return parse(message.as_bytes())


def test_whoever_sees_the_html_alone_tells_our_words_from_the_rest_too(ours: EmailMessage) -> None:
    read = in_html(body(ours, "html"), ours)

    assert read.reply_text.startswith("Добрый день!\n\nБригада выехала.")
    assert "41960-P-43-1-1" in read.reply_text
    assert "Анна Крылова" in read.signature_text
    assert "Когда приедет бригада?" in read.quoted_text
    assert "Когда" not in read.reply_text


@pytest.mark.parametrize("program", [OUTLOOK, GMAIL, YANDEX])
def test_an_answer_above_our_letter_is_told_from_it(program: str, ours: EmailMessage) -> None:
    read = in_html(program.replace("{ours}", body(ours, "html")), ours)

    assert read.reply_text == "Новое слово."
    assert "Бригада выехала." in read.text


def test_an_answer_in_plain_text_is_too(ours: EmailMessage) -> None:
    quoted = "\n".join(f"> {line}" for line in body(ours, "plain").splitlines())
    read = parse(letter("Re: " + ours["Subject"], PLAIN.replace("{ours}", quoted), answers=ours["Message-ID"]))

    assert read.reply_text == "Новое слово."
    assert read.subject == "Re: Re: NT-100001: Нет ВЭС"
    assert read.in_reply_to == (ours["Message-ID"],)


def test_three_answers_there_and_back_stay_one_conversation_under_one_code(ours: EmailMessage) -> None:
    sizes = []
    for turn in range(3):
        quoted = "\n".join(f"> {line}" for line in body(ours, "plain").splitlines())
        theirs = letter(
            f"RE: Отв: {ours['Subject']}",
            PLAIN.replace("Новое слово.", f"Ответ {turn}.").replace("{ours}", quoted),
            answers=ours["Message-ID"],
            references=f"{ours['References']} {ours['Message-ID']}",
        )
        read = parse(theirs)
        assert read.reply_text == f"Ответ {turn}."
        came = make_email(
            subject=read.subject,
            text=read.text,
            reply_text=read.reply_text,
            message_id=read.message_id,
            references=list(read.references),
        )
        words = {"code": "NT-100001", "subject": came.subject, "text": WORDS}
        composed = composing.answer(came, Mail(**words, to=[Person("", "noc@operator.example")], now=NOW))
        sizes.append(len(composed.raw))
        message = message_from_bytes(composed.raw, policy=default)
        assert isinstance(message, EmailMessage)
        ours = message
        assert ours["Subject"] == "Re: NT-100001: Нет ВЭС"
        assert ours["References"].split()[0] == "<asked@operator.example>"
        assert ours["In-Reply-To"] == read.message_id
    assert max(sizes) < 60_000


def test_an_imap_server_sees_the_people_and_parts_that_were_meant(server: Dovecot) -> None:
    people = [Person("Иванов, «Ночь» <НОК>", "noc@operator.example"), Person('O"Brien, J.', "b.c@operator.example")]
    composed = composing.answer(
        make_email(from_name="x\r\nBcc: v@operator.example", message_id=f"<{'a' * 300}@operator.example>"),
        Mail(
            code="NT-100001",
            subject="Отсутствует внешнее электроснабжение на площадке 41960-P-43-1-1",
            text=WORDS,
            to=people,
            copies=[Person("Ж" * 100, f"{n}@contractor.example") for n in range(30)],
            now=NOW,
            files=[
                File("Акт обследования опоры.pdf", "application/pdf", b"%PDF"),
                File("a.eml", "message/rfc822", letter("Alarm", "off")),
            ],
        ),
    )
    with server.client() as client:
        client.append("INBOX", composed.raw)
        client.select_folder("INBOX", readonly=True)
        ((_uid, seen),) = client.fetch(client.search(), ["ENVELOPE", "BODYSTRUCTURE"]).items()

    envelope, body = seen[b"ENVELOPE"], seen[b"BODYSTRUCTURE"]
    assert [each.mailbox + b"@" + each.host for each in envelope.to] == [
        b"noc@operator.example",
        b"b.c@operator.example",
    ]
    assert [each.mailbox for each in envelope.cc] == [*(str(n).encode() for n in range(30)), b"desk"]
    assert envelope.bcc is None
    assert envelope.in_reply_to.decode() == f"<{'a' * 300}@operator.example>"
    parts, kind = body[0], body[1]
    assert kind == b"mixed"
    assert [(each[0], each[1]) for each in parts[0][0]] == [(b"text", b"plain"), (b"text", b"html")]
    assert [(each[0], each[1]) for each in parts[1:]] == [(b"application", b"pdf"), (b"message", b"rfc822")]
