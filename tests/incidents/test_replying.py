"""What a letter from the card starts from: whom it reaches by its kind, how a draft goes on, what addresses are."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import drafts, replying
from incidents.models import Draft, Incident, IncidentEmail
from incidents.reply_forms import PeopleField, line_of
from mailbox.composing import Person
from mailbox.models import Attachment, Email
from tests.factories import NOW, make_email, make_incident, make_pole, make_user
from tests.written import DESK

pytestmark = pytest.mark.django_db
NOC = "NOC <noc@operator.example>"


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", DESK


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


def put(incident: Incident, **over: Any) -> Email:
    email = make_email(**over)
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    return email


def give_file(email: Email, name: str = "акт.pdf") -> Attachment:
    facts: dict[str, Any] = {"content_type": "application/pdf", "size": 10, "sha256": "0" * 64}
    return Attachment.objects.create(email=email, name=name, **facts)


WRITTEN = [{"name": "", "email": DESK}, {"name": "Смена", "email": "shift@operator.example"}]
ENERGO = [{"name": "", "email": "Energo@operator.example"}]


@pytest.mark.parametrize(
    ("kind", "to", "copies"),
    [
        ("reply", NOC, ""),
        ("all", NOC, "Смена <shift@operator.example>, Energo@operator.example"),
        ("forward", "", ""),
        ("new", "", ""),
        ("nonsense", NOC, ""),
    ],
)
def test_each_kind_of_letter_names_its_people_and_never_the_desk(me: User, kind: str, to: str, copies: str) -> None:
    incident = make_incident()
    put(incident, from_name="NOC", to=WRITTEN, cc=ENERGO)

    begun = replying.begin(incident, me, kind=kind)

    assert (begun.values["to"], begun.values["copies"]) == (to, copies)
    assert (begun.answered is None) == (kind == "new")


def test_who_answers_the_writer_alone_is_shown_whom_he_leaves_out(me: User) -> None:
    incident = make_incident()
    put(incident, from_name="NOC", to=WRITTEN, cc=ENERGO)

    assert line_of(replying.begin(incident, me).left_out) == "Смена <shift@operator.example>, Energo@operator.example"
    assert not replying.begin(incident, me, kind="all").left_out


def test_an_answer_goes_where_the_sender_wants_answers(me: User) -> None:
    incident = make_incident()
    put(incident, from_email="robot@operator.example", reply_to=[{"name": "Смена", "email": "shift@operator.example"}])

    assert replying.begin(incident, me).values["to"] == "Смена <shift@operator.example>"


def test_what_goes_on_from_our_own_letter_goes_to_the_same_people(me: User) -> None:
    incident = make_incident()
    ours = put(incident, direction="out", from_email=DESK, to=[{"name": "", "email": "avr@contractor.example"}])

    begun = replying.begin(incident, me, str(ours.pk))

    assert (begun.answered, begun.values["to"]) == (ours, "avr@contractor.example")


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


def test_an_incident_by_phone_begins_a_conversation_about_its_subject(me: User) -> None:
    incident = make_incident(requester_email="", subject="Нет питания")

    begun = replying.begin(incident, me)

    assert (begun.answered, begun.values["to"], begun.values["subject"]) == (None, "", "Нет питания")


def test_the_subject_is_shown_without_prefixes_and_codes(me: User) -> None:
    incident = make_incident()
    put(incident, subject=f"Fwd: Re: {incident.code}: Отсутствует ВЭС")

    assert replying.begin(incident, me).values["subject"] == "Отсутствует ВЭС"


def test_a_letter_that_is_passed_on_takes_its_files_along(me: User) -> None:
    incident = make_incident()
    first, last = put(incident), put(incident, received_at=NOW.replace(hour=13))
    of_first, of_last = give_file(first), give_file(last, "фото.jpg")

    begun = replying.begin(incident, me, kind="forward")

    assert begun.values["attach"] == [str(of_last.pk)]
    assert [group.files for group in begun.letter_files] == [[of_last], [of_first]]
    assert replying.begin(incident, me).values["attach"] == []


def test_contractor_requester_and_whoever_wrote_are_offered_unless_they_are_written_to(me: User) -> None:
    pole = make_pole(contractor_emails=["avr@contractor.example"])
    incident = make_incident(pole=pole, requester_email="noc@operator.example", requester_name="NOC")
    put(incident, to=WRITTEN)

    offered = {each.person.email: each.role for each in replying.begin(incident, me).offered}

    assert offered == {"avr@contractor.example": "contractor", "shift@operator.example": ""}
    new = replying.begin(incident, me, kind="new").offered
    assert [each.person.email for each in new][:2] == ["noc@operator.example", "avr@contractor.example"]


def test_a_form_costs_the_same_however_many_letters_there_are(me: User) -> None:
    incident = make_incident()
    queries = []
    for _round in range(2):
        for n in range(6):
            give_file(put(incident, from_email=f"n{n}@operator.example"))
        with CaptureQueriesContext(connection) as asked:
            replying.begin(Incident.objects.select_related("pole").get(pk=incident.pk), me)
        queries.append(len(asked))

    assert queries[0] == queries[1] <= 13


# --- Drafts -----------------------------------------------------------------------------------


def keep(incident: Incident, person: User, letter: Email, **over: Any) -> None:
    form = {"kind": "forward", "letter": str(letter.pk), "to": "avr@contractor.example", "copies": "", "subject": "АВР"}
    drafts.keep(incident, person, "Прошу выехать", at=NOW, field=Draft.Field.LETTER, form={**form, **over})


def test_a_draft_goes_on_as_it_was_left(me: User) -> None:
    incident = make_incident()
    first, _last = put(incident), put(incident, received_at=NOW.replace(hour=13))
    file = give_file(first)
    keep(incident, me, first, attach=[str(file.pk)])

    begun = replying.begin(incident, me)

    assert (begun.kind, begun.answered) == ("forward", first)
    values = begun.values
    assert (values["to"], values["subject"], values["text"]) == ("avr@contractor.example", "АВР", "Прошу выехать")
    assert values["attach"] == [str(file.pk)]


def test_another_kind_or_letter_takes_the_words_along_and_nobody_else(me: User) -> None:
    incident = make_incident()
    first, last = put(incident), put(incident, received_at=NOW.replace(hour=13))
    keep(incident, me, first)

    for begun in (replying.begin(incident, me, kind="reply"), replying.begin(incident, me, str(last.pk), "reply")):
        assert (begun.answered, begun.values["to"], begun.values["text"]) == (last, NOC, "Прошу выехать")


def test_a_draft_of_a_colleague_is_his(me: User) -> None:
    incident = make_incident()
    keep(incident, make_user(), put(incident))

    assert replying.begin(incident, me).values["text"] == ""


# --- Lines of addresses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["noc", "noc@", "noc@operator", "Иван <ivan@x", "a@b.example c@d.example", "почта@домен.рф", "<>"],
)
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
