"""The dashboard: what it may be asked, and that every number on it is as long as the list it leads to."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from html import unescape
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.models import Incident
from sla import exports
from sla.dashboard_address import Address
from sla.figures import rebuilding
from tests.factories import make_incident, make_user
from tests.sla.dashboard_story import Story
from towers.models import Contractor

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    return make_user(role=Role.MANAGER)


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


LINK = re.compile(r'<a\b([^>]*)\shref="(/\?[^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
PLACES = ["/sla/", "/sla/?p=day", "/sla/?p=year", "/sla/by/contractor/?p=month", "/sla/by/region/?p=month"]


def numbers_of(page: str) -> list[tuple[int, str]]:
    """Every number that leads to a list of the desk, and where; a share says its number in the title."""
    found = []
    for before, href, after, inside in LINK.findall(page):
        told = re.search(r"<b[^>]*>([^<]+)</b>", inside)
        words = unescape(told[1] if told else re.sub(r"<[^>]+>", "", inside))
        titled = re.search(r'title="([\d\s\xa0]+)"', before + after)
        words = titled[1] if titled else words
        if re.fullmatch(r"[\d\s\xa0]+", words):
            found.append((int(re.sub(r"\D", "", words)), unescape(href)))
    return found


def lengths_of(numbers: list[tuple[int, str]], person: User) -> dict[str, int]:
    """By the address of the list."""
    return {href: length_of(href, person, timezone.now()) for _number, href in numbers}


def length_of(href: str, person: User, now: datetime) -> int:
    """How many incidents the desk lists at this address."""
    read = DeskFilter.read(QueryDict(href.partition("?")[2]), Choices(person))
    keys = {
        row for part in read.apply(Incident.objects.all(), person, now) for row in part.values_list("pk", flat=True)
    }
    return len(keys)


def test_every_number_is_as_long_as_the_list_that_it_leads_to(client: Client, manager: User) -> None:
    Story(80, days=20)

    for place in PLACES:
        numbers = numbers_of(client.get(place).text)
        assert len(numbers) > 10
        assert {href: number for number, href in numbers} == lengths_of(numbers, manager), place


def test_a_share_leads_to_those_that_were_in_time(client: Client, manager: User) -> None:
    Story(40)
    page = client.get("/sla/").text

    href = re.search(r'id="tile-kept".*?<a class="v" href="([^"]+)"', page, re.DOTALL)
    late = re.search(r'id="tile-late".*?<a class="v" href="([^"]+)">(\d+)', page, re.DOTALL)

    assert href
    assert late
    judged = length_of(unescape(href[1]), manager, timezone.now())
    share = 100 * (judged - int(late[2])) / judged
    assert f"{share:.1f}".replace(".", ",") in page


def test_filters_narrow_the_numbers_and_their_lists_alike(client: Client, manager: User) -> None:
    story = Story(80, days=20)
    words: dict[str, int | str] = {
        "operator": story.operators[0].pk, "group": "group1", "region": "Алтай", "type": story.types[0].pk,
        "contractor": story.firms[0].pk, "who": story.person.pk,
    }  # fmt: skip

    for field, word in [*words.items(), *((field, "none") for field in words)]:
        numbers = numbers_of(client.get("/sla/", {"p": "month", field: word}).text)
        assert {href: number for number, href in numbers} == lengths_of(numbers, manager), (field, word)


def test_the_page_asks_as_often_for_many_rows_as_for_few(client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/sla/?p=month").status_code == 200
        return len(queries)

    Story(5, contractors=2)
    few = asked()
    Story(60, contractors=30, seed=2)

    assert asked() == few
    assert few < 50


def test_a_desk_where_nothing_ever_happened_says_so(client: Client) -> None:
    page = client.get("/sla/").text

    assert 'class="dk-empty"' in page
    assert client.get("/sla/?part=figures").status_code == 200
    assert client.get("/sla/by/contractor/").status_code == 200


def test_figures_that_were_never_counted_are_said_to_be_coming(client: Client) -> None:
    """As in the first minute after an upgrade: nothing to count would not be true."""
    make_incident(opened_at=timezone.now(), status="closed", closed_at=timezone.now())
    said = client.get("/sla/").content.decode()
    assert "Считается в первый раз" in said
    assert "Считать нечего" not in said


def test_one_incident_is_enough_for_a_page(client: Client) -> None:
    Story(2, contractors=1)

    for period in ("day", "week", "year"):
        assert client.get(f"/sla/?p={period}").status_code == 200


def test_hundreds_of_contractors_with_long_names_are_ten_rows_and_a_link_to_all(client: Client) -> None:
    story = Story(30, contractors=1)
    for n in range(150):
        firm = Contractor.objects.create(name=f"ООО «{'Очень длинное название подрядной организации ' * 2}{n}»")
        make_incident(contractor=firm, opened_at=story.now)
    assert rebuilding.rebuild(timezone.now())

    page = client.get("/sla/").text
    whole = client.get("/sla/by/contractor/").text

    assert page.split('id="contractors"')[1].split("</section>")[0].count("<tr>") == 1 + 10
    assert whole.count('<th scope="row"') > 150


def test_dispatchers_see_the_dashboard_without_the_comparison_of_dispatchers() -> None:
    story = Story(20)
    mine, client = story.people[0], Client()
    client.force_login(mine)

    page = client.get("/sla/?by=dispatcher").text
    other = client.get("/sla/", {"who": story.people[1].pk}).text

    assert "by=dispatcher#" not in page
    assert story.people[1].full_name not in page.split('id="breakdown"')[1].split("</section>")[0]
    assert 'name="who"' not in page
    assert not re.findall(rf'href="/\?[^"]*who={story.people[1].pk}\b', other)
    assert re.findall(rf'href="/\?[^"]*who={mine.pk}\b', client.get("/sla/", {"who": mine.pk}).text)
    assert client.get("/sla/by/dispatcher/").status_code == 404
    assert client.get("/sla/export.csv?table=dispatcher").status_code == 404


def test_the_second_table_comes_alone_and_in_the_asked_order(client: Client) -> None:
    Story(40)

    part = client.get("/sla/?by=region&part=breakdown").text
    names = re.findall(r'<th scope="row".*?title="([^"]+)"', client.get("/sla/by/region/?sort=name").text)

    assert part.count("<section") == 1
    assert "Пермский край" in part
    assert names == sorted(names, key=str.casefold)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("", "2026-11-17", "2026-11-23"),
        ("p=day", "2026-11-23", "2026-11-23"),
        ("p=month", "2026-10-25", "2026-11-23"),
        ("p=nonsense", "2026-11-17", "2026-11-23"),
        ("from=2026-10-01&to=2026-10-31", "2026-10-01", "2026-10-31"),
        ("from=2026-10-31&to=2026-10-01", "2026-10-01", "2026-10-31"),
        ("from=2026-11-20", "2026-11-20", "2026-11-23"),
        ("to=2026-11-20", "2026-11-20", "2026-11-20"),
        ("from=2026-11-20&to=2030-01-01", "2026-11-20", "2026-11-23"),
        ("from=2030-01-01&to=2030-02-01", "2026-11-23", "2026-11-23"),
        ("from=1980-01-01&to=2026-11-23", "2021-11-20", "2026-11-23"),
        ("from=x&to=2026-99-99", "2026-11-17", "2026-11-23"),
    ],
)
def test_days_of_an_address_are_understood_and_never_lie_ahead(
    manager: User, words: str, first: str, last: str
) -> None:
    read = Address.read(QueryDict(words), Choices(manager), date(2026, 11, 23))

    assert (read.first.isoformat(), read.last.isoformat()) == (first, last)
    again = Address.read(QueryDict(read.kept.urlencode()), Choices(manager), date(2026, 11, 23))
    assert (again.first, again.last, again.period) == (read.first, read.last, read.period)


def test_whole_months_quarters_and_years_are_offered(manager: User) -> None:
    spans = [link for _title, link in Address(date(2026, 11, 1), date(2026, 11, 1)).calendar(date(2026, 2, 3))]

    assert spans == [
        "?from=2026-02-01&to=2026-02-03",
        "?from=2026-01-01&to=2026-01-31",
        "?from=2026-01-01&to=2026-02-03",
        "?from=2025-10-01&to=2025-12-31",
        "?from=2026-01-01&to=2026-02-03",
        "?from=2025-01-01&to=2025-12-31",
    ]


def test_the_workbook_has_every_table_and_csv_each_of_them(client: Client, manager: User) -> None:
    Story(40)
    names = list(exports.tables(manager))

    book = client.get("/sla/export.xlsx?p=month")
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        first = archive.read("xl/worksheets/sheet1.xml").decode()
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
    assert len(sheets) == len(names)
    assert "Поступило" in first or "Arrived" in first
    for name in names:
        text = client.get(f"/sla/export.csv?p=month&table={name}").content.decode("utf-8-sig")
        assert len({line.count(";") for line in text.strip().splitlines()}) == 1
    assert client.get("/sla/export.csv?table=nothing").status_code == 404
    assert client.get("/sla/export.pdf").status_code == 404


def test_names_that_a_spreadsheet_would_compute_are_text_in_csv(client: Client) -> None:
    firm = Contractor.objects.create(name="=cmd|'/c calc'!A1")
    make_incident(contractor=firm, opened_at=timezone.now())
    assert rebuilding.rebuild(timezone.now())

    assert "'=cmd" in client.get("/sla/export.csv?table=contractor").content.decode("utf-8-sig")
