"""An administrator changes a rule: it reads as a sentence, is counted before it is saved, and stands in the history."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dispatchers.roles import Role
from incidents import services
from incidents.models import IncidentType
from sla import changing, trials
from sla.models import Trial
from tests.factories import make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def test_a_rule_is_read_counted_saved_and_found_in_the_history(open_page: Any):
    kind = IncidentType.objects.get(key="power-msk")
    incident = make_incident(status="inProgress", pole=make_pole(), opened_at=timezone.now())
    services.set_type(incident, kind, by=make_user(), at=timezone.now())
    page = open_page(make_user(Role.ADMINISTRATOR), "/sla/rules/1/")
    page.locator("[name=time]").fill("90 мин")
    page.locator("#pick-type > summary").click()
    page.locator("#pick-type [value=power-msk]").check()
    page.keyboard.press("Escape")
    expect(page.locator("#pick-type")).not_to_have_attribute("open", "")
    expect(page.locator("#pick-type .v")).to_have_text(kind.name)
    expect(page.locator(".ru-sentence")).to_contain_text(kind.name)

    page.locator(".ru-preview button").click()
    expect(page.locator("#trial-state progress")).to_be_visible()
    trials.count(timezone.now)
    expect(page.locator("#trial-state progress")).to_have_count(0)
    expect(page.locator(".ru-big b")).to_have_text("1")
    expect(page.locator(".ru-examples")).to_contain_text(incident.code)

    page.locator("#why").fill("договор 17")
    page.locator(".ru-save button").click()
    expect(page.locator("#following progress")).to_be_visible()
    page.goto(page.url + "history/")
    expect(page.locator("#version-2")).to_contain_text("договор 17")
    assert changing.newest().document["rules"][0]["minutes"] == 90
    assert Trial.objects.get().saved_as == 2
