"""Why a letter is not written: said before the step, with what helps, in the reader's language."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from dispatchers.models import User
from incidents import bulk, notice_doors, notice_words, services, site_errors
from incidents.errors import DomainError
from incidents.models import Incident, Status, Transition
from incidents.notice_refusals import Code, doubt, refusal
from mailbox.models import BadAddress, Outgoing
from tests.factories import NOW, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db
AVR = "avr@contractor.example"


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"
    settings.INCIDENT_REACTIONS = {"sending": ["incidents.notices.on_status"]}


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def incident() -> Incident:
    pole = make_pole(contractor_emails=[AVR])
    return make_incident(status="inProgress", type="power-rf", pole=pole, contractor=pole.contractor)


def code(kind: str, incident: Incident) -> str:
    reason = refusal(kind, incident, NOW)
    return reason.code if reason else ""


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def test_with_all_that_is_needed_nothing_is_in_the_way(incident: Incident) -> None:
    assert [code(kind, incident) for kind in ("accepted", "handed_over", "closed")] == ["", "", ""]


def test_nobody_to_hand_over_to(incident: Incident) -> None:
    assert incident.pole is not None
    incident.pole.contractor_emails = ["", "no address", "desk@towers.example"]
    assert code("handed_over", incident) == Code.NO_EMAIL
    incident.pole.contractor_excluded = True
    assert code("handed_over", incident) == Code.EXCLUDED
    incident.pole.contractor = None
    assert code("handed_over", incident) == Code.NO_CONTRACTOR
    incident.pole = None
    assert code("handed_over", incident) == Code.NO_POLE
    assert code("accepted", incident) == ""


def test_without_a_type_neither_operator_nor_contractor_is_told_but_the_end_is(incident: Incident) -> None:
    incident.type = None
    assert [code(kind, incident) for kind in ("accepted", "handed_over", "closed")] == [Code.NO_TYPE, Code.NO_TYPE, ""]


def test_registered_by_hand_without_an_address(incident: Incident) -> None:
    incident.requester_email = ""
    assert code("accepted", incident) == code("closed", incident) == Code.NO_ADDRESS


def test_without_a_server_nothing_is_written(incident: Incident, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert code("accepted", incident) == Code.OFF


def test_an_address_that_letters_came_back_from_is_a_doubt_for_a_month(incident: Incident) -> None:
    BadAddress.objects.create(address="noc@operator.example", at=NOW - timedelta(days=1), said="550 5.1.1")
    found = doubt("accepted", incident, NOW)
    assert found
    assert (found.code, found.facts["said"]) == (Code.BAD_ADDRESS, "550 5.1.1")
    assert doubt("accepted", incident, NOW + timedelta(days=40)) is None
    assert code("accepted", incident) == ""


def test_one_good_address_of_several_is_enough(incident: Incident) -> None:
    assert incident.pole is not None
    incident.pole.contractor_emails = [AVR, "second@contractor.example"]
    BadAddress.objects.create(address=AVR, at=NOW)
    assert doubt("handed_over", incident, NOW) is None


def test_a_person_is_refused_before_anything_changes(incident: Incident, me: User) -> None:
    incident.type = None
    incident.save()
    with pytest.raises(DomainError) as refused:
        services.change_status(incident, status("uvedomlaemOperatora"), by=me, at=NOW)

    assert refused.value.user_message == notice_words.sentence(notice_words.Reason(Code.NO_TYPE))
    assert Incident.objects.get().status.key == "inProgress"
    assert not Outgoing.objects.exists()


def test_of_many_at_once_each_refusal_is_named(incident: Incident, me: User) -> None:
    typeless = make_incident(status="inProgress")
    doubtful = make_incident(status="inProgress", type="power-rf", requester_email="gone@operator.example")
    BadAddress.objects.create(address="gone@operator.example", at=timezone.now())
    chosen = [bulk.Chosen(each.code, 10**9) for each in (incident, typeless, doubtful)]
    deed = bulk.change_status(status("uvedomlaemOperatora"), "")
    result = bulk.carry_out(chosen, deed, by=me, at=timezone.now())

    assert result.codes == [incident.code]
    assert [each.code for each in result.refused] == [typeless.code, doubtful.code]
    assert "gone@operator.example" in result.refused[1].reason


def test_what_is_wrong_is_told_in_the_language_of_whoever_reads_it(incident: Incident) -> None:
    assert incident.pole is not None
    incident.pole.contractor_emails = []
    incident.pole.save()
    with translation.override("ru"):
        services.change_status(incident, status("peredatPodradciku"), by=None, at=timezone.now())
    stored = Incident.objects.get(pk=incident.pk)

    assert stored.status.is_error
    for language in ("ru", "en"):
        with translation.override(language):
            reason = notice_words.of_facts(stored.error_facts)
            assert reason
            assert site_errors.in_words(stored) == notice_words.sentence(reason)


def test_a_reason_that_a_person_wrote_since_is_not_replaced(incident: Incident, me: User) -> None:
    incident.error_facts = {"code": "no_type", "facts": {}}
    incident.save()
    services.raise_error(incident, reason="Ждём подрядчика", by=me, at=NOW)

    assert site_errors.in_words(Incident.objects.get()) == "Ждём подрядчика"


def doors(incident: Incident, now: datetime = NOW) -> dict[int, notice_doors.Door]:
    return notice_doors.of_steps(incident, Transition.objects.filter(from_status=incident.status), now)


def test_doors_say_what_opens_them(incident: Incident) -> None:
    incident.requester_email = ""
    door = doors(incident)[status("uvedomlaemOperatora").pk]
    assert door.wants_address
    assert not door.may_insist
    assert doors(incident)[status("peredatPodradciku").pk].is_plain
    assert status("closed").pk not in doors(incident)


def test_the_last_letter_asks_what_was_done(incident: Incident) -> None:
    incident.status = status("peredanoPodradciku")
    door = doors(incident)[status("uvedomitOZakrytii").pk]
    assert (door.asks_what, door.wrong, door.is_plain) == (True, "", False)


@pytest.mark.parametrize("every", list(Code))
def test_every_code_has_words_and_advice(every: Code) -> None:
    facts = dict.fromkeys(("pole", "contractor", "address", "said", "to", "size"), "x")
    reason = notice_words.Reason(every, {**facts, "at": NOW.isoformat()})
    assert "%(" not in notice_words.sentence(reason)
    assert notice_words.advice(reason)
