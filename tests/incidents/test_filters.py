"""The chips of the desk: every field narrows the list, several values mean any of them, several fields mean all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import fields, watching
from incidents.fields import FIELDS, Choices
from incidents.filters import DeskFilter
from incidents.looks import USUAL_COLUMNS, Look
from incidents.models import Incident, IncidentType
from tests.factories import make_incident, make_pole, make_station, make_user
from towers.models import Contractor, Operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def make(**facts: Any) -> Incident:
    now = timezone.now()
    return make_incident(**{"opened_at": now, "active_at": now, **facts})


def codes(desk: Client, query: str) -> set[str]:
    response = desk.get(f"/?{query}")
    assert response.status_code == 200
    return set(re.findall(r'<tr [^>]*data-code="([^"]+)"', response.text))


# Asked for in tests of their own, here or where they come from.
APART = ("watched", "took", "age", "kept", "work", "done", "answered")


def some_of(field: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The facts of three incidents, and what an address says to mean each of them."""
    if field == "status":
        return [{"status": key} for key in ("new", "inProgress", "needAcceptance")], [
            "new",
            "inProgress",
            "needAcceptance",
        ]
    if field == "type":
        types = list(IncidentType.objects.all()[:2])
        return [{"type": types[0]}, {"type": types[1]}, {"type": None}], [str(types[0].pk), str(types[1].pk), "none"]
    if field == "who":
        people = [make_user(), make_user()]
        return [{"assignee": people[0]}, {"assignee": people[1]}, {}], [*(str(each.pk) for each in people), "none"]
    if field == "registration":
        return [{"registration": word} for word in ("mail", "manual", "mail")], ["mail", "manual", "x"]
    if field == "unread":
        return [{"has_news": True}, {}, {}], ["1", "", ""]
    if field == "ball":
        sides = ["operator", "contractor", "energy"]
        return [{"ball": side} for side in sides], sides
    if field == "clock":
        soon, left = timezone.now() + timedelta(hours=4), timedelta(hours=3)
        return [{"due_at": soon}, {"clock_left": left}, {}], ["runs", "stands", "none"]
    if field == "station":
        names = ["KI000075", "SP0001", "MK7777"]
        return [{"base_station": make_station(name)} for name in names], ["KI75", "SP0", "mk77"]
    if field == "operator":
        rows = [Operator.objects.create(name=name) for name in ("Т2", "МТС")]
        return [{"operator": rows[0]}, {"operator": rows[1]}, {}], [*(str(each.pk) for each in rows), "none"]
    if field == "group":
        groups = [Operator.objects.create(name=name, group=name.lower()) for name in ("Alpha", "Beta")]
        return [{"operator": groups[0]}, {"operator": groups[1]}, {}], ["alpha", "beta", "none"]
    if field == "priority":
        ranks = ["urgent", "high", "low"]
        return [{"priority": rank} for rank in ranks], ranks
    if field == "contractor":
        firms = [Contractor.objects.create(name=name) for name in ("ООО «А»", "ООО «Б»")]
        return [{"contractor": firms[0]}, {"contractor": firms[1]}, {}], [*(str(each.pk) for each in firms), "none"]
    if field in LATER:
        return LATER[field]()
    poles = [make_pole(f"{n}1960-P-43-1-1", region_ru=name) for n, name in ((4, "Тверь"), (5, "Псков"), (6, "Омск"))]
    words = {"pole": ["41", "51960-p", "6"], "region": ["Тверь", "Псков", "Омск"]}
    return [{"pole": pole} for pole in poles], words[field]


def _opened(*moments: str) -> list[dict[str, Any]]:
    return [{"opened_at": datetime.fromisoformat(f"{moment}+03:00")} for moment in moments]


def _merged() -> tuple[list[dict[str, Any]], list[str]]:
    into = make(status="closed", closed_at=timezone.now())
    return [{}, {"merged_into": into}, {"merged_into": into}], ["no", "", ""]


# Fields that the menu does not offer: links of other pages ask by them. 2 November 2026 was a Monday.
LATER: dict[str, Callable[[], tuple[list[dict[str, Any]], list[str]]]] = {
    "weekday": lambda: (_opened("2026-11-02T00:10", "2026-11-03T23:50", "2026-11-08T12:00"), ["1", "2", "7"]),
    "hour": lambda: (_opened("2026-11-02T00:10", "2026-11-03T23:50", "2026-11-08T12:00"), ["0", "23", "12"]),
    "site": lambda: (
        [{"pole": make_pole(code)} for code in ("41960-P-43", "41960-P-43-1-1", "5-P")],
        ["41960-P-43", "41960-P-43-1-1", "5-P"],
    ),
    "merged": _merged,
}


@pytest.mark.parametrize("most", [0, 1, 2, 3, 2000])
@pytest.mark.parametrize("queue", ["open", "closed"])
def test_a_beginning_finds_the_same_however_many_sites_it_means(
    desk: Client, monkeypatch: pytest.MonkeyPatch, most: int, queue: str
) -> None:
    closed = {"closed_at": timezone.now()} if queue == "closed" else {}
    poles = [make_pole(f"3488{n}-P-1") for n in range(5)]
    here = {make(pole=pole, **closed).code for pole in poles[:3]}
    make(pole=make_pole("11111-P-1"), **closed)
    monkeypatch.setattr(fields, "MOST_SITES", most)

    assert codes(desk, f"queue={queue}&pole=3488") == here
    assert codes(desk, f"queue={queue}&pole=34884") == set()


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in APART])
def test_each_field_finds_what_it_names(desk: Client, field: str) -> None:
    facts, words = some_of(field)
    made = [make(**each) for each in facts]

    found = codes(desk, f"{field}={words[0]}")

    expected = {"registration": {made[0].code, made[2].code}}
    assert found == expected.get(field, {made[0].code})


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in ("unread", "registration", "merged", *APART)])
def test_several_values_of_one_field_mean_any_of_them(desk: Client, field: str) -> None:
    facts, words = some_of(field)
    made = [make(**each) for each in facts]

    assert codes(desk, f"{field}={words[1]}&{field}={words[2]}") == {made[1].code, made[2].code}


def test_closed_ones_are_found_by_how_long_they_took(desk: Client) -> None:
    now = timezone.now()
    opened = now - timedelta(hours=5)
    minutes = {span: timedelta(minutes=span) for span in (30, 60, 119, 120)}
    made = {
        span: make(status="closed", opened_at=opened, closed_at=opened + length).code
        for span, length in minutes.items()
    }

    assert codes(desk, "queue=closed&took=60-120") == {made[60], made[119]}
    assert codes(desk, "queue=closed&took=120-") == {made[120]}
    assert codes(desk, "queue=closed&took=0-60&took=120-240") == {made[30], made[120]}
    assert codes(desk, "queue=closed&took=120-60") == set(made.values())


def test_open_ones_are_found_by_how_long_ago_they_were_opened(desk: Client) -> None:
    now = timezone.now()
    young, old = make(opened_at=now - timedelta(minutes=50)), make(opened_at=now - timedelta(minutes=70))

    assert codes(desk, "age=0-60") == {young.code}
    assert codes(desk, "age=60-120") == {old.code}
    assert codes(desk, "age=60-") == {old.code}


def test_days_of_closing_are_both_included_and_sorted_by_the_closing_alone(desk: Client, me: User) -> None:
    now = timezone.localtime()
    today = make(status="closed", closed_at=now)
    old = make(status="closed", opened_at=now - timedelta(days=9), closed_at=now - timedelta(days=3))
    make()
    day, last = now.date().isoformat(), (now - timedelta(days=3)).date().isoformat()

    assert codes(desk, f"queue=closed&closed_from={day}&closed_to={day}") == {today.code}
    assert codes(desk, f"queue=closed&closed_to={last}") == {old.code}
    assert codes(desk, f"queue=all&closed_from={last}") == {today.code, old.code}
    read = DeskFilter.read(QueryDict(f"queue=closed&closed_from={day}&sort=-changed"), Choices(me))
    assert read.sort == "-closed"
    assert set(read.sorts_allowed) == {"closed", "-closed"}


def test_whoever_has_left_is_still_found_by_name(desk: Client) -> None:
    gone = make_user(is_active=False)
    his = make(assignee=gone)
    make()

    assert codes(desk, f"who={gone.pk}") == {his.code}
    assert gone.full_name in desk.get(f"/?who={gone.pk}").text
    assert "who=" not in DeskFilter.read(QueryDict("who=999999"), Choices(gone)).address.urlencode()


def test_no_region_is_a_region_too(desk: Client) -> None:
    nowhere, unnamed = make(pole=None), make(pole=make_pole("1-P", region_ru=""))
    somewhere = make(pole=make_pole("2-P", region_ru="Тверь"))

    assert codes(desk, "region=none") == {nowhere.code, unnamed.code}
    assert codes(desk, "region=none&region=Тверь") == {nowhere.code, unnamed.code, somewhere.code}


def test_fields_for_links_of_other_pages_have_a_chip_when_chosen_and_no_menu_otherwise(desk: Client) -> None:
    page = desk.get("/?queue=all&merged=no&weekday=1&took=60-120").text

    assert re.findall(r'id="f-(merged|weekday|hour|took)"', page) == ["merged", "weekday", "took"]
    assert re.findall(r'name="(?:merged|took)" value="([^"]+)" checked', page) == ["no", "60-120"]
    assert not re.findall(r'id="f-(merged|weekday|hour|took)"', desk.get("/").text)


def test_several_fields_mean_all_of_them(desk: Client) -> None:
    pole = make_pole(region_ru="Тверь")
    both = make(pole=pole, status="inProgress")
    make(pole=pole)
    make(status="inProgress")

    assert codes(desk, "region=Тверь&status=inProgress") == {both.code}


def test_days_are_those_on_which_the_incident_was_opened_both_included(desk: Client) -> None:
    now = timezone.localtime()
    today, old = make(), make(opened_at=now - timedelta(days=3), active_at=now)
    day, last = now.date().isoformat(), (now - timedelta(days=3)).date().isoformat()

    assert codes(desk, f"from={day}&to={day}") == {today.code}
    assert codes(desk, f"to={last}") == {old.code}
    assert codes(desk, f"from={last}") == {today.code, old.code}
    assert codes(desk, "from=2026-99-99&to=x") == {today.code, old.code}


def test_me_is_whoever_looks(desk: Client, me: User) -> None:
    mine = make(assignee=me)
    make(assignee=make_user())

    assert codes(desk, "who=me") == {mine.code}


def test_what_one_watches_is_his_own_matter(desk: Client, me: User) -> None:
    mine, theirs = make(), make()
    watching.watch(mine, on=True, by=me, at=timezone.now())
    watching.watch(theirs, on=True, by=make_user(), at=timezone.now())

    assert codes(desk, "watched=me") == {mine.code}


def test_the_history_is_narrowed_by_sites_and_people_but_not_by_what_has_no_index_there(desk: Client) -> None:
    ended = {"status": "closed", "closed_at": timezone.now()}
    pole = make_pole(region_ru="Тверь")
    wanted, other = make(pole=pole, **ended), make(**ended)

    assert codes(desk, "queue=closed&region=Тверь") == {wanted.code}
    assert codes(desk, "queue=closed&unread=1") == {wanted.code, other.code}
    assert 'id="f-unread"' not in desk.get("/?queue=closed").text


def test_days_of_the_history_are_sorted_by_the_opening_alone(me: User) -> None:
    read = DeskFilter.read(QueryDict("queue=closed&from=2026-01-01&sort=-changed"), Choices(me))

    assert read.sort == "-opened"
    assert set(read.sorts_allowed) == {"opened", "-opened"}


def test_a_chip_stands_for_each_chosen_field_and_its_link_takes_only_that_off(desk: Client) -> None:
    page = desk.get("/?status=new&status=inProgress&registration=mail&q=ВЭС").text
    chips = re.findall(r'<span class="dk-chip on">.*?</span>', page, re.DOTALL)
    links = [re.search(r'<a href="([^"]+)"', chip) for chip in chips]

    assert [link and link[1].replace("&amp;", "&") for link in links] == [
        "?status=new&status=inProgress&registration=mail",
        "?registration=mail&q=%D0%92%D0%AD%D0%A1",
        "?status=new&status=inProgress&q=%D0%92%D0%AD%D0%A1",
    ]


HEADING = r'<th class="w-([^"]+)" scope="col" title'
WORDS = st.text(max_size=20) | st.sampled_from(["none", "me", "new", "1", "0", "~", "2026-01-01", "closed", "due"])


# The first text is drawn slowly on a busy machine: hypothesis builds its tables then.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    said=st.dictionaries(
        st.sampled_from([*FIELDS, "queue", "sort", "from", "to", "closed_to", "q"]), st.lists(WORDS, max_size=3)
    )
)
def test_what_was_understood_is_understood_the_same_from_its_own_address(said: dict[str, list[str]]) -> None:
    address = QueryDict(mutable=True)
    for name, values in said.items():
        address.setlist(name, values)
    choices = Choices(User(pk=1))

    read = DeskFilter.read(address, choices)

    assert DeskFilter.read(QueryDict(read.address.urlencode()), choices).address == read.address


def test_columns_height_and_size_are_said_by_the_address_and_remembered_when_chosen(desk: Client) -> None:
    for _ in range(30):
        make()
    answer = desk.get("/?queue=new&cols=code&cols=subject&cols=region&left=region&rows=roomy&n=25&keep=1")
    assert answer.headers["Location"] == "/?queue=new&cols=code.region.subject&rows=roomy&n=25"

    for path in (answer.headers["Location"], "/?queue=new"):
        page = desk.get(path).text
        assert re.findall(HEADING, page) == ["code", "region more", "subj"]
        assert len(re.findall(r"<tr [^>]*data-code=", page)) == 25
        assert "dk-list roomy" in page


def test_a_link_shows_its_own_columns_and_does_not_change_those_remembered(desk: Client) -> None:
    desk.get("/?cols=code&cols=subject&keep=1")

    assert re.findall(HEADING, desk.get("/?cols=subject.status").text) == ["subj", "st"]
    assert re.findall(HEADING, desk.get("/").text) == ["code", "subj"]


@given(address=st.text(max_size=60), cookie=st.text(max_size=60))
def test_no_address_and_no_cookie_makes_a_list_without_a_way_into_the_incident(address: str, cookie: str) -> None:
    look = Look.read(QueryDict(address), cookie)

    assert "subject" in look.columns
    assert len(set(look.columns)) == len(look.columns)
    assert Look.read(QueryDict(look.remembered)).columns == look.columns


def test_a_column_at_the_end_stays_there() -> None:
    look = Look.read(QueryDict("cols=code.subject&left=code"))

    assert look.columns == ("code", "subject")
    assert Look.read(QueryDict("cols=nothing")).columns == USUAL_COLUMNS
