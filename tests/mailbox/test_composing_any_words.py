"""Whatever strangers write into names, subjects, addresses, ids and files, the letter is the one that was meant."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox import composing
from mailbox.composing import Composed, File, Mail, Person
from mailbox.letter_headers import file_name
from mailbox.models import Email
from mailbox.parsing import parse
from tests.factories import NOW

pytestmark = pytest.mark.django_db

WORDS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from('\r\n\t "\\<>,;:()[]=?@.Ж\u202e\u2028\u00ad\x00>-')),
    max_size=80,
)
LINES = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\r\n> :-Ж<&")), max_size=400)
MARKS = {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Dispatch-Loop"}
HEADERS = {"Date", "From", "To", "Cc", "Subject", "Message-ID", "MIME-Version", "Content-Type"}


@st.composite
def answered(draw: st.DrawFn) -> Email:
    return Email(
        subject=draw(WORDS),
        from_name=draw(WORDS),
        from_email=draw(WORDS),
        to=[{"name": draw(WORDS), "email": draw(WORDS)}],
        cc=[{"name": draw(WORDS), "email": draw(WORDS)}],
        reply_to=[{"name": draw(WORDS), "email": "noc@operator.example"}],
        message_id=draw(st.one_of(WORDS, WORDS.map(lambda each: f"<{each}@operator.example>"))),
        references=draw(st.lists(st.one_of(WORDS, WORDS.map(lambda each: f"<{each}>")), max_size=15)),
        text=draw(LINES),
        reply_text=draw(LINES),
        received_at=NOW,
    )


@settings(max_examples=60, deadline=None)
@given(answered=answered(), text=LINES, name=WORDS, copy=WORDS, file=WORDS, kind=WORDS)
@pytest.mark.parametrize("write", [composing.answer, composing.forward, composing.notice])
def test_a_letter_has_the_headers_people_and_files_that_were_meant(
    write, answered: Email, text: str, name: str, copy: str, file: str, kind: str
) -> None:
    mail = Mail(
        code="NT-100001",
        subject=answered.subject,
        text=text,
        to=[Person(name, "noc@operator.example"), Person(answered.from_name, "b.c@operator.example")],
        copies=[Person(name, copy)],
        files=[File(file, kind, text.encode())],
        now=NOW,
    )
    composed = write(answered, mail)
    message = _read(composed)

    assert set(message.keys()) - MARKS - {"In-Reply-To", "References"} == HEADERS
    assert message["Subject"] == composing.answer_subject("NT-100001", answered.subject)
    assert [each.addr_spec for each in message["To"].addresses] == ["noc@operator.example", "b.c@operator.example"]
    copies = [copy] if composing.is_address(copy) else []
    assert [each.addr_spec for each in message["Cc"].addresses] == [*copies, "desk@towers.example"]
    assert composed.recipients[:2] == ("noc@operator.example", "b.c@operator.example")
    assert not {"\u202e", "\x00"} & set(message.get_body(("plain",)).get_content())
    attached = list(message.iter_attachments())
    assert [each.get_filename() for each in attached] == [file_name(file)]
    assert [each.content for each in parse(composed.raw).attachments] == [text.encode()]


@settings(max_examples=60, deadline=None)
@given(answered=answered(), text=LINES)
def test_an_automatic_one_has_them_too(answered: Email, text: str) -> None:
    composed = composing.automatic_answer(
        answered, Mail(code="NT-100001", subject=answered.subject, text=text, now=NOW)
    )
    message = _read(composed)

    assert set(message.keys()) - {"In-Reply-To", "References"} == HEADERS | MARKS | {"Precedence"}
    assert composed.recipients == ("noc@operator.example", "desk@towers.example")
    read = parse(composed.raw)
    assert set(read.references) <= {*answered.references, answered.message_id}
    assert [each.email for each in read.to] == ["noc@operator.example"]


@pytest.fixture(autouse=True)
def _desk(settings) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_FROM_NAME = "desk@towers.example", "Диспетчерская, АМС"


def _read(composed: Composed) -> EmailMessage:
    message = message_from_bytes(composed.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message
