"""News reach every kind of open page by themselves, with the stream of events and without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from incidents import reminders, services
from incidents.models import Incident, Reminder
from tests.browser.busy_desk import letter_of
from tests.factories import make_incident, make_user
from tests.incidents.letters_received import make_receipt, received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
LOST = "#toasts [data-from=toast-lost]"


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def come(incident: Incident, words: str) -> None:
    """A letter, with its line in the ledger, as intake leaves it."""
    email = letter_of(incident, words, timezone.now())
    make_receipt(email=email, state="joined", sha256=email.sha256, received_at=email.received_at)


def test_a_change_by_anybody_is_on_every_open_page(open_page: OpenPage) -> None:
    me, incident = make_user(), make_incident(active_at=timezone.now())
    received(minutes=5)
    reminder = reminders.remind(incident, at=timezone.now(), text="перезвонить", by=me, now=timezone.now())
    desk = open_page(me)
    desk.wait_for_selector("#link.is-up")
    addresses = [incident.get_absolute_url(), reverse("incidents:letters"), reverse("incidents:reminders")]
    card, letters, mine = (open_page(me, address) for address in addresses)
    expect(mine.locator(".dk-promise")).to_have_count(1)

    come(incident, "Питание восстановлено")
    services.assign(incident, to=make_user(last_name="Седов"), by=None, at=timezone.now())
    reminders.finish(Reminder.objects.get(pk=reminder.pk), by=me, now=timezone.now())

    row = desk.locator(f"#rows > [data-code={incident.code}]")
    expect(row).to_have_class("dk-row unread")
    expect(row.locator(".c-who [title*=Седов]")).to_be_visible()
    expect(card.locator("#card-talk")).to_contain_text("Питание восстановлено")
    expect(card.locator("#card-head")).to_contain_text("Седов")
    expect(letters.locator(".dk-pill")).to_contain_text("1")
    expect(mine.locator(".dk-promise")).to_have_count(0)


@pytest.mark.parametrize("kind", ["card", "phone", "reminders"])
def test_a_lost_stream_is_said_and_the_page_asks_by_itself(
    open_page: OpenPage, complaints: list[str], kind: str
) -> None:
    me, incident = make_user(), make_incident(active_at=timezone.now())
    path = {"card": incident.get_absolute_url(), "phone": "/", "reminders": reverse("incidents:reminders")}[kind]
    page = open_page(me, path, *((390, 844) if kind == "phone" else ()))
    page.context.route("**/events/", lambda route: route.fulfill(status=503, body=""))
    page.clock.install()
    page.reload()
    page.clock.run_for(4000)
    expect(page.locator(LOST)).to_be_visible()

    come(incident, "Питание восстановлено")
    reminders.remind(incident, at=timezone.now(), text="перезвонить", by=me, now=timezone.now())
    page.clock.run_for(16_000)

    place, words = {
        "card": ("#card-talk", "Питание восстановлено"),
        "phone": ("#rows .unread", incident.subject),
        "reminders": ("#mine .dk-promise", "перезвонить"),
    }[kind]
    expect(page.locator(place)).to_contain_text(words)
    page.context.unroute("**/events/")
    page.clock.run_for(4000)
    expect(page.locator(LOST)).to_have_count(0)
    complaints.clear()  # of the stream that was refused
