"""Whom an automatic letter goes to."""

from __future__ import annotations

from typing import Any

import pytest

from incidents import notice_people
from incidents.models import Incident, IncidentEmail
from mailbox.models import Email
from tests.factories import make_email, make_incident, make_pole

pytestmark = pytest.mark.django_db
OWN = frozenset({"desk@towers.example"})


def talk(incident: Incident, way: str = "opened", **over: Any) -> Email:
    email = make_email(**over)
    IncidentEmail.objects.create(incident=incident, email=email, way=way, thread=email.pk)
    return email


def people(*addresses: str) -> list[dict[str, str]]:
    return [{"name": "", "email": each} for each in addresses]


def addresses(some: Any) -> list[str]:
    return [each.email for each in some]


def test_the_answer_goes_where_the_first_sender_wants_it() -> None:
    incident = make_incident()
    first = talk(
        incident,
        reply_to=[{"name": "Смена", "email": "Shift@operator.example"}],
        to=people("desk@towers.example", "duty@operator.example"),
        cc=people("boss@operator.example", "duty@operator.example", "SHIFT@operator.example"),
    )
    talk(incident, "thread", from_email="avr@contractor.example")

    found = notice_people.to_operator(incident, OWN)

    assert (found.to[0].name, found.to[0].email) == ("Смена", "shift@operator.example")
    assert addresses(found.copies) == ["duty@operator.example", "boss@operator.example"]
    assert found.answered == first


def test_whoever_was_put_right_on_the_card_gets_it_and_the_sender_a_copy() -> None:
    incident = make_incident(requester_email="noc@t2.example", requester_name="NOC")
    first = talk(incident, from_email="colleague@partner.example", to=people("desk@towers.example"))

    found = notice_people.to_operator(incident, OWN)

    assert (addresses(found.to), addresses(found.copies)) == (["noc@t2.example"], ["colleague@partner.example"])
    assert found.answered == first


def test_registered_by_hand_it_begins_a_conversation_with_the_caller() -> None:
    incident = make_incident(registration=Incident.Registration.MANUAL, requester_email="caller@operator.example")
    talk(incident, "hand", from_email="other@operator.example")

    found = notice_people.to_operator(incident, OWN)

    assert (addresses(found.to), found.copies, found.answered) == (["caller@operator.example"], (), None)


def test_the_desk_never_writes_to_itself_or_to_what_is_no_address() -> None:
    incident = make_incident(requester_email="desk@towers.example")
    talk(incident, from_email="desk@towers.example", to=people("desk@towers.example", "не адрес", "a b@c.example"))

    assert notice_people.envelopes("accepted", incident) == []


def test_a_forged_header_full_of_people_makes_no_mailing() -> None:
    incident = make_incident()
    talk(incident, cc=people(*(f"n{n}@operator.example" for n in range(200))))

    assert len(notice_people.to_operator(incident, OWN).copies) == notice_people.MOST_PEOPLE


def test_the_contractor_hears_of_the_end_only_if_he_was_engaged() -> None:
    pole = make_pole(contractor_emails=["avr@contractor.example"])
    incident = make_incident(pole=pole, contractor=pole.contractor)
    assert [each.audience for each in notice_people.envelopes("closed", incident)] == ["operator"]

    incident.handed_over_at = incident.opened_at
    assert [each.audience for each in notice_people.envelopes("closed", incident)] == ["operator", "contractor"]
