"""What a letter says of a clock that has not begun."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import letter_variables
from incidents.letter_variables import Facts
from sla import expecting
from sla.models import PolicyVersion
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


def test_a_letter_that_hands_over_tells_the_deadline_that_the_rules_will_give() -> None:
    document = PolicyVersion.objects.latest("number").document
    rule = {"clock": "contractor", "minutes": 90, "match": {"type": ["power-rf"]}}
    PolicyVersion.objects.create(number=9, document={**document, "rules": [*document["rules"], rule]})
    incident = make_incident(type="power-rf")
    assert expecting.contractor_deadline(incident, NOW) == NOW + timedelta(minutes=90)
    said = letter_variables.values(Facts(incident, make_user(), NOW), {"contractor_deadline"})
    assert said["contractor_deadline"] == letter_variables.moment(NOW + timedelta(minutes=90))


def test_without_a_type_there_is_no_deadline_to_tell() -> None:
    assert expecting.contractor_deadline(make_incident(), NOW) is None


def test_a_clock_that_stands_still_tells_no_deadline() -> None:
    incident = make_incident(type="power-rf", handed_over_at=NOW, contractor_clock_left=timedelta(hours=2))
    said = letter_variables.values(Facts(incident, make_user(), NOW), {"contractor_deadline"})
    assert said["contractor_deadline"] == ""
