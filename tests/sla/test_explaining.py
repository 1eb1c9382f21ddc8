"""What is told of a clock is what the clock says, in words that name the rule, its version and its reasons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from dispatchers.models import User
from incidents import services
from incidents.models import Incident, Status
from sla import explaining, recomputing
from sla.clock import State
from sla.explaining import Account, explain
from sla.explaining_rows import Reason
from sla.explaining_strip import STROKE, WIDTH, strip
from sla.explaining_words import Explained, say, waiting
from sla.models import IncidentClock, PolicyVersion
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
OFFICE = {
    "name": "Рабочие дни",
    "week": [[[540, 1080]]] * 5 + [[], []],
    "days": {"2026-08-20": []},
    "day_names": {"2026-08-20": "День диспетчера"},
}


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def rules(number: int, at: Any, by: User | None = None, why: str = "", **rule: Any) -> PolicyVersion:
    document = {
        "zone": "Europe/Moscow",
        "calendars": {"office": OFFICE},
        "types": {"power-msk": 240},
        "rules": [{"clock": "incident", "minutes": None, **rule}],
    }
    return PolicyVersion.objects.create(number=number, document=document, at=at, by=by, why=why)


def step(incident: Incident, key: str, by: User, at: Any) -> None:
    services.change_status(incident, Status.objects.get(key=key), by=by, at=at, reason="так надо")


def account(incident: Incident, now: Any, clock: str = "incident") -> Account:
    (whole,) = recomputing.load([incident.pk])
    return next(each for each in explain(whole, now) if each.clock == clock)


def told(incident: Incident, now: Any) -> Explained:
    return say([account(incident, now)], with_people=True)[0]


def test_a_pause_names_the_status_and_who_set_it():
    me = make_user(first_name="Павел", last_name="Седов")
    rules(9, NOW - HOUR, pauses=["needAcceptance"])
    incident = make_incident(type="power-msk", status="inProgress")
    step(incident, "needAcceptance", me, NOW + HOUR)

    said = told(incident, NOW + 3 * HOUR)

    status = Status.objects.get(key="needAcceptance").name
    assert said.account.state is State.PAUSED
    assert [(line.text, line.who, line.is_counted) for line in said.lines] == [
        ("Counts round the clock", "", True),
        (f"Stands still in the status “{status}”", "Павел Седов", False),
    ]
    assert "stands still in" in said.rule


def test_a_holiday_and_closed_hours_are_told_by_name():
    rules(9, NOW - HOUR, calendar="office", minutes=30 * 60)
    # Tuesday, three in the afternoon; the Thursday after is a holiday.
    incident = make_incident(type="power-msk", status="inProgress")

    texts = [line.text for line in told(incident, NOW + 72 * HOUR).lines]

    assert "Holiday “День диспетчера”" in texts
    assert "Outside the working hours of “Рабочие дни”" in texts
    assert texts[0] == "Working hours of “Рабочие дни”"


def test_the_version_says_who_made_it_and_what_stood_there_before():
    boss = make_user("administrator", first_name="Ольга", last_name="Лапина")
    incident = make_incident(type="power-msk", status="inProgress")
    rules(9, NOW + HOUR, boss, "Договор 2027", minutes=600)

    said = told(incident, NOW + 2 * HOUR)

    assert (said.version.number, said.version.by, said.version.why) == (9, boss, "Договор 2027")
    assert said.account.allowed == 10 * HOUR
    assert said.before.startswith("By version 1 of the rules")
    assert said.before.endswith("it had 4 h, until 18.08.2026 19:00 MSK.")


def test_a_version_that_changes_nothing_for_this_clock_is_not_named():
    incident = make_incident(type="power-msk", status="inProgress")
    rules(9, NOW + HOUR)

    assert told(incident, NOW + 2 * HOUR).before == ""


def test_each_account_agrees_with_the_stored_clock():
    me, incident = make_user(), make_incident(type="power-msk", status="peredatPodradciku")
    step(incident, "peredanoPodradciku", me, NOW + HOUR)
    recomputing.recompute(recomputing.load([incident.pk]), NOW + 2 * HOUR)

    stored = {row.clock: row for row in IncidentClock.objects.filter(incident=incident)}
    (whole,) = recomputing.load([incident.pk])
    accounts = {each.clock: each for each in explain(whole, NOW + 2 * HOUR)}

    assert accounts.keys() == stored.keys()
    assert {"incident", "contractor", "first_action"} <= accounts.keys()
    for clock, each in accounts.items():
        row = stored[clock]
        assert (each.state, each.due, each.version, each.rule) == (row.state, row.due_at, row.version, row.rule)


def test_an_account_survives_json():
    me = make_user()
    rules(9, NOW + HOUR, pauses=["needAcceptance"], calendar="office", minutes=3000)
    incident = make_incident(type="power-msk", status="inProgress")
    step(incident, "needAcceptance", me, NOW + 2 * HOUR)
    step(incident, "inProgress", me, NOW + 30 * HOUR)
    whole = account(incident, NOW + 200 * HOUR)

    assert whole.before
    assert explaining.from_json(whole.as_json()) == whole


def test_where_people_are_not_named_nobody_is():
    me = make_user(first_name="Павел", last_name="Седов")
    rules(9, NOW - HOUR, pauses=["needAcceptance"])
    incident = make_incident(type="power-msk", status="inProgress")
    step(incident, "needAcceptance", me, NOW + HOUR)

    (said,) = say([account(incident, NOW + 3 * HOUR)], with_people=False)

    assert not any(line.who for line in said.lines)


def test_strangers_are_not_told_whom_the_desk_warns():
    rules(9, NOW - HOUR, warn=[60], escalate=0)
    incident = make_incident(type="power-msk", status="inProgress")

    inside, outside = (say([account(incident, NOW + HOUR)], with_people=each)[0].rule for each in (True, False))

    assert inside == f"{outside}, warns 1 h before, tells the managers at the deadline"


def test_the_strip_covers_the_course_and_shows_where_time_was_over():
    incident = make_incident(type="power-msk", status="inProgress")

    late = strip(account(incident, NOW + 8 * HOUR))
    early = strip(account(incident, NOW + HOUR))

    assert late
    assert early
    assert [(part.x, part.width, part.look) for part in late.parts] == [(0, 500, "runs"), (500, 500, "over")]
    assert late.due == 500
    assert (early.parts[0].width, early.due) == (250, WIDTH - STROKE)


def test_a_clock_that_waits_says_when_it_starts_and_an_unknown_one_is_none():
    incident = make_incident(type="power-msk")
    (whole,) = recomputing.load([incident.pk])

    said = waiting(whole, "contractor")

    assert said
    assert "handed over to the contractor" in said.course
    assert said.rule
    assert waiting(whole, "tea") is None


def test_a_folded_run_names_its_days():
    rules(9, NOW - HOUR, calendar="office", minutes=60000)
    incident = make_incident(type="power-msk", status="inProgress")

    whole = account(incident, NOW + timedelta(days=40))

    (days,) = [row for row in whole.rows if row.reason is Reason.DAYS]
    assert f"Working hours of {days.days} days" in " ".join(line.text for line in told(incident, whole.at).lines)
