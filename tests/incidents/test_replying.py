"""A letter from the card: whom it answers and reaches, what it carries, and that it leaves once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import drafts, intake, replying
from incidents.errors import DomainError
from incidents.models import Draft, Incident, IncidentEmail
from incidents.reply_forms import PeopleField, line_of
from mailbox import inbox, store
from mailbox.composing import Person
from mailbox.models import Email, Outgoing
from mailbox.parsing import Kind, parse
from tests.factories import NOW, make_email, make_incident, make_user
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db
NOC = Person("NOC", "noc@operator.example")


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", DESK
    settings.EMAIL_FROM_NAME = "Диспетчерская"


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


def put(incident: Incident, **over: Any) -> Email:
    email = make_email(**over)
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    return email


def send(incident: Incident, by: User, answered: Email | None = None, text: str = "Бригада выехала.") -> Outgoing:
    queued = replying.send(incident, text, answered=answered, to=[NOC], copies=[], by=by, at=NOW)
    assert queued is not None
    return queued


def test_an_answer_goes_to_the_sender_and_to_everybody_he_wrote_to_but_us(me: User) -> None:
    incident = make_incident()
    written = [{"name": "", "email": DESK}, {"name": "Смена", "email": "shift@operator.example"}]
    put(incident, from_name="NOC", to=written, cc=[{"name": "", "email": "Energo@operator.example"}])

    begun = replying.begin(incident, me)

    assert begun.to == [NOC]
    assert [each.email for each in begun.copies] == ["shift@operator.example", "Energo@operator.example"]


def test_an_answer_goes_where_the_sender_wants_answers(me: User) -> None:
    incident = make_incident()
    put(incident, from_email="robot@operator.example", reply_to=[{"name": "Смена", "email": "shift@operator.example"}])

    assert replying.begin(incident, me).to == [Person("Смена", "shift@operator.example")]


def test_what_goes_on_from_our_own_letter_goes_to_the_same_people(me: User) -> None:
    incident = make_incident()
    ours = put(incident, direction="out", from_email=DESK, to=[{"name": "", "email": "avr@contractor.example"}])

    begun = replying.begin(incident, me, str(ours.pk))

    assert (begun.answered, [each.email for each in begun.to]) == (ours, ["avr@contractor.example"])


def test_the_last_letter_of_a_person_is_answered_unless_another_is_named(me: User) -> None:
    incident = make_incident()
    first = put(incident, received_at=NOW)
    last = put(incident, received_at=NOW.replace(hour=13))
    put(incident, received_at=NOW.replace(hour=14), kind="autoreply")
    strange = make_email()

    assert replying.begin(incident, me).answered == last
    assert replying.begin(incident, me, str(first.pk)).answered == first
    for nonsense in (str(strange.pk), "x", "-1", "9" * 30, "²"):
        assert replying.begin(incident, me, nonsense).answered == last


def test_an_incident_by_phone_begins_a_conversation(me: User) -> None:
    incident = make_incident(requester_email="", subject="Нет питания")

    begun = replying.begin(incident, me)
    queued = send(incident, me)

    assert (begun.answered, begun.to, begun.subject) == (None, [], f"Re: {incident.code}: Нет питания")
    assert queued.email.in_reply_to == []
    assert queued.email.place.thread == queued.email.pk


def test_the_letter_carries_the_code_the_thread_the_person_and_the_desk(me: User) -> None:
    incident = make_incident()
    asked = put(incident, subject="Fwd: Отсутствует ВЭС", message_id="<asked@operator.example>")

    queued = send(incident, me, asked)

    read = parse(store.read(queued.email.sha256))
    assert read.subject == f"Re: {incident.code}: Отсутствует ВЭС"
    assert list(read.in_reply_to) == ["<asked@operator.example>"]
    assert [each.email for each in read.cc] == [DESK]
    assert read.reply_text == "Бригада выехала."
    assert "Анна Крылова" in read.text
    assert "> Нет питания." in read.text
    # A person wrote it: programs may answer it, and what cannot be delivered comes back to us.
    assert read.kind is Kind.HUMAN
    assert read.auto_reasons == ()
    assert (queued.envelope_from, queued.is_automatic) == (DESK, False)
    assert [each["address"] for each in queued.recipients] == ["noc@operator.example", DESK]


def test_it_stands_in_its_conversation_by_whoever_wrote_it_and_the_draft_is_gone(me: User) -> None:
    incident = make_incident(letter_count=1)
    asked = put(incident)
    drafts.keep(incident, me, "Бригада", at=NOW, field=Draft.Field.LETTER)
    drafts.keep(incident, me, "себе", at=NOW)

    queued = send(incident, me, asked)

    incident.refresh_from_db()
    assert incident.letter_count == 2
    assert incident.first_action_at == NOW
    assert queued.email.place.thread == asked.place.thread
    event = incident.events.get()
    assert (event.kind, event.actor, event.data["email"]) == ("letter", me, queued.email_id)
    assert list(Draft.objects.values_list("text", flat=True)) == ["себе"]


def test_its_copy_from_the_mailbox_is_the_same_letter(me: User) -> None:
    incident = make_incident()
    queued = send(incident, me, put(incident))

    inbox.receive(store.read(queued.email.sha256), direction="out", received_at=timezone.now())
    intake.take_all(now=timezone.now)

    assert incident.letters.count() == 2
    assert Incident.objects.count() == 1


def test_the_answer_of_the_operator_joins_by_its_thread(me: User) -> None:
    incident = make_incident()
    queued = send(incident, me, put(incident))

    raw = letter("спасибо", "Ждём.", sender="shift@elsewhere.example", answers=queued.email.message_id)
    inbox.receive(raw, direction="in", received_at=timezone.now())
    intake.take_all(now=timezone.now)

    assert incident.letters.filter(email__subject="спасибо").exists()


def test_without_a_server_nothing_is_stored(me: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    incident = make_incident()

    with pytest.raises(DomainError):
        send(incident, me)

    assert not replying.is_possible()
    assert (Outgoing.objects.count(), incident.letters.count(), incident.events.count()) == (0, 0, 0)


def test_nothing_is_sent_from_an_incident_that_lives_on_elsewhere(me: User) -> None:
    target = make_incident()

    with pytest.raises(DomainError, match=target.code):
        send(make_incident(merged_into=target), me)

    assert not Outgoing.objects.exists()


@pytest.mark.parametrize("typed", ["noc", "noc@", "Иван <ivan@x", "a@b.example c@d.example", "почта@домен.рф", "<>"])
def test_what_is_no_address_is_named(typed: str) -> None:
    with pytest.raises(ValidationError, match=r"не адрес|is not"):
        PeopleField().clean(f"ok@operator.example, {typed}")


NAMES = st.text("Аяb1 ,;.\"'<>()-", max_size=20)
ADDRESSES = st.sampled_from(["a@x.example", "A@X.example", "b.c+d@y.example", "e_f@z.example"])


@given(st.lists(st.tuples(NAMES, ADDRESSES), max_size=6))
def test_a_line_of_people_can_be_read_back(people: list[tuple[str, str]]) -> None:
    shown = [Person(*each) for each in people]

    read = PeopleField(required=False).clean(line_of(shown))

    assert [each.email for each in read] == list({each.email.lower(): each.email for each in shown}.values())
