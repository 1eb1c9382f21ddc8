"""The dispatcher's walk: the server refuses the letter to the operator, it is sent again, the page follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents import intake, notices
from incidents.models import Incident, IncidentType, Status
from mailbox import inbox, outbox
from mailbox.parsing import parse
from tests.factories import make_user
from tests.smtp_server import smtp_server
from tests.written import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
NOC = "noc@operator.example"


def tick() -> None:
    """The clock of the desk, when the time for second thoughts is over."""
    soon = timezone.now() + timedelta(minutes=1)
    outbox.send_due(now=lambda: soon)
    notices.settle(soon)


def has_status(page: Any, key: str) -> None:
    expect(page.locator("#card-head .dk-st.fill")).to_have_text(Status.objects.get(key=key).name)


def test_from_the_first_letter_to_the_operator_who_knows(open_page: Callable[..., Any], settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {"sending": ["incidents.notices.on_status"]}
    with smtp_server(settings) as server:
        came = letter("Т2 Отсутствует ВЭС", sender=f"NOC <{NOC}>", message_id="<1@t2.example>")
        inbox.receive(came, direction="in", received_at=timezone.now())
        intake.take_all(now=timezone.now)
        incident = Incident.objects.get()
        page = open_page(make_user(), incident.get_absolute_url())
        page.locator("[data-key=KeyT]").click()
        has_status(page, "inProgress")

        # No type yet: the step says so instead of doing anything.
        door = page.locator(".nt-door.is-shut", has_text=Status.objects.get(key="uvedomlaemOperatora").name)
        door.locator("summary").click()
        expect(door.locator(".nt-wrong")).to_be_visible()
        Incident.objects.update(type=IncidentType.objects.get(key="power-rf"))
        page.reload()

        server.refuse(NOC, "550 5.7.1 not today")
        server.refuse("desk@towers.example", "550 5.7.1 not today")
        page.locator(".dk-steps button", has_text=Status.objects.get(key="uvedomlaemOperatora").name).click()
        has_status(page, "uvedomlaemOperatora")
        expect(page.locator("#notice [data-left]")).to_have_text(re.compile(r"\d+"))
        tick()
        has_status(page, "error")
        expect(page.locator(".dk-err")).to_contain_text("550 5.7.1 not today")

        server.refused.clear()
        page.locator("#notice button").click()
        has_status(page, "uvedomlaemOperatora")
        tick()
        has_status(page, "uvedomiliOperatora")

        (arrived,) = server.letters
        said = parse(arrived.raw)
        assert (said.in_reply_to, said.subject) == (("<1@t2.example>",), f"Re: {incident.code}: Т2 Отсутствует ВЭС")
        assert b"Auto-Submitted: auto-replied" in arrived.raw

        # The next step that asks for words is the main one, and can be read.
        Incident.objects.update(status=Status.objects.get(key="peredanoPodradciku"))
        page.reload()
        main = page.locator(".nt-door > summary.btn-primary")
        expect(main).to_contain_text(Status.objects.get(key="uvedomitOZakrytii").name)
        expect(main).to_have_css("color", "rgb(255, 255, 255)")
        expect(main).to_have_css("background-color", "rgb(29, 27, 34)")
        main.hover()
        expect(main).to_have_css("background-color", "rgb(58, 55, 66)")
