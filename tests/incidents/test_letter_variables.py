"""What names of templates mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from incidents.letter_variables import VARIABLES, Facts, length, moment, values
from tests.factories import NOW, make_incident, make_pole, make_station
from towers.models import Contractor


def said(incident: Any, *names: str, **given: str) -> dict[str, Any]:
    return values(Facts(incident, None, NOW, given), names)


@pytest.mark.parametrize(
    ("zone", "words"), [("Europe/Moscow", "18.08.2026 15:00 (UTC+3)"), ("Asia/Kolkata", "18.08.2026 17:30 (UTC+5:30)"),
                        ("America/New_York", "18.08.2026 08:00 (UTC-4)"), ("UTC", "18.08.2026 12:00 (UTC+0)")],
)  # fmt: skip
def test_moments_say_their_zone(settings: Any, zone: str, words: str):
    settings.TIME_ZONE = zone

    assert moment(datetime(2026, 8, 18, 12, 0, tzinfo=UTC)) == words


@pytest.mark.parametrize(
    ("minutes", "words"), [(240, "4 ч"), (1440, "24 ч"), (2880, "2 сут"), (90, "1 ч 30 мин"), (0, "0 мин")]
)
def test_spans_are_said_as_people_say_them(minutes: int, words: str):
    assert length(timedelta(minutes=minutes)) == words


def test_names_of_a_group_stand_together() -> None:
    groups = [str(group) for group, _names in groupby(VARIABLES.values(), key=lambda each: each.group)]

    assert len(groups) == len(set(groups))


@pytest.mark.django_db
def test_addresses_of_another_contractor_are_not_named():
    pole = make_pole(contractor_emails=["avr@contractor.example"])
    other = Contractor.objects.create(name="ООО «Прежний»")

    assert said(make_incident(pole=pole, contractor=pole.contractor), "contractor_emails")["contractor_emails"]
    assert said(make_incident(pole=pole, contractor=other), "contractor_emails") == {"contractor_emails": ""}


@pytest.mark.django_db
def test_the_station_of_the_incident_stands_first():
    pole = make_pole()
    make_station("KI000001", pole)
    own = make_station("KI000009", pole)

    listed = said(make_incident(pole=pole, base_station=own), "stations")["stations"]

    assert listed == [{"name": "KI000009", "operators": "Т2"}, {"name": "KI000001", "operators": "Т2"}]


@pytest.mark.django_db
def test_a_pole_without_a_place_has_no_map():
    nowhere = make_incident(pole=make_pole(latitude=float("nan"), longitude=49.4))

    assert said(nowhere, "coordinates", "map_link") == {"coordinates": "", "map_link": ""}


@pytest.mark.django_db
def test_a_closed_incident_says_whether_the_next_letter_opens_it(settings: Any):
    incident = make_incident(letters_since_closing=1)

    assert said(incident, "reopens") == {"reopens": "да"}
    settings.REOPEN_AT_LETTER = 3
    assert said(incident, "reopens") == {"reopens": ""}


@pytest.mark.django_db
def test_the_words_of_the_last_step_only_are_told():
    incident = make_incident()
    incident.events.create(kind="status_changed", data={"reason": "ждём ключи"})
    assert said(incident, "reason") == {"reason": "ждём ключи"}

    incident.events.create(kind="status_changed", data={"reason": ""})

    assert said(incident, "reason") == {"reason": ""}
