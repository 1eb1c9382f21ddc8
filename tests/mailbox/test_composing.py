"""Letters of ours as other programs read them: by our own reader and by the standard library."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbox import composing
from mailbox.composing import (
    Composed,
    Person,
    answer_subject,
    automatic_answer,
    html_twin,
    new_message_id,
    references,
)
from mailbox.models import Email
from mailbox.parsing import Kind, parse
from tests.factories import NOW, make_email

pytestmark = pytest.mark.django_db

TEXT = "Здравствуйте!\n\nИнцидент NT-100001 закрыт.\n\n-- \nДиспетчерская"


@pytest.fixture(autouse=True)
def _desk(settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_FROM_NAME = "desk@towers.example", "Диспетчерская, АМС"


def answer(answered: Email) -> Composed:
    return automatic_answer(answered, code="NT-100001", subject=answered.subject, text=TEXT, now=NOW)


def test_an_automatic_answer_says_so_in_every_way_programs_know() -> None:
    composed = answer(make_email())
    message = message_from_bytes(composed.raw, policy=default)

    assert composed.envelope_from == ""
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Dispatch-Loop"] == "desk@towers.example"
    read = parse(composed.raw)
    assert read.kind is Kind.AUTOREPLY
    assert len(read.auto_reasons) >= 4


def test_it_goes_to_the_sender_with_the_desk_in_copy() -> None:
    composed = answer(make_email(from_name="Иванов, НОК", from_email="NOC@operator.example"))
    read = parse(composed.raw)

    assert composed.recipients == ("noc@operator.example", "desk@towers.example")
    assert [(each.name, each.email) for each in read.to] == [("Иванов, НОК", "noc@operator.example")]
    assert [each.email for each in read.cc] == ["desk@towers.example"]
    assert (read.from_name, read.from_email) == ("Диспетчерская, АМС", "desk@towers.example")


def test_it_goes_where_the_sender_wants_answers() -> None:
    asked = make_email(reply_to=[{"name": "", "email": "Shift@operator.example"}])

    assert answer(asked).recipients[0] == "shift@operator.example"


def test_it_belongs_to_the_conversation() -> None:
    ids = [f"<{n}@operator.example>" for n in range(30)]
    long = f"<{'a' * 120}@{'b' * 60}.example>"
    read = parse(answer(make_email(message_id=long, references=ids)).raw)

    assert read.in_reply_to == (long,)
    assert read.references == (ids[0], *ids[-9:], long)


def test_long_ids_stay_as_they_are_in_lines_no_relay_breaks() -> None:
    ids = [f"<{n}{'a' * 200}@operator.example>" for n in range(12)]
    raw = answer(make_email(message_id=ids[-1], references=ids[:-1], subject="Авария " * 60)).raw

    assert max(len(line) for line in raw.splitlines()) < 998
    assert raw.isascii()
    assert message_from_bytes(raw)["References"].split() == [ids[0], *ids[-10:]]


@pytest.mark.parametrize("made_up", ["<abc@missing.local>", "<abc@long.local>", "<русский@x.example>", "<a b>"])
def test_ids_that_name_nothing_elsewhere_are_left_out(made_up: str) -> None:
    raw = answer(make_email(message_id=made_up)).raw

    assert b"In-Reply-To" not in raw
    assert b"References" not in raw


def test_without_references_the_thread_is_known_by_what_was_answered() -> None:
    assert references(make_email(message_id="<2@x.example>", in_reply_to=["<1@x.example>"])) == [
        "<1@x.example>",
        "<2@x.example>",
    ]


@pytest.mark.parametrize(
    "subject",
    [
        "Т2 Отсутствует ВЭС KI0075",
        "Re: Т2 Отсутствует ВЭС KI0075",
        "RE: Отв: NT-100001: Т2 Отсутствует ВЭС KI0075",
        "NT-100001: Re: NT-100001: Т2 Отсутствует ВЭС KI0075",
        "Re: [NT-100001] Т2 Отсутствует ВЭС KI0075",
        "Fwd: nt–100001 : NT-99: Т2 Отсутствует ВЭС KI0075",
        "Re: NT-100001-K7Q2AB: Т2 Отсутствует ВЭС KI0075",
        "Т2 Отсутствует ВЭС KI0075 (NT-100001)",
    ],
)
def test_one_prefix_and_one_code_stand_before_the_subject(subject: str) -> None:
    assert answer_subject("NT-100001", subject) == "Re: NT-100001: Т2 Отсутствует ВЭС KI0075"


def test_a_subject_of_nothing_but_marks_leaves_the_code() -> None:
    assert answer_subject("NT-100001", "Re: NT-100001:") == "Re: NT-100001"


@given(st.text(alphabet=st.sampled_from("RrEe: NTnt-1234[]().–Отвавария\r\n"), max_size=60))
def test_answering_an_answer_changes_no_subject(subject: str) -> None:
    once = answer_subject("NT-100001", subject)

    assert answer_subject("NT-100001", once) == once


@pytest.mark.parametrize("field", ["subject", "from_name", "from_email"])
def test_nobody_writes_headers_through_our_letter(field: str) -> None:
    evil = "x\r\nBcc: victim@operator.example\r\n\r\nbody\x01\u2028"
    over = {field: evil, "reply_to": [{"email": "noc@operator.example"}]}
    raw = answer(make_email(**over)).raw
    message = message_from_bytes(raw)

    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-replied"
    assert [each.email for each in parse(raw).to] == ["noc@operator.example"]


def test_the_new_words_are_told_from_the_quotation() -> None:
    asked = make_email(reply_text="\n".join(f"строка {n}" for n in range(40)))
    read = parse(answer(asked).raw)

    assert "NT-100001 закрыт" in read.reply_text
    assert "строка" not in read.reply_text
    assert "строка 11" in read.text
    assert "строка 12" not in read.text
    assert "18.08.2026 15:00, NOC <noc@operator.example> пишет:" in read.text


def test_the_twin_in_html_says_the_same_without_anything_to_load_or_run() -> None:
    html = html_twin("<script>alert(1)</script>\n\nвторой", ("кто <a@b.example>", "<b>цитата</b>\nдальше"))

    assert not re.search(r"<style|<script|<img|<link|class=|https?:|<b>|javascript", html)
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;цитата&lt;/b&gt;<br>дальше" in html
    assert "max-width:600px" in html


def test_text_and_html_hold_the_same_words() -> None:
    message = message_from_bytes(answer(make_email(reply_text="Нет питания.")).raw, policy=default)
    bodies = [part.get_content() for part in message.iter_parts()]

    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for body in bodies:
        assert "Инцидент NT-100001 закрыт." in body
        assert "Нет питания." in body


def test_ids_are_our_own_and_never_the_same() -> None:
    assert len({new_message_id() for _ in range(100)}) == 100
    assert new_message_id().endswith("@towers.example>")


def written(answered: Email | None, to: list[Person], copies: list[Person]) -> Composed:
    words = {"code": "NT-100001", "subject": "Отсутствует ВЭС", "text": TEXT}
    return composing.answer(answered, **words, to=to, copies=copies, now=NOW)


def test_a_letter_that_a_person_wrote_looks_like_one_to_programs() -> None:
    composed = written(make_email(), [Person("НОК", "noc@operator.example")], [])
    message = message_from_bytes(composed.raw, policy=default)

    assert composed.envelope_from == "desk@towers.example"
    assert not [name for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence") if message[name]]
    read = parse(composed.raw)
    assert (read.kind, list(read.auto_reasons)) == (Kind.HUMAN, [])


def test_everybody_gets_it_once_with_the_desk_in_copy() -> None:
    to, copies = [Person("Иванов, НОК", "noc@operator.example")], [Person("", "NOC@operator.example")]

    composed = written(None, to, [*copies, Person("", "avr@contractor.example")])

    assert composed.recipients == ("noc@operator.example", "avr@contractor.example", "desk@towers.example")
    read = parse(composed.raw)
    assert read.to[0].name == "Иванов, НОК"
    assert [each.email for each in read.cc][1:] == ["avr@contractor.example", "desk@towers.example"]


def test_a_letter_that_answers_nothing_quotes_and_refers_to_nothing() -> None:
    read = parse(written(None, [Person("", "noc@operator.example")], []).raw)

    assert (read.in_reply_to, read.references) == ((), ())
    assert "пишет:" not in read.text
