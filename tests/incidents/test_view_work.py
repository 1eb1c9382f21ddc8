"""Work on the card: one click or one line each, refused when late, the same number of queries however much there is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.roles import Role
from incidents import promises, reminders, watching, work
from incidents.models import ChecklistItem, Incident, IncidentType, Promise, Status
from tests.factories import NOW, make_incident, make_user


@pytest.fixture
def me(db):
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def desk(client, me):
    client.force_login(me)
    return client


def url(incident: Incident, name: str = "card", *more: object) -> str:
    return reverse(f"incidents:{name}", args=[incident.code, *more])


def on_card(incident: Incident) -> dict[str, str]:
    return {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": f"http://testserver{url(incident)}"}


def seen(incident: Incident) -> int:
    return incident.events.order_by("-id").values_list("pk", flat=True).first() or 0


def text_of(response) -> str:
    return response.content.decode()


def test_one_click_passes_the_ball_and_the_card_says_since_when(desk):
    incident = make_incident()

    answer = desk.post(url(incident, "pass_ball"), {"to": "energy", "seen": seen(incident)}, **on_card(incident))

    page = text_of(answer)
    assert 'value="energy" aria-pressed="true"' in page
    incident.refresh_from_db()
    assert incident.ball == "energy"
    assert f'datetime="{incident.ball_since.isoformat()}"' in page


def test_a_click_on_an_older_page_is_told_what_changed_and_does_nothing(desk, me):
    incident = make_incident()
    before = seen(incident)
    other = make_user(last_name="Лапина", first_name="Ольга")
    work.pass_ball(incident, "contractor", by=other, at=NOW)

    answer = desk.post(url(incident, "pass_ball"), {"to": "operator", "seen": before}, **on_card(incident))

    assert "Лапина" in text_of(answer)
    incident.refresh_from_db()
    assert incident.ball == "contractor"


def test_a_promise_is_written_kept_and_shown_with_its_clock(desk):
    incident = make_incident()
    words = {"giver": "contractor", "text": "бригада будет на месте", "when": "+2ч"}

    page = text_of(desk.post(url(incident, "promise"), words, **on_card(incident)))

    given = Promise.objects.get()
    assert "бригада будет на месте" in page
    assert f'data-due="{given.due_at.isoformat()}"' in page
    assert abs(given.due_at - timezone.now() - timedelta(hours=2)) < timedelta(minutes=1)

    desk.post(url(incident, "settle_promise", given.pk), {"deed": promises.KEPT})
    given.refresh_from_db()
    assert given.kept_at


def test_a_promise_with_an_unclear_moment_keeps_its_words_without_javascript(desk):
    incident = make_incident()
    answer = desk.post(url(incident, "promise"), {"giver": "operator", "text": "ответят", "when": "скоро"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert 'value="ответят"' in page
    assert 'value="operator" checked' in page
    assert not Promise.objects.exists()


def test_a_missed_promise_stands_in_the_timeline(desk, me):
    incident = make_incident()
    facts = {"giver": "contractor", "text": "бригада выедет", "by": me, "at": NOW}
    promises.promise(incident, due_at=NOW + timedelta(minutes=5), **facts)
    promises.note_missed(NOW + timedelta(minutes=6))
    page = text_of(desk.get(url(incident)))
    assert page.count("бригада выедет") >= 3
    assert "dk-node is-over" in page
    assert "dk-promise is-over" in page


def test_a_promise_of_another_incident_cannot_be_settled_here(desk, me):
    given = promises.promise(make_incident(), giver="us", text="x", due_at=NOW, by=me, at=NOW)
    answer = desk.post(url(make_incident(), "settle_promise", given.pk), {"deed": promises.KEPT})
    assert answer.status_code == 404


def test_work_starts_now_or_when_it_did_and_ends(desk):
    incident = make_incident()
    desk.post(url(incident, "start_work"), {"kind": "avr"})
    hour_ago = timezone.localtime() - timedelta(hours=1)
    desk.post(url(incident, "start_work"), {"kind": "dgu", "since": f"{hour_ago:%H:%M}"})

    now_one, earlier = incident.work_periods.order_by("pk")
    assert abs(timezone.now() - now_one.started_at) < timedelta(minutes=1)
    assert abs(hour_ago - earlier.started_at) < timedelta(minutes=1)

    desk.post(url(incident, "end_work", earlier.pk))
    earlier.refresh_from_db()
    assert earlier.ended_at


def test_tags_watching_and_the_checklist_are_changed_by_plain_forms(desk, me):
    incident = make_incident()
    item = ChecklistItem.objects.create(name_ru="акт", name_en="act")

    desk.post(url(incident, "add_tag"), {"name": " #охрана  на объекте "})
    desk.post(url(incident, "watch"), {"on": "1"})
    desk.post(url(incident, "mark_item", item.pk), {"on": "1"})
    page = text_of(desk.get(url(incident)))
    assert "охрана на объекте" in page
    assert 'aria-checked="true"' in page
    assert list(incident.watches.values_list("person", flat=True)) == [me.pk]

    desk.post(url(incident, "remove_tag", incident.tag_rows.get().tag_id))
    desk.post(url(incident, "watch"), {"on": "0"})
    desk.post(url(incident, "mark_item", item.pk), {"on": "0"})
    assert not incident.tag_rows.exists()
    assert not incident.watches.exists()
    assert not incident.checklist_marks.exists()


@pytest.mark.parametrize("with_htmx", [True, False])
def test_closing_with_an_unfinished_checklist_is_asked_about_once(desk, with_htmx):
    incident = make_incident(status="inProgress", type=IncidentType.objects.first())
    ChecklistItem.objects.create(name_ru="Акт получен", name_en="Акт получен", is_required=True)
    closed = Status.objects.get(key="closed")
    headers = on_card(incident) if with_htmx else {}

    asked = text_of(desk.post(url(incident, "change_status"), {"to": closed.pk, "reason": ""}, **headers))
    incident.refresh_from_db()
    assert incident.is_open
    assert 'name="asked" value="1"' in asked
    assert "Акт получен" in asked

    desk.post(url(incident, "change_status"), {"to": closed.pk, "asked": "1"}, **headers)
    incident.refresh_from_db()
    assert not incident.is_open


def test_a_finished_checklist_closes_at_once_and_other_steps_ask_nothing(desk, me):
    known = IncidentType.objects.first()
    incident = make_incident(status="inProgress", type=known)
    item = ChecklistItem.objects.create(name_ru="Акт", name_en="Act", is_required=True)
    desk.post(url(incident, "change_status"), {"to": Status.objects.get(key="needAcceptance").pk})
    incident.refresh_from_db()
    assert incident.status.key == "needAcceptance"

    other = make_incident(status="inProgress", type=known)
    work.mark(other, item, done=True, by=me, at=NOW)
    desk.post(url(other, "change_status"), {"to": Status.objects.get(key="closed").pk})
    other.refresh_from_db()
    assert not other.is_open


def test_who_may_only_look_sees_the_work_and_no_forms(client, me):
    incident = make_incident()
    promises.promise(incident, giver="us", text="перезвоним", due_at=NOW, by=me, at=NOW)
    work.tag(incident, "охрана", by=me, at=NOW)
    client.force_login(make_user(role=Role.OBSERVER))
    page = text_of(client.get(url(incident)))
    assert "перезвоним" in page
    assert "охрана" in page
    for name in ("pass_ball", "promise", "remind", "add_tag", "watch"):
        assert f'action="{url(incident, name)}"' not in page


def fill(incident: Incident, many: int, me) -> None:
    for number in range(many):
        moment = NOW + timedelta(seconds=number)
        promises.promise(incident, giver="us", text=f"обещание {number}", due_at=NOW, by=me, at=moment)
        reminders.remind(incident, at=NOW, text="", by=me, now=moment)
        item = ChecklistItem.objects.create(name_ru=f"дело {number}", name_en=f"deed {number}")
        work.mark(incident, item, done=True, by=me, at=moment)
        watching.watch(incident, on=True, by=make_user(), at=moment)
        if number < work.MOST_TAGS:
            work.tag(incident, f"метка {incident.pk} {number}", by=me, at=moment)


def test_the_card_takes_the_same_number_of_queries_for_five_and_for_fifty(desk, me):
    counts = []
    make_incident()  # of the same requester, for both to look at
    for many in (5, 50):
        incident = make_incident()
        fill(incident, many, me)
        # A timeline of more than a page asks where the next one begins.
        desk.get(url(incident), {"everything": 1})
        with CaptureQueriesContext(connection) as captured:
            desk.get(url(incident), {"everything": 1})
        counts.append(len(captured))
    assert counts[0] == counts[1]
