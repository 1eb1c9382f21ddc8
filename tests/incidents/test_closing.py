"""Closing asks for what is not known yet, on the spot and once; it is never forbidden by a question."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents import bulk, closing, linking, work
from incidents.bulk import Chosen
from incidents.models import ChecklistItem, Incident, IncidentType, Status
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me():
    return make_user()


@pytest.fixture
def desk(client, me):
    client.force_login(me)
    return client


def closed() -> Status:
    return Status.objects.get(key="closed")


def kind() -> IncidentType:
    return IncidentType.objects.earliest("pk")


def post(desk, incident: Incident, *, on_desk: bool = False, **said: object) -> str:
    here = "/" if on_desk else incident.get_absolute_url()
    headers = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": f"http://testserver{here}"}
    address = reverse("incidents:change_status", args=[incident.code])
    return desk.post(address, {"to": closed().pk, **said}, **headers).content.decode()


def test_the_type_is_asked_for_in_place_and_answered_in_one_go_with_the_step(desk):
    incident = make_incident(status="inProgress")

    page = post(desk, incident)
    incident.refresh_from_db()
    assert incident.is_open
    assert 'id="closing"' in page
    assert f'<option value="{kind().pk}">' in page

    post(desk, incident, asked="1", type=kind().pk)
    incident.refresh_from_db()
    assert (incident.is_open, incident.type) == (False, kind())


def test_whoever_does_not_know_the_type_may_close_all_the_same(desk):
    incident = make_incident(status="inProgress")

    post(desk, incident, asked="1", type="")

    incident.refresh_from_db()
    assert (incident.is_open, incident.type) == (False, None)


def test_what_is_ticked_in_the_question_is_ticked_on_the_checklist(desk, me):
    incident = make_incident(status="inProgress", type=kind())
    act, seal = (
        ChecklistItem.objects.create(name_ru=name, name_en=name, is_required=True) for name in ("Акт", "Пломба")
    )
    assert "Пломба" in post(desk, incident)

    post(desk, incident, asked="1", done=[act.pk])

    incident.refresh_from_db()
    assert not incident.is_open
    assert work.unfinished(incident) == [seal]
    assert incident.checklist_marks.get().person == me


def test_parts_that_are_open_are_named(desk, me):
    whole, part, done = (make_incident(status="inProgress", type=kind()) for _n in range(3))
    for each in (part, done):
        linking.link(whole, "parent", each, by=me, at=NOW)
    closing.step(done, closed(), by=me, at=NOW)

    page = post(desk, whole)

    assert closing.open_parts(whole) == [part]
    assert part.get_absolute_url() in page.partition('id="closing"')[2].partition("</form>")[0]
    post(desk, whole, asked="1")
    whole.refresh_from_db()
    assert not whole.is_open


def test_a_step_that_is_refused_anyway_asks_nothing(desk, me):
    fresh, blocked, blocker = make_incident(), make_incident(status="inProgress"), make_incident()
    linking.link(blocked, "blocked_by", blocker, by=me, at=NOW)

    assert 'id="closing"' not in post(desk, fresh)
    page = post(desk, blocked)

    assert 'id="closing"' not in page
    assert blocker.code in page


def test_on_the_desk_a_message_says_what_is_asked(desk):
    incident = make_incident(status="inProgress")

    page = post(desk, incident, on_desk=True)

    assert "dk-toast" in page
    assert 'id="closing"' not in page
    incident.refresh_from_db()
    assert incident.is_open


def test_closing_many_leaves_those_that_have_something_to_look_at(me):
    ready, waiting = make_incident(status="inProgress", type=kind()), make_incident(status="inProgress", type=kind())
    item = ChecklistItem.objects.create(name_ru="Акт", name_en="Act", is_required=True)
    work.mark(ready, item, done=True, by=me, at=NOW)
    rows = [Chosen(each.code, each.events.count() and each.events.latest("id").pk) for each in (ready, waiting)]

    result = bulk.carry_out(rows, bulk.change_status(closed(), ""), by=me, at=NOW)

    assert result.codes == [ready.code]
    assert "Акт" in result.refused[0].reason or "Act" in result.refused[0].reason


def test_the_answers_and_the_step_are_stored_together_or_not_at_all(desk, me):
    incident = make_incident(status="inProgress")
    other = make_user()
    seen = 0
    closing.step(incident, Status.objects.get(key="naGeneraciiNb"), by=other, at=NOW)

    post(desk, incident, asked="1", type=kind().pk, seen=seen)

    incident.refresh_from_db()
    assert (incident.status.key, incident.type) == ("naGeneraciiNb", None)
