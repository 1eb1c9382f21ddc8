"""Work on the card in a real browser: a promise by three clicks, a reminder that wakes its person on the desk only."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents import promises, reminders, services
from incidents.models import ChecklistItem, Promise
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_a_promise_is_typed_shown_and_missed_on_an_open_page(open_page):
    me, incident = make_user(), make_incident(status="inProgress")
    page = open_page(me, incident.get_absolute_url())

    page.locator(".dk-add summary").first.click()
    page.get_by_label(re.compile("^(Что|What)$")).fill("бригада будет")
    page.locator("#promise-text").locator("xpath=ancestor::form").locator("[data-when]").nth(1).click()
    page.keyboard.press("Enter")

    promise = page.locator(".dk-promise")
    expect(promise).to_contain_text("бригада будет")
    expect(page.locator("#work .dk-ball [aria-pressed=true]")).to_have_attribute("value", "contractor")
    expect(promise).not_to_have_class(re.compile("is-over"))

    Promise.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    promises.note_missed(timezone.now())
    expect(promise).to_have_class(re.compile("is-over"))


def test_a_reminder_wakes_its_person_on_the_desk_and_goes_when_it_is_done(open_page):
    me, other, incident = make_user(), make_user(), make_incident()
    now = timezone.now()
    reminder = reminders.remind(incident, at=now, text="позвонить", by=me, now=now)
    mine, theirs = open_page(me), open_page(other)
    toast = mine.locator("[data-reminder]")
    expect(toast).to_have_count(1)

    toast.locator("[name=when]").first.click()
    expect(toast).to_have_count(0)
    reminder.refresh_from_db()
    assert reminder.at > now

    reminder.at = timezone.now()
    reminder.save()
    reminders.ring(timezone.now())
    expect(toast).to_have_count(1)
    toast.locator("[name=done]").click()
    expect(toast).to_have_count(0)
    expect(theirs.locator("[data-reminder]")).to_have_count(0)
    reminder.refresh_from_db()
    assert reminder.done_at


def test_closing_with_an_open_checklist_asks_where_the_person_looks(open_page):
    me, incident = make_user(), make_incident(status="inProgress")
    services.add_comment(incident, "начали", by=me, at=timezone.now())
    ChecklistItem.objects.create(name_ru="Акт получен", name_en="Act", is_required=True)
    page = open_page(me, incident.get_absolute_url())

    page.locator(".dk-steps button", has_text=re.compile("Закрыт|Closed")).click()
    expect(page.locator("#closing")).to_be_in_viewport()
    page.keyboard.press("Enter")

    expect(page.locator(".dk-closed")).to_be_visible()
    incident.refresh_from_db()
    assert not incident.is_open
