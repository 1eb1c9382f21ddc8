"""Every letter that comes with Dispatch, written for incidents as they are: bare, complete, hostile, endless.

tests.our_letters looks at headers, layout and the text twin of each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents import letter_templates, services
from incidents.codes import code_in_subject
from incidents.models import Incident, LetterKind
from mailbox import composing, letter_html
from mailbox.composing import File, Mail, Person
from mailbox.models import Email
from mailbox.parsing import parse
from tests.factories import NOW, make_email, make_incident, make_pole, make_station, make_user
from towers.models import Operator

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\r\nBcc: victim@operator.example\r\n\r\n</td></table>{{ code }}\u202e\x01"
KINDS = [kind for kind in LetterKind if kind != LetterKind.SIGNATURE]


@pytest.fixture(autouse=True)
def _no_reactions(settings) -> None:
    settings.INCIDENT_REACTIONS = {}


def bare() -> Incident:
    return make_incident(requester_email="", subject="")


def complete() -> Incident:
    pole = make_pole("41960-P-43-1-1", latitude=58.873361, longitude=49.404611, address="д. Стулово, ул. Мира, 5")
    station = make_station("KI000075", pole)
    make_station("30-175", pole, operator="МегаФон")
    facts = {"pole": pole, "base_station": station, "operator": Operator.objects.get(name="Т2")}
    incident = make_incident(
        **facts,
        contractor=pole.contractor,
        type="power-rf",
        due_at=NOW + timedelta(hours=24),
        subject="Т2 Нет ВЭС KI0075",
    )
    return with_letters(incident, "Нет питания с 08:40.\n\nНомер БС: KI0075\nАдрес: д. Стулово", "Спасибо, ждём.")


def hostile() -> Incident:
    pole = make_pole("1<b>-P-1", address=HOSTILE, region_ru=HOSTILE.replace("\x01", ""))
    incident = make_incident(pole=pole, contractor=pole.contractor, subject=HOSTILE, requester_name=HOSTILE)
    return with_letters(incident, HOSTILE, "-- \nподпись\n-----Original Message-----\n> цитата")


def endless() -> Incident:
    incident = make_incident(subject="Авария " * 300)
    return with_letters(incident, *("строка без конца " * 3000 for _ in range(3)))


def with_letters(incident: Incident, *texts: str) -> Incident:
    for minutes, text in enumerate(texts):
        at = NOW - timedelta(hours=2, minutes=-minutes)
        clean = text.replace("\x01", "")
        letter = make_email(
            subject=incident.subject, text=clean, reply_text=clean, received_at=at, from_name="Дежурный"
        )
        services.attach_email(incident, letter, way="thread", at=at, thread=letter.pk)
    return incident


def write(kind: LetterKind, incident: Incident) -> EmailMessage:
    words = letter_templates.render(
        kind, incident, by=make_user(), now=NOW, given={"attached": "акт.pdf (1 МБ)", "left_out": ""}
    )
    answered = Email.objects.filter(place__incident=incident).order_by("pk").first()
    composed = composing.notice(
        answered,
        Mail(
            code=incident.code,
            subject=words.subject_tail,
            text=words.text,
            html=words.html,
            to=[Person(incident.requester_name, "noc@operator.example")],
            now=NOW,
            files=[File("акт.pdf", "application/pdf", b"%PDF")],
        ),
    )
    message = message_from_bytes(composed.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("incident_of", [bare, complete, hostile, endless])
@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_letter_is_right_for_every_incident(
    kind: LetterKind, incident_of: Callable[[], Incident]
) -> None:
    incident = incident_of()

    message = write(kind, incident)

    assert code_in_subject(message["Subject"]) == incident.code
    text, html = (message.get_body((each,)).get_content() for each in ("plain", "html"))
    assert incident.code in text
    assert "<script" not in html
    assert "Bcc" not in message
    assert not re.search(r"\bNone\b|\n{4}", text)
    assert letter_html.check(letter_html.paragraphs(text)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_reader_folds_the_signature_and_what_is_answered(kind: LetterKind) -> None:
    incident = complete()

    read = parse(write(kind, incident).as_bytes())

    assert incident.code in read.reply_text
    assert "Диспетчерская служба" not in read.reply_text
    assert read.quoted_text.startswith("18.08.2026 13:00, Дежурный <noc@operator.example> пишет:")
    assert read.auto_reasons


@given(
    st.lists(
        st.sampled_from(
            [
                "NT",
                "NТ",
                "nt",
                "-",
                "–",
                " ",
                "7",
                "12",
                "-K7Q2AB",
                "P",
                "[",
                "]",
                "(",
                ")",
                ":",
                "Re:",
                "Fwd: ",
                "авария",
                "\u00ad",
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_whatever_stood_in_the_subject_ours_names_this_incident_alone(subject: str) -> None:
    ours = composing.answer_subject("NT-200001", subject)

    assert code_in_subject(ours) == "NT-200001"
    assert composing.answer_subject("NT-200001", ours) == ours
