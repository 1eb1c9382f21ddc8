"""Reminders: own, rung once, put off, done; and what the page of one's reminders and the open pages get."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents import reminders, tasks
from incidents.models import Reminder
from tests.factories import NOW, make_incident, make_user

HOUR = timedelta(hours=1)


@pytest.fixture
def me(db):
    return make_user()


def reminded(me, at=NOW + HOUR, text="позвонить подрядчику", incident=None) -> Reminder:
    return reminders.remind(incident or make_incident(), at=at, text=text, by=me, now=NOW)


def test_a_reminder_rings_once_when_its_moment_has_come(me):
    reminder = reminded(me)
    assert reminders.ring(NOW + HOUR - timedelta(seconds=1)) == 0

    assert reminders.ring(NOW + HOUR) == 1
    assert reminders.ring(NOW + HOUR) == 0

    event = reminder.incident.events.get(kind="reminder_due")
    assert (event.actor, event.data["person"]) == (None, me.pk)
    assert list(reminders.due(me, NOW + HOUR)) == [reminder]


def test_put_off_it_rings_again_and_done_it_is_silent(me):
    reminder = reminded(me)
    reminders.ring(NOW + HOUR)

    reminder = reminders.snooze(reminder, until=NOW + 2 * HOUR, by=me, now=NOW + HOUR)
    assert list(reminders.due(me, NOW + HOUR)) == []
    assert reminders.ring(NOW + 2 * HOUR) == 1

    reminders.finish(reminder, by=me, now=NOW + 2 * HOUR)
    reminders.finish(reminder, by=me, now=NOW + 2 * HOUR)
    assert list(reminders.of_person(me)) == []
    kinds = list(reminder.incident.events.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["reminder_set", "reminder_due", "reminder_moved", "reminder_due", "reminder_done"]


def test_a_reminder_moves_no_row_of_the_desk(me):
    incident = make_incident()
    reminded(me, incident=incident)
    before = (incident.version, incident.active_at)
    incident.refresh_from_db()
    assert (incident.version, incident.active_at) == before


def test_the_beat_rings_reminders_and_promises(me):
    reminded(me)
    assert tasks.ring() == 1


def test_open_pages_get_the_due_reminders_of_their_person_only(client, me):
    reminded(me, text="моё")
    reminded(make_user(), text="чужое")
    client.force_login(me)

    page = client.get(reverse("incidents:due_reminders")).content.decode()

    assert "моё" in page
    assert "чужое" not in page
    assert "data-reminder" in page


def test_the_list_names_all_of_mine_in_the_same_number_of_queries(client, me, django_assert_max_num_queries):
    client.force_login(me)
    url = reverse("incidents:reminders")
    for number in range(50):
        reminded(me, at=timezone.now() + (number - 5) * HOUR, text=f"дело {number}")
    with django_assert_max_num_queries(6):
        page = client.get(url).content.decode()
    assert "дело 0" in page
    assert "дело 49" in page


def test_only_its_owner_changes_a_reminder(client, me):
    reminder = reminded(make_user())
    client.force_login(me)
    assert client.post(reverse("incidents:change_reminder", args=[reminder.pk]), {"done": "1"}).status_code == 404
    reminder.refresh_from_db()
    assert reminder.done_at is None


def test_a_reminder_is_set_put_off_and_done_by_forms(client, me):
    client.force_login(me)
    incident = make_incident()

    client.post(reverse("incidents:remind", args=[incident.code]), {"when": "+2ч", "text": "позвонить"})
    reminder = Reminder.objects.get()
    assert abs(reminder.at - timezone.now() - 2 * HOUR) < timedelta(minutes=1)

    url = reverse("incidents:change_reminder", args=[reminder.pk])
    client.post(url, {"when": "+15м"})
    reminder.refresh_from_db()
    assert reminder.at < timezone.now() + HOUR

    answer = client.post(url, {"done": "1"}, HTTP_REFERER="http://testserver/reminders/")
    assert answer.url == reverse("incidents:reminders")
    reminder.refresh_from_db()
    assert reminder.done_at


def test_a_moment_that_cannot_be_read_leaves_the_words_in_the_form(client, me):
    client.force_login(me)
    answer = client.post(
        reverse("incidents:remind", args=[make_incident().code]), {"when": "скоро", "text": "позвонить"}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="скоро"' in page
    assert 'value="позвонить"' in page
    assert not Reminder.objects.exists()
