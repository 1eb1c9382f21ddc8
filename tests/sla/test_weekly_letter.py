"""The letter of the week: its numbers, its words in both forms, and that each manager gets it once."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident, Status
from mailbox import html_rules, letter_html, outbox
from mailbox.models import Outgoing
from sla import weekly, weekly_letter
from sla.figures import rebuilding
from sla.models import PolicyVersion, WeeklyLetter
from sla.views import weekly as views
from tests.factories import make_incident, make_pole, make_user
from tests.smtp_server import smtp_server
from towers.models import Contractor

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOSCOW = ZoneInfo("Europe/Moscow")
# A Monday, eight o'clock in the morning at the desk.
MONDAY = datetime(2026, 8, 24, 8, 0, tzinfo=MOSCOW)
WEEK = date(2026, 8, 17)
PAGE = "/sla/weekly/"


@pytest.fixture(autouse=True)
def _with_a_server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # In whichever year this is read.
    monkeypatch.setattr(views, "MOST_BACK", timedelta(days=36525))
    settings.EMAIL_HOST, settings.DESK_URL = "smtp.towers.example", "https://desk.towers.example"


@pytest.fixture
def boss() -> User:
    return make_user(Role.MANAGER, first_name="Анна", last_name="Крылова", email="boss@towers.example")


def closed(after: timedelta, at: datetime, firm: str = "", **over: Any) -> Incident:
    """An incident with four hours, opened then and closed so long after it."""
    contractor = Contractor.objects.get_or_create(name=firm)[0] if firm else None
    pole = make_pole(region_ru=over.pop("region", "Пермский край"), contractor=contractor)
    facts = {"pole": pole, "contractor": contractor, "opened_at": at, "active_at": at, "handed_over_at": at, **over}
    incident = make_incident(type="power-msk", status="inProgress", **facts)
    end = Status.objects.get(key="closed")
    services.change_status(incident, end, by=make_user(), at=at + after, reason="так надо")
    return incident


def a_week(late: int = 1) -> None:
    """Three in time and so many late in the week, one of each in the week before, and one that is late now."""
    begin = datetime(2026, 8, 18, 9, 0, tzinfo=MOSCOW)
    for _n in range(3):
        closed(HOUR, begin, "ООО «Свет»")
    for _n in range(late):
        closed(6 * HOUR, begin, "ООО «Тьма» & <Ко>", region="Кировская область")
    closed(HOUR, begin - 7 * DAY)
    closed(6 * HOUR, begin - 7 * DAY)
    make_incident(
        type="power-msk", code="NT-777777", subject="Нет <b>ВЭС</b>", opened_at=begin, due_at=MONDAY - 51 * HOUR
    )
    rebuilding.rebuild(MONDAY)


# --- What it says -----------------------------------------------------------------------------


def test_it_tells_the_week_against_the_one_before_and_names_who_was_late() -> None:
    a_week()

    said = weekly_letter.words(weekly.of(WEEK, MONDAY))

    assert said.subject == "SLA за неделю 17.08–23.08.2026: 75,0 % в срок, просрочено 1"
    assert "В срок: 75,0 % (+25,0 п. п. к неделе до неё)" in said.text
    assert "Закрыто: 4 (было 2)" in said.text
    assert "Кировская область: 0 % в срок, поздно 1 из 1" in said.text
    assert "Пермский край" not in said.text
    assert "NT-777777, на 2 д 3 ч: Нет <b>ВЭС</b>" in said.text
    assert "https://desk.towers.example/sla/?from=2026-08-17&to=2026-08-23" in said.text


def test_both_forms_say_the_same_as_every_mail_program_shows_it() -> None:
    a_week()
    said = weekly_letter.words(weekly.of(WEEK, MONDAY))

    assert html_rules.broken(said.html) == []
    assert letter_html.unsaid(said.html, said.text) == []
    assert "&lt;b&gt;ВЭС" in said.html
    assert 'href="https://desk.towers.example/incidents/NT-777777/"' in said.html


def test_without_the_address_of_the_desk_it_has_no_links(settings: Any) -> None:
    settings.DESK_URL = ""
    a_week()

    said = weekly_letter.words(weekly.of(WEEK, MONDAY))

    assert "<a " not in said.html
    assert "http" not in said.text
    assert letter_html.unsaid(said.html, said.text) == []


def test_what_changed_in_the_rules_is_told_with_who_and_why(boss: User) -> None:
    before = PolicyVersion.objects.get(number=1)
    document = {**before.document, "types": {**before.document["types"], "power-msk": 300}}
    facts = {"document": document, "by": boss, "why": "Новый договор"}
    PolicyVersion.objects.create(number=2, at=datetime(2026, 8, 19, tzinfo=MOSCOW), **facts)
    PolicyVersion.objects.create(number=3, at=MONDAY, **facts | {"document": before.document})
    a_week()

    said = weekly_letter.words(weekly.of(WEEK, MONDAY))

    assert "Версия 2, 19.08 00:00, Анна Крылова: Новый договор" in said.text
    assert "Версия 3" not in said.text
    (change,) = weekly.of(WEEK, MONDAY).changes
    assert change.differences
    assert letter_html.unsaid(said.html, said.text) == []


def test_a_week_without_an_end_is_told_in_words() -> None:
    make_incident(opened_at=MONDAY - DAY)
    rebuilding.rebuild(MONDAY)

    said = weekly_letter.words(weekly.of(WEEK, MONDAY))

    assert "Закрытых инцидентов со сроком не было" in said.text
    assert "None" not in said.text + said.html
    assert letter_html.unsaid(said.html, said.text) == []


# --- Once a week ------------------------------------------------------------------------------


def test_each_manager_gets_it_once_on_monday_at_eight(settings: Any, boss: User) -> None:
    make_user(Role.MANAGER, email="")
    make_user(Role.MANAGER, email="gone@towers.example", is_active=False)
    make_user(Role.DISPATCHER, email="dispatcher@towers.example")
    a_week()
    with smtp_server(settings) as server:
        assert weekly_letter.send_due(MONDAY - timedelta(minutes=1)) == 0
        assert [weekly_letter.send_due(MONDAY), weekly_letter.send_due(MONDAY + HOUR)] == [1, 0]
        outbox.send_due(now=lambda: MONDAY + HOUR)

    assert [each.recipients for each in server.letters] == [["boss@towers.example"]]
    assert WeeklyLetter.objects.get().week == WEEK
    assert b"Auto-Submitted: auto-generated" in server.letters[0].raw


def test_after_a_monday_without_a_clock_it_comes_later_in_the_week_and_never_for_weeks_before(boss: User) -> None:
    a_week()

    assert weekly_letter.send_due(MONDAY + 3 * DAY) == 1
    assert weekly_letter.send_due(MONDAY + 6 * DAY) == 0
    assert weekly_letter.send_due(MONDAY + 7 * DAY) == 1
    assert list(WeeklyLetter.objects.values_list("week", flat=True)) == [WEEK + timedelta(days=7), WEEK]


def test_who_dies_while_it_is_written_has_written_to_nobody(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(Role.MANAGER, email="second@towers.example")
    a_week()
    queue, calls = outbox.queue, []

    def dies(*args: Any, **how: Any) -> Outgoing:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("the power is gone")
        return queue(*args, **how)

    monkeypatch.setattr(outbox, "queue", dies)
    with pytest.raises(OSError, match="power"):
        weekly_letter.send_due(MONDAY)
    assert (Outgoing.objects.count(), WeeklyLetter.objects.count()) == (0, 0)

    assert weekly_letter.send_due(MONDAY + HOUR) == 2


@pytest.mark.parametrize(
    ("weekday", "hour", "at"), [(0, 8, None), (5, 17, datetime(2026, 8, 28, 17, 0, tzinfo=MOSCOW))]
)
def test_day_and_hour_are_settings(settings: Any, boss: User, weekday: int, hour: int, at: datetime | None) -> None:
    settings.SLA_WEEKLY_WEEKDAY, settings.SLA_WEEKLY_HOUR = weekday, hour
    a_week()

    assert weekly_letter.next_at(MONDAY) == at
    sent = [weekly_letter.send_due(MONDAY + hours * HOUR) for hours in range(0, 7 * 24, 3)]
    assert sum(sent) == (1 if at else 0)


def test_who_does_not_want_it_gets_none_until_he_does(boss: User) -> None:
    a_week()
    client = browser(boss)

    client.post(f"{PAGE}choose/", {"wanted": "0"})
    assert weekly_letter.send_due(MONDAY) == 0
    client.post(f"{PAGE}choose/", {"wanted": "1"})
    assert weekly_letter.send_due(MONDAY) == 1


def test_an_empty_desk_writes_to_nobody(boss: User) -> None:
    rebuilding.rebuild(MONDAY)

    assert weekly_letter.send_due(MONDAY) == 0


# --- The page ---------------------------------------------------------------------------------


def browser(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    client.cookies["django_language"] = "en"
    return client


def test_the_page_shows_the_letter_of_any_week_and_who_gets_it(boss: User) -> None:
    a_week()
    weekly_letter.send_due(MONDAY)
    client = browser(boss)

    page = client.get(PAGE, {"week": "2026-08-19"}).text
    letter = client.get(f"{PAGE}letter/", {"week": "2026-08-19"})

    assert "17.08–23.08.2026" in page
    assert "boss@towers.example" in page
    assert "75,0 %" in letter.text
    assert "sandbox" in letter["Content-Security-Policy"]
    for wrong in ("2999-01-01", "1999-01-01", "x"):
        assert client.get(PAGE, {"week": wrong}).status_code == 200


def test_whoever_cannot_wait_has_it_sent_to_himself(boss: User, settings: Any) -> None:
    a_week()
    client = browser(boss)

    client.post(f"{PAGE}send/", {"week": "2026-08-17"})

    letter = Outgoing.objects.get()
    assert (letter.by, letter.recipients[0]["address"]) == (boss, "boss@towers.example")
    assert not WeeklyLetter.objects.exists()
    User.objects.update(email="")
    assert "no e-mail address" in client.post(f"{PAGE}send/", follow=True).text
    settings.EMAIL_HOST = ""
    User.objects.update(email="boss@towers.example")
    assert "No server" in client.post(f"{PAGE}send/", follow=True).text
    assert Outgoing.objects.count() == 1


def test_page_and_letter_cost_the_same_however_much_was_late(boss: User) -> None:
    client = browser(boss)

    def cost(path: str) -> int:
        rebuilding.rebuild(MONDAY)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path, {"week": "2026-08-17"}).status_code == 200
        return len(asked)

    a_week(late=1)
    few = [cost(PAGE), cost(f"{PAGE}letter/")]
    for n in range(12):
        at = datetime(2026, 8, 19, n, 0, tzinfo=MOSCOW)
        closed(9 * HOUR, at, f"ООО «{n}»", region=f"Область {n}")
        make_incident(type="power-msk", opened_at=at, due_at=at + 4 * HOUR, assignee=make_user())
    assert [cost(PAGE), cost(f"{PAGE}letter/")] == few


def test_dispatchers_see_none_of_it() -> None:
    client = browser(make_user(Role.DISPATCHER))

    assert client.get(PAGE).status_code == 403
    assert not re.search(r"/sla/weekly/", client.get("/sla/").text)
