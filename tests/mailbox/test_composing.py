"""Letters of ours as other programs read them: by our own reader and by the standard library."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from mailbox import composing
from mailbox.accounts import Account
from mailbox.composing import Composed, File, Mail, Person, TooLarge, WrongAddress
from mailbox.letter_html import text_of
from mailbox.models import Email, SmtpAccount
from mailbox.parsing import Kind, parse
from tests.factories import NOW, make_email
from tests.written import letter

pytestmark = pytest.mark.django_db

TEXT = "Здравствуйте!\n\nИнцидент NT-100001 закрыт.\n\n-- \nДиспетчерская"
NOC = Person("НОК", "noc@operator.example")
WORDS: dict[str, Any] = {"code": "NT-100001", "subject": "Отсутствует ВЭС", "text": TEXT, "now": NOW}
SECOND = Account(7, "avr@towers.example", "АВР", "smtp.towers.example", 587, "starttls")


@pytest.fixture(autouse=True)
def _desk(settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_FROM_NAME = "desk@towers.example", "Диспетчерская, АМС"


def automatic(answered: Email, **over) -> Composed:
    return composing.automatic_answer(answered, Mail(**WORDS | {"subject": answered.subject} | over))


def written(answered: Email | None, **over) -> Composed:
    return composing.answer(answered, Mail(**WORDS | {"to": [NOC]} | over))


def opened(composed: Composed) -> EmailMessage:
    message = message_from_bytes(composed.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


# --- Who it is from and to -------------------------------------------------------------------


def test_an_automatic_answer_says_so_in_every_way_programs_know() -> None:
    composed = automatic(make_email())
    message = opened(composed)

    assert composed.envelope_from == ""
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Dispatch-Loop"] == "desk@towers.example"
    read = parse(composed.raw)
    assert read.kind is Kind.AUTOREPLY
    assert len(read.auto_reasons) >= 4


def test_it_goes_to_the_sender_with_the_desk_in_copy() -> None:
    composed = automatic(make_email(from_name="Иванов, НОК", from_email="NOC@operator.example"))
    read = parse(composed.raw)

    assert composed.recipients == ("noc@operator.example", "desk@towers.example")
    assert [(each.name, each.email) for each in read.to] == [("Иванов, НОК", "noc@operator.example")]
    assert [each.email for each in read.cc] == ["desk@towers.example"]
    assert (read.from_name, read.from_email) == ("Диспетчерская, АМС", "desk@towers.example")


def test_it_goes_where_the_sender_wants_answers() -> None:
    asked = make_email(reply_to=[{"name": "", "email": "Shift@operator.example"}])

    assert automatic(asked).recipients[0] == "shift@operator.example"


def test_a_letter_that_a_person_wrote_looks_like_one_to_programs() -> None:
    composed = written(make_email())
    message = opened(composed)

    assert composed.envelope_from == "desk@towers.example"
    assert not [name for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence") if message[name]]
    read = parse(composed.raw)
    assert (read.kind, list(read.auto_reasons)) == (Kind.HUMAN, [])


def test_everybody_gets_it_once_with_the_desk_in_copy() -> None:
    copies = [
        Person("", "NOC@operator.example"),
        Person("", "avr@contractor.example"),
        Person("", "desk@TOWERS.example"),
    ]

    composed = written(None, to=[Person("Иванов, НОК", "noc@operator.example")], copies=copies)

    assert composed.recipients == ("noc@operator.example", "avr@contractor.example", "desk@towers.example")
    read = parse(composed.raw)
    assert read.to[0].name == "Иванов, НОК"
    assert [each.email for each in read.cc] == ["avr@contractor.example", "desk@towers.example"]


def test_by_another_account_it_is_that_ones_letter() -> None:
    composed = written(make_email(), account=SECOND)
    message = opened(composed)

    assert composed.envelope_from == "avr@towers.example"
    assert composed.recipients == ("noc@operator.example", "avr@towers.example")
    assert str(message["From"]) == "АВР <avr@towers.example>"
    assert str(message["Cc"]) == "avr@towers.example"


def test_the_account_of_the_mailbox_it_came_into_is_the_usual_choice() -> None:
    row = SmtpAccount.objects.create(name="АВР", from_address="avr@towers.example", host="smtp.towers.example")

    assert written(make_email()).envelope_from == row.from_address
    assert automatic(make_email()).recipients[-1] == row.from_address


def test_nonsense_in_copy_keeps_nobody_from_the_letter_and_in_to_it_is_refused() -> None:
    broken = Person("x", "noc@operator.example\r\nBcc: victim@operator.example")

    assert written(None, copies=[broken]).recipients == ("noc@operator.example", "desk@towers.example")
    with pytest.raises(WrongAddress):
        written(None, to=[broken])


# --- Conversations ---------------------------------------------------------------------------


def test_it_belongs_to_the_conversation() -> None:
    ids = [f"<{n}@operator.example>" for n in range(30)]
    long = f"<{'a' * 120}@{'b' * 60}.example>"
    read = parse(automatic(make_email(message_id=long, references=ids)).raw)

    assert read.in_reply_to == (long,)
    assert read.references == (ids[0], *ids[-9:], long)


def test_long_ids_stay_as_they_are_in_lines_no_relay_breaks() -> None:
    ids = [f"<{n}{'a' * 200}@operator.example>" for n in range(12)]
    raw = automatic(make_email(message_id=ids[-1], references=ids[:-1], subject="Авария " * 60)).raw

    assert max(len(line) for line in raw.splitlines()) < 998
    assert raw.isascii()
    assert message_from_bytes(raw)["References"].split() == [ids[0], *ids[-10:]]


@pytest.mark.parametrize("made_up", ["<abc@missing.local>", "<abc@long.local>", "<русский@x.example>", "<a b>"])
def test_ids_that_name_nothing_elsewhere_are_left_out(made_up: str) -> None:
    raw = automatic(make_email(message_id=made_up)).raw

    assert b"In-Reply-To" not in raw
    assert b"References" not in raw


def test_the_new_words_are_told_from_the_quotation() -> None:
    asked = make_email(reply_text="\n".join(f"строка {n}" for n in range(40)))
    read = parse(automatic(asked).raw)

    assert "NT-100001 закрыт" in read.reply_text
    assert "строка" not in read.reply_text
    assert "строка 11" in read.text
    assert "строка 12" not in read.text
    assert "18.08.2026 15:00, NOC <noc@operator.example> пишет:" in read.text


def test_a_person_quotes_the_whole_letter_below_the_signature() -> None:
    asked = make_email(text="Нет питания.\n\n> старое\n>> ещё старше", reply_text="Нет питания.")
    read = parse(written(asked).raw)

    assert read.reply_text.endswith("Инцидент NT-100001 закрыт.")
    assert read.signature_text == "-- \nДиспетчерская"
    assert read.quoted_text.endswith("> Нет питания.\n>\n>> старое\n>>> ещё старше")


def test_answers_back_and_forth_keep_one_conversation_one_code_and_a_bounded_size() -> None:
    came = make_email(text="Авария\n" * 2000, message_id="<first@operator.example>")
    sizes = []
    for turn in range(12):
        ours = parse(written(came).raw)
        assert ours.subject == "Re: NT-100001: Отсутствует ВЭС"
        assert (ours.references[0], ours.in_reply_to) == ("<first@operator.example>", (came.message_id,))
        sizes.append(len(ours.text))
        quoted = "\n".join(f"> {line}" for line in ours.text.split("\n"))
        came = make_email(
            message_id=f"<{turn}@operator.example>",
            in_reply_to=[ours.message_id],
            references=[*ours.references, ours.message_id],
            text=f"Ответ {turn}\n\n18.08.2026 16:00, Диспетчерская <desk@towers.example> пишет:\n{quoted}",
            reply_text=f"Ответ {turn}",
        )
    assert max(sizes) < 25_000
    assert len(ours.references) == 11


def test_a_letter_that_answers_nothing_quotes_and_refers_to_nothing() -> None:
    read = parse(composing.answer(None, Mail(**WORDS, to=[NOC])).raw)

    assert (read.in_reply_to, read.references) == ((), ())
    assert "пишет:" not in read.text
    assert read.kind is Kind.HUMAN


def test_a_letter_passed_on_says_whence_it_is_and_begins_a_conversation() -> None:
    original = make_email(cc=[{"name": "", "email": "b@operator.example"}], text="Нет питания.\n> раньше")
    read = parse(composing.forward(original, Mail(**WORDS, to=[Person("", "avr@contractor.example")])).raw)

    assert (read.in_reply_to, read.references) == ((), ())
    assert read.text.endswith(
        "-------- Пересылаемое сообщение --------\n"
        "От: NOC <noc@operator.example>\nДата: 18.08.2026 15:00\nТема: Отсутствует ВЭС\n"
        "Кому: desk@towers.example\nКопия: b@operator.example\n\nНет питания.\n> раньше"
    )
    assert "Нет питания." in read.reply_text, "what is passed on is what the letter is about"


@pytest.mark.parametrize("is_answer", [True, False])
def test_a_notice_is_answered_by_no_program_and_says_when_it_cannot_come(is_answer: bool) -> None:
    answered = make_email() if is_answer else None
    composed = composing.notice(answered, Mail(**WORDS, to=[NOC], copies=[Person("", "b@operator.example")]))
    message, read = opened(composed), parse(composed.raw)

    assert composed.envelope_from == "desk@towers.example"
    assert message["Auto-Submitted"] == ("auto-replied" if is_answer else "auto-generated")
    assert "OOF" in message["X-Auto-Response-Suppress"]
    assert not {"All", "NDR"} & set(message["X-Auto-Response-Suppress"].split(", ")), "Exchange would not tell"
    assert read.auto_reasons
    assert read.in_reply_to == ((answered.message_id,) if answered else ())
    assert composed.recipients == ("noc@operator.example", "b@operator.example", "desk@towers.example")


# --- Words and files -------------------------------------------------------------------------


def test_text_and_html_hold_the_same_words() -> None:
    bodies = list(opened(automatic(make_email(reply_text="Нет питания."))).iter_parts())

    assert [part.get_content_type() for part in bodies] == ["text/plain", "text/html"]
    assert [part.get_content_charset() for part in bodies] == ["utf-8", "utf-8"]
    for words in (bodies[0].get_content(), text_of(bodies[1].get_content())):
        assert "Инцидент NT-100001 закрыт." in words
        assert "Нет питания." in words


def test_words_in_html_stand_in_our_frame_above_the_quotation() -> None:
    html = opened(written(make_email(), html="<p>Инцидент <b>закрыт</b></p>")).get_body(("html",))

    assert html is not None
    content = html.get_content()
    assert content.index("max-width:600px") < content.index("<b>закрыт</b>") < content.index("<blockquote")


def test_files_come_whole_with_their_names() -> None:
    files = [
        File("Акт обследования.pdf", "application/pdf", bytes(range(256)) * 300),
        File("журнал.txt", "text/plain", "Питание\r\n".encode("cp1251")),
        File("что-то", "что-то", b""),
    ]
    composed = written(None, files=files)
    read = parse(composed.raw)

    assert [each.name for each in read.attachments] == [each.name for each in files]
    assert [each.content for each in read.attachments] == [each.content for each in files]
    assert [each.content_type for each in read.attachments] == [
        "application/pdf",
        "text/plain",
        "application/octet-stream",
    ]
    assert [each.get_content_disposition() for each in opened(composed).iter_attachments()] == ["attachment"] * 3
    assert "закрыт" in read.text


@pytest.mark.parametrize(("encoding", "charset"), [("utf-8", "utf-8"), ("cp1251", None)])
def test_a_text_says_how_it_is_written_where_that_is_certain(encoding: str, charset: str | None) -> None:
    composed = written(None, files=[File("a.csv", "text/csv; header=present", "опора".encode(encoding))])
    (attached,) = opened(composed).iter_attachments()

    assert (attached.get_content_type(), attached.get_param("charset")) == ("text/csv", charset)
    assert [each.content for each in parse(composed.raw).attachments] == ["опора".encode(encoding)]


def test_a_letter_in_a_letter_stays_one_unless_it_would_break_on_the_way() -> None:
    plain = letter(text="Power is off", subject="Alarm", sender="noc@operator.example")
    eight_bit = plain.replace(b"Power is off", "Нет питания".encode())
    composed = written(None, files=[File("a.eml", "message/rfc822", each) for each in (plain, eight_bit)])
    read = parse(composed.raw)

    assert [each.content_type for each in read.attachments] == ["message/rfc822", "application/octet-stream"]
    assert read.attachments[0].content.replace(b"\r\n", b"\n") == plain
    assert read.attachments[1].content == eight_bit
    assert composed.raw.isascii()


def test_a_letter_that_no_server_takes_is_not_made(settings) -> None:
    settings.LETTER_MAX_BYTES = 100_000

    with pytest.raises(TooLarge) as error:
        written(None, files=[File("a.bin", "application/octet-stream", bytes(80_000))])

    assert error.value.size > 100_000


@pytest.mark.parametrize("field", ["subject", "from_name", "from_email"])
def test_nobody_writes_headers_through_our_letter(field: str) -> None:
    evil = "x\r\nBcc: victim@operator.example\r\n\r\nbody\x01\u2028"
    over = {field: evil, "reply_to": [{"email": "noc@operator.example"}]}
    raw = automatic(make_email(**over)).raw
    message = message_from_bytes(raw)

    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-replied"
    assert [each.email for each in parse(raw).to] == ["noc@operator.example"]


def test_a_letter_about_no_incident_has_no_code_and_no_copy_for_the_desk() -> None:
    composed = composing.notice(None, Mail(subject="Неделя 34:\r\nитоги", text="Всё в срок.", to=[NOC], now=NOW))

    assert opened(composed)["Subject"] == "Неделя 34: итоги"
    assert composed.recipients == ("noc@operator.example",)
    assert composed.envelope_from == "desk@towers.example"
