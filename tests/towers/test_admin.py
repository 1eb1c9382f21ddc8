from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from tests.factories import NOW, make_pole, make_station, make_user
from towers.models import Operator, SyncRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(make_user(Role.ADMINISTRATOR, is_staff=True))
    return client


@pytest.mark.parametrize("model", ["pole", "basestation", "contractor", "operator", "syncrun"])
def test_every_list_opens_and_can_be_searched(administrator: Client, model: str) -> None:
    make_station("KI000075")
    SyncRun.objects.create(started_at=NOW)

    answer = administrator.get(reverse(f"admin:towers_{model}_changelist"), {} if model == "syncrun" else {"q": "KI"})

    assert answer.status_code == 200


def test_what_towerstore_owns_cannot_be_changed_here(administrator: Client) -> None:
    pole = make_pole()
    url = reverse("admin:towers_pole_change", args=[pole.pk])

    assert administrator.get(url).status_code == 200
    assert administrator.post(url, {"code": "other"}).status_code == 403
    assert administrator.get(reverse("admin:towers_pole_add")).status_code == 403


def test_mail_domains_are_kept_as_they_are_compared(administrator: Client) -> None:
    operator = Operator.objects.create(name="Т2")
    url = reverse("admin:towers_operator_change", args=[operator.pk])

    answer = administrator.post(url, {"group": "tele2", "domains": " @T2.Example, noc.t2.example,t2.example"})

    operator.refresh_from_db()
    assert answer.status_code == 302
    assert (operator.domains, operator.group) == (["t2.example", "noc.t2.example"], "tele2")
