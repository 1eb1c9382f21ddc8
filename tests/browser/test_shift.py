"""A shift in a real browser, from signing in to the last merge, while a colleague works on the same incidents.

Letters come through the mailbox's own path and leave through a real SMTP server; every deed of mine is a key or a
click on the page, and so is every deed of the colleague in his own browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dispatchers.models import User
from incidents import intake, reminders
from incidents.models import Draft, Incident, Reminder, Status
from mailbox import inbox, outbox
from mailbox.models import Outgoing
from mailbox.parsing import parse
from tests.factories import make_pole, make_station, make_user
from tests.smtp_server import SmtpServer, smtp_server
from tests.written import DESK, letter
from towers.models import Pole

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

NOC = "Смена NOC <noc@operator.example>"


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """Two browsers and a mail server share a machine that may be busy."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpServer]:
    with smtp_server(settings) as server:
        settings.SEND_UNDO_SECONDS = 0
        settings.DEFAULT_FROM_EMAIL, settings.DESK_ADDRESSES = DESK, [DESK]
        yield server


@pytest.fixture
def pole() -> Pole:
    """The right pole; its neighbour in the registry differs by one figure."""
    contact = {"contractor_emails": ["avr@contractor.example"], "contractor_phones": ["8 800 555-01-43"]}
    make_station("KI000075", make_pole("41960-P-43-1-1", **contact))
    return make_pole("41960-P-43-1-2", **contact)


@pytest.fixture
def me() -> User:
    return make_user(username="krylova", first_name="Анна", last_name="Крылова")


@pytest.fixture
def colleague() -> User:
    """Off shift, so that the desk gives him nothing by itself; he works all the same."""
    return make_user(username="sedov", first_name="Павел", last_name="Седов", on_shift=False)


def come(subject: str, text: str, **over: Any) -> Incident:
    """A letter comes as from a folder; the incident it opened or joined."""
    receipt = inbox.receive(letter(subject, text, sender=NOC, **over), direction="in", received_at=timezone.now())
    intake.take_all(now=timezone.now)
    receipt.refresh_from_db()
    assert receipt.email is not None
    return receipt.email.place.incident


def name_of(status: str) -> str:
    return Status.objects.get(key=status).name


def has_status(page: Any, status: str) -> None:
    expect(page.locator("#card-head .dk-st.fill")).to_have_text(name_of(status))


def is_open(page: Any) -> None:
    """The card stands and listens to keys."""
    expect(page.locator(".dk-card")).to_be_visible()
    page.wait_for_load_state("load")


def step(page: Any, status: str) -> None:
    """The button of the next step."""
    page.locator("#card-head .dk-steps").get_by_role("button", name=name_of(status)).click()
    has_status(page, status)


def until(page: Any, fact: Callable[[], bool]) -> None:
    """For what the browser has sent and no page shows."""
    for _n in range(150):
        if fact():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen in time")


def signs_in(page: Any, person: User, address: str) -> None:
    """By keyboard: the first field has the focus."""
    page.goto(address)
    expect(page).to_have_url(re.compile("/sign-in/"))
    page.keyboard.type(person.username)
    page.keyboard.press("Tab")
    page.keyboard.type("secret")
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_be_visible()
    page.wait_for_selector("#link.is-up")


def opens_the_next_new_one(page: Any, incident: Incident) -> None:
    page.locator("a.dk-q", has_text=re.compile("Новые|New")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rows > tr")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("#preview h2")).to_have_text(incident.subject)
    page.keyboard.press("Enter")
    is_open(page)


def corrects_the_site(page: Any, pole: Pole) -> None:
    page.keyboard.press("e")
    field = page.locator("#site-pole")
    expect(field).to_be_focused()
    field.press("Control+a")
    field.press_sequentially(pole.code)
    field.press("Escape")
    page.locator("#site-station").fill("")
    page.locator("#site-station").press("Enter")
    expect(page.locator("#card-facts .big .code").first).to_have_text(pole.code)


def answers(page: Any, server: SmtpServer, incident: Incident) -> None:
    """By keyboard; the letter is on the server's side a moment later, and the card says so."""
    page.locator("#card-talk").focus()
    page.keyboard.press("r")
    expect(page.locator("#reply-to")).to_have_value("Смена NOC <noc@operator.example>")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Бригада выехала, будет к 15:30.")
    until(page, lambda: Draft.objects.filter(field=Draft.Field.LETTER).exists())
    page.keyboard.press("Control+Enter")
    sent = page.locator(".dk-letter.out", has_text="Бригада выехала")
    expect(sent).to_be_visible()
    expect(page.locator("#reply")).to_have_count(0)

    assert outbox.send_due(now=timezone.now) == 1
    expect(sent).to_contain_text(re.compile("Отправлено|Sent"), timeout=15000)
    arrived = server.letters[-1]
    assert set(arrived.recipients) == {"noc@operator.example", DESK}
    assert parse(arrived.raw).subject.startswith(f"Re: {incident.code}: ")
    assert not Draft.objects.exists()


def writes_a_note_while_the_colleague_writes_one(mine: Any, his: Any) -> None:
    """I see what he wrote before mine is stored, and my words are still there."""
    mine.locator("#card-talk").focus()
    mine.keyboard.press("n")
    mine.keyboard.type("Подрядчик просит ключи")
    # As on a line that is slow: his note is stored before my page has heard of it.
    mine.evaluate("document.getElementById('card-live').remove()")
    his.locator("#note-text").fill("Ключи у охраны, позвонил")
    his.locator("#note-text").press("Control+Enter")
    expect(his.locator(".dk-letter.note", has_text="Ключи у охраны")).to_be_visible()

    mine.keyboard.press("Control+Enter")

    expect(mine.locator("#note-error")).to_contain_text("Ключи у охраны")
    expect(mine.locator("#note-text")).to_have_value("Подрядчик просит ключи")
    mine.locator("#note-text").press("Control+Enter")
    expect(mine.locator(".dk-letter.note", has_text="Подрядчик просит")).to_be_visible()
    mine.reload()


def takes_it_while_i_write(mine: Any, his: Any, colleague: User) -> None:
    """The colleague takes the incident over; what I write stays where it is, on the page and on the server."""
    mine.locator("#note-text").fill("Акт пришлют утром")
    his.locator("#card-talk").focus()
    his.keyboard.press("t")
    expect(his.locator("[popovertarget=assign-menu]")).to_contain_text(colleague.last_name)

    expect(mine.locator("[popovertarget=assign-menu]")).to_contain_text(colleague.last_name)
    expect(mine.locator("#note-text")).to_have_value("Акт пришлют утром")
    until(mine, lambda: Draft.objects.filter(text="Акт пришлют утром").exists())
    mine.locator("#note-text").press("Control+Enter")
    expect(mine.locator(".dk-letter.note", has_text="Акт пришлют")).to_be_visible()


def snoozes(page: Any) -> None:
    """ "Wake me in two hours"; when the moment comes, the desk says so and leads there; it can be put off."""
    page.locator("#work summary", has_text=re.compile("Напомнить|Remind")).click()
    page.locator("#reminder-text").fill("позвонить бригаде")
    page.locator("#reminder-when").fill("+2h")
    page.locator("#reminder-when").press("Enter")
    expect(page.locator("#work .dk-promises")).to_contain_text("позвонить бригаде")

    reminder = Reminder.objects.get()
    assert timedelta(minutes=119) < reminder.at - timezone.now() <= timedelta(hours=2)
    page.locator("#card-talk").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".dk-desk")).to_be_visible()
    Reminder.objects.update(at=timezone.now())
    reminders.ring(timezone.now())
    woken = page.locator("[data-reminder]")
    expect(woken).to_contain_text("позвонить бригаде")
    woken.locator("a.link").click()
    is_open(page)
    page.locator("#work .dk-promise [name=when]").first.click()
    until(page, lambda: Reminder.objects.get().at > timezone.now())


def closes(page: Any) -> None:
    """What failed is not known yet: it is asked on the spot."""
    page.locator("#card-head .dk-steps").get_by_role("button", name=name_of("closed")).click()
    page.locator("#closing-type").select_option(index=1)
    page.locator("#closing .btn-primary").click()
    has_status(page, "closed")


def closes_and_opens_again(page: Any) -> None:
    closes(page)
    page.locator("#card-head .dk-step summary").click()
    page.locator("#card-head .dk-step textarea").fill("Оператор пишет: питания снова нет")
    page.locator("#card-head .dk-step button").click()
    has_status(page, "inProgress")
    expect(page.locator(".dk-tl")).to_contain_text("питания снова нет")


def merges_what_the_colleague_closes(mine: Any, his: Any, address: str, double: Incident, into: Incident) -> None:
    """The duplicate is closed under my hand; merging it is still right, and is done."""
    mine.goto(address + double.get_absolute_url())
    his.goto(address + double.get_absolute_url())
    mine.locator("[popovertarget=card-menu]").click()
    mine.locator("#card-menu a").first.click()
    expect(mine.locator("#move-targets")).to_contain_text(into.code.split("-")[1])
    his.keyboard.press("t")
    has_status(his, "inProgress")
    closes(his)
    expect(mine.locator("#card-head .dk-st.fill")).to_have_text(name_of("closed"))

    mine.locator("#move-to").fill(into.code)
    mine.keyboard.press("Enter")

    mine.wait_for_url(address + into.get_absolute_url())
    expect(mine.locator(".dk-tl")).to_contain_text("второй раз")
    expect(his.locator("#card-head .merged")).to_contain_text(into.code.split("-")[1])


def test_a_shift(open_page: Any, address: str, server: SmtpServer, pole: Pole, me: User, colleague: User) -> None:
    incident = come("Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1", "Питания нет с 12:40, просим проверить.")
    mine = open_page(None)
    signs_in(mine, me, address)

    opens_the_next_new_one(mine, incident)
    corrects_the_site(mine, pole)
    mine.keyboard.press("c")
    has_status(mine, "inProgress")
    step(mine, "uvedomiliOperatora")
    step(mine, "peredanoPodradciku")
    answers(mine, server, incident)

    his = open_page(colleague, incident.get_absolute_url())
    expect(mine.locator(".dk-here")).to_contain_text(colleague.last_name)
    takes_it_while_i_write(mine, his, colleague)
    writes_a_note_while_the_colleague_writes_one(mine, his)
    snoozes(mine)
    closes_and_opens_again(mine)

    double = come("Нет питания", "Пишем второй раз: площадка 41960-P-43-1-2 обесточена.")
    assert double != incident
    merges_what_the_colleague_closes(mine, his, address, double, incident)

    incident.refresh_from_db()
    assert (incident.pole, incident.assignee, incident.is_open) == (pole, colleague, True)
    assert incident.handed_over_at is not None
    assert incident.letters.count() == 3
    assert Outgoing.objects.get().state == Outgoing.State.SENT
