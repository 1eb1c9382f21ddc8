"""Whose move it is follows from what happens: hand-overs, letters either way, power that is back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import ball, services, undoing_steps, work
from incidents.models import IncidentEmail, Status
from mailbox.models import Email
from tests.factories import NOW, make_email, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
CREW = "avr@contractor.example"


@pytest.fixture
def incident():
    return make_incident(status="inProgress", pole=make_pole(contractor_emails=[CREW]))


def letter(incident, *, at=LATER, **facts):
    services.attach_email(incident, make_email(**facts), way=IncidentEmail.Way.THREAD, at=at)
    incident.refresh_from_db()
    return incident


def from_us(*to):
    return {"direction": Email.Direction.OUT, "to": [{"name": "", "email": each} for each in to]}


def test_a_hand_over_gives_the_contractor_the_move_and_undoing_it_takes_it_back():
    me = make_user()
    incident = make_incident(status="uvedomiliOperatora")

    services.change_status(incident, Status.objects.get(key="peredanoPodradciku"), by=me, at=NOW)
    incident.refresh_from_db()
    assert (incident.ball, incident.ball_since) == ("contractor", NOW)

    step = incident.events.get(kind="handed_over")
    undoing_steps.undo(step, by=me, at=LATER)
    incident.refresh_from_db()
    assert (incident.ball, incident.ball_since) == ("us", None)


def test_our_letter_to_the_contractor_gives_him_the_move_whatever_the_case_of_his_address(incident):
    letter(incident, **from_us(CREW.upper()))

    assert (incident.ball, incident.ball_since) == ("contractor", LATER)


def test_our_letter_to_the_operator_leaves_the_move_with_us(incident):
    letter(incident, **from_us("noc@operator.example"))

    assert incident.ball == "us"


def test_a_letter_of_whoever_has_the_move_gives_it_back(incident):
    me = make_user()
    for owner, writer in (("contractor", CREW), ("operator", "noc@operator.example")):
        work.pass_ball(incident, owner, by=me, at=NOW)
        letter(incident, from_email=writer)
        assert incident.ball == "us", owner


@pytest.mark.parametrize(
    ("owner", "facts"),
    [
        ("contractor", {"from_email": "noc@operator.example"}),
        ("operator", {"from_email": CREW}),
        ("energy", {"from_email": "noc@operator.example"}),
        ("operator", {"from_email": "noc@operator.example", "kind": Email.Kind.AUTOREPLY}),
    ],
)
def test_a_letter_of_anybody_else_or_of_a_program_changes_nothing(incident, owner, facts):
    work.pass_ball(incident, owner, by=make_user(), at=NOW)

    letter(incident, **facts)

    assert incident.ball == owner


def test_power_that_is_back_and_a_reopening_are_ours(incident):
    me = make_user()
    work.pass_ball(incident, "operator", by=me, at=NOW)
    services.note_power_back(incident, at=LATER)
    incident.refresh_from_db()
    assert incident.ball == "us"

    closed = make_incident(status="closed", closed_at=NOW, ball="contractor")
    services.reopen(closed, by=me, at=LATER, reason="снова нет питания")
    closed.refresh_from_db()
    assert closed.ball == "us"


def test_a_reaction_that_runs_again_later_does_not_overrule_what_a_person_said_since(incident):
    work.pass_ball(incident, "contractor", by=make_user(), at=NOW)
    letter(incident, from_email=CREW)
    came = incident.events.get(kind="letter")
    work.pass_ball(incident, "contractor", by=make_user(), at=LATER + timedelta(minutes=1))

    ball.follow_letters([came])

    incident.refresh_from_db()
    assert incident.ball == "contractor"


def test_many_letters_at_once_are_looked_up_in_two_queries(django_assert_num_queries):
    rows = [make_incident(pole=make_pole(contractor_emails=[CREW])) for _n in range(5)]
    for each in rows:
        letter(each)
    happened = [each.events.select_related("incident").get(kind="letter") for each in rows]

    with django_assert_num_queries(2):
        ball.follow_letters(happened)


@pytest.mark.parametrize("how", ["uvedomitOZakrytii", "uvedomiliOZakrytii"])
def test_telling_people_that_all_is_done_leaves_the_closing_to_us_and_undoing_it_does_not(how, settings):
    settings.EMAIL_HOST = "smtp.towers.example"
    me = make_user()
    pole = make_pole(contractor_emails=[CREW])
    facts = {"ball": "contractor", "ball_since": NOW, "handed_over_at": NOW, "requester_email": "noc@operator.example"}
    incident = make_incident(status="peredanoPodradciku", pole=pole, type="power-rf", **facts)
    services.attach_email(incident, make_email(), way=IncidentEmail.Way.OPENED, at=NOW)
    before = "peredanoPodradciku" if how == "uvedomitOZakrytii" else "uvedomiliOperatora"
    incident.status = Status.objects.get(key=before)
    incident.save()

    services.change_status(incident, Status.objects.get(key=how), by=me, at=LATER, reason="Заменён автомат")

    incident.refresh_from_db()
    assert (incident.status.key, incident.ball) == (how, "us")
    step = incident.events.filter(kind__in=["sending", "status_changed"]).latest("id")
    undoing_steps.undo(step, by=me, at=LATER + timedelta(seconds=3))
    incident.refresh_from_db()
    assert incident.ball == "contractor"
