"""The one-line reasons of the card."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from incidents import services, why
from incidents.models import Incident
from incidents.occurrences import describe
from tests.factories import NOW, make_incident, make_pole, make_user


@pytest.fixture(autouse=True)
def _english() -> object:
    with translation.override("en"):
        yield


def evidence(
    text: str, *, value: str = "", rule: str = "exact", kind: str = "pole", **over: object
) -> dict[str, object]:
    return {
        "kind": kind, "source": "subject", "part": 0, "start": 4, "end": 4 + len(text), "text": text,
        "value": value, "rule": rule, "ids": [1], "supports": True, **over,
    }  # fmt: skip


def test_a_code_says_how_and_where_it_was_read():
    lines = why.site({"evidence": [evidence("КI0075", value="KI000075", rule="padded", kind="station")]}, None)

    assert [(line.text, line.place) for line in lines] == [
        ("Base station КI0075 is KI000075: zeros were left out or added", "subject, 5–10")
    ]


def test_a_thing_read_twice_is_told_once_and_what_agrees_comes_first():
    against = evidence("X", value="X", supports=False)
    twice = [evidence("A", value="A", part=1), evidence("A", value="A", part=2)]

    lines = why.site({"evidence": [against, *twice]}, None)

    assert [line.agrees for line in lines] == [True, False]


def test_a_beginning_of_several_codes_says_that_it_fits_several():
    (line,) = why.site({"evidence": [evidence("41960", rule="prefix", supports=False)]}, None)

    assert line.text == "41960 fits several sites of the registry"


def test_the_persons_choice_stands_above_what_the_machine_read(db):
    incident, person = make_incident(), make_user(first_name="Павел", last_name="Седов")
    services.link_asset(incident, pole=make_pole(), station=None, by=person, at=NOW)
    (placed,) = describe(incident.events.all())

    lines = why.site({"evidence": [evidence("A", value="A")]}, placed)

    assert lines[0].text == "Павел Седов chose the site"


def test_the_freest_is_explained_by_the_loads_of_all(db):
    incident, chosen, busy = make_incident(), make_user(), make_user()
    loads = {"loads": {str(busy.pk): 5, str(chosen.pk): 1}}
    services.assign(incident, to=chosen, by=None, at=NOW, why=loads)
    (given,) = describe(incident.events.all())

    lines = why.person(given, {person.pk: person for person in (chosen, busy)})

    assert [(line.text, line.place, line.agrees) for line in lines] == [
        (chosen.full_name, "1 open", True),
        (busy.full_name, "5 open", False),
    ]


def test_the_deadline_says_where_it_comes_from(db):
    mail = make_incident(type="power-msk", due_at=NOW + timedelta(minutes=240))
    hand = make_incident(
        type="power-msk", due_at=NOW + timedelta(minutes=240), registration=Incident.Registration.MANUAL
    )

    assert why.incident_deadline(mail) == "until 18.08 19:00, 4 h from the first letter"
    assert why.incident_deadline(hand).endswith("from registration")
    assert why.incident_deadline(make_incident()) == "set the type, and the clock starts"


def test_a_deadline_that_pauses_or_calendars_moved_does_not_claim_to_be_the_types_own(db):
    moved = make_incident(type="power-msk", due_at=NOW + timedelta(hours=30))

    assert why.incident_deadline(moved) == "until 19.08 21:00, by the rules for clocks"
    assert why.incident_deadline(make_incident(type="power-msk")) == "no rule sets a time for it"


def test_a_clock_that_stands_still_names_the_status(db):
    waiting = make_incident(type="power-msk", clock_left=timedelta(hours=3), contractor_clock_left=timedelta(hours=-1))

    assert why.incident_deadline(waiting) == f"stands still in “{waiting.status.name}”"
    assert why.contractor_deadline(waiting) == f"overdue, stands still in “{waiting.status.name}”"


def test_the_dispatchers_minutes_are_those_of_the_rule(db):
    new = make_incident(first_action_due_at=NOW + timedelta(minutes=15))

    assert why.dispatcher_deadline(new) == "until 15:15, 15 minutes to the first action"
    assert why.dispatcher_deadline(make_incident()) == "no rule sets a time for it"


def test_what_a_colleague_did_is_one_sentence(db):
    incident, other = make_incident(), make_user(first_name="Павел", last_name="Седов")
    services.take(incident, by=other, at=NOW)

    said = [why.change(happened) for happened in describe(incident.events.order_by("id"))]

    assert said == ["Павел Седов took it at 18.08 15:00.", "Павел Седов set “In progress” at 18.08 15:00."]
