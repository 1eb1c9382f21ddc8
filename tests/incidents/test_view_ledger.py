"""Pages of letters: the list and its filters, one letter, the balance, what people may do, what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from mailbox import store
from mailbox.models import Attachment, Email, Receipt, Reconciliation
from tests.factories import make_email, make_incident, make_user
from tests.incidents.letters_received import make_folder, make_receipt, received
from tests.written import letter

pytestmark = pytest.mark.django_db
State = Receipt.State


@pytest.fixture(autouse=True)
def _fresh_mark() -> Iterator[None]:
    caches["calls"].clear()
    yield
    caches["calls"].clear()


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def shown(desk: Client, query: str = "") -> list[int]:
    response = desk.get(f"/letters/{query}")
    assert response.status_code == 200
    return [int(pk) for pk in re.findall(r'data-receipt="(\d+)"', response.text)]


def test_the_newest_letter_stands_first(desk: Client) -> None:
    old, new = received(minutes=9), received(minutes=1)

    assert shown(desk) == [new.pk, old.pk]


def test_every_row_says_what_became_of_its_letter(desk: Client) -> None:
    opened, joined = received(State.OPENED, code="NT-100001"), received(State.JOINED, code="NT-100002")
    kept = received(State.KEPT, rule="automatic")
    at = timezone.now() + timedelta(minutes=10)
    broken = make_receipt(state=State.QUARANTINED, reason="ValueError: сломано", next_try_at=at)
    page = desk.get("/letters/").text

    def fate(receipt: Receipt) -> str:
        found = re.search(rf'id="fate-{receipt.pk}".*?</td>', page, re.DOTALL)
        assert found
        return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())

    assert "NT- 100001" in fate(opened)
    assert "NT- 100002" in fate(joined)
    assert "/incidents/NT-100002/" in page
    assert "автоматическое" in fate(kept) or "automatic" in fate(kept)
    assert "ValueError: сломано" in fate(broken)
    assert f"{timezone.localtime(at):%H:%M}" in fate(broken)


def test_each_filter_shows_its_letters_and_no_others(desk: Client) -> None:
    inbox, sent = make_folder(), make_folder("Sent", role="sent")
    day = timezone.localdate() - timedelta(days=3)
    wanted = {
        "fate=kept": received(State.KEPT, folder=inbox),
        f"folder={sent.pk}": received(folder=sent),
        "direction=out": received(folder=inbox, direction="out"),
        "kind=bounce": received(folder=inbox, kind="bounce"),
        "history=only": received(folder=inbox, is_old=True),
        "sender=chief@far.example": received(folder=inbox, from_email="Chief@far.example"),
        "sender=@only.example": received(folder=inbox, from_email="a@only.example"),
        "sender=кудрин": received(folder=inbox, from_name="Игорь Кудрин"),
        "folder=none": received(),
        f"from={day}&to={day}": received(folder=inbox, minutes=3 * 1440),
    }

    for query, receipt in wanted.items():
        assert shown(desk, f"?{query}") == [receipt.pk], query
    assert shown(desk, f"?mailbox={sent.mailbox_id}") == [wanted[f"folder={sent.pk}"].pk]


def test_an_address_that_says_nonsense_shows_the_list(desk: Client) -> None:
    receipt = received()

    nonsense = "?fate=x&folder=x&mailbox=-1&direction=x&kind=x&history=x&from=2026-99-99&to=0001-01-01&after=x&above=x"
    assert shown(desk, nonsense) == [receipt.pk]


@pytest.mark.parametrize(
    "question",
    [
        "генератора",
        "KI0075",
        "41960-P-43-1-1",
        '"запустили генератор"',
        "noc@power.example",
        "power.example",
        "<a1@power.example>",
        "NT-163341",
        "nt-163341",
        "генератор -шлагбаум",
    ],
)
def test_text_finds_words_parts_of_sites_addresses_ids_and_incidents(desk: Client, question: str) -> None:
    wanted = received(
        State.OPENED,
        code="NT-163341",
        subject="Отсутствует ВЭС KI0075/41960-P-43-1-1",
        text="Мы запустили генератор.",
        from_email="noc@power.example",
        message_id="<a1@power.example>",
    )
    received(State.OPENED, code="NT-16334", subject="Шлагбаум", text="Не открывается.", from_email="a@b.example")
    wanted.email.thread_ids.create(message_id="<a1@power.example>")  # type: ignore[union-attr]

    assert shown(desk, f"?q={question}") == [wanted.pk]


def test_the_searched_words_are_marked_where_they_stand(desk: Client) -> None:
    text = "Добрый день! " * 20 + "На <опоре> KI0075/41960-P-43-1-1 пропало <b>питание</b>."
    received(subject="Нет питания: KI0075/41960-P-43-1-1", text=text)

    page = desk.get("/letters/?q=питание+KI0075").text

    assert 'Нет <mark class="lg-found">питания</mark>: <mark class="lg-found">KI0075</mark>/41960' in page
    assert '&lt;опоре&gt; <mark class="lg-found">KI0075</mark>/41960-P-43-1-1 пропало' in page
    assert '&lt;b&gt;<mark class="lg-found">питание</mark>&lt;/b&gt;' in page


def test_pages_follow_each_other_without_gap_or_double(desk: Client) -> None:
    moment = timezone.now() - timedelta(hours=1)
    # Many of one moment: the id decides.
    everything = [make_receipt(received_at=moment + timedelta(seconds=n // 30)).pk for n in range(120)]
    seen: list[int] = []
    query = ""
    while True:
        page = desk.get(f"/letters/{query}")
        seen += [int(pk) for pk in re.findall(r'data-receipt="(\d+)"', page.text)]
        more = re.search(r'rel="next" href="([^"]+)"', page.text)
        if not more:
            break
        query = more[1].replace("&amp;", "&")

    assert seen == sorted(everything, reverse=True)


def test_a_list_walked_from_the_newest_on_says_how_far_it_looked(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from incidents import ledger_search

    monkeypatch.setattr(ledger_search, "FEW", -1)
    monkeypatch.setattr(ledger_search, "BY_WORDS", ledger_search.Pace(step=5, most=10))
    wanted = received(text="шлагбаум", minutes=600)
    for minutes in range(30):
        received(minutes=minutes)

    found, query, pages = [], "?q=шлагбаум", 0
    while query and pages < 9:
        page = desk.get(f"/letters/{query}").text
        found += re.findall(r'data-receipt="(\d+)"', page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        query, pages = more[1].replace("&amp;", "&") if more else "", pages + 1

    assert found == [str(wanted.pk)]
    assert pages == 4


@pytest.mark.parametrize("query", ["", "?q=питание", "?kind=human", "?fate=joined"])
def test_a_page_of_fifty_costs_as_many_queries_as_one_of_five(desk: Client, query: str) -> None:
    def cost(number: int) -> int:
        for _ in range(number):
            one = received(State.JOINED, text="Пропало питание", code=f"NT-{timezone.now().timestamp():.6f}")
            Attachment.objects.create(email=one.email, name="a", content_type="a/b", size=1, sha256="0" * 64)
        desk.get(f"/letters/{query}")
        with CaptureQueriesContext(connection) as asked:
            assert len(shown(desk, query)) >= number
        return len(asked)

    assert cost(5) == cost(45)


def test_an_open_page_learns_how_many_letters_are_new_and_what_became_of_its_rows(desk: Client) -> None:
    waiting = make_receipt(state=State.NEW)
    page = desk.get("/letters/").text
    address = re.search(r'hx-get="([^"]+above=[^"]+)"', page)
    assert address
    assert f"unsettled={waiting.pk}" in address[1]
    asked = address[1].replace("&amp;", "&")
    assert "dk-pill" not in desk.get(asked).text

    received(minutes=-1)
    Receipt.objects.filter(pk=waiting.pk).update(state=State.QUARANTINED, reason="сломано")
    answer = desk.get(asked).text

    assert "dk-pill" in answer
    assert f'id="fate-{waiting.pk}" hx-swap-oob="true"' in answer
    assert "сломано" in answer


def test_a_letter_shows_every_place_it_was_seen_in(desk: Client) -> None:
    folder = make_folder()
    first = received(
        State.OPENED, code="NT-100001", folder=folder, problems=[{"code": "charset-guessed", "detail": "x"}]
    )
    copy = make_receipt(state=State.COPY, email=first.email, folder=make_folder("Archive"), sha256=first.sha256)

    page = desk.get(f"/letters/{first.email_id}/").text

    for receipt in (first, copy):
        assert f"UID {receipt.uid}" in page
    assert "/incidents/NT-100001/" in page
    assert f"/letters/{first.email_id}/body/" in page
    assert first.email is not None
    assert first.email.message_id.replace("<", "&lt;").replace(">", "&gt;") in page


def test_a_receipt_nobody_could_read_has_a_page_and_its_bytes(desk: Client) -> None:
    raw = letter(subject="Сломанное")
    broken = make_receipt(state=State.QUARANTINED, reason="ValueError: x", sha256=store.put(raw))
    empty = make_receipt(state=State.QUARANTINED, sha256="")

    assert "ValueError: x" in desk.get(f"/letters/receipts/{broken.pk}/").text
    assert desk.get(f"/letters/receipts/{broken.pk}/original.eml").getvalue() == raw
    assert desk.get(f"/letters/receipts/{empty.pk}/").status_code == 200
    assert desk.get(f"/letters/receipts/{empty.pk}/original.eml").status_code == 404


def test_a_letter_goes_from_the_list_into_an_incident(desk: Client) -> None:
    incident = make_incident(code="NT-163341")
    kept = received(State.KEPT, rule="automatic", raw=letter(subject="Авария"))

    refused = desk.post(f"/letters/receipts/{kept.pk}/join/", {"code": "NT-9"})
    answer = desk.post(f"/letters/receipts/{kept.pk}/join/", {"code": "нт 163341"})
    assert refused.status_code == 422
    assert "NT-9" in refused.text
    answer = desk.post(f"/letters/receipts/{kept.pk}/join/", {"code": "163341"})

    assert answer.headers["Location"] == incident.get_absolute_url()
    kept.refresh_from_db()
    assert (kept.state, kept.rule) == (State.JOINED, "")


def test_a_quarantined_letter_is_tried_again_from_its_row(desk: Client) -> None:
    broken = make_receipt(state=State.QUARANTINED)
    page = desk.get("/letters/?fate=quarantined").text
    assert f"/letters/receipts/{broken.pk}/retry/" in page

    answer = desk.post(f"/letters/receipts/{broken.pk}/retry/", {"next": "/letters/?fate=quarantined"})

    assert answer.headers["Location"] == "/letters/?fate=quarantined"
    broken.refresh_from_db()
    assert broken.state == State.NEW
    assert desk.post("/letters/retry/", {"next": "https://far.example/"}).headers["Location"] == "/letters/"


def test_an_observer_is_offered_no_deeds(me: User) -> None:
    client = Client()
    client.force_login(make_user(Role.OBSERVER))
    broken = make_receipt(state=State.QUARANTINED, sha256=store.put(letter()))

    for path in ("/letters/?fate=quarantined", f"/letters/receipts/{broken.pk}/"):
        assert "/retry/" not in client.get(path).text
    assert client.post(f"/letters/receipts/{broken.pk}/retry/").status_code == 403


def test_the_balance_adds_up_and_its_numbers_lead_to_their_letters(desk: Client) -> None:
    folder = make_folder()
    for fate in (State.OPENED, State.JOINED, State.JOINED):
        received(fate, folder=folder)
    received(State.KEPT)
    page = desk.get("/letters/balance/").text

    today = timezone.localdate()
    links = re.findall(rf'<a href="(/letters/\?from={today}&amp;to={today}&amp;fate=joined)">(\d+)</a>', page)
    assert [number for _, number in links] == ["2"]
    assert len(shown(desk, links[0][0].removeprefix("/letters/").replace("&amp;", "&"))) == 2
    assert "is-done" in page
    assert "is-over" not in page.split('id="alarms"')[0].rsplit("<section", 1)[1]


def test_the_balance_says_what_the_last_comparison_found(desk: Client) -> None:
    folder = make_folder()
    facts: dict[str, Any] = {"on_server": 10, "in_ledger": 8, "missing": [4, 7]}
    Reconciliation.objects.create(folder=folder, at=timezone.now() - timedelta(days=9), without_bytes=5)
    Reconciliation.objects.create(folder=folder, at=timezone.now() - timedelta(hours=9), **facts)

    page = desk.get("/letters/balance/").text

    assert "UID 4, 7" in page
    assert page.count("lg-bad") == 1


@pytest.mark.parametrize("query", ["", "?folders"])
def test_the_balance_costs_the_same_for_a_thousand_letters(desk: Client, query: str) -> None:
    def cost(number: int) -> int:
        folder = make_folder()
        for minutes in range(number):
            make_receipt(state=State.QUARANTINED, folder=folder, received_at=timezone.now() - timedelta(hours=minutes))
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(f"/letters/balance/{query}").status_code == 200
        return len(asked)

    assert cost(5) == cost(50)


def test_the_mark_counts_the_quarantine_and_warns_of_a_ledger_that_does_not_add_up(desk: Client) -> None:
    assert "dot" not in desk.get("/letters/mark/").text
    make_receipt(state=State.QUARANTINED)
    caches["calls"].clear()
    assert ">1<" in desk.get("/letters/mark/").text

    Receipt.objects.filter(pk=received(State.JOINED, code="NT-1").pk).update(email=make_email())
    caches["calls"].clear()
    assert ">!<" in desk.get("/letters/mark/").text
    with CaptureQueriesContext(connection) as asked:
        desk.get("/letters/mark/")
    assert not [query for query in asked if "receipt" in query["sql"]]


def test_letters_stand_in_the_rail_for_whoever_may_read_them(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from dispatchers import roles

    assert desk.get("/").text.count('href="/letters/"') == 2
    monkeypatch.setitem(roles.PERMISSIONS, Role.DISPATCHER, roles.WORK - {"mailbox.view_email"})
    assert 'href="/letters/"' not in desk.get("/").text


def test_a_sender_is_shown_as_text_whatever_he_calls_himself(desk: Client) -> None:
    received(from_name="<script>alert(1)</script>", subject="<b>тема</b>")

    for path in ("/letters/", f"/letters/{Email.objects.get().pk}/"):
        page = desk.get(path).text
        assert "<script>alert" not in page
        assert "<b>тема" not in page
