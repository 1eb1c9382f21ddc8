"""The page of results: what stands on it, what it costs, what a stranger's words do there."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

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
from incidents.models import Comment, Incident, IncidentEmail
from incidents.search import finding
from incidents.search.finding import Pace
from mailbox.models import Attachment
from tests.factories import make_email, make_incident, make_pole, make_station, make_user
from towers.models import Contractor

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def make(*letters: str, **facts: Any) -> Incident:
    """An incident with these letters, the last one now."""
    now = timezone.now()
    incident = make_incident(**{"subject": "Тема", "opened_at": now, "active_at": now, **facts})
    for number, text in enumerate(letters):
        at = now - timedelta(minutes=len(letters) - number)
        email = make_email(text=text, reply_text=text, subject="Тема", received_at=at)
        IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    return incident


def codes(page: str) -> list[str]:
    return re.findall(r'<tr [^>]*data-code="([^"]+)"', page)


def lines(page: str) -> list[str]:
    """What stands below the rows, marks in brackets."""
    cells = re.findall(r'<a class="sr-line".*?<span class="words">(.*?)</span></span></a>', page, re.DOTALL)
    marked = [re.sub(r"<mark[^>]*>(.*?)</mark>", r"[\1]", cell, flags=re.DOTALL) for cell in cells]
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", cell)).split()) for cell in marked]


def test_each_result_says_where_it_was_said_with_the_words_marked(desk: Client) -> None:
    incident = make("Доброе утро", "Прошу прислать генератор на опору")
    Comment.objects.create(incident=incident, text="Генератора нет на складе", at=timezone.now(), author=make_user())

    page = desk.get("/?q=генератор").text

    assert codes(page) == [incident.code]
    assert lines(page) == ["Прошу прислать [генератор] на опору", "[Генератора] нет на складе"]
    assert f"#letter-{incident.letters.last().email_id}" in page  # type: ignore[union-attr]


def test_of_a_long_letter_the_stretch_with_most_of_the_words_is_shown(desk: Client) -> None:
    make("Генератор. " + "Совсем о другом. " * 60 + "Сломался генератор на второй опоре. " + "Ещё другое. " * 60)

    assert "Сломался [генератор] на второй [опоре]" in lines(desk.get("/?q=генератор опора").text)[0]


@pytest.mark.parametrize(
    ("asked", "shown"), [("41960", "KI000075 [41960-P-43-1-1]"), ("KI75", "[KI000075] 41960-P-43-1-1")]
)
def test_of_a_site_only_the_name_that_was_asked_for_is_marked(desk: Client, asked: str, shown: str) -> None:
    pole = make_pole("41960-P-43-1-1", address="д. Стулово")
    make(pole=pole, base_station=make_station("KI000075", pole))

    assert lines(desk.get(f"/?q={asked}").text) == [f"{shown} д. Стулово"]


def test_each_line_says_in_a_word_where_it_was_found(desk: Client) -> None:
    letter = make("генератор").letters.get().email
    Attachment.objects.create(email=letter, name="генератор.pdf", content_type="x", size=1, sha256="0")
    Comment.objects.create(incident=make(subject="Тема"), text="генератор", at=timezone.now())
    make(subject="генератор")

    kinds = re.findall(r'<span class="kind">([^<]+)', desk.get("/?q=генератор", headers={"accept-language": "en"}).text)

    assert sorted(kinds) == ["File", "Letter", "Note", "Subject"]


def test_an_address_is_marked_in_the_sender(desk: Client) -> None:
    make("Ничего")

    assert '<mark class="sr-mark">noc@operator.example</mark>' in desk.get("/?q=noc@operator.example").text.replace(
        '</mark>@<mark class="sr-mark">', "@"
    )


def test_what_a_stranger_wrote_stays_words(desk: Client) -> None:
    letter = make("Питание <img src=x onerror=alert(1)> & <mark>пропало</mark>")
    Attachment.objects.create(
        email=letter.letters.get().email, name="<script>питание</script>.pdf", content_type="x", size=1, sha256="0"
    )

    page = desk.get("/?q=питание").text

    assert "<img src=x" not in page
    assert "<script>пит" not in page
    assert lines(page)[0] == "[Питание] <img src=x onerror=alert(1)> & <mark>пропало</mark>"
    assert lines(page)[1] == "<script>[питание]</script>.pdf"


def test_a_search_looks_at_open_and_closed_ones_unless_a_queue_is_chosen(desk: Client, me: User) -> None:
    closed = make("генератор", status="closed", closed_at=timezone.now())
    mine = make("генератор", assignee=me)

    assert set(codes(desk.get("/?q=генератор").text)) == {mine.code, closed.code}
    assert codes(desk.get("/?q=генератор&queue=closed").text) == [closed.code]
    assert codes(desk.get("/?q=генератор&queue=open").text) == [mine.code]
    assert codes(desk.get("/?q=генератор&queue=mine").text) == [mine.code]
    assert codes(desk.get("/?q=генератор&status=closed").text) == [closed.code]
    assert codes(desk.get(f"/?q=генератор&pole={make_pole().code}").text) == []


def test_the_chosen_place_is_kept_by_every_link(desk: Client) -> None:
    make("генератор", status="closed", closed_at=timezone.now())

    page = desk.get("/?q=генератор&queue=closed").text

    assert 'name="queue" value="closed"' in page
    assert "queue=closed" in re.findall(r'data-url="([^"]+)"', page)[0]


def test_pages_follow_one_another_by_cursor(desk: Client) -> None:
    made = [make("генератор", opened_at=timezone.now()).code for _ in range(60)]

    first = desk.get("/?q=генератор&n=25").text
    shown, address = codes(first), re.search(r'rel="next"[^>]*href="([^"]+)"', first)
    while address:
        page = desk.get("/" + unescape(address[1])).text
        shown += codes(page)
        assert 'rel="first"' in page
        address = re.search(r'rel="next"[^>]*href="([^"]+)"', page)

    assert shown == made[::-1]


@pytest.mark.parametrize("text", ["генератор", "генератор опора", '"нет питания"', "noc@operator.example", "41960"])
def test_the_number_of_queries_does_not_grow(desk: Client, text: str) -> None:
    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert codes(desk.get(f"/?q={text}").text)
        return len(queries)

    def fill(number: int) -> None:
        for _ in range(number):
            incident = make("Нет питания, генератор на опору 41960", pole=make_pole())
            Comment.objects.create(incident=incident, text="генератор опора 41960", at=timezone.now())
            email = incident.letters.get().email
            Attachment.objects.create(email=email, name="генератор.pdf", content_type="x", size=1, sha256="0")

    fill(5)
    ask()
    few = ask()
    fill(45)

    assert ask() == few <= 30


def test_what_the_registry_knows_stands_above(desk: Client) -> None:
    pole = make_pole("41960-P-43-1-1", contractor_phones=["8 (912) 555-12-34 Иван"], contractor_emails=["a@b.example"])
    contractor = Contractor.objects.get()

    assert f'href="/towers/{pole.code}/"' in desk.get("/?q=41960").text
    for asked in ("+79125551234", "a@b.example"):
        page = desk.get("/", {"q": asked}).text
        assert contractor.name in page
        assert f"?contractor={contractor.pk}" in page


def test_an_empty_result_says_what_to_do(desk: Client) -> None:
    page = desk.get("/?q=абракадабра&queue=mine").text

    assert codes(page) == []
    assert 'class="sr-tips"' in page
    assert f'href="/?q={"%D0%B0%D0%B1%D1%80%D0%B0%D0%BA%D0%B0%D0%B4%D0%B0%D0%B1%D1%80%D0%B0"}"' in page


def test_a_walk_that_ended_early_says_so_and_goes_on(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "BY_INDEX", Pace(few=-1, stretches=(1,)))
    monkeypatch.setattr(finding, "FEW_INCIDENTS", 0)
    monkeypatch.setattr(finding, "NARROW", 0)
    # Whatever is known of the tables of a test: every letter has the word.
    monkeypatch.setattr(finding, "estimate", lambda question: 7)
    monkeypatch.setattr(finding, "planned", lambda rows: 7)
    wanted = make("генератор")
    for _ in range(5):
        make("генератор", status="closed", closed_at=timezone.now())

    page, asked = desk.get("/?q=генератор&queue=open").text, 0
    while not codes(page):
        assert 'class="sr-looked"' in page
        address = re.search(r'rel="next"[^>]*href="([^"]+)"', page)
        assert address
        page, asked = desk.get("/" + unescape(address[1])).text, asked + 1
        assert asked < 20

    assert codes(page) == [wanted.code]


def test_an_open_page_of_results_is_told_of_changes_but_gets_no_other_rows(desk: Client) -> None:
    wanted, other = make("генератор"), make("ничего")

    answer = desk.get(f"/?q=генератор&live=rows&codes={wanted.code},{other.code}").text

    assert codes(answer) == [wanted.code]


def test_a_file_of_the_list_has_what_was_found(me: User) -> None:
    wanted = make("генератор", status="closed", closed_at=timezone.now())
    make("ничего")
    filters = DeskFilter.read(QueryDict("q=генератор"), Choices(me))

    parts = filters.apply(Incident.objects.for_rows(), me, timezone.now())

    assert [each.code for part in parts for each in part] == [wanted.code]


def test_who_may_not_see_incidents_may_not_search(client: Client) -> None:
    nobody = make_user(Role.DISPATCHER)
    nobody.role = ""
    nobody.save()
    client.force_login(nobody)

    assert client.get("/?q=генератор").status_code == 403


def test_nothing_typed_breaks_the_page(desk: Client) -> None:
    for text in ("'", '"', "\\", "%", "a:*", "!", "&|", "()", "<->", "ё" * 300, "-" * 50, "' | ''", "\x01", "1" * 150):
        assert desk.get("/", {"q": text}).status_code == 200, text
