"""Why an incident is in error, told in the language of whoever reads it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from dispatchers.roles import Role
from incidents import intake, site_errors
from incidents.models import Incident
from mailbox import inbox
from tests.factories import NOW, make_incident, make_user
from tests.written import letter

pytestmark = pytest.mark.django_db
UNKNOWN = "Отсутствует ВЭС 99999-P-43-1-1"


def come(subject: str) -> Incident:
    inbox.receive(letter(subject), direction="in", received_at=NOW)
    intake.take_all(now=lambda: NOW)
    return Incident.objects.get()


def test_what_the_machine_found_wrong_is_told_in_the_readers_language() -> None:
    incident = come(UNKNOWN)
    assert incident.status.is_error

    with translation.override("ru"):
        russian = site_errors.in_words(incident)
    with translation.override("en"):
        english = site_errors.in_words(incident)

    assert russian == incident.error_reason
    assert english == "No pole starts with 99999-P-43-1-1. Correct the code."


def test_what_a_person_wrote_stays_as_written() -> None:
    incident = come(UNKNOWN)
    incident.error_reason = "Нет такой опоры, жду ответа"

    with translation.override("en"):
        assert site_errors.in_words(incident) == "Нет такой опоры, жду ответа"
        assert site_errors.in_words(make_incident(error_reason="Сам")) == "Сам"
        assert site_errors.in_words(make_incident()) == ""


def test_the_card_and_the_queue_of_mail_problems_tell_it(client: Client) -> None:
    incident = come(UNKNOWN)
    person = make_user(role=Role.DISPATCHER)
    client.force_login(person)
    client.cookies["django_language"] = "en"

    for page in (incident.get_absolute_url(), "/letters/problems/"):
        assert "No pole starts with 99999-P-43-1-1" in client.get(page).content.decode(), page
